"""From a timm network to a Unity plug-in: `python -m examples.from_pytorch.demo PYTHON [FOLDER]`.

PYTHON is one that has torch, torchvision, timm, onnx and onnxscript; this project needs none of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from examples.steps import ROOT, run, say


def main(python: str, work: Path) -> None:
    """Leaves everything in `work`."""
    say("Training and export, where PyTorch is")
    subprocess.run([python, "-m", "examples.from_pytorch.train", str(work)], cwd=ROOT, check=True)

    say("ONNX → TensorFlow.js → Unity plug-in")
    model = work / "gestures"
    run("tfjs-for-unity", "convert", work / "gestures.onnx", "-o", model, "--softmax")
    run("tfjs-for-unity", "generate", model, "--config", work / "tfjs-for-unity.toml", "--out", work / "plugin")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else ROOT / "build" / "from_pytorch")

"""From Keras to a Unity plug-in: `python -m examples.from_keras.demo [FOLDER]`.

Needs the toolchain's environment `keras3` (`tfjs-for-unity toolchain install keras3`): it trains the network, and it
converts it. Your own network may come from any Keras.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builder.convert.from_tensorflow.environments import KERAS3
from builder.convert.from_tensorflow.store import Place
from examples.hands import LABELS, crop, photo
from examples.steps import ROOT, run, say

SIDE = 64
_TRAINING, _UNSEEN = 300, 60


def pictures(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """[count, 64, 64, 3] in 0..255, and their classes: places in LABELS."""
    random = np.random.default_rng(seed)
    classes = np.arange(count) % len(LABELS)
    return np.stack([np.asarray(crop(photo(LABELS[number], random), SIDE)) for number in classes]), classes


def main(work: Path) -> None:
    """Leaves everything in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    labels, stored, model = work / "labels.txt", work / "pictures.npz", work / "gestures.keras"
    say("Transfer learning in Keras")
    labels.write_text("\n".join(LABELS) + "\n", "utf-8")
    (x, y), (unseen, truth) = pictures(_TRAINING, 0), pictures(_UNSEEN, 1)
    np.savez(stored, x=x, y=y, unseen=unseen, truth=truth)
    keras = [str(Place(KERAS3).python()), "-m", "examples.from_keras.train", str(stored), str(model)]
    subprocess.run(keras, cwd=ROOT, check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"})

    say("Keras → TensorFlow.js → Unity plug-in")
    run("tfjs-for-unity", "convert", model, "-o", work / "gestures")
    run(
        "tfjs-for-unity", "generate", work / "gestures", "--labels", labels, "--normalize", "none", "--fit", "crop",
        "--name", "Gestures", "--out", work / "plugin",
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build" / "from_keras")

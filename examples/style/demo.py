"""`make example-style`: pictures in another style. `--expect` computes the expected picture anew, by onnxruntime."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from examples.pixels import photo_into, show
from examples.steps import ROOT, say
from examples.style.network import styled, write_model

WORK = ROOT / "build" / "style"
EXPECTED = Path(__file__).parent / "expected" / "astronaut-styled.png"
SIDE = 224


def main(arguments: list[str]) -> None:
    """Leaves everything in build/style."""
    say("A style network as an ONNX file, made here, and a photo from PyPI")
    picture = photo_into(WORK)
    model = WORK / "style.onnx"
    write_model(model, SIDE)
    if arguments == ["--expect"]:
        seen = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        Image.fromarray(styled(model, seen)).save(EXPECTED, optimize=True)
    show(model, WORK, "Style", ("--normalize", "none", "--output-range", "0..255"), {"picture": str(EXPECTED)})


if __name__ == "__main__":
    main(sys.argv[1:])

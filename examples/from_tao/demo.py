"""From an ONNX file as TAO writes it to a Unity plug-in: `python -m examples.from_tao.demo [FOLDER]`.

Nothing is downloaded and no training framework is needed: network.py makes the file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from examples.from_tao.network import SIDE, Array, write_model
from examples.from_tao.network import run as answers
from examples.hands import LABELS, Photo, crop, photo
from examples.steps import ROOT, run, say

_TRAINING, _UNSEEN = 360, 60


def photos(count: int, seed: int) -> tuple[list[Photo], list[int]]:
    """All gestures in turn, and which they are."""
    random = np.random.default_rng(seed)
    classes = [number % len(LABELS) for number in range(count)]
    return [photo(LABELS[number], random) for number in classes], classes


def normalized(pictures: list[Image.Image]) -> Array:
    """[n, 3, height, width] in 0..1, as the network was trained."""
    stacked = np.stack([np.asarray(picture) for picture in pictures])
    return (stacked.transpose(0, 3, 1, 2) / 255).astype(np.float32)


def squeezed(shown: Photo) -> Image.Image:
    """The mistake: the detector's box as it is, squeezed into the network's square."""
    return shown.image.crop([round(value) for value in shown.box]).resize((SIDE, SIDE))  # type: ignore[arg-type]


def main(work: Path) -> None:
    """Leaves everything in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    model, labels = work / "gestures.onnx", work / "labels.txt"
    say("An ONNX file as TAO's export writes it")
    shown, classes = photos(_TRAINING, seed=0)
    write_model(model, normalized([crop(one, SIDE) for one in shown]), classes, len(LABELS))
    labels.write_text("\n".join(LABELS) + "\n", "utf-8")

    unseen, truth = photos(_UNSEEN, seed=1)
    ways = {
        "squares, enlarged by 1.1": [crop(one, SIDE) for one in unseen],
        "the hand's box, squeezed": [squeezed(one) for one in unseen],
        "the whole photo": [one.image.resize((SIDE, SIDE)) for one in unseen],
    }
    for way, pictures in ways.items():
        right = answers(onnx.load(str(model)), normalized(pictures)).argmax(axis=1) == truth
        print(f"{way:26}{right.mean():.0%} of {_UNSEEN} right")

    say("ONNX → TensorFlow.js → Unity plug-in")
    crops = work / "crops"
    crops.mkdir(exist_ok=True)
    for number, picture in enumerate(ways["squares, enlarged by 1.1"][:12]):
        picture.save(crops / f"{number:02}_{LABELS[truth[number]]}.png")
    run("tfjs-for-unity", "convert", model, "-o", work / "gestures", "--normalize", "unit", "--photos", crops)
    run(
        "tfjs-for-unity", "generate", work / "gestures", "--labels", labels, "--normalize", "unit", "--fit", "crop",
        "--name", "Gestures", "--out", work / "plugin",
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build" / "from_tao")

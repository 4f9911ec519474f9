"""A real model's photos through the player, against reference vectors:

    python -m tests.e2e.reference_photos MODEL_FOLDER --normalize imagenet

MODEL_FOLDER holds model.json, labels.json, photos/*.png, and reference.json: {photo's stem: [probabilities]}. Each
photo goes in as a texture (RGBA8, then SRGB8_ALPHA8) and as pixels of the heap, on webgl and on wasm. Fails above 0.01,
on wasm with pixels above 0.002. Not part of the tests: they bring models of their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from builder.harness.serve import serve
from tests.e2e.browsing import Site, chromium
from tests.e2e.game import Backend, Game, playing, publish
from tests.player.build import Mode

MODES: tuple[Mode, ...] = ("texture", "srgb", "pixels")
BACKENDS: tuple[Backend, ...] = ("webgl", "wasm")


def generate(model: Path, normalize: str, tree: Path) -> None:
    """The plug-in, by the command itself."""
    command = [sys.executable, "-m", "builder", "generate", str(model), "--labels", str(model / "labels.json")]
    subprocess.run([*command, "--normalize", normalize, "--name", "Photos", "--out", str(tree)], check=True)


def differences(game: Game, model: Path, reference: dict[str, list[float]], mode: Mode) -> Iterator[float]:
    """The largest difference of a probability, for each photo."""
    for name, expected in sorted(reference.items()):
        with Image.open(model / "photos" / f"{name}.png") as photo:
            game.show(np.asarray(photo.convert("RGB")))
        yield float(np.abs(game.predict(mode) - np.array(expected)).max())


def main() -> int:
    """Prints one line per backend and way in; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--normalize", required=True)
    given = parser.parse_args()
    reference = json.loads((given.model / "reference.json").read_text("utf-8"))
    passed = True
    with tempfile.TemporaryDirectory() as work:
        tree, folder = Path(work) / "tree", Path(work) / "site"
        folder.mkdir()
        generate(given.model, given.normalize, tree)
        with serve(folder) as origin, chromium(origin) as browser:
            build = publish(Site(folder, origin), tree, "photos", "photos")
            for backend in BACKENDS:
                with playing(browser, build, backend) as game:
                    game.call("submit_every", 0)
                    game.wait_until_ready()
                    for mode in MODES:
                        worst = max(differences(game, given.model, reference, mode))
                        limit = 0.002 if (backend, mode) == ("wasm", "pixels") else 0.01
                        passed &= worst <= limit
                        print(f"{backend:5} {mode:7} {len(reference)} photos: {worst:.7f} (limit {limit})", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

"""Masks and styles a second: this project's runtime beside plain TensorFlow.js that does the same in the same page.

    .venv/bin/python -m benchmarks.bridge.pixels [--seconds N] [--rounds N] [--backends webgl,wasm]

640x480 pixels of a moving photo in a game's texture become a mask of that size, or a styled picture of 224x224 pixels,
in another texture of the game. Both take turns; the figure is the median of their ratio. Fails where the two do not
agree: then they would not do the same.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.harness.browser import BrowserOptions, new_context, open_browser
from builder.harness.serve import serve
from examples.fetching import npm_archive, npm_packages
from examples.photos import astronaut
from examples.segmentation.demo import MODEL
from examples.steps import ROOT
from examples.style.demo import SIDE
from examples.style.network import write_model

HERE = Path(__file__).parent
SIZE = (640, 480)
CONTENDERS = ("bridge", "plain")
# The bridge's filter is antialiased, TensorFlow.js's is not: edges fall a little apart.
LEAST_IOU, LARGEST_ERROR = 0.95, 8.0


@dataclass(frozen=True)
class Task:
    """A model, the flags of `generate`, and what plain TensorFlow.js has to be told."""

    name: str
    model: Path
    flags: tuple[str, ...]
    plain: dict[str, Any]


def tasks(work: Path) -> Iterator[Task]:
    selfie = npm_archive(*MODEL, ROOT / "build" / "real") / "models" / "selfie.json"
    result = {"width": SIZE[0], "height": SIZE[1]}
    side = {"width": 256, "height": 256}
    yield Task(
        "People", selfie, ("--normalize", "unit"), {"kind": "mask", "scale": 1 / 255, "input": side, "result": result}
    )
    write_model(work / "style.onnx", SIDE)
    side = {"width": SIDE, "height": SIDE}
    style = {"kind": "picture", "scale": 1, "low": 0, "high": 255, "input": side, "result": side}
    yield Task("Style", work / "style.onnx", ("--normalize", "none", "--output-range", "0..255"), style)


def setup(task: Task, tree: Path) -> dict[str, Any]:
    served = tree / "Assets" / "StreamingAssets" / "tfjs-bridge"
    contract = served / task.name.lower() / "contract.json"
    document = json.loads(contract.read_text("utf-8"))
    return task.plain | {
        "contractUrl": f"/tfjs-bridge/{contract.parent.name}/contract.json",
        "contractHash": hashlib.sha256(contract.read_bytes()).hexdigest(),
        "modelUrl": f"/tfjs-bridge/{contract.parent.name}/{document['model']['files']['topology']['path']}",
        "scriptUrl": "/tfjs-bridge/runtime/" + Path(document["runtime"]["script"]["path"]).name,
    }


async def measured(
    origin: str, given: dict[str, Any], backend: str, seconds: float, rounds: int
) -> list[dict[str, float]]:
    """Results a second of both, for each round."""
    photo = np.asarray(astronaut(ROOT / "build" / "demo").resize(SIZE))
    rgba = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    async with open_browser(origin, BrowserOptions()) as browser:
        page = await (await new_context(browser)).new_page()
        page.set_default_timeout(300_000)
        await page.goto(f"{origin}/peers/pixels.html")
        await page.evaluate("text => bench.start(text)", base64.b64encode(rgba.tobytes()).decode())
        drawn = [
            await page.evaluate("given => bench.open(given)", given | {"contender": c, "backend": backend})
            for c in CONTENDERS
        ]
        _require_alike(given, *(np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4) for text in drawn))
        found = []
        for _ in range(rounds):
            runs = {c: await page.evaluate("([c, s]) => bench.run(c, s)", [c, seconds]) for c in CONTENDERS}
            found.append({c: run["perSecond"] for c, run in runs.items()})
        return found


def _require_alike(given: dict[str, Any], ours: NDArray[np.uint8], plain: NDArray[np.uint8]) -> None:
    if given["kind"] == "mask":
        one, other = ours[:, 0] > 0, plain[:, 0] > 0
        alike = (one & other).sum() / (one | other).sum()
        print(f"  IoU of both: {alike:.4f}")
        if alike < LEAST_IOU:
            sys.exit("the two masks differ: nothing is proved")
    else:
        error = np.abs(ours[:, :3].astype(int) - plain[:, :3]).mean()
        print(f"  mean difference of both: {error:.2f} of 255")
        if error > LARGEST_ERROR:
            sys.exit("the two pictures differ: nothing is proved")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backends", default="webgl,wasm")
    asked = parser.parse_args()
    npm_packages(HERE)
    with TemporaryDirectory(prefix="benchmark-") as place:
        for task in tasks(Path(place)):
            tree = Path(place) / task.name
            command = [
                sys.executable,
                "-m",
                "builder",
                "generate",
                str(task.model),
                "--name",
                task.name,
                "--out",
                str(tree),
            ]
            subprocess.run([*command, *task.flags], check=True, capture_output=True)
            mounts = {"peers": HERE.resolve(), "own": (ROOT / "jslib" / "node_modules").resolve()}
            with serve(tree / "Assets" / "StreamingAssets", mounts=mounts) as origin:
                for backend in asked.backends.split(","):
                    print(f"{task.name} on {backend}")
                    rounds = asyncio.run(measured(origin, setup(task, tree), backend, asked.seconds, asked.rounds))
                    _say(rounds)


def _say(rounds: list[dict[str, float]]) -> None:
    ours, plain = (statistics.median(each[c] for each in rounds) for c in CONTENDERS)
    ratio = statistics.median(each["bridge"] / each["plain"] for each in rounds)
    lowest = min(each["bridge"] / each["plain"] for each in rounds)
    print(f"  bridge {ours:.2f}/s, plain {plain:.2f}/s, ratio {ratio:.2f} (lowest {lowest:.2f})", flush=True)


if __name__ == "__main__":
    main()

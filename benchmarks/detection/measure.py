"""What decoding and NMS take, beside an inference: `python -m benchmarks.detection.measure`, or `make bench-detection`.

The runtime's own code reads 8,400 boxes of 80 classes, the output of YOLO's head at 640x640 pixels. Beside it stands an
inference of a much smaller network on the same machine: NanoDet, at 416x416 with 3,549 boxes. Prints a table in
Markdown; ends with 1 where reading takes more than the limit.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from builder.harness.reference import reference_page
from tests.real.models import human

LIMIT = 0.05
JSLIB = Path(__file__).parents[2] / "jslib"
_DECODE = Path(__file__).with_name("decode.ts")


def decoding() -> dict[str, dict[str, float]]:
    """By head: `ms` of CPU time, `bytes` of garbage, `found` boxes."""
    command = ["node", "--expose-gc", "--import", "tsx", str(_DECODE)]
    done = subprocess.run(command, cwd=JSLIB, check=True, capture_output=True, text=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


async def inference() -> float:
    """Milliseconds of NanoDet on wasm, the fastest backend without a GPU."""
    async with reference_page() as page:
        await page.load(human("nanodet")(Path()), "wasm")
        return await page.time([np.zeros((1, 3, 416, 416), np.float32)])


def main() -> int:
    peer = asyncio.run(inference())
    print(f"NanoDet on wasm: {peer:.0f} ms an inference\n")
    print("| head, 8,400 boxes of 80 classes | ms | of the inference | garbage, bytes | found |\n|---|---|---|---|---|")
    shares = []
    for head, figures in decoding().items():
        shares.append(figures["ms"] / peer)
        cells = (f"{figures['ms']:.2f}", f"{shares[-1]:.1%}", f"{figures['bytes']:.0f}", f"{figures['found']:.0f}")
        print(f"| {head} | {' | '.join(cells)} |")
    return int(max(shares) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

"""Measures the bridge and its peers on each network, and writes all figures as JSON.

    .venv/bin/python -m benchmarks.bridge.measure build/bridge.json [--networks NAME,…] [--frames N] [--seconds N]

One page for each network and size, all lanes side by side on it, taking turns. Fails where answers differ, or where
they do not depend on the picture, which would prove nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bridge.networks import HERE, Network, networks
from builder import resources
from builder.cli.bench_report import Report, document, lines, report_of
from builder.cli.bench_subject import MOUNT, Subject, subject
from builder.harness.bench.figures import TOLERANCE, difference
from builder.harness.bench.lanes import Site
from builder.harness.bench.plan import BRIDGE, PLAIN, Lane, Plan, Size
from builder.harness.bench.session import Measured, Session
from builder.harness.browser import BrowserOptions
from builder.harness.serve import serve
from examples.fetching import npm_packages

SIZES = (Size(640, 480), Size(224, 224), Size(1280, 720))
GAME_PATHS = ("texture", "pixels", "camera")
_TF, _ORT = (
    "/peers/node_modules/@tensorflow/tfjs/dist/tf.min.js",
    "/peers/node_modules/onnxruntime-web/dist/ort.wasm.min.js",
)


def lanes(network: Network) -> Iterator[Lane]:
    """Ours, and the peers that can run the network."""
    urls = {"tf": _TF, "ort": _ORT, "onnx": f"/networks/{network.onnx.name}" if network.onnx else ""}
    peer: dict[str, Any] = {"setup": {"urls": urls}}
    for backend in ("webgl", "wasm"):
        yield Lane(contender=BRIDGE, backend=backend, paths=GAME_PATHS)
        yield Lane(contender=PLAIN, backend=backend, paths=("canvas",))
    yield Lane(contender="tutorial", backend="webgl", paths=("copy",), **peer)
    if network.onnx:
        yield Lane(contender="onnxruntime", backend="wasm", paths=("canvas",), **peer)


def measured(network: Network, folder: Path, plan: Plan) -> tuple[Report, Subject]:
    stated = {"normalize": network.normalize, "softmax": network.softmax, "top_k": 5}
    with subject(network.folder, None, stated) as found:
        mounts = {MOUNT: found.folder.resolve(), "peers": HERE.resolve(), "networks": folder.resolve()}
        with serve(resources.reference(), mounts=mounts) as origin:
            site = Site(
                origin=origin, setup=found.setup() | {"softwareWebgl": True}, timeout=180.0, page="/peers/page.html"
            )
            how = found.spec.preprocess
            plan = replace(plan, lanes=tuple(lanes(network)), own_size=Size(how.width, how.height))
            session = Session(site, plan, BrowserOptions(), _say, scripts=("/peers/peers.js",))
            result = asyncio.run(session.run())
        _require_proof(result)
        return report_of(result, {**mounts, "": resources.reference()}), found


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)


def _require_proof(found: Measured) -> None:
    """Pictures that all get the same answer would let anything agree."""
    first, second = list(next(iter(found.answers.values())).values())[:2]
    if difference({0: first}, {0: second}).worst < 5 * TOLERANCE:
        sys.exit("the network answers the same whatever the picture: nothing is proved")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--networks")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes")
    parser.add_argument("--frames", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=40)
    asked = parser.parse_args()
    npm_packages(HERE)
    wanted = None if asked.networks is None else asked.networks.split(",")
    plan = Plan(lanes=(), sizes=SIZES[: asked.sizes], own_size=SIZES[0], frames=asked.frames, seconds=asked.seconds)
    found: dict[str, Mapping[str, Any]] = {}
    with TemporaryDirectory(prefix="benchmark-") as place:
        for network in networks(Path(place)):
            if wanted is None or network.name in wanted:
                print(network.name, file=sys.stderr)
                report, subject_ = measured(network, Path(place), plan)
                print("\n".join(lines(report, network.name, subject_.notes)), end="\n\n", flush=True)
                if report.failed or report.unlike:
                    sys.exit(f"{network.name}: {report.failed or report.unlike}")
                found[network.name] = document(report)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

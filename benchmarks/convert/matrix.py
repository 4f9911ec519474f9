"""Every exported network through the direct route and TensorFlow.js, against onnxruntime.

    .venv/bin/python -m benchmarks.convert.matrix build/onnx build/matrix.json [NAME …]

reads what export.py wrote, and adds to `build/matrix.json` one record for each form of each network: what conversion
took, what the graph holds, and how far TensorFlow.js (wasm, or cpu where wasm lacks an operation) is from onnxruntime.
`--folders` keeps the converted models. Without names, whatever has no passing record is tried.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.convert.networks import NETWORKS
from builder.convert.parity import Parity, compare
from builder.errors import UserError
from builder.harness.reference import ReferenceBackend, ReferencePage, reference_page

Array = NDArray[Any]
Record = dict[str, Any]
FORMS = ("legacy", "legacy-any", "dynamo", "dynamo-any")
_SECONDS = 600.0


def load_cases(file: Path) -> tuple[list[Array], list[Array]]:
    """Inputs and onnxruntime's outputs, as export.py stored them."""
    with np.load(file) as stored:
        count = sum(name.startswith("in") for name in stored)
        return [stored[f"in{i}"] for i in range(count)], [stored[f"out{i}"] for i in range(count)]


def converted(source: Path, folder: Path) -> Record:
    """What measure.py prints; `refused` or `crashed` says why there is no model."""
    command = [sys.executable, "-m", "benchmarks.convert.measure", str(source), str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"crashed": f"no end within {_SECONDS:.0f} s"}
    if done.returncode:
        return {"crashed": "\n".join(done.stderr.strip().splitlines()[-4:])}
    record: Record = json.loads(done.stdout)
    return record


async def compared(page: ReferencePage, folder: Path, cases: Path, layouts: Mapping[str, Any]) -> Record:
    """Runs the folder on each case; tries cpu where wasm refuses."""
    inputs, outputs = load_cases(cases)
    backends: tuple[ReferenceBackend, ...] = ("wasm", "cpu")
    reason = ""
    for backend in backends:
        try:
            loaded = await page.load(folder, backend)
            (given,), (name, *_) = loaded.inputs, [port.name for port in loaded.outputs]
            order = next(iter(layouts["inputs"].values()))
            answers = [await page.run({given.name: x.transpose(order)}) for x in inputs]
        except UserError as error:
            reason = reason or str(error)
            continue
        back = np.argsort(next(iter(layouts["outputs"].values())))
        found = [answer[name] for answer in answers]
        if any(array.ndim != len(back) for array in found):
            return {"failed": f"the answer has the shape {found[0].shape} instead of {outputs[0].shape}"}
        verdict = judged(outputs, [array.transpose(back) for array in found])
        return {"backend": backend, "why_not_wasm": reason} | verdict
    return {"failed": reason}


def judged(expected: Sequence[Array], found: Sequence[Array]) -> Record:
    """Parity over all cases of one shape at a time; the worst counts."""
    verdicts: list[Parity] = []
    for shape in {array.shape for array in expected}:
        rows = [i for i, array in enumerate(expected) if array.shape == shape]
        sides = [[{"output": side[i]} for i in rows] for side in (expected, found)]
        verdicts.append(compare(*sides, precision="float32"))
    reasons = [reason for verdict in verdicts for reason in verdict.reasons]
    relative = [v.outputs[0].difference.relative for v in verdicts if v.outputs[0].difference is not None]
    spans = [float(np.abs(e - f).max() / np.ptp(e)) for e, f in zip(expected, found, strict=True) if e.shape == f.shape]
    return {
        "relative": max(relative, default=None),  # of what the output moves from input to input
        "of_range": max(spans, default=None),  # of the range of one answer
        "wrong": reasons,
        "proves_nothing": any(verdict.flat for verdict in verdicts),
    }


def passes(record: Record) -> bool:
    return not record.get("wrong", True) and not record["proves_nothing"]


def summary(record: Record) -> str:
    for key in ("refused", "crashed", "failed"):
        if record.get(key):
            return f"{key}: {record[key][:400]}"
    numbers = (
        f"{record['relative']:.1e} ({record['of_range']:.1e} of the range)" if record["relative"] is not None else ""
    )
    state = "agrees" if passes(record) else f"WRONG {record['wrong']}" if record["wrong"] else "proves nothing"
    ops = record["ops"]
    took = f"{record['seconds']:.2f} s, +{record['added_bytes'] / 1e6:.0f} MB for {record['weight_bytes'] / 1e6:.0f} MB"
    return f"{state} {numbers}, {record['backend']}, {ops.get('Transpose', 0)} Transposes, {took}"


async def _run(exported: Path, results: Path, names: list[str], forms: list[str], kept: Path) -> None:
    records: dict[str, Record] = json.loads(results.read_text()) if results.is_file() else {}
    async with reference_page(timeout=_SECONDS) as page:
        for name in names or [network.name for network in NETWORKS]:
            for key in (f"{name}.{form}" for form in forms):
                source = exported / f"{key}.onnx"
                if not source.is_file() or (not names and passes(records.get(key, {}))):
                    continue
                record = converted(source, kept / key)
                if "ops" in record:
                    record |= await compared(page, kept / key, source.with_suffix(".npz"), record["layouts"])
                records[key] = record
                results.write_text(json.dumps(records, indent=1, sort_keys=True))
                print(f"{key}: {summary(record)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--folders", type=Path, help="where the converted models are kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = asked.folders or Path(scratch)
        asyncio.run(_run(asked.exported, asked.results, asked.names, asked.forms.split(","), kept))


if __name__ == "__main__":
    main()

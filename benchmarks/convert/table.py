"""The direct route beside onnx-tf: what conversion takes, and how fast TensorFlow.js runs the results.

onnx-tf is measured twice: as it comes, and as `--route onnx-tf` leaves it, which takes Transposes out.

    .venv/bin/python -m benchmarks.convert.table build/onnx build/table.json [NAME …] [--more NAME=FILE.onnx]

reads what export.py wrote; the toolchain's environment `tf2` has to be installed for onnx-tf. The results of a network
are timed in turns on one page, so that whatever else the machine does slows all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.convert.matrix import Record, compared, converted, load_cases
from builder.convert.folder import write_folder
from builder.convert.from_tensorflow import SourceKind, route
from builder.convert.from_tensorflow.transposes import without_transposes
from builder.convert.model import ConvertedModel
from builder.errors import UserError
from builder.harness.reference import ReferencePage, reference_page

NAMES = (
    "resnet18", "resnet10t", "mobilenetv2_050", "convnext_nano", "efficientnet_lite0", "mobilenetv3_small_100",
    "mobilenetv3_large_100", "vit_tiny_patch16_224", "yolo_like",
)  # fmt: skip
DIRECT, ROUTE, PLAIN = WAYS = ("direct", "--route onnx-tf", "onnx-tf as it comes")
_ROUNDS, _RUNS, _WARMUP = 5, 7, 2


def source_of(exported: Path, name: str) -> Path:
    """The file of any size, where there is one: that is how they are exported for use."""
    files = [exported / f"{name}.{form}.onnx" for form in ("legacy-any", "legacy")]
    return next(file for file in files if file.is_file())


def cases_of(source: Path) -> Path:
    """Its inputs and answers; those of a foreign model are made now."""
    file = source.with_suffix(".npz")
    if file.is_file():
        return file
    made = Path(tempfile.mkdtemp()) / file.name
    import onnxruntime

    session = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"])
    port, random = session.get_inputs()[0], np.random.default_rng(0)
    shape = [size if isinstance(size, int) else 1 for size in port.shape]
    inputs = [random.normal(0, 1, shape).astype(np.float32) for _ in range(4)]
    arrays: dict[str, NDArray[Any]] = {f"in{i}": x for i, x in enumerate(inputs)}
    arrays |= {f"out{i}": session.run(None, {port.name: x})[0] for i, x in enumerate(inputs)}
    np.savez(made, **arrays)  # type: ignore[arg-type]
    return made


def by_onnx_tf(source: Path, folders: dict[str, Path]) -> dict[str, Record]:
    """Records such as measure.py's, of both ways by onnx-tf."""
    started = time.perf_counter()
    try:
        with mock.patch.object(route, "without_transposes", lambda model: model):
            plain = route.convert(source, kind=SourceKind.ONNX)
        models = {PLAIN: plain, ROUTE: without_transposes(plain)}
    except UserError as error:
        return {PLAIN: {"refused": str(error)}, ROUTE: {"refused": str(error)}}
    seconds = time.perf_counter() - started
    return {way: _written(model, folders[way]) | {"seconds": seconds} for way, model in models.items()}


def _written(model: ConvertedModel, folder: Path) -> Record:
    sizes = write_folder(model, folder)
    ops = Counter(node["op"] for node in model.document["modelTopology"]["node"])
    layouts = model.document.get("userDefinedMetadata", {}).get("onnx", {})
    return {"bytes": sizes.weights + sizes.topology, "ops": dict(ops), "layouts": layouts}


async def milliseconds(page: ReferencePage, ways: dict[Path, NDArray[Any]]) -> dict[Path, float]:
    """The best round of each folder, taken in turns: other work only makes rounds longer."""
    times: dict[Path, list[float]] = {folder: [] for folder in ways}
    for _ in range(_ROUNDS):
        for folder, array in ways.items():
            await page.load(folder, "wasm")
            times[folder].append(await page.time([array], _RUNS, warmup=_WARMUP))
    return {folder: min(found) for folder, found in times.items()}


async def row(page: ReferencePage, source: Path, scratch: Path) -> Record:
    """All ways, converted, compared and timed."""
    folders = {way: scratch / f"{source.stem}.{number}" for number, way in enumerate(WAYS)}
    cases = cases_of(source)
    inputs, outputs = load_cases(cases)
    found = {DIRECT: converted(source, folders[DIRECT]), **by_onnx_tf(source, folders)}
    timed = {}
    for way in (way for way in WAYS if "ops" in found[way]):
        known = found[way]["layouts"]
        order = next(iter(known.get("inputs", {}).values()), [*range(inputs[0].ndim)])
        result = next(iter(known.get("outputs", {}).values()), [*range(outputs[0].ndim)])
        found[way] |= await compared(page, folders[way], cases, {"inputs": {"": order}, "outputs": {"": result}})
        if found[way].get("backend") == "wasm":
            timed[folders[way]] = np.ascontiguousarray(inputs[0].transpose(order))
    best = await milliseconds(page, timed)
    for way in WAYS:
        found[way]["ms"] = best.get(folders[way])
    return {"source": source.name, "size": list(inputs[0].shape[2:]), **found}


def shown(name: str, record: Record) -> str:
    parts = [f"{name} at {record['size']}"]
    for way in WAYS:
        found = record[way]
        if "ops" not in found:
            parts.append(f"{way}: {str(found.get('refused') or found.get('crashed'))[:200]}")
            continue
        parts.append(
            f"{way}: {found['seconds']:.2f} s, {found['ops'].get('Transpose', 0)} Transposes, {found['bytes']} bytes, "
            f"{found['ms'] or 0:.1f} ms, {found.get('of_range')} {found.get('failed', '')}"
        )
    return "; ".join(parts)


async def _run(exported: Path, results: Path, sources: dict[str, Path]) -> None:
    records: dict[str, Record] = json.loads(results.read_text()) if results.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch:
        async with reference_page(timeout=600) as page:
            for name, source in sources.items():
                records[name] = await row(page, source, Path(scratch))
                results.write_text(json.dumps(records, indent=1, sort_keys=True))
                print(shown(name, records[name]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--more", action="append", default=[], metavar="NAME=FILE")
    asked = parser.parse_args()
    more = {name: Path(file) for name, file in (item.split("=", 1) for item in asked.more)}
    names = asked.names or ([] if more else NAMES)
    sources = {name: source_of(asked.exported, name) for name in names}
    asyncio.run(_run(asked.exported, asked.results, more | sources))


if __name__ == "__main__":
    main()

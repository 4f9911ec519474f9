"""Parity of a converted model: asks both sides the same, and has `convert.parity` judge the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, log10
from pathlib import Path
from typing import Any

from builder.cli.asking import Arrays, Asking
from builder.cli.checking import Checking, How
from builder.convert.folder import MARK, METADATA
from builder.convert.from_tensorflow import SourceKind
from builder.convert.onnx_answers import onnx_answers
from builder.convert.parity import Parity, Precision, before, compare
from builder.convert.ports import Signature, matching, picture_of, signature_of
from builder.convert.sources import Source
from builder.convert.tensorflow_answers import folder_answers, tensorflow_answers
from builder.errors import PARITY_FAILED, PARITY_PROVES_NOTHING, UserError, fail
from builder.harness.browser import BrowserOptions
from builder.harness.reference import ReferenceBackend, ReferencePage, reference_page

_PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "uint16", "uint8")
_NO_KERNEL = "not registered for backend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The verdict, and what it rests on: `backend` is TensorFlow.js's, or `tensorflow`."""

    parity: Parity
    how: How
    backend: str
    photos: bool

    def record(self) -> dict[str, Any]:
        """What model.json says of it."""
        found = self.parity
        return {
            "by": self.how,
            "backend": self.backend,
            "inputs": "photos" if self.photos else "seeded",
            "count": found.inputs,
            "precision": found.precision,
            "tolerance": found.tolerance,
            "provesNothing": list(found.flat),
            "outputs": {out.name: _bounds(out.figures()) for out in found.outputs},
        }


def _bounds(figures: Mapping[str, float]) -> dict[str, float]:
    """Powers of ten that the differences stay below: the last bits of sums are others on another processor, and the
    same model should come to the same bytes there."""
    return {name: value if name == "agreement" else _power(value) for name, value in figures.items()}


def _power(value: float) -> float:
    return float(f"1e{ceil(log10(value))}") if value > 0 else 0.0


def checked(source: Source, folder: Path, checking: Checking) -> Checked:
    """Runs `source` and the model folder that it became, and compares.

    What was baked into the model is told by the folder's own record, so that a wrong record shows here, too.

    Raises:
        UserError: PARITY_FAILED, PARITY_PROVES_NOTHING, UNUSABLE_PHOTOS; whatever keeps a side from running.
    """
    document = json.loads((folder / "model.json").read_bytes())
    asking = _asking(source, document, checking)
    inputs, expected = asking.pictured(checking.photos) if checking.photos else asking.seeded()
    result, backend = _result(folder, inputs, asking.signature, checking)
    expected, result = _alike(expected, result)
    found = compare(expected, result, precision=precision_of(document), tolerance=checking.tolerance)
    if found.reasons:
        raise fail(PARITY_FAILED, source.path, reason="; ".join(found.reasons))
    if found.flat and not checking.allow_flat:
        raise fail(PARITY_PROVES_NOTHING, source.path, outputs=", ".join(map(repr, found.flat)))
    return Checked(parity=found, how=checking.how, backend=backend, photos=checking.photos is not None)


def _asking(source: Source, document: Mapping[str, Any], checking: Checking) -> Asking:
    baked = (document.get(METADATA) or {}).get(MARK) or {}
    found = baked.get("normalization")
    numbers = (found["scale"], tuple(found["mean"]), tuple(found["std"])) if found else checking.numbers
    signature = signature_of(document)
    return Asking(
        signature=signature,
        answer=partial(source_answers, source),
        numbers=matching(numbers, picture_of(signature)) if numbers else None,
        baked=bool(found),
        softmax=frozenset([baked["softmax"]["output"]] if "softmax" in baked else []),
        size=checking.size,
    )


def precision_of(document: Mapping[str, Any]) -> Precision:
    """The coarsest of the types that the weights are stored as."""
    weights = [weight for group in document["weightsManifest"] for weight in group["weights"]]
    kinds = {(weight.get("quantization") or {}).get("dtype", "float32") for weight in weights}
    return next((kind for kind in reversed(_PRECISIONS) if kind in kinds), "float32")


def source_answers(source: Source, inputs: Sequence[Arrays]) -> list[Arrays]:
    """The source's own outputs by name, for inputs by name in its own order of axes.

    ONNX is run by onnxruntime in this process, anything else by the TensorFlow worker.
    """
    if source.kind is SourceKind.ONNX:
        return onnx_answers(source.path, inputs)
    return tensorflow_answers(source, inputs)


def _alike(expected: list[Arrays], result: list[Arrays]) -> tuple[list[Arrays], list[Arrays]]:
    """Both sides without scores that only one of them gives, or in another shape: that is no fault of the result."""
    first, other = expected[0], result[0]
    extra = {before(name) for name in first} & first.keys()
    gone = {name for name in extra if name not in other or other[name].shape != first[name].shape}
    return [{name: values for name, values in side.items() if name not in gone} for side in expected], result


def _result(
    folder: Path, inputs: Sequence[Arrays], signature: Signature, checking: Checking
) -> tuple[list[Arrays], str]:
    """What the converted model answers, and what it ran on."""
    if checking.how == "tf":
        return folder_answers(folder, inputs), "tensorflow"
    wanted = {name: name for name in signature.outputs} | {
        before(name): node for name, node in signature.scores.items()
    }
    return asyncio.run(_in_browser(folder, inputs, wanted, checking))


async def _in_browser(
    folder: Path, inputs: Sequence[Arrays], wanted: Mapping[str, str], checking: Checking
) -> tuple[list[Arrays], str]:
    """The answers of TensorFlow.js, and the backend: wasm, or cpu where wasm lacks an operation."""
    async with reference_page(BrowserOptions(executable=checking.browser)) as page:
        try:
            return await _answers(page, folder, inputs, wanted, "wasm"), "wasm"
        except UserError as error:
            if _NO_KERNEL not in str(error):
                raise
        return await _answers(page, folder, inputs, wanted, "cpu"), "cpu"


async def _answers(
    page: ReferencePage, folder: Path, inputs: Sequence[Arrays], wanted: Mapping[str, str], backend: ReferenceBackend
) -> list[Arrays]:
    """The outputs by the keys of `wanted`, whose values are names of outputs or nodes."""
    await page.load(folder, backend)
    found = [await page.run(given, list(wanted.values())) for given in inputs]
    return [{name: answers[node] for name, node in wanted.items()} for answers in found]

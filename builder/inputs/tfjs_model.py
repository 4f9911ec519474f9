"""A TensorFlow.js model folder → `ModelFacts`. Reads everything as foreign; reports all problems at once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from builder.errors import NO_MODEL, NOT_A_MODEL, UNSUPPORTED_MODEL, Problem, UserError, fail, problem
from builder.inputs import keras3
from builder.inputs.facts import Layout, ModelFacts, ShardFacts, TensorFacts, TopologyFacts
from builder.inputs.finite import examine_numbers
from builder.inputs.graph_model import read_graph
from builder.inputs.jsonfile import (
    MAX_JSON_BYTES,
    json_where,
    parse_json,
    printable,
    read_text,
    schema_problems,
)
from builder.inputs.layers_model import read_layers
from builder.inputs.mark import read_mark
from builder.inputs.schema import Document, Weight
from builder.inputs.shards import examine_shards, file_ref, read_weight
from builder.spec import FileRef, ModelFormat

__all__ = ["ModelFacts", "ShardFacts", "TensorFacts", "examine_model", "read_model"]

# By their ending; these are no JSON, and saying so helps more than where their JSON is broken.
_OTHER_FORMATS = {
    ".onnx": "ONNX",
    ".h5": "Keras (HDF5)",
    ".hdf5": "Keras (HDF5)",
    ".keras": "Keras 3",
    ".pb": "TensorFlow",
    ".tflite": "TensorFlow Lite",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
}
_CURED = "Keras 3's layers are rewritten in the form of Keras 2"


def read_model(path: Path) -> ModelFacts:
    """The facts of the model in a folder, or of the JSON file itself; a `UserError` with every problem otherwise."""
    facts, problems = examine_model(path)
    if problems:
        raise UserError(problems)
    return facts


def examine_model(path: Path) -> tuple[ModelFacts, tuple[Problem, ...]]:
    """Like `read_model`, but shards that are missing, unsafe or of the wrong length come back as problems beside the
    facts. What cannot be understood at all is still a `UserError`."""
    json_path = find_json(path)
    source = _source(json_path)
    document = source.document
    format = _format(document, json_path)
    weights = {weight.name: weight for group in document.weightsManifest for weight in group.weights}
    read = read_graph if format == "graph-model" else read_layers
    topology = read(document, weights, json_path)
    topology = replace(topology, obstacles=(*source.obstacles, *topology.obstacles))
    states, problems = examine_shards(json_path.parent, json_path, document.weightsManifest)
    problems += [*_text_weights(document, json_path), *_double_weights(document, json_path)]
    shards = [] if problems else [file_ref(json_path.parent, state.path) for state in states]
    facts = _facts(json_path, source, topology, states, shards)
    if problems:
        return facts, tuple(problems)
    problems, infinite = examine_numbers(json_path.parent, json_path, document.weightsManifest)
    return replace(facts, infinite=infinite), tuple(problems)


def find_json(path: Path) -> Path:
    """model.json in the folder `path`, or `path` itself where it is a file."""
    if path.is_file():
        if other := _OTHER_FORMATS.get(path.suffix.lower()):
            raise fail(NOT_A_MODEL, path, reason=f"it is a file of {other}")
        return path
    if path.is_dir() and (path / "model.json").is_file():
        return path / "model.json"
    raise fail(NO_MODEL, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """model.json, read. `rewritten` is its text where it had to be brought into another form."""

    document: Document
    rewritten: bytes | None = None
    cured: str = ""
    obstacles: tuple[str, ...] = ()


def _source(json_path: Path) -> _Source:
    value = parse_json(read_text(json_path, MAX_JSON_BYTES), json_path)
    document = _document(value, json_path)
    if not keras3.is_keras_3(value):
        return _Source(document=document)
    try:
        made = keras3.cured(value)
    except keras3.Incurable as reason:
        return _Source(document=document, obstacles=(f"it was saved by Keras 3, and {printable(str(reason))}",))
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    return _Source(document=_document(made, json_path), rewritten=text, cured=_CURED)


def _document(value: object, json_path: Path) -> Document:
    try:
        return Document.model_validate(value)
    except ValidationError as error:
        raise UserError(schema_problems(error, json_path, NOT_A_MODEL)) from None


def _format(document: Document, json_path: Path) -> ModelFormat:
    """By the topology, since TensorFlow.js itself only looks there; a contradicting `format` is refused."""
    is_graph, is_layers = "node" in document.modelTopology, "model_config" in document.modelTopology
    if is_graph == is_layers:
        have = "both" if is_graph else "neither"
        reason = f"modelTopology has {have} `node` and `model_config`" if is_graph else "modelTopology holds no model"
        raise fail(NOT_A_MODEL, json_where(json_path, ("modelTopology",)), reason=reason)
    format: ModelFormat = "graph-model" if is_graph else "layers-model"
    if document.format not in (None, "", format):
        reason = f"`format` says {printable(str(document.format))!r}, but the topology is that of a {format}"
        raise fail(NOT_A_MODEL, json_where(json_path, ("format",)), reason=reason)
    return format


def _double_weights(document: Document, json_path: Path) -> Iterator[Problem]:
    """TensorFlow.js would keep the last weight of a name, and the layer of the other would get wrong numbers."""
    seen: set[str] = set()
    for number, group in enumerate(document.weightsManifest):
        for i, weight in enumerate(group.weights):
            if weight.name in seen:
                where = json_where(json_path, ("weightsManifest", number, "weights", i, "name"))
                yield problem(NOT_A_MODEL, where, reason=f"two weights are called {printable(weight.name, 60)!r}")
            seen.add(weight.name)


def _text_weights(document: Document, json_path: Path) -> list[Problem]:
    return [
        problem(
            UNSUPPORTED_MODEL,
            json_where(json_path, ("weightsManifest", number, "weights", i, "dtype")),
            reason="a weight holds text",
            remedy="Export the model without its text operations; labels belong in a file of their own.",
        )
        for number, group in enumerate(document.weightsManifest)
        for i, weight in enumerate(group.weights)
        if weight.dtype == "string"
    ]


def _facts(
    json_path: Path,
    source: _Source,
    topology: TopologyFacts,
    states: list[ShardFacts],
    shards: list[FileRef],
) -> ModelFacts:
    document = source.document
    weights = [weight for group in document.weightsManifest for weight in group.weights]
    return ModelFacts(
        folder=json_path.parent,
        json_path=json_path,
        format=topology.format,
        topology=_topology_ref(json_path, source.rewritten),
        shards=tuple(shards),
        shard_states=tuple(states),
        inputs=topology.inputs,
        outputs=topology.outputs,
        layout=_layout(topology),
        leading=tuple(_leading(topology, json_path.parent, document, intact=bool(shards))),
        ops=dict(sorted(topology.ops.items(), key=lambda item: (-item[1], item[0]))),
        obstacles=topology.obstacles,
        weights=len(weights),
        parameters=sum(weight.elements for weight in weights if weight.dtype == "float32"),
        weight_bytes=sum(weight.stored_bytes for weight in weights),
        quantization=_quantization(weights),
        labels=_labels(document.userDefinedMetadata),
        generated_by=_remark(document.generatedBy),
        converted_by=_remark(document.convertedBy),
        rewritten=source.rewritten,
        cured=source.cured,
        mark=read_mark(document.userDefinedMetadata, json_path),
    )


def _topology_ref(json_path: Path, rewritten: bytes | None) -> FileRef:
    if rewritten is None:
        return file_ref(json_path.parent, json_path.name)
    return FileRef(path=json_path.name, bytes=len(rewritten), sha256=hashlib.sha256(rewritten).hexdigest())


def _leading(topology: TopologyFacts, folder: Path, document: Document, *, intact: bool) -> Iterator[str]:
    """The steps with their numbers, where the shards are there."""
    for step in topology.leading:
        values = read_weight(folder, document.weightsManifest, step.weight) if intact and step.weight else None
        numbers = dict.fromkeys(f"{value:.6g}" for value in values or ())
        text = next(iter(numbers)) if len(numbers) == 1 else f"({', '.join(f'{v:.6g}' for v in values or ())})"
        yield f"{step.text} {text}" if values else step.text


def _quantization(weights: list[Weight]) -> dict[str, int]:
    return dict(sorted(Counter(weight.quantization.dtype for weight in weights if weight.quantization).items()))


def _layout(topology: TopologyFacts) -> Layout | None:
    """From the first input that looks like a picture: where its 1, 3 or 4 channels are."""
    for tensor in topology.inputs:
        if tensor.shape and len(tensor.shape) == 4:
            last, second = tensor.shape[3] in (1, 3, 4), tensor.shape[1] in (1, 3, 4)
            if last != second:
                return "NHWC" if last else "NCHW"
            return topology.data_format
    return None


def _labels(metadata: dict[str, Any] | None) -> tuple[str, ...] | None:
    """Labels that the model carries itself, as Teachable Machine and AutoML write them."""
    for key in ("labels", "classes", "classNames"):
        value = (metadata or {}).get(key)
        if isinstance(value, list) and value and all(isinstance(label, str) for label in value):
            return tuple(value)
    return None


def _remark(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""

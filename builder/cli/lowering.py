"""Layers models as the graph models that games get in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.cli.reading import document_of, loaded
from builder.convert.folder import write_folder
from builder.convert.from_layers import Unconvertible, convert, unchanged
from builder.convert.from_layers.refusal import require
from builder.convert.model import ConvertedModel
from builder.convert.quantize import Stored, as_stored, is_kernel
from builder.errors import BAD_WEIGHT, NOT_A_MODEL, UserError
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.tfjs_model import read_model
from builder.spec import ModelFiles, ModelSpec, TensorSpec

__all__ = ["Unconvertible", "graph_spec"]


def graph_spec(facts: ModelFacts, spec: ModelSpec, folder: Path) -> ModelSpec:
    """`spec`, which was resolved of this layers model, of the graph that it becomes in `folder`.

    Weights that are quantized stay as they are stored. Raises Unconvertible where the model has no exact counterpart.
    """
    document = document_of(facts)
    source, records = loaded(facts, document), _records(document)
    graph = convert(source, fold=not records)
    try:
        write_folder(graph, folder, ready=_ready(source, graph, records))
        made = read_model(folder)
    except UserError as error:
        # What a layers model may hold and a graph may not is a reason to leave it; a full disk is not.
        if any(problem.kind not in (BAD_WEIGHT, NOT_A_MODEL) for problem in error.problems):
            raise
        raise Unconvertible(error.problems[0].why) from None
    inputs = (spec.input, *(extra.tensor for extra in spec.extra_inputs))
    kept = all(_has(made.inputs, wanted) for wanted in inputs) and all(_has(made.outputs, w) for w in spec.outputs)
    require(kept, "its graph has other inputs or outputs")
    return replace(spec, files=ModelFiles(format=made.format, topology=made.topology, shards=made.shards))


def _has(tensors: tuple[TensorFacts, ...], wanted: TensorSpec) -> bool:
    return any((each.name, each.shape, each.dtype) == (wanted.name, wanted.shape, wanted.dtype) for each in tensors)


def _records(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """How the quantized weights are stored, by name."""
    weights = [weight for group in document["weightsManifest"] for weight in group["weights"]]
    return {weight["name"]: record for weight in weights if (record := weight.get("quantization"))}


def _ready(
    source: ConvertedModel, graph: ConvertedModel, records: Mapping[str, Mapping[str, Any]]
) -> dict[str, Stored]:
    """The quantized weights of the graph just as they are stored in the source."""
    names = {name: old for name, old in unchanged(source, graph).items() if old in records}
    gone = [old for old in records if is_kernel(source.weights[old].shape) and old not in names.values()]
    require(not gone, f"its weights are quantized, and {', '.join(gone[:1])} would become another one")
    found = {name: as_stored(graph.weights[name], records[old]) for name, old in names.items()}
    lost = [name for name, ready in found.items() if ready is None]
    require(not lost, f"its weights are quantized, and {', '.join(lost[:1])} would change")
    return {name: ready for name, ready in found.items() if ready}

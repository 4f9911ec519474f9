"""A layers model's networks, one inside the other, walked from the input to the outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from builder.convert.from_layers.emitter import Array, Layer, Value
from builder.convert.from_layers.refusal import Unconvertible, require
from builder.convert.from_layers.rules import RULES
from builder.convert.from_onnx.fuse import fuse
from builder.convert.from_onnx.graph import Attribute, StoredShape, TfGraph, dims
from builder.convert.from_onnx.tensors import Kind
from builder.convert.model import ConvertedModel

_NETWORKS = ("Sequential", "Functional", "Model")
_MAX_NESTING = 8
Config = Mapping[str, Any]
# An output of a layer, which is called once: Keras also counts calls, and those of models inside begin anywhere.
_Key = tuple[str, int]


def convert(model: ConvertedModel, *, fold: bool = True) -> ConvertedModel:
    """The graph model that computes what this layers model computes, outputs under the names of their layers.

    `model` is a layers model of one input as `read_folder` gives it. Normalizations and activations are folded into the
    convolution or dense layer before them; without `fold` normalizations stay, and every kernel is the very array of
    the layers model, as quantized ones have to be. Raises Unconvertible for a layer or a setting without an exact
    counterpart.
    """
    try:
        with np.errstate(all="ignore"):  # what is not finite in the end is refused
            made = _Converter(model, fold=fold).converted()
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        msg = f"its model.json is not as Keras writes it: {error!r}"
        raise Unconvertible(msg) from error
    for name, array in made.weights.items():
        require(array.dtype.kind != "f" or np.isfinite(array).all(), f"{name} would hold numbers that are not finite")
    return made


def unchanged(source: ConvertedModel, made: ConvertedModel) -> dict[str, str]:
    """The weights of `made`, by name, that are arrays of the layers model `source`, with their names there."""
    names = {id(array): name for name, array in source.weights.items()}
    return {name: names[id(array)] for name, array in made.weights.items() if id(array) in names}


class _Converter:
    def __init__(self, model: ConvertedModel, *, fold: bool) -> None:
        self.fold = fold
        self.document = model.document
        self.weights: Mapping[str, Array] = model.weights
        self.graph = TfGraph()

    def converted(self) -> ConvertedModel:
        config = self.document["modelTopology"]["model_config"]
        name, sizes = _input(config)
        attributes: dict[str, Attribute] = {"dtype": Kind.FLOAT, "shape": StoredShape((-1, *sizes))}
        picture = Value(self.graph.add("Placeholder", [], name, attributes, (-1, *sizes)), sizes)
        outputs = self._named(config, self._network(config, [picture], 0))
        fuse(self.graph, [value.name for value in outputs.values()])
        return ConvertedModel(self._document({name: picture}, outputs), self.graph.weights)

    def _named(self, config: Config, values: Sequence[Value]) -> dict[str, Value]:
        """Every output in a node of its own, which bears its name."""
        if config["class_name"] == "Sequential":
            titles = [_title(_layers(config)[-1])]
        else:
            titles = [str(ref[0]) for ref in _references(config["config"]["output_layers"])]
        require(len(set(titles)) == len(titles), "two outputs have one name")
        found = {}
        for title, value in zip(titles, values, strict=True):
            node = self.graph.add("Identity", [value.name], f"{title}/output", {"T": Kind.FLOAT}, (-1, *value.sizes))
            found[title] = Value(node, value.sizes)
        return found

    def _document(self, inputs: Mapping[str, Value], outputs: Mapping[str, Value]) -> dict[str, Any]:
        kept = {key: self.document[key] for key in ("userDefinedMetadata",) if self.document.get(key)}
        return {
            "format": "graph-model",
            "generatedBy": "Keras layers",
            "convertedBy": "tfjs-for-unity",  # without a version: another one gives the same bytes
            "signature": {"inputs": _infos(inputs), "outputs": _infos(outputs)},
            "modelTopology": {"node": self.graph.documents(), "library": {}, "versions": {"producer": 1482}},
            **kept,
        }

    # --- networks

    def _network(self, config: Config, inputs: Sequence[Value], depth: int) -> list[Value]:
        require(depth < _MAX_NESTING, "models are nested too deeply")
        if config["class_name"] == "Sequential":
            values = list(inputs)
            for layer in _layers(config):
                values = self._applied(layer, values, depth)
            return values
        return self._functional(config["config"], inputs, depth)

    def _functional(self, config: Config, inputs: Sequence[Value], depth: int) -> list[Value]:
        given = [str(ref[0]) for ref in _references(config["input_layers"])]
        require(len(given) == len(inputs), f"it has {len(given)} inputs")
        found: dict[_Key, Value] = {(name, 0): value for name, value in zip(given, inputs, strict=True)}
        for layer in _ordered([layer for layer in config["layers"] if _title(layer) not in given]):
            sources = _sources(layer)
            require(all(ref in found for ref in sources), f"the inputs of {_title(layer)} are never computed")
            values = self._applied(layer, [found[ref] for ref in sources], depth)
            found.update({(_title(layer), place): value for place, value in enumerate(values)})
        return [found[ref] for ref in _references(config["output_layers"])]

    def _applied(self, config: Config, inputs: Sequence[Value], depth: int) -> list[Value]:
        kind, title = config["class_name"], _title(config)
        if kind in _NETWORKS:
            return self._network(config, inputs, depth + 1)
        if kind == "InputLayer":
            return list(inputs)
        require(kind in RULES, f"{title} is a {kind}")
        try:
            return [RULES[kind](Layer(self.graph, title, config["config"], self.weights, self.fold), inputs)]
        except Unconvertible as refused:
            msg = f"{title} ({kind}): {refused}"
            raise Unconvertible(msg) from None


# --- what Keras writes ------------------------------------------------------------------------------------------------


def _layers(config: Config) -> Sequence[Config]:
    inner = config["config"]
    return inner if isinstance(inner, list) else inner["layers"]  # the oldest Sequential models hold the list itself


def _title(layer: Config) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _references(refs: Sequence[Any]) -> list[_Key]:
    """One reference, or several."""
    listed = [refs] if refs and isinstance(refs[0], str) else refs
    return [(str(ref[0]), int(ref[2])) for ref in listed]


def _sources(layer: Config) -> list[_Key]:
    calls = layer["inbound_nodes"]
    require(len(calls) == 1, f"{_title(layer)} is called {len(calls)} times")
    return _references(calls[0])


def _ordered(layers: Sequence[Config]) -> list[Config]:
    """Each behind those that it reads."""
    by_name = {_title(layer): layer for layer in layers}
    require(len(by_name) == len(layers), "two layers have one name")
    sorter = TopologicalSorter({name: [ref[0] for ref in _sources(layer)] for name, layer in by_name.items()})
    return [by_name[name] for name in sorter.static_order() if name in by_name]


def _input(config: Config) -> tuple[str, tuple[int, ...]]:
    """Name and sizes of the one input, where Sequential models may have them in their first layer."""
    if config["class_name"] == "Sequential":
        first = _layers(config)[0]
        if first["class_name"] in _NETWORKS:
            return _input(first)
    else:
        names = [ref[0] for ref in _references(config["config"]["input_layers"])]
        require(len(names) == 1, f"it has {len(names)} inputs")
        first = next(layer for layer in _layers(config) if _title(layer) == names[0])
    require(first["config"].get("dtype", "float32") == "float32", "its input is not float32")
    sizes = tuple(first["config"]["batch_input_shape"][1:])
    require(all(isinstance(size, int) and size > 0 for size in sizes), "the size of its input is free")
    suffix = "" if first["class_name"] == "InputLayer" else "_input"
    return f"{_title(first)}{suffix}", sizes


def _infos(values: Mapping[str, Value]) -> dict[str, Any]:
    return {
        name: {"name": f"{value.name}:0", "dtype": Kind.FLOAT.value, "tensorShape": dims((-1, *value.sizes))}
        for name, value in values.items()
    }

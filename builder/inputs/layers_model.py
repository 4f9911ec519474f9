"""Layers models: Keras' model_config as JSON → inputs, outputs and layers, with shapes followed through the layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from builder.errors import NOT_A_MODEL, UserError, fail
from builder.inputs.facts import Layout, Shape, TensorFacts, TopologyFacts
from builder.inputs.jsonfile import json_where, schema_problems
from builder.inputs.layer_shapes import output_shape, shape_entry
from builder.inputs.schema import Document, Foreign, Weight

_SEQUENTIAL = "Sequential"
_NETWORKS = frozenset({_SEQUENTIAL, "Functional", "Model"})
_LOOK_THROUGH = frozenset({"Dropout", "Flatten", "Reshape", "InputLayer", "SpatialDropout2D", "GaussianNoise"})
_MAX_NESTING = 32
_KERAS_3 = "it was saved by Keras 3, whose layers format tf.loadLayersModel does not read"

# One output of one call of a layer: (layer, call, tensor), as Keras writes it.
Ref = tuple[str, int]


class Layer(Foreign):
    """A layer of `model_config`. `name` is missing in Sequential models, where `config` holds it."""

    class_name: str
    config: Any = None
    name: str | None = None
    inbound_nodes: list[Any] = Field(default_factory=list)
    module: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        return self.config if isinstance(self.config, dict) else {}

    @property
    def title(self) -> str:
        own = self.settings.get("name")
        return self.name or (own if isinstance(own, str) else self.class_name.lower())

    @property
    def is_network(self) -> bool:
        return self.class_name in _NETWORKS


class _Layers(Foreign):
    layers: list[Layer] = Field(min_length=1)


class Network:
    """A Sequential or Functional model, perhaps inside another one. `path` is where it stands in the JSON."""

    def __init__(self, layer: Layer, json_path: Path, path: tuple[str | int, ...], depth: int = 0) -> None:
        if depth > _MAX_NESTING:
            raise fail(NOT_A_MODEL, json_where(json_path, path), reason="models are nested too deeply")
        self.sequential = layer.class_name == _SEQUENTIAL
        self.config = layer.settings
        # The oldest Sequential models hold the list itself.
        config = {"layers": layer.config} if isinstance(layer.config, list) else layer.settings
        try:
            self.layers = _Layers.model_validate(config).layers
        except ValidationError as error:
            raise UserError(schema_problems(error, json_path, NOT_A_MODEL, *path, "config")) from None
        self.nested = {
            i: Network(inner, json_path, (*path, "config", "layers", i), depth + 1)
            for i, inner in enumerate(self.layers)
            if inner.is_network
        }

    def leaves(self) -> Iterator[Layer]:
        """Every layer that is no network itself, in the file's order."""
        for i, layer in enumerate(self.layers):
            if i in self.nested:
                yield from self.nested[i].leaves()
            else:
                yield layer

    def inputs(self) -> list[TensorFacts]:
        """The input layers; for Sequential models the first layer, which carries the shape itself."""
        if self.sequential:
            return self.nested[0].inputs() if 0 in self.nested else [_input(self.layers[0])]
        names = [name for name, _ in _refs(self.config.get("input_layers"))]
        found = {layer.title: layer for layer in self.layers}
        return [_input(found[name]) for name in names if name in found]

    def outputs(self, given: list[Shape] | None = None) -> list[TensorFacts]:
        """The outputs for inputs of the shapes `given`, or of the model's own."""
        shapes = given or [tensor.shape for tensor in self.inputs()]
        return self._sequential_outputs(shapes) if self.sequential else self._functional_outputs(shapes)

    def last(self) -> Layer | None:
        """The layer of the first output, looked up through layers that leave scores as they are."""
        position = len(self.layers) - 1
        if not self.sequential:
            refs = _refs(self.config.get("output_layers"))
            titles = [layer.title for layer in self.layers]
            position = titles.index(refs[0][0]) if refs and refs[0][0] in titles else -1
        while position >= 0:
            if position in self.nested:
                return self.nested[position].last()
            if self.layers[position].class_name not in _LOOK_THROUGH:
                return self.layers[position]
            position = position - 1 if self.sequential else self._before(position)
        return None

    def _before(self, position: int) -> int:
        """The position of the layer that feeds the one at `position`, which must stand before it; -1 for none."""
        calls = self.layers[position].inbound_nodes
        refs = _refs(calls[0]) if calls else []
        titles = [layer.title for layer in self.layers[:position]]
        return titles.index(refs[0][0]) if refs and refs[0][0] in titles else -1

    def _apply(self, position: int, shapes: list[Shape]) -> Shape:
        if position in self.nested:
            return self.nested[position].outputs(shapes)[0].shape
        layer = self.layers[position]
        return output_shape(layer.class_name, layer.settings, shapes)

    def _sequential_outputs(self, shapes: list[Shape]) -> list[TensorFacts]:
        shape = shapes[0] if shapes else None
        for position in range(len(self.layers)):
            shape = self._apply(position, [shape])
        return [TensorFacts(self.layers[-1].title, shape, "float32")]

    def _functional_outputs(self, shapes: list[Shape]) -> list[TensorFacts]:
        names = [name for name, _ in _refs(self.config.get("input_layers"))]
        known: dict[Ref, Shape] = {(name, 0): shape for name, shape in zip(names, shapes, strict=False)}
        calls = dict(self._calls())
        for ref in _in_order({ref: sources for ref, (_, sources) in calls.items()}):
            if ref not in known and ref in calls:
                position, sources = calls[ref]
                known[ref] = self._apply(position, [known.get(source) for source in sources])
        outputs = _refs(self.config.get("output_layers"))
        return [TensorFacts(name, known.get((name, call)), "float32") for name, call in outputs]

    def _calls(self) -> Iterator[tuple[Ref, tuple[int, list[Ref]]]]:
        """Every call of every layer: (layer, call) → (position, what it reads)."""
        for position, layer in enumerate(self.layers):
            for call, inbound in enumerate(layer.inbound_nodes):
                yield (layer.title, call), (position, _refs(inbound))


def read_layers(document: Document, weights: Mapping[str, Weight], json_path: Path) -> TopologyFacts:
    """What `model_config` says. `weights` are not needed: layers carry their sizes."""
    path = ("modelTopology", "model_config")
    try:
        top = Layer.model_validate(document.modelTopology["model_config"])
    except ValidationError as error:
        raise UserError(schema_problems(error, json_path, NOT_A_MODEL, *path)) from None
    if not top.is_network:
        where = json_where(json_path, (*path, "class_name"))
        raise fail(NOT_A_MODEL, where, reason=f"the model is a {top.class_name!r} instead of Sequential or Functional")
    network = Network(top, json_path, path)
    leaves = [layer for layer in network.leaves() if layer.class_name != "InputLayer"]
    return TopologyFacts(
        format="layers-model",
        inputs=tuple(network.inputs()),
        outputs=tuple(network.outputs()),
        ops=Counter(layer.class_name for layer in leaves),
        activation=_activation(network.last()),
        data_format=_data_format(leaves),
        obstacles=(_KERAS_3,) if _is_keras_3(document, network) else (),
    )


def _input(layer: Layer) -> TensorFacts:
    config = layer.settings
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    dtype = config.get("dtype") if isinstance(config.get("dtype"), str) else "float32"
    # TensorFlow.js puts an input layer of this name before a first layer that carries its shape itself.
    name = layer.title if layer.class_name == "InputLayer" else f"{layer.title}_input"
    return TensorFacts(name, _shape(shape), dtype or "float32")


def _shape(value: object) -> Shape:
    """[null, 64, 64, 3] → (-1, 64, 64, 3)."""
    return tuple(shape_entry(size) for size in value) if isinstance(value, list) else None


def _refs(value: object) -> list[Ref]:
    """Keras' references to tensors: `["name", 0, 0]`, a list of those, or Keras 3's objects with `keras_history`."""
    if isinstance(value, dict):
        history = value.get("keras_history")
        return _refs(history) if history is not None else [ref for item in value.values() for ref in _refs(item)]
    if not isinstance(value, list):
        return []
    if len(value) >= 3 and isinstance(value[0], str) and type(value[1]) is int:
        return [(value[0], value[1])]
    return [ref for item in value for ref in _refs(item)]


def _in_order(sources: Mapping[Ref, list[Ref]]) -> list[Ref]:
    """Calls after what they read; nothing where they read each other in a ring."""
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError:
        return []


def _activation(layer: Layer | None) -> str:
    """`softmax`, `sigmoid`, `linear` …, from the layer's own activation or from what the layer is."""
    if layer is None:
        return "unknown"
    own = layer.settings.get("activation")
    if isinstance(own, str):
        return own.lower()
    return "linear" if "activation" in layer.settings else layer.class_name.lower()


def _data_format(layers: list[Layer]) -> Layout | None:
    found = {
        layer.settings.get("data_format") for layer in layers if isinstance(layer.settings.get("data_format"), str)
    }
    return "NCHW" if "channels_first" in found else "NHWC" if found else None


def _is_keras_3(document: Document, network: Network) -> bool:
    version = document.modelTopology.get("keras_version")
    return (isinstance(version, str) and version.startswith("3.")) or any(
        "batch_shape" in layer.settings and "batch_input_shape" not in layer.settings for layer in network.leaves()
    )

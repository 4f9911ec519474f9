"""Layers models: Keras' model_config as JSON → inputs, outputs and layers, with shapes followed through the layers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from builder.errors import NOT_A_MODEL, UserError, fail, problem
from builder.inputs.facts import Layout, Shape, Step, TensorFacts, TopologyFacts
from builder.inputs.jsonfile import MAX_PROBLEMS, json_where, schema_problems
from builder.inputs.keras3 import is_keras_3
from builder.inputs.layer_flaws import flaws
from builder.inputs.layer_shapes import output_shape, shape_entry
from builder.inputs.schema import Document, Foreign, Weight

_SEQUENTIAL = "Sequential"
_NETWORKS = frozenset({_SEQUENTIAL, "Functional", "Model"})
_LOOK_THROUGH = frozenset({"Dropout", "Flatten", "Reshape", "InputLayer", "SpatialDropout2D", "GaussianNoise"})
_MAX_NESTING = 32
# What a normalization inside the model is made of, and what may stand before it.
_ARITHMETIC = frozenset({"Rescaling", "Normalization", "BatchNormalization"})
_CARRIERS = frozenset({"InputLayer", "Permute", "ZeroPadding2D"})
# The classes that tf.loadLayersModel can make, of TensorFlow.js 4.22.
KNOWN_LAYERS = frozenset(
    """Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization
    Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose
    ConvLSTM2D ConvLSTM2DCell Cropping2D Dense DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU GRUCell
    GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D
    GlobalMaxPooling2D InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D
    MaxPooling3D Maximum Minimum Multiply PReLU Permute RNN RandomWidth ReLU RepeatVector Rescaling Reshape
    Resizing SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D StackedRNNCells ThresholdedReLU
    TimeDistributed UpSampling2D ZeroPadding2D""".split()
)

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
        self.path = path
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
        self._met: dict[int, list[Shape]] = {}  # what each layer read in its first call

    def leaves(self) -> Iterator[Layer]:
        """Every layer that is no network itself, in the file's order."""
        for i, layer in enumerate(self.layers):
            if i in self.nested:
                yield from self.nested[i].leaves()
            else:
                yield layer

    def built(self) -> Iterator[tuple[tuple[str | int, ...], Layer, list[Shape]]]:
        """Every layer behind the outputs that is no network itself: where it stands, and the shapes that it reads.

        Those follow from the network's own inputs, whatever an outer one hands it: so TensorFlow.js makes the weights.
        """
        self._met.clear()
        self.outputs()
        for position in self._behind_outputs():
            if position in self.nested:
                yield from self.nested[position].built()
            else:
                path = (*self.path, "config", "layers", position)
                yield path, self.layers[position], self._met.get(position, [])

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

    def last(self, output: int = 0) -> Layer | None:
        """The layer of an output, looked up through layers that leave scores as they are."""
        position = len(self.layers) - 1
        if not self.sequential:
            refs = _refs(self.config.get("output_layers"))[output : output + 1]
            titles = [layer.title for layer in self.layers]
            position = titles.index(refs[0][0]) if refs and refs[0][0] in titles else -1
        while position >= 0:
            if position in self.nested:
                return self.nested[position].last()
            if self.layers[position].class_name not in _LOOK_THROUGH:
                return self.layers[position]
            position = position - 1 if self.sequential else self._before(position)
        return None

    def leading(self) -> Iterator[Step]:
        """The layers of arithmetic that the picture meets first, up to the first of another kind."""
        for position in self._first_positions():
            if position in self.nested:
                yield from self.nested[position].leading()
                return
            layer = self.layers[position]
            if layer.class_name in _ARITHMETIC:
                yield Step(_arithmetic(layer))
            elif layer.class_name not in _CARRIERS:
                return

    def _first_positions(self) -> Iterator[int]:
        """The layers that the picture passes one after the other, before its ways part."""
        if self.sequential:
            yield from range(len(self.layers))
            return
        readers = defaultdict[str, list[int]](list)
        for (_, _), (position, sources) in self._calls():
            for name, _ in sources:
                readers[name].append(position)
        found = [position for name, _ in _refs(self.config.get("input_layers")) for position in readers[name]]
        for _ in self.layers:
            if len(found) != 1:
                return
            yield found[0]
            found = readers[self.layers[found[0]].title]

    def _behind_outputs(self) -> list[int]:
        """The positions of the layers that the outputs need, in the file's order."""
        if self.sequential:
            return list(range(len(self.layers)))
        calls = dict(self._calls())
        waiting, seen = _refs(self.config.get("output_layers")), set[Ref]()
        while waiting:
            if (ref := waiting.pop()) in calls and ref not in seen:
                seen.add(ref)
                waiting += calls[ref][1]
        return sorted({calls[ref][0] for ref in seen})

    def _before(self, position: int) -> int:
        """The position of the layer that feeds the one at `position`, which must stand before it; -1 for none."""
        calls = self.layers[position].inbound_nodes
        refs = _refs(calls[0]) if calls else []
        titles = [layer.title for layer in self.layers[:position]]
        return titles.index(refs[0][0]) if refs and refs[0][0] in titles else -1

    def _apply(self, position: int, shapes: list[Shape]) -> Shape:
        self._met.setdefault(position, shapes)
        if position in self.nested:
            found = self.nested[position].outputs(shapes)
            return found[0].shape if found else None
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
        """Every call of every layer: (layer, call) → (position, what it reads). Call 0 of a model inside this one is
        the one that made it."""
        for position, layer in enumerate(self.layers):
            for call, inbound in enumerate(layer.inbound_nodes, int(position in self.nested)):
                yield (layer.title, call), (position, _refs(inbound))


def read_layers(document: Document, weights: Mapping[str, Weight], json_path: Path) -> TopologyFacts:
    """What `model_config` says; layers carry their sizes, and `weights` have to have them, too."""
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
    obstacles = tuple(_obstacles(leaves))
    if not obstacles and not is_keras_3({"modelTopology": document.modelTopology}):
        _refuse_flaws(network, document, weights, json_path)
    return TopologyFacts(
        format="layers-model",
        inputs=tuple(network.inputs()),
        outputs=tuple(
            replace(tensor, activation=_activation(network.last(i))) for i, tensor in enumerate(network.outputs())
        ),
        ops=Counter(layer.class_name for layer in leaves),
        data_format=_data_format(leaves),
        leading=tuple(network.leading()),
        obstacles=obstacles,
    )


def _refuse_flaws(network: Network, document: Document, weights: Mapping[str, Weight], json_path: Path) -> None:
    """What TensorFlow.js would only find when it loads the model."""
    if sum(len(group.weights) for group in document.weightsManifest) > len(weights):
        return  # two of one name, which is said elsewhere
    found = [
        problem(NOT_A_MODEL, json_where(json_path, flaw.path), reason=flaw.reason) for flaw in flaws(network, weights)
    ]
    if found:
        raise UserError(found[:MAX_PROBLEMS])


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


def _obstacles(leaves: list[Layer]) -> Iterator[str]:
    missing = sorted({layer.class_name for layer in leaves} - KNOWN_LAYERS)
    if missing:
        yield f"TensorFlow.js has no layer {', '.join(missing)}"


def _arithmetic(layer: Layer) -> str:
    """`Rescaling (value * 0.00784314 - 1)`, or the name alone."""
    scale, offset = layer.settings.get("scale"), layer.settings.get("offset", 0)
    if layer.class_name != "Rescaling" or not all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in (scale, offset)
    ):
        return layer.class_name
    shift = f" {'-' if offset < 0 else '+'} {abs(offset):.6g}" if offset else ""
    return f"{layer.class_name} (value * {scale:.6g}{shift})"

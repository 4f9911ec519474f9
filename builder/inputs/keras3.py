"""Layers models of Keras 3, rewritten into the form of Keras 2, which is all that tf.loadLayersModel reads.

Only what is known to compute the same is rewritten: layers and settings are in tables here, anything else is refused.
Weights keep their bytes and their order; their names become `layer/variable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
_NETWORKS = frozenset({"Sequential", "Functional", "Model"})
_WINDOW = ("strides", "padding", "data_format")
_CONVOLUTION = ("kernel_size", *_WINDOW, "dilation_rate", "activation", "use_bias")
# Settings that mean the same in TensorFlow.js, by layer.
_KEPT: dict[str, tuple[str, ...]] = {
    "InputLayer": (),
    "Rescaling": ("scale", "offset"),
    "Conv2D": ("filters", *_CONVOLUTION),
    "DepthwiseConv2D": ("depth_multiplier", *_CONVOLUTION),
    "SeparableConv2D": ("filters", "depth_multiplier", *_CONVOLUTION),
    "BatchNormalization": ("axis", "epsilon", "center", "scale"),
    "LayerNormalization": ("axis", "epsilon", "center", "scale"),
    "MaxPooling2D": ("pool_size", *_WINDOW),
    "AveragePooling2D": ("pool_size", *_WINDOW),
    "GlobalAveragePooling2D": ("data_format",),
    "GlobalMaxPooling2D": ("data_format",),
    "Flatten": ("data_format",),
    "Reshape": ("target_shape",),
    "Permute": ("dims",),
    "ZeroPadding2D": ("padding", "data_format"),
    "Cropping2D": ("cropping", "data_format"),
    "UpSampling2D": ("size", "data_format"),
    "Dense": ("units", "activation", "use_bias"),
    "Activation": ("activation",),
    "ReLU": ("max_value",),
    "LeakyReLU": (),
    "ELU": (),
    "PReLU": ("shared_axes",),
    "Softmax": ("axis",),
    "Dropout": ("rate",),
    "GaussianDropout": ("rate",),
    "GaussianNoise": ("stddev",),
    "Add": (),
    "Multiply": (),
    "Average": (),
    "Maximum": (),
    "Minimum": (),
    "Concatenate": ("axis",),
}
# Settings with another name there.
_RENAMED = {
    ("InputLayer", "batch_shape"): "batch_input_shape",
    ("InputLayer", "batch_input_shape"): "batch_input_shape",
    ("LeakyReLU", "negative_slope"): "alpha",
}
# Settings that TensorFlow.js does not have, with the value that makes no difference. None and False never do.
_NEUTRAL: dict[str, object] = {"groups": 1, "alpha": 1, "negative_slope": 0, "threshold": 0, "interpolation": "nearest"}
# Settings that matter in training only.
_TRAINING = frozenset({"trainable", "synchronized", "momentum", "renorm_momentum", "seed", "autocast"})
_TRAINING_ENDS = ("_initializer", "_regularizer", "_constraint")
_ACTIVATIONS = {name: name for name in ("relu", "relu6", "elu", "selu", "linear", "sigmoid", "tanh", "softmax")}
_ACTIVATIONS |= {"softplus": "softplus", "softsign": "softsign", "silu": "swish", "swish": "swish"}
_MAX_NESTING = 32


class Incurable(Exception):
    """Says why a model cannot be rewritten."""


def is_keras_3(document: object) -> bool:
    """True for a layers model in the form of Keras 3."""
    topology = document.get("modelTopology") if isinstance(document, dict) else None
    if not isinstance(topology, dict) or "model_config" not in topology:
        return False
    version = topology.get("keras_version")
    return (isinstance(version, str) and version.startswith("3.")) or _has_new_form(topology["model_config"])


def cured(document: Json) -> Json:
    """The model in the form of Keras 2; raises Incurable. `document` stays as it is."""
    topology = document["modelTopology"]
    rewritten = {key: value for key, value in topology.items() if key not in ("keras_version", "training_config")}
    model = _network(_mapping(topology["model_config"], "model_config"))
    manifest = _renamed_weights(document.get("weightsManifest"), _variables(model))
    return document | {"modelTopology": rewritten | {"model_config": model}, "weightsManifest": manifest}


def _has_new_form(layer: object, depth: int = 0) -> bool:
    """A look at the layers for what only Keras 3 writes."""
    if not isinstance(layer, dict) or depth > _MAX_NESTING:
        return False
    config = layer.get("config")
    if not isinstance(config, dict):
        return False
    nodes = layer.get("inbound_nodes")
    if isinstance(nodes, list) and any(isinstance(node, dict) for node in nodes):
        return True
    if "batch_shape" in config and "batch_input_shape" not in config:
        return True
    layers = config.get("layers")
    return isinstance(layers, list) and any(_has_new_form(inner, depth + 1) for inner in layers)


def _network(layer: Json, depth: int = 0) -> Json:
    """A Sequential or Functional model with all its layers."""
    kind, config = _class_name(layer), _mapping(layer.get("config"), "config")
    if depth > _MAX_NESTING or kind not in _NETWORKS:
        message = "models are nested too deeply" if depth > _MAX_NESTING else f"it is a {kind!r}"
        raise Incurable(message)
    layers = [_layer(_mapping(inner, "layers"), depth) for inner in _list(config.get("layers"))]
    _count_from_one(layers)
    made: Json = {"name": config.get("name") or kind.lower(), "layers": layers}
    if kind != "Sequential":
        networks = _networks(layers)
        made |= {key: _counted(_references(config.get(key)), networks) for key in ("input_layers", "output_layers")}
    return {"class_name": kind, "config": made}


def _networks(layers: list[Json]) -> set[object]:
    return {layer["name"] for layer in layers if layer["class_name"] in _NETWORKS}


def _count_from_one(layers: list[Json]) -> None:
    """The calls of a model inside another one: in Keras 2, call 0 is the one that made it."""
    networks = _networks(layers)
    for layer in layers:
        layer["inbound_nodes"] = [_counted(call, networks) for call in layer["inbound_nodes"]]


def _counted(references: list[Any], networks: set[object]) -> list[Any]:
    return [[name, call + (name in networks), *rest] for name, call, *rest in references]


def _layer(layer: Json, depth: int) -> Json:
    kind = _class_name(layer)
    if kind in _NETWORKS:
        made = _network(layer, depth + 1)
    elif kind in _KEPT:
        made = {"class_name": kind, "config": _settings(kind, _mapping(layer.get("config"), kind))}
    else:
        message = f"its layer {kind!r} is not among those that can be rewritten"
        raise Incurable(message)
    name = layer.get("name") or made["config"].get("name")
    if not isinstance(name, str):
        message = f"a layer {kind!r} has no name"
        raise Incurable(message)
    return made | {"name": name, "inbound_nodes": [_call(node, kind) for node in _list(layer.get("inbound_nodes", []))]}


def _class_name(layer: Json) -> str:
    kind, module, registered = (layer.get(key) for key in ("class_name", "module", "registered_name"))
    if not isinstance(kind, str):
        message = "a layer has no class_name"
        raise Incurable(message)
    own = kind in _NETWORKS or module in (None, "keras.layers")
    if not own or registered not in (None, kind):
        message = f"{kind!r} is not a layer of Keras itself"
        raise Incurable(message)
    return kind


def _settings(kind: str, config: Json) -> Json:
    made: Json = {"name": config.get("name")}
    for key, value in config.items():
        if key == "dtype":
            made[key] = _dtype(value, kind)
        elif key == "activation" and key in _KEPT[kind]:
            made[key] = _activation(value, kind)
        elif key in _KEPT[kind]:
            made[key] = value
        elif (kind, key) in _RENAMED:
            made[_RENAMED[kind, key]] = value
        elif not _makes_no_difference(key, value):
            message = f"its layer {kind!r} has the setting {key} = {value!r:.60}"
            raise Incurable(message)
    return made


def _makes_no_difference(key: str, value: object) -> bool:
    training = key in _TRAINING or key.endswith(_TRAINING_ENDS)
    return key == "name" or training or value is None or value is False or _NEUTRAL.get(key) == value


def _dtype(value: object, kind: str) -> str:
    """`float32` from the name itself or from a policy object; inputs may be of another type."""
    policy = isinstance(value, dict) and value.get("class_name") == "DTypePolicy" and value.get("config")
    name = policy.get("name") if isinstance(policy, dict) else value
    if not isinstance(name, str) or (name != "float32" and kind != "InputLayer"):
        message = f"its layer {kind!r} computes in {name!r:.60}"
        raise Incurable(message)
    return name


def _activation(value: object, kind: str) -> str:
    known = _ACTIVATIONS.get(value) if isinstance(value, str) else None
    if known is None:
        message = f"its layer {kind!r} has the activation {value!r:.60}"
        raise Incurable(message)
    return known


def _references(value: object) -> list[Any]:
    """`["pool", 0, 0]`, or a list of those → the list."""
    given = _list(value)
    found = [given] if given and isinstance(given[0], str) else given
    if not all(_is_reference(item) for item in found):
        message = "its inputs and outputs have names of their own"
        raise Incurable(message)
    return found


def _is_reference(value: object) -> bool:
    """True for `[layer, call, output]`."""
    return isinstance(value, list) and [type(item) for item in value] == [str, int, int]


def _call(node: object, kind: str) -> list[Any]:
    """One call of a layer: `{"args": [tensor or tensors], "kwargs": {...}}` → `[[layer, call, output, {}], …]`."""
    call = _mapping(node, "inbound_nodes")
    arguments, extra = _list(call.get("args")), _mapping(call.get("kwargs", {}), "kwargs")
    if len(arguments) != 1 or any(value not in (None, False) for value in extra.values()):
        message = f"its layer {kind!r} is called with more than the tensors it works on"
        raise Incurable(message)
    tensors = arguments[0] if isinstance(arguments[0], list) else arguments
    return [[*_history(tensor, kind), {}] for tensor in tensors]


def _history(tensor: object, kind: str) -> list[Any]:
    config = tensor.get("config") if isinstance(tensor, dict) else None
    history = config.get("keras_history") if isinstance(config, dict) else None
    if not isinstance(history, list) or not _is_reference(history):
        message = f"its layer {kind!r} works on something that is no tensor"
        raise Incurable(message)
    return history


# --- weights ---


def _variables(model: Json) -> dict[str, str]:
    """What Keras 3 calls each variable, `layer/variable`, and what TensorFlow.js does."""
    found: dict[str, str] = {}
    for layer in _leaves(model):
        title = layer["config"]["name"]
        for own, theirs in _layer_variables(layer["class_name"], layer["config"]):
            if f"{title}/{own}" in found:
                message = f"two of its layers are called {title!r}"
                raise Incurable(message)
            found[f"{title}/{own}"] = f"{title}/{theirs}"
    return found


def _leaves(layer: Json) -> Iterator[Json]:
    if layer["class_name"] not in _NETWORKS:
        yield layer
        return
    for inner in layer["config"]["layers"]:
        yield from _leaves(inner)


def _layer_variables(kind: str, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = {
        "Conv2D": ["kernel"],
        "Dense": ["kernel"],
        "SeparableConv2D": ["depthwise_kernel", "pointwise_kernel"],
        "BatchNormalization": ["moving_mean", "moving_variance"],
        "PReLU": ["alpha"],
    }.get(kind, [])
    if kind == "DepthwiseConv2D":
        yield "kernel", "depthwise_kernel"
    if kind in ("BatchNormalization", "LayerNormalization"):
        names += ["gamma"] * _is_on(config, "scale") + ["beta"] * _is_on(config, "center")
    if "use_bias" in _KEPT[kind]:
        names += ["bias"] * _is_on(config, "use_bias")
    yield from zip(names, names, strict=True)


def _is_on(config: Mapping[str, Any], key: str) -> bool:
    return config.get(key, True) is True


def _renamed_weights(manifest: object, variables: Mapping[str, str]) -> list[Json]:
    """The manifest with TensorFlow.js' names; every variable of every layer must be there once."""
    missing = set(variables)
    groups = [_renamed_group(_mapping(group, "weightsManifest"), variables, missing) for group in _list(manifest)]
    if missing:
        message = f"its weight {min(missing)!r} is missing"
        raise Incurable(message)
    return groups


def _renamed_group(group: Json, variables: Mapping[str, str], missing: set[str]) -> Json:
    weights = []
    for entry in _list(group.get("weights")):
        weight = _mapping(entry, "weights")
        name = str(weight.get("name")).removesuffix(":0")
        key = "/".join(name.split("/")[-2:])  # Keras puts the names of the models before it
        if key not in missing:
            message = f"its weight {name!r:.60} belongs to none of its layers"
            raise Incurable(message)
        missing.discard(key)
        weights.append(weight | {"name": variables[key]})
    return group | {"weights": weights}


def _mapping(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        message = f"{what} is not an object"
        raise Incurable(message)
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        message = "a list is missing in it"
        raise Incurable(message)
    return value

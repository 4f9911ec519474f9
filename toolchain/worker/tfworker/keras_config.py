"""The configuration of a Keras model, judged before Keras sees it: only classes of Keras itself, and no code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

_CODE = {"Lambda", "__lambda__", "function_type", "py_lambda"}
# Layers that open files, unpickle, or run what is not Keras.
_BEYOND = {
    "FlaxLayer",
    "IntegerLookup",
    "JaxLayer",
    "StringLookup",
    "TextVectorization",
    "TFSMLayer",
    "TorchModuleWrapper",
}
# Keras 2 writes TensorFlow functions that were called on its tensors as layers; these names cannot reach a file.
_FUNCTION_LAYERS = {"TFOpLambda", "SlicingOpLambda"}
_ARITHMETIC = re.compile(
    r"(__operators__|math|nn|image|linalg)\.[a-z0-9_.]+"
    r"|cast|clip_by_value|concat|convert_to_tensor|expand_dims|gather|identity|maximum|minimum|ones_like|pad|reshape"
    r"|reverse|shape|split|squeeze|stack|stop_gradient|strided_slice|tile|transpose|unstack|where|zeros_like"
    r"|compat\.v1\.(shape|transpose|squeeze|pad|gather|concat|nn\.[a-z0-9_]+|math\.[a-z0-9_]+)"
)
_MODULES = re.compile(
    r"(tf_keras|keras)(\.src)?(\.engine)?"
    r"(\.(activations|constraints|dtype_policies|initializers|layers|losses|metrics|models|ops|optimizers|regularizers)"
    r"(\.\w+)*|\.(functional|sequential|training|input_layer))?"
)
MAX_DEPTH = 200


@dataclass(frozen=True)
class Known:
    """Names of Keras: its classes, and its activation functions."""

    classes: Set[str]
    functions: Set[str]


def refusals(config: object, known: Known) -> list[str]:
    """Why a model of this configuration is not loaded, as clauses; empty for a harmless one."""
    return [reason for entry in _objects(config, 0) for reason in _judge(entry, known)]


def _objects(value: object, depth: int) -> Iterator[dict[str, Any]]:
    """Every JSON object in `value`, the outer ones first."""
    if depth > MAX_DEPTH:
        yield {"class_name": "", "depth": MAX_DEPTH}
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner, depth + 1)


def _judge(entry: dict[str, Any], known: Known) -> Iterator[str]:
    if "depth" in entry and entry.get("class_name") == "":
        yield f"its configuration is nested more than {entry['depth']} deep"
        return
    if _CODE & entry.keys():
        yield "it holds Python code"
    if "class_name" in entry:
        yield from _judge_class(entry, known)
    module = entry.get("module")
    if "class_name" in entry and module is not None and not _is_of_keras(module, entry):
        yield f"it names the module {str(module)[:80]!r}, which is not Keras"


def _is_of_keras(module: object, entry: dict[str, Any]) -> bool:
    if module == "builtins":  # how Keras writes an activation function, and nothing else
        return bool(entry["class_name"] == "function")
    return isinstance(module, str) and _MODULES.fullmatch(module) is not None


def _judge_class(entry: dict[str, Any], known: Known) -> Iterator[str]:
    name, registered = str(entry["class_name"])[:80], entry.get("registered_name")
    config = entry.get("config")
    label = _label(config)
    if name in _CODE:
        yield f"its layer{label} is a Lambda layer, which is Python code"
    elif name in _BEYOND:
        yield f"its layer{label} is a {name}, which reads files or runs code"
    elif name in _FUNCTION_LAYERS:
        function = config.get("function") if isinstance(config, dict) else None
        if not (isinstance(function, str) and _ARITHMETIC.fullmatch(function)):
            yield f"its layer{label} calls the TensorFlow function {str(function)[:80]!r}"
    elif name == "function":
        if config not in known.functions:
            yield f"it names the function {str(config)[:80]!r}, which is not one of Keras's activations"
    elif name not in known.classes or (isinstance(registered, str) and ">" in registered):
        yield f"{name!r}{label} is a class of somebody's own, whose code is not in the model"


def _label(config: object) -> str:
    name = config.get("name") if isinstance(config, dict) else None
    return f" {name[:80]!r}" if isinstance(name, str) else ""

"""What a model needs of the runtime: its task, and kernels for its outputs, or TensorFlow.js's own converter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from builder.joining import BACKENDS, Needs, Runner
from builder.spec import ModelSpec

# Operation → the kernels that its rule in jslib/src/executor may call.
KernelTable = Mapping[str, Sequence[str]]
# What the engine and the copies to and from a backend may call, whatever the graph.
_ALWAYS = frozenset(("Cast", "Identity", "Reshape", "Slice"))
# wasm kernels that call another one's function, which only works where that one is registered, too.
_REDUCTIONS = ("All", "Any", "ArgMax", "ArgMin", "Max", "Mean", "Min", "Prod", "Sum")
BORROWED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys((*_REDUCTIONS, "BatchToSpaceND", "Cumprod", "Cumsum"), ("Transpose",)),
    "SpaceToBatchND": ("PadV2", "Transpose"),
}
_DECODED = frozenset(("float32", "int32", "bool"))


def operations(document: Mapping[str, Any], outputs: Collection[str]) -> frozenset[str]:
    """The operations of all nodes that `outputs`, as the signature or the graph calls them, are computed from.

    `document` is a model.json that was found to be a graph model; control inputs (`^name`) compute nothing.
    """
    nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
    signature = (document.get("userDefinedMetadata") or {}).get("signature") or document.get("signature") or {}
    named = signature.get("outputs") or {}
    waiting, seen = [str((named.get(output) or {}).get("name") or output) for output in outputs], set[str]()
    while waiting:
        name = waiting.pop().partition(":")[0]
        if name in nodes and name not in seen:
            seen.add(name)
            waiting += [source for source in nodes[name].get("input") or () if not source.startswith("^")]
    return frozenset(nodes[name]["op"] for name in seen)


def kernels(document: Mapping[str, Any], outputs: Collection[str], table: KernelTable) -> frozenset[str] | None:
    """The kernels that the runtime's own executor calls for these outputs.

    None if it has no rule for an operation, or cannot decode a weight: then the model needs TensorFlow.js's converter,
    and nobody knows which kernels.
    """
    found = operations(document, outputs)
    if not _decodable(document) or not found <= table.keys():
        return None
    called = frozenset(kernel for op in found for kernel in table[op])
    return called.union(*(BORROWED.get(kernel, ()) for kernel in called))


def _decodable(document: Mapping[str, Any]) -> bool:
    groups: Collection[Mapping[str, Any]] = document.get("weightsManifest") or ()
    return all(weight.get("dtype") in _DECODED for group in groups for weight in group.get("weights") or ())


def needs(document: Mapping[str, Any], spec: ModelSpec, table: KernelTable) -> Needs:
    """What a model needs of the runtime; all kernels where it is not known which. `document` is its model.json."""
    tasks = frozenset({spec.task.kind})
    if spec.files.format == "onnx":
        return Needs(runners=frozenset(), backends=frozenset(), kernels=frozenset(), tasks=tasks, onnx=True)
    runners, called = _runners(document, spec, table)
    return Needs(runners=runners, backends=frozenset(BACKENDS), kernels=called, tasks=tasks)


def _runners(
    document: Mapping[str, Any], spec: ModelSpec, table: KernelTable
) -> tuple[frozenset[Runner], frozenset[str] | None]:
    """What runs the model, and by which kernels; None for all."""
    if spec.files.format == "layers-model":
        return frozenset({"layers-model"}), None
    called = kernels(document, spec.output_names, table)
    if called is None:
        return frozenset({"converter", "graph-model"}), None
    return frozenset({"graph-model"}), called | _ALWAYS

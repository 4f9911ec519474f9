"""Takes the Transposes out of a graph that was made with channels first, where that can be done by naming axes anew.

onnx-tf keeps each tensor with its channels first and puts a Transpose before and behind every operation that wants them
last; so do others who bring such networks to TensorFlow. Here a Transpose is not computed but remembered: each tensor
is held in some order of axes, and operations to which the order makes no difference, or which state their axes, take it
as it is. Where an operation insists on the order that the graph states, the Transpose is put there again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.model import ConvertedModel
from builder.errors import CANNOT_BAKE, fail

Node = dict[str, Any]
Order = tuple[int, ...]
_UNARY = frozenset(
    "Abs Cast Ceil Elu Erf Exp Floor Identity LeakyRelu Log Log1p Neg Reciprocal Relu Relu6 Round Rsqrt Selu Sigmoid "
    "Sign Softplus Sqrt Square StopGradient Tanh".split()
)
_COMPARING = frozenset("Equal Greater GreaterEqual Less LessEqual".split())
_BROADCASTING = _COMPARING | frozenset(
    "Add AddV2 Div FloorDiv Maximum Minimum Mul Pow RealDiv SquaredDifference Sub".split()
)
_LOOPS = frozenset("Enter Exit Merge NextIteration Switch".split())
_REDUCING = frozenset("Max Mean Min Prod Sum".split())
_PADDING = frozenset("MirrorPad Pad PadV2".split())
_LAST = (0, 2, 3, 1)
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class _Held:
    """The graph's tensor is `name` with its axes in `order`: axis i of the one is axis order[i] of the other. Of axes
    in `ones` it is known that they have the size 1."""

    name: str
    order: Order
    ones: frozenset[int] = frozenset()

    @property
    def is_plain(self) -> bool:
        return self.order == tuple(range(len(self.order)))


def without_transposes(model: ConvertedModel) -> ConvertedModel:
    """What onnx-tf made, with as few Transposes as can be; pictures whose channels come first go in with them last.

    `userDefinedMetadata.onnx` says of each input and output which axis of the source's each of its axes is.
    """
    if _is_beyond(model):
        return model
    rewriter = _Rewriter(model, turning=True)
    return rewriter.rewritten({"onnx": rewriter.orders()})


def with_fewer_transposes(model: ConvertedModel, *, channels_last: bool) -> ConvertedModel:
    """Any other graph, as it is where nothing is gained. With `channels_last`, pictures whose channels come first go in
    with them last, and `userDefinedMetadata.tensorflow` says so as above.

    Raises CANNOT_BAKE where no input is such a picture, or where the graph has loops or functions.
    """
    if channels_last:
        return _turned(model)
    if _is_beyond(model) or not _transposes(model):
        return model
    found = _Rewriter(model, turning=False).rewritten({})
    return found if _transposes(found) < _transposes(model) else model


def _turned(model: ConvertedModel) -> ConvertedModel:
    rewriter = None if _is_beyond(model) else _Rewriter(model, turning=True)
    if rewriter is None:
        raise fail(CANNOT_BAKE, what="the order of axes", reason="its graph has loops or functions")
    found = rewriter.rewritten({"tensorflow": rewriter.orders()})
    if not rewriter.inputs:
        reason = "none of its inputs is a picture with its channels first"
        raise fail(CANNOT_BAKE, what="the order of axes", reason=reason)
    return found


def _is_beyond(model: ConvertedModel) -> bool:
    """True for graphs in which more is called than what their nodes say one after the other."""
    topology = model.document["modelTopology"]
    return bool(topology.get("library", {}).get("function")) or any(node["op"] in _LOOPS for node in topology["node"])


def _transposes(model: ConvertedModel) -> int:
    return sum(node["op"] == "Transpose" for node in model.document["modelTopology"]["node"])


class _Rewriter:
    """Goes through the nodes once, in the order in which they depend on each other; with `turning`, pictures go in with
    their channels last."""

    def __init__(self, model: ConvertedModel, *, turning: bool) -> None:
        self.model = model
        topology = model.document["modelTopology"]
        self.source = {node["name"]: node for node in _sorted(topology["node"])}
        self.weights = dict(model.weights)
        self.nodes: dict[str, Node] = {}
        self.held: dict[str, _Held] = {}
        self.inputs: dict[str, Order] = {}
        for node in self.source.values():
            self._visit(node, turning)

    def rewritten(self, metadata: Mapping[str, Any]) -> ConvertedModel:
        """The graph anew, with `metadata` among the user's."""
        document = self.model.document
        signature = {
            "inputs": {key: self._input(info) for key, info in document["signature"]["inputs"].items()},
            "outputs": {key: self._output(info) for key, info in document["signature"]["outputs"].items()},
        }
        nodes = self._needed(signature)
        kept = {node["name"] for node in nodes}
        said = {**document.get("userDefinedMetadata", {}), **metadata}
        return ConvertedModel(
            {
                **document,
                "signature": {**document["signature"], **signature},
                "modelTopology": {**document["modelTopology"], "node": nodes},
                **({"userDefinedMetadata": said} if said else {}),
            },
            {name: array for name, array in self.weights.items() if name in kept},
        )

    # --- the signature ------------------------------------------------------------------------------------------

    def _input(self, info: Mapping[str, Any]) -> dict[str, Any]:
        order = self.inputs.get(_name(info["name"]))
        if order is None:
            return dict(info)
        dims = info["tensorShape"]["dim"]
        return {**info, "tensorShape": {**info["tensorShape"], "dim": [dims[axis] for axis in order]}}

    def _output(self, info: Mapping[str, Any]) -> dict[str, Any]:
        return {**info, "name": _with_slot(self._plain(info["name"]))}

    def orders(self) -> dict[str, dict[str, list[int]]]:
        """Of each input and output, which axis of the source's each of its axes is."""
        signature = self.model.document["signature"]
        return {
            side: {
                key: [*self.inputs.get(_name(info["name"]), range(len(info["tensorShape"].get("dim", ()))))]
                for key, info in signature[side].items()
            }
            for side in ("inputs", "outputs")
        }

    def _needed(self, signature: Mapping[str, Mapping[str, Any]]) -> list[Node]:
        """What the outputs depend on, and every input."""
        waiting = [_name(info["name"]) for side in signature.values() for info in side.values()]
        needed = set[str]()
        while waiting:
            if (name := waiting.pop()) not in needed:
                needed.add(name)
                waiting += map(_name, self.nodes[name].get("input", ()))
        return [node for name, node in self.nodes.items() if name in needed]

    # --- nodes --------------------------------------------------------------------------------------------------

    def _visit(self, node: Node, turning: bool) -> None:
        data = [name for name in node.get("input", ()) if not name.startswith("^")]
        if node["op"] == "Placeholder":
            self._placeholder(node, turning)
        elif not self._relabelled(node, data):
            self._emit({**node, "input": [self._plain(name) for name in data]})

    def _relabelled(self, node: Node, data: list[str]) -> bool:
        """True if the node was taken over without a Transpose for an input that is held in another order."""
        first = self.held.get(_name(data[0])) if data else None
        handler = _HANDLERS.get(node["op"])
        if handler is not None:
            return handler(self, node, data)
        if node["op"] in _BROADCASTING:
            return self._broadcast(node, data)
        if first is None:
            return False
        if node["op"] in _UNARY:
            return self._keep(node, [self._moved(data[0])], first)
        if node["op"] in _PADDING:
            return self._pad(node, data, first)
        return node["op"] in _REDUCING and self._reduce(node, data, first)

    def _emit(self, node: Node) -> None:
        self.nodes[node["name"]] = node

    def _keep(self, node: Node, inputs: list[str], held: _Held) -> bool:
        """The node as it is, its result in the order of what goes in."""
        self._emit({**node, "input": inputs})
        self.held[node["name"]] = replace(held, name=node["name"])
        return True

    def _moved(self, name: str) -> str:
        """The tensor that stands for `name`, in the order in which it is held."""
        held = self.held.get(_name(name))
        if held is None:
            return name
        slot = name.partition(":")[2]
        return held.name if slot in ("", "0") or ":" in held.name else f"{held.name}:{slot}"

    def _plain(self, name: str) -> str:
        """The tensor `name` in the order that the graph states, by a Transpose if it is held in another."""
        held = self.held.get(_name(name))
        if held is None or held.is_plain:
            return self._moved(name)
        moved = self._moved(name)
        axes = "_".join(map(str, held.order))
        transposed = f"{_name(moved)}/transposed_{axes}/{moved.partition(':')[2] or 0}"
        if transposed not in self.nodes:
            order = self._constant(f"{transposed}/perm", np.array(held.order, np.int32))
            kind = self._type(_name(name))
            attributes = {"T": {"type": kind}, "Tperm": {"type": "DT_INT32"}}
            self._emit({"name": transposed, "op": "Transpose", "input": [moved, order], "attr": attributes})
        return transposed

    def _type(self, name: str) -> str:
        """The type of a node's result; what is not stated is float."""
        if self.source[name]["op"] in _COMPARING:
            return "DT_BOOL"
        attributes = self.source[name].get("attr", {})
        stated = attributes.get("DstT") or attributes.get("dtype") or attributes.get("T") or {}
        return str(stated.get("type", "DT_FLOAT"))

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        kind = {"float32": "DT_FLOAT", "int32": "DT_INT32", "bool": "DT_BOOL"}[array.dtype.name]
        shape = {"dim": [{"size": str(size)} for size in array.shape]} if array.shape else {}
        value = {"tensor": {"dtype": kind, "tensorShape": shape}}
        self.weights[name] = array
        self._emit({"name": name, "op": "Const", "attr": {"dtype": {"type": kind}, "value": value}})
        return name

    def _known(self, name: str) -> NDArray[Any] | None:
        """The value of a constant."""
        return self.model.weights.get(_name(name)) if self.source[_name(name)]["op"] == "Const" else None

    # --- rules --------------------------------------------------------------------------------------------------

    def _placeholder(self, node: Node, turning: bool) -> None:
        """A picture, and what everybody wants with its channels last, goes in like that."""
        self._emit(node)
        if not turning:
            return
        uses = [user for user in self.source.values() if node["name"] in map(_name, user.get("input", ()))]
        dims = node.get("attr", {}).get("shape", {}).get("shape", {}).get("dim", ())
        is_picture = len(dims) == len(_LAST) and int(dims[1].get("size", -1)) in _CHANNELS
        if len(dims) == len(_LAST) and (is_picture or all(self._is_transpose(user, _LAST) for user in uses)):
            shape = {"shape": {"dim": [dims[axis] for axis in _LAST]}}
            self._emit({**node, "attr": {**node["attr"], "shape": shape}})
            self.inputs[node["name"]] = _LAST
            self.held[node["name"]] = _Held(node["name"], _inverse(_LAST))

    def _is_transpose(self, node: Node, order: Order) -> bool:
        known = self._known(node["input"][1]) if node["op"] == "Transpose" else None
        return known is not None and tuple(known.tolist()) == order

    def _transpose(self, node: Node, data: list[str]) -> bool:
        order = self._known(data[1])
        if order is None:
            return False
        steps = tuple(int(axis) % len(order) for axis in order)
        before = self.held.get(_name(data[0])) or _Held("", tuple(range(len(steps))))
        after = tuple(before.order[axis] for axis in steps)
        self.held[node["name"]] = replace(before, name=self._moved(data[0]), order=after)
        return True

    def _broadcast(self, node: Node, data: list[str]) -> bool:
        """Tensors in one and the same order, and constants, which are put into it."""
        tensors = [self.held.get(_name(name)) for name in data if self._known(name) is None]
        found = next((held for held in tensors if held is not None), None)
        if found is None or any(held is None or held.order != found.order for held in tensors):
            return False
        constants = [self._known(name) for name in data]
        if any(array is not None and array.ndim > len(found.order) for array in constants):
            return False
        inputs = [
            self._moved(name) if array is None else self._reordered(node, index, array, found.order)
            for index, (name, array) in enumerate(zip(data, constants, strict=True))
        ]
        return self._keep(node, inputs, replace(found, ones=frozenset()))

    def _reordered(self, node: Node, index: int, array: NDArray[Any], order: Order) -> str:
        wide = array.reshape((1,) * (len(order) - array.ndim) + array.shape)
        moved = wide.transpose(_inverse(order))
        # TensorFlow.js adds leading axes by itself; where they are there, its wasm kernels are ten times as slow.
        leading = next((axis for axis, size in enumerate(moved.shape) if size != 1), moved.ndim)
        return self._constant(f"{node['name']}/constant_{index}", moved.reshape(moved.shape[leading:]))

    def _pad(self, node: Node, data: list[str], held: _Held) -> bool:
        amounts = self._known(data[1])
        if amounts is None:
            return False
        moved = self._constant(f"{node['name']}/paddings", amounts[[*_inverse(held.order)]].astype(np.int32))
        rest = [self._plain(name) for name in data[2:]]
        return self._keep(node, [self._moved(data[0]), moved, *rest], replace(held, ones=frozenset()))

    def _reduce(self, node: Node, data: list[str], held: _Held) -> bool:
        stated = self._known(data[1])
        if stated is None:
            return False
        rank = len(held.order)
        axes = [int(axis) % rank for axis in stated.reshape(-1)]
        gone = frozenset(held.order[axis] for axis in axes)
        moved = self._constant(f"{node['name']}/axes", np.array(sorted(gone), np.int32))
        inputs = [self._moved(data[0]), moved]
        if node.get("attr", {}).get("keep_dims", {}).get("b"):
            return self._keep(node, inputs, replace(held, ones=held.ones | gone))
        left = [held.order[axis] for axis in range(rank) if axis not in axes]
        return self._keep(node, inputs, _Held("", tuple(sorted(left).index(axis) for axis in left)))

    def _concat(self, node: Node, data: list[str]) -> bool:
        tensors, axis = [self.held.get(_name(name)) for name in data[:-1]], self._known(data[-1])
        found = tensors[0]
        if found is None or axis is None or any(held is None or held.order != found.order for held in tensors):
            return False
        inputs = [*map(self._moved, data[:-1]), self._axis(node, int(axis), found.order)]
        return self._keep(node, inputs, replace(found, ones=frozenset()))

    def _split(self, node: Node, data: list[str]) -> bool:
        held, axis = self.held.get(_name(data[1])), self._known(data[0])
        if held is None or axis is None:
            return False
        inputs = [self._axis(node, int(axis), held.order), self._moved(data[1])]
        return self._keep(node, inputs, replace(held, ones=frozenset()))

    def _axis(self, node: Node, axis: int, order: Order) -> str:
        return self._constant(f"{node['name']}/axis", np.array(order[axis % len(order)], np.int32))

    def _shape(self, node: Node, data: list[str]) -> bool:
        """The sizes of the tensor as it is held, picked in the order that the graph states."""
        held = self.held.get(_name(data[0]))
        if held is None or held.is_plain:
            return False
        kind = node.get("attr", {}).get("out_type", {}).get("type", "DT_INT32")
        sizes = f"{node['name']}/held"
        self._emit({**node, "name": sizes, "input": [self._moved(data[0])]})
        order = self._constant(f"{node['name']}/order", np.array(held.order, np.int32))
        zero = self._constant(f"{node['name']}/zero", np.array(0, np.int32))
        types = {"Tparams": {"type": kind}, "Tindices": {"type": "DT_INT32"}, "Taxis": {"type": "DT_INT32"}}
        gather = {"op": "GatherV2", "input": [sizes, order, zero], "attr": {**types, "batch_dims": {"i": "0"}}}
        self._emit({"name": node["name"], **gather})
        return True

    def _reshape(self, node: Node, data: list[str]) -> bool:
        """Nothing moves where only axes of size 1 are in another order."""
        held = self.held.get(_name(data[0]))
        if held is None:
            return False
        moving = [axis for axis in held.order if axis not in held.ones]
        if moving != sorted(moving):
            return False
        self._emit({**node, "input": [self._moved(data[0]), *map(self._plain, data[1:])]})
        return True


_Handler = Callable[[_Rewriter, Node, list[str]], bool]
_HANDLERS: dict[str, _Handler] = {
    "ConcatV2": _Rewriter._concat,
    "Reshape": _Rewriter._reshape,
    "Shape": _Rewriter._shape,
    "Split": _Rewriter._split,
    "Transpose": _Rewriter._transpose,
}


def _name(tensor: str) -> str:
    """`^a/b:0` → `a/b`."""
    return tensor.removeprefix("^").partition(":")[0]


def _with_slot(tensor: str) -> str:
    return tensor if ":" in tensor else f"{tensor}:0"


def _inverse(order: Order) -> Order:
    return tuple(int(axis) for axis in np.argsort(order))


def _sorted(nodes: Iterable[Node]) -> list[Node]:
    """Each node behind those that it depends on."""
    by_name = {node["name"]: node for node in nodes}
    done, placed = list[Node](), set[str]()
    waiting = [*reversed(by_name)]
    while waiting:
        name = waiting[-1]
        missing = [key for key in map(_name, by_name[name].get("input", ())) if key not in placed and key in by_name]
        if name in placed or not missing:
            waiting.pop()
            done += [] if name in placed else [by_name[name]]
            placed.add(name)
        else:
            waiting += missing
    return done

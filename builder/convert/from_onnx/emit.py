"""What rules build with: operations, constants, and values in the stored order that an operation insists on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from builder.convert.from_onnx.dims import Dim, Shape, Size
from builder.convert.from_onnx.graph import Attribute, TfGraph
from builder.convert.from_onnx.refusal import FIXED_SIZE, require
from builder.convert.from_onnx.tensors import Array, Constant, Kind, Order, Tensor, Value, identity

# The ranks that all backends of TensorFlow.js can do; WebGL is the narrowest.
MAX_RANK = 6
_MAX_RANKS = {"Cumsum": 4, "ReverseV2": 4, "SelectV2": 4, "Tile": 5, "BroadcastTo": 5, "MirrorPad": 4}
Bound = int | None
Attributes = Mapping[str, Attribute]
NONE: Attributes = {}
_ARITHMETIC = {"+": "AddV2", "*": "Mul", "//": "FloorDiv", "max": "Maximum"}


class Emitter:
    """Writes into a `TfGraph`. `scope` is the name that new nodes take: the ONNX output at hand."""

    def __init__(self) -> None:
        self.graph = TfGraph()
        self.scope = ""
        self._stored: dict[tuple[str, Order], str] = {}
        self._sizes: dict[Size, tuple[str, int]] = {}
        self._size_names: dict[Size, str] = {}

    # --- nodes

    def op(
        self, op: str, inputs: Sequence[str], *, kind: Kind = Kind.FLOAT, more: Attributes = NONE, **given: Attribute
    ) -> str:
        """A node with the attributes `given` and `more`; returns its name."""
        return self.graph.add(op, inputs, self.scope, {"T": kind, **more, **given})

    def tensor(
        self,
        op: str,
        inputs: Sequence[str],
        like: Tensor,
        *,
        kind: Kind | None = None,
        more: Attributes = NONE,
        **given: Attribute,
    ) -> Tensor:
        """A node whose output has the shape, order and type of `like`; `kind` is that of the inputs, if it differs."""
        limit = _MAX_RANKS.get(op, MAX_RANK)
        require(
            like.rank <= limit,
            f"it needs {op} on a tensor of {like.rank} axes; TensorFlow.js takes {limit} at most",
        )
        name = self.op(op, inputs, kind=kind or like.kind, more=more, **given)
        self.graph.nodes[name].shape = like.stored_shape
        return self.named(name, like)

    def named(self, name: str, like: Tensor) -> Tensor:
        """The tensor `name`, described by `like`; its sizes can be read from it when the model runs."""
        for axis, dim in enumerate(like.stored_shape):
            if isinstance(dim, Size):
                self._sizes.setdefault(dim, (name, axis))
        return replace(like, name=name, elements=None, before=None)

    # --- constants

    def const(self, array: Array, part: str = "const") -> str:
        return self.graph.const(array, f"{self.scope}/{part}")

    def ints(self, values: Sequence[int], part: str = "const") -> str:
        return self.const(np.asarray(values, np.int32), part)

    def integer(self, value: int) -> str:
        return self.const(np.asarray(value, np.int32))

    def number(self, value: float) -> str:
        return self.const(np.asarray(value, np.float32))

    # --- values as an operation wants them

    def lifted(self, value: Value) -> Tensor:
        """A constant as a tensor; a tensor as it is."""
        if isinstance(value, Tensor):
            return value
        order = identity(value.rank)
        return Tensor(self.name(value, order), value.shape, order, value.dtype, value.nonnegative)

    def name(self, value: Value, order: Order) -> str:
        """The name of `value`, stored in `order`: by a Transpose, or a Reshape where only axes of size 1 move."""
        if isinstance(value, Constant):
            check_range(value.array)
            return self.const(np.transpose(value.array, order))
        if value.order == order:
            return value.name
        key = (value.name, order)
        if key not in self._stored:
            self._stored[key] = self._restored(value, order)
        return self._stored[key]

    def _restored(self, value: Tensor, order: Order) -> str:
        shape = tuple(value.shape[axis] for axis in order)
        wide = [axis for axis in value.order if value.shape[axis] != 1]
        if wide == [axis for axis in order if value.shape[axis] != 1]:
            return self.reshape(value.name, shape, value.kind)
        require(value.rank <= MAX_RANK, f"a tensor of {value.rank} axes has to be transposed; {MAX_RANK} is the most")
        perm = self.ints([value.order.index(axis) for axis in order])
        attributes: dict[str, Attribute] = {"T": value.kind, "Tperm": Kind.INT}
        return self.graph.add("Transpose", [value.name, perm], f"{self.scope}/transpose", attributes, shape)

    def reshape(self, name: str, shape: Shape, kind: Kind) -> str:
        """The tensor `name` with another stored shape."""
        target = self.shape_vector(shape, free=True)
        return self.graph.add("Reshape", [name, target], self.scope, {"T": kind, "Tshape": Kind.INT}, shape)

    # --- sizes of the running model

    def shape_vector(self, shape: Shape, *, free: bool = False) -> str:
        """A shape as an int32 vector; `free` lets one unknown size be -1, as Reshape understands it."""
        open_sizes = [dim for dim in shape if isinstance(dim, Size)]
        if not open_sizes or (free and len(open_sizes) == 1 and 0 not in shape):
            return self.ints([dim if isinstance(dim, int) else -1 for dim in shape], "shape")
        return self.op("Pack", [self.size(dim) for dim in shape], kind=Kind.INT, N=len(shape), axis=0)

    def size(self, dim: Dim) -> str:
        """One size as an int32 scalar."""
        if isinstance(dim, int):
            return self.integer(dim)
        if dim not in self._size_names:
            self._size_names[dim] = self._computed(dim)
        return self._size_names[dim]

    def knows(self, name: str, dim: Size) -> None:
        """The int32 scalar `name` is the size `dim`."""
        self._size_names.setdefault(dim, name)

    def _computed(self, dim: Size) -> str:
        if dim in self._sizes:
            source, axis = self._sizes[dim]
            shape = self.op("Shape", [source], kind=Kind.INT, out_type=Kind.INT)
            return self.element(shape, axis)
        require(dim.op, "a size is needed that only the running model knows", FIXED_SIZE)
        return self.op(_ARITHMETIC[dim.op], [self.size(arg) for arg in dim.args], kind=Kind.INT)

    def element(self, vector: str, index: int) -> str:
        """One element of an int32 vector, as a scalar."""
        bounds = [self.ints([index]), self.ints([index + 1]), self.ints([1])]
        return self.op(
            "StridedSlice", [vector, *bounds], kind=Kind.INT, Index=Kind.INT, more=_masks(shrink_axis_mask=1)
        )

    def sliced(
        self, name: str, begin: Sequence[Bound], end: Sequence[Bound], strides: Sequence[Bound], kind: Kind
    ) -> str:
        """A StridedSlice of stored axes; None is the first or the last element."""
        masks = _masks(
            begin_mask=sum(1 << axis for axis, at in enumerate(begin) if at is None),
            end_mask=sum(1 << axis for axis, at in enumerate(end) if at is None),
        )
        bounds = [
            self.ints([at or 0 for at in begin]),
            self.ints([at or 0 for at in end]),
            self.ints([at or 1 for at in strides]),
        ]
        return self.op("StridedSlice", [name, *bounds], kind=kind, Index=Kind.INT, more=masks)


def _masks(**given: int) -> dict[str, Attribute]:
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return {name: given.get(name, 0) for name in names}


def check_range(array: Array) -> None:
    """Refuses integers that int32 cannot hold."""
    if array.dtype.kind in "iu" and array.dtype.itemsize >= 4 and array.size:
        fits = -(2**31) <= int(array.min()) and int(array.max()) < 2**31
        require(fits, "an integer constant is beyond 32 bits, the most that TensorFlow.js has")

"""Sizes that are known, and sizes that are known by name only until the model runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

_LONGEST = 80
_COUNTED = "?"
_numbers = count()


@dataclass(frozen=True, slots=True)
class Size:
    """A size that only the running model knows; equal texts mean equal sizes.

    `op` ("+", "*", "//", "max") and `args` say how it follows from others; a size without `op` is read from a tensor.
    "/" is a quotient on the way to a size: a fraction until it is rounded. `floor` is a number that one with an `op` is
    known never to be below.
    """

    text: str
    op: str = field(default="", compare=False)
    args: tuple[Dim, ...] = field(default=(), compare=False)
    floor: float = field(default=-math.inf, compare=False)

    def __str__(self) -> str:
        return self.text


Dim = int | Size
Shape = tuple[Dim, ...]


def unknown() -> Size:
    """A size like no other."""
    return Size(f"{_COUNTED}{next(_numbers)}")


def _combined(op: str, a: Dim, b: Dim) -> Size:
    text = f"({a}{op}{b})"
    return Size(text if len(text) <= _LONGEST else unknown().text, op, (a, b), _least(op, least(a), least(b)))


def add(a: Dim, b: Dim) -> Dim:
    """a + b; constants are gathered, so that (n+1)-1 is n again."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if isinstance(a, int):
        a, b = b, a
    if isinstance(b, int):
        if b == 0:
            return a
        if isinstance(a, Size) and a.op == "+" and isinstance(a.args[1], int):
            return add(a.args[0], a.args[1] + b)
    return _combined("+", a, b)


def mul(a: Dim, b: Dim) -> Dim:
    """a * b."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if isinstance(a, int):
        a, b = b, a
    if b == 1:
        return a
    return 0 if b == 0 else _combined("*", a, b)


def floordiv(a: Dim, b: Dim) -> Dim:
    """a // b, rounded down; (n*4)//4 is n."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b if b else unknown()
    if b == 1:
        return a
    if isinstance(a, Size) and a.op == "*" and a.args[1] == b:
        return a.args[0]
    return _combined("//", a, b)


def quotient(a: Dim, b: int) -> Dim | None:
    """a / b, which may be no whole number; None where that is known and has to be computed as it is."""
    if isinstance(a, int):
        return None if a % b else a // b
    return a if b == 1 else a.args[0] if a.op == "*" and a.args[1] == b else _combined("/", a, b)


def is_fraction(dim: object) -> bool:
    return isinstance(dim, Size) and dim.op == "/"


def ceildiv(a: Dim, b: int) -> Dim:
    return floordiv(add(a, b - 1), b)


def subtract(a: Dim, b: Dim) -> Dim:
    """a - b; what is left of n after n // k is (n * (k-1) + k-1) // k, of which one knows that it is not negative."""
    if a == b:
        return 0
    if isinstance(b, int):
        return add(a, -b)
    if b.op == "//" and b.args[0] == a and isinstance(b.args[1], int) and b.args[1] > 0:
        parts = b.args[1]
        return floordiv(add(mul(a, parts - 1), parts - 1), parts)
    return add(a, mul(b, -1))


def largest(a: Dim, b: Dim) -> Dim:
    """The larger of both."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    if isinstance(a, int):
        a, b = b, a
    return a if isinstance(b, int) and least(a) >= b else _combined("max", a, b)


def modulo(a: Dim, b: int) -> Dim:
    """a less the multiples of b in it, by sizes that one knows to be at least 0."""
    if isinstance(a, int):
        return a % b
    return largest(subtract(a, mul(floordiv(a, b), b)), 0)


def positive(dim: Dim) -> Dim:
    """The size of something that a model gives, and that therefore has at least one element."""
    return dim if isinstance(dim, int) else replace(dim, floor=max(dim.floor, 1))


def product(dims: Iterable[Dim]) -> Dim:
    """The product, with all known factors gathered into one."""
    known = 1
    result: Dim | None = None
    for dim in dims:
        if isinstance(dim, int):
            known *= dim
        else:
            result = dim if result is None else mul(result, dim)
    return known if result is None else mul(result, known)


def least(dim: Dim) -> float:
    """A number that `dim` is never below: pictures have at least one pixel, what is counted may be none."""
    if isinstance(dim, int):
        return dim
    if not dim.op:
        return 0 if dim.text.startswith(_COUNTED) else 1
    return dim.floor


def _least(op: str, a: float, b: float) -> float:
    if op == "max":
        return max(a, b)
    if op == "+":
        return a + b
    if min(a, b) < 0:
        return -math.inf
    return a * b if op == "*" else 0


def is_known(dims: Iterable[Dim]) -> bool:
    return all(isinstance(dim, int) for dim in dims)


def known(dims: Sequence[Dim]) -> tuple[int, ...] | None:
    """The sizes as integers, or None if one of them is not known."""
    found = tuple(dim for dim in dims if isinstance(dim, int))
    return found if len(found) == len(dims) else None


def ratio(whole: Sequence[Dim], part: Sequence[Dim]) -> Dim | None:
    """product(whole) / product(part) after equal unknown sizes cancel; None where that leaves no single size."""
    (above, left), (below, right) = _factors(whole), _factors(part)
    for dim in right:
        if dim not in left:
            return None
        left.remove(dim)
    if below == 0 or (above % below and not left):
        return None
    if above % below:
        return floordiv(mul(product(left), above), below)
    return product([*left, above // below])


def _factors(dims: Sequence[Dim]) -> tuple[int, list[Dim]]:
    """A product as one known factor and the unknown ones."""
    known, unknown_ones, waiting = 1, list[Dim](), list(dims)
    while waiting:
        dim = waiting.pop(0)
        if isinstance(dim, int):
            known *= dim
        elif dim.op == "*":
            waiting = [*dim.args, *waiting]
        else:
            unknown_ones.append(dim)
    return known, unknown_ones


def broadcast(a: Dim, b: Dim) -> Dim | None:
    """The size of two axes that meet in a broadcasting operation; None if they do not fit."""
    if b in (a, 1):
        return a
    if a == 1:
        return b
    if isinstance(a, int) and isinstance(b, int):
        return None
    if isinstance(a, int):
        return a
    return b if isinstance(b, int) else unknown()


def broadcast_shapes(shapes: Sequence[Shape]) -> Shape | None:
    """The common shape, axes aligned at the end."""
    rank = max(map(len, shapes))
    result: list[Dim] = []
    for axis in range(rank):
        size: Dim | None = 1
        for shape in shapes:
            offset = rank - len(shape)
            if axis >= offset and size is not None:
                size = broadcast(size, shape[axis - offset])
        if size is None:
            return None
        result.append(size)
    return tuple(result)

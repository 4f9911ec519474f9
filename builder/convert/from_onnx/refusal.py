"""How a rule says no."""

from __future__ import annotations

import math
from typing import NoReturn

from builder.convert.from_onnx.dims import Shape, least


class Refused(Exception):
    """This node cannot be expressed exactly; `remedy` is what the user can do about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy or "Export the model without this operation, or convert it with --route onnx-tf."


def refuse(reason: str, remedy: str = "") -> NoReturn:
    raise Refused(reason, remedy)


def require(condition: object, reason: str, remedy: str = "") -> None:
    """Refuses unless the condition holds."""
    if not condition:
        refuse(reason, remedy)


def require_small(*sizes: int) -> None:
    """Refuses tables that a small file would blow up to gigabytes."""
    count = math.prod(sizes)
    require(count <= MOST_NUMBERS, f"it needs a table of {count} numbers; {MOST_NUMBERS} are the most")


def require_computable(shape: Shape) -> None:
    """Refuses a tensor larger than a browser can hold, free sizes counted as 1: it would fail in the game, or exhaust
    the machine that looks for parity."""
    count = math.prod(size if isinstance(size, int) else int(max(1, least(size))) for size in shape)
    require(
        count <= MOST_ELEMENTS,
        f"it gives a tensor of at least {count} numbers; {MOST_ELEMENTS} are the most that a browser could hold",
        "Give the model a smaller input size, or export it without this operation.",
    )


MOST_NUMBERS = 1 << 24
MOST_ELEMENTS = 1 << 28  # 1 GiB of float32
FIXED_SIZE = (
    "A fixed size helps: --input-size 224 for pictures; for other inputs `convert` has --input-shape NAME=1,3,224,224, "
    "in the order of the ONNX model."
)

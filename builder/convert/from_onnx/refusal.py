"""How a rule says no."""

from __future__ import annotations

import math
from typing import NoReturn


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


MOST_NUMBERS = 1 << 24
FIXED_SIZE = "Give the model a fixed input size: --input-shape NAME=1,3,224,224 (in the order of the ONNX model)."

"""The numbers of the outputs as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from builder.spec.checks import require
from builder.spec.tensors import TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What the outputs mean is the game's business."""

    kind: Literal["raw"] = "raw"

    def require_fits(self, outputs: tuple[TensorSpec, ...], labels: tuple[str, ...]) -> None:
        """Raises ValueError where there are labels, which nothing would carry."""
        require(not labels, "raw numbers have no labels")
        require(bool(outputs), "there is an output")

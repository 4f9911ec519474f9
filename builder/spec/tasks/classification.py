"""One score for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from builder.spec.checks import require
from builder.spec.tensors import TensorSpec

Activation = Literal["none", "softmax"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """From the one output to results: `activation` over all its scores, then the first `skip_first` scores are left
    out (background classes without a label), then the `top_k` best classes, best first."""

    kind: Literal["classification"] = "classification"
    activation: Activation
    skip_first: int
    top_k: int

    def __post_init__(self) -> None:
        require(self.top_k > 0, "top_k is positive")
        require(self.skip_first >= 0, "skip_first is not negative")

    def require_fits(self, outputs: tuple[TensorSpec, ...], labels: tuple[str, ...]) -> None:
        """Raises ValueError where outputs and labels are not those of a classifier."""
        require(len(outputs) == 1, "a classifier has one output")
        require(outputs[0].dtype == "float32", "scores are float32")
        require(outputs[0].shape[-1] == len(labels) + self.skip_first, "one label per score")
        require(self.top_k <= len(labels), "top_k is at most the number of labels")

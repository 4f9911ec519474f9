"""What every converter returns: a TensorFlow.js graph model in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ConvertedModel:
    """A graph model that is not written yet.

    `document` is `model.json` without `weightsManifest`: format, generatedBy, convertedBy, signature, modelTopology
    (node, library, versions) and userDefinedMetadata. `weights` holds one array per `Const` node, by the node's name
    and in the shape that the node states: float32, int32 or bool.
    """

    document: dict[str, Any]
    weights: Mapping[str, NDArray[Any]]

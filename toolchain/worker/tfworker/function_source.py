"""A traced function with variables → a graph of constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tfworker.refusal import Refused
from tfworker.source import Frozen


def freeze(function: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Frozen:  # noqa: ANN401
    """`inputs` and `outputs` name the function's in the order in which it takes and gives them."""
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=True, aggressive_inlining=True)
    if any(tensor.dtype == tf.resource for tensor in frozen.inputs):
        raise Refused("it has tables or other resources, which a graph model cannot hold")
    if len(frozen.inputs) != len(inputs) or len(frozen.outputs) != len(outputs):
        raise Refused(
            f"its function takes {len(frozen.inputs)} tensors and gives {len(frozen.outputs)}, "
            f"its signature says {len(inputs)} and {len(outputs)}"
        )
    return Frozen(
        frozen.graph,
        dict(zip(inputs, frozen.inputs, strict=True)),
        dict(zip(outputs, frozen.outputs, strict=True)),
    )

"""One small rule per ONNX operator, by topic; importing this package fills `registry.RULES`."""

from builder.convert.from_onnx.rules import (
    activation,
    arithmetic,
    attention,
    conv,
    index,
    join,
    norm,
    pool,
    quantized,
    reduce,
    resize,
    selection,
    shape,
    transposed_conv,
)

__all__ = [
    "activation",
    "arithmetic",
    "attention",
    "conv",
    "index",
    "join",
    "norm",
    "pool",
    "quantized",
    "reduce",
    "resize",
    "selection",
    "shape",
    "transposed_conv",
]

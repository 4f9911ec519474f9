"""600-649: reading an ONNX model and converting it."""

from __future__ import annotations

from builder.errors.catalogue import EXIT_BAD_INPUT
from builder.errors.catalogue import define as _define

NO_ONNX_PACKAGE = _define(
    "NO_ONNX_PACKAGE",
    600,
    "The Python package onnx is not installed.",
    "ONNX models are read with it; tfjs-for-unity does without it otherwise.",
    "Run `pip install 'tfjs-for-unity[onnx]'`.",
    exit_code=EXIT_BAD_INPUT,
)
NOT_ONNX = _define(
    "NOT_ONNX",
    601,
    "This is not a usable ONNX model: {reason}.",
    "A file from elsewhere is checked before anything is made of it.",
    "Export the model again; `python -m onnx.checker` says more about a file that ONNX itself refuses.",
)
ONNX_DATA = _define(
    "ONNX_DATA",
    602,
    "The weights {tensor} cannot be read: {reason}.",
    "Weights lie in the ONNX file or in plain files of its own folder, and have the size that their shape says.",
    "Put the .onnx file and its data file side by side under their first names, or export the model again as one file.",
)
ONNX_OPSET = _define(
    "ONNX_OPSET",
    603,
    "The model uses ONNX opset {found}.",
    "Opsets {oldest} to {newest} are known.",
    "Export it with another opset: `torch.onnx.export(…, opset_version=18)`, or use `onnx.version_converter`.",
)
ONNX_INPUT = _define(
    "ONNX_INPUT",
    604,
    "The input {name} of the model cannot be used: {reason}.",
    "Each input needs an element type and a known number of axes; the sizes may be free.",
    "Give its sizes in the order of the ONNX model, -1 for a free one: `convert --input-shape {name}=-1,3,224,224`.",
)
ONNX_LAYOUT = _define(
    "ONNX_LAYOUT",
    605,
    "It is not clear which axis of the input {name}, {shape}, holds the channels.",
    "TensorFlow.js wants pictures as [batch, height, width, channels]; neither the sizes nor the first operations of "
    "the model tell whether its own order is that or [batch, channels, height, width].",
    "Say it: `convert --input-layout NCHW` for a model from PyTorch, `--input-layout NHWC` for one from TensorFlow.",
)
ONNX_UNSUPPORTED = _define(
    "ONNX_UNSUPPORTED",
    606,
    "The operation {op} (node {node}) is not converted: {reason}.",
    "Each operation is converted exactly or not at all; docs/convert-operators.md lists what is known.",
    "{remedy}",
)
ONNX_REFUSED = _define(
    "ONNX_REFUSED",
    607,
    "ONNX Runtime does not load the model: {reason}.",
    "The file goes into the game as it is, and the browser's ONNX Runtime has no more operators than the one that was "
    "asked here.",
    "Follow the reason; or leave out --engine: then the model is converted, by rules of its own.",
)

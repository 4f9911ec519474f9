"""700-719: model folders that the tool writes, quantization, and what is baked into a model."""

from __future__ import annotations

from builder.errors.catalogue import define as _define

FOREIGN_FOLDER = _define(
    "FOREIGN_FOLDER",
    700,
    "This folder is not replaced, because of what is in it: {files}.",
    "A model is written as a whole folder, and only a folder that this tool wrote, with nothing added, is replaced.",
    "Give another folder with -o, or move these files away.",
)
FOLDER_NOT_WRITTEN = _define(
    "FOLDER_NOT_WRITTEN",
    701,
    "The model folder could not be written: {reason}.",
    "It is written beside its place and put there once it is whole; what was there before is untouched.",
    "Check the folder's permissions and the free space on its disk.",
)
BAD_WEIGHT = _define(
    "BAD_WEIGHT",
    702,
    "The weight {name} cannot be used: {reason}.",
    "Every weight must hold numbers, in a form that TensorFlow.js reads.",
    "Train or export the model again.",
)
CANNOT_BAKE = _define(
    "CANNOT_BAKE",
    703,
    "In this model, {what} cannot be changed: {reason}.",
    "What is built into a model must leave its answers the same for every picture.",
    "Leave the option out; `generate` has flags for normalization, softmax and input size.",
)
BAD_RULE = _define(
    "BAD_RULE",
    704,
    "{option} cannot be {value}: {reason}.",
    "A rule is a way to store all kernels, or PATTERN=KIND for weights by their names; the first that fits counts.",
    "Write for example `--quantize '*/depthwise/*=uint16' --quantize uint8`.",
)
BAD_PHOTOS = _define(
    "BAD_PHOTOS",
    705,
    "The photos cannot be used: {reason}.",
    "They show how much of the model's answers a way to store weights changes.",
    "Give a folder with some dozens of PNG, JPEG or WebP pictures of what the model will see.",
)

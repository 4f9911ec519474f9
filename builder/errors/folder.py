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

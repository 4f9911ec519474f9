"""200-299: the model's folder or file."""

from __future__ import annotations

from builder.errors.catalogue import define as _define

NO_MODEL = _define(
    "NO_MODEL",
    200,
    "There is no model.json here.",
    "A TensorFlow.js model is a folder with model.json and its weight shards.",
    "Give the folder that holds model.json, or the path of the JSON file itself.",
)
BAD_JSON = _define(
    "BAD_JSON",
    201,
    "This file is not valid JSON: {reason}.",
    "It is damaged, or not a TensorFlow.js model.",
    "Export or download the file again.",
)
TOO_LARGE = _define(
    "TOO_LARGE",
    202,
    "This file has {actual} bytes, more than the {limit} that are read.",
    "A limit protects the machine against hostile or broken files.",
    "Check that the path names the right file.",
)
NOT_A_MODEL = _define(
    "NOT_A_MODEL",
    203,
    "This is not a TensorFlow.js model: {reason}.",
    "A graph model has `modelTopology.node` and a layers model `modelTopology.model_config`; both have "
    "`weightsManifest`.",
    "Convert it with `tfjs-for-unity convert`, or save it by TensorFlow.js's `model.save()`; give that folder.",
)
UNSAFE_PATH = _define(
    "UNSAFE_PATH",
    204,
    "The path {path} is not a plain path inside the model's folder.",
    "Weight shards must lie in the folder of model.json or below it, as relative paths.",
    "Do not use this model unless you trust where it comes from; put the shards beside model.json.",
)
MISSING_SHARD = _define(
    "MISSING_SHARD",
    205,
    "The weight shard {path} is missing.",
    "model.json names it in `weightsManifest`.",
    "Copy the whole model folder, all shards included.",
)
SHARD_LENGTH = _define(
    "SHARD_LENGTH",
    206,
    "The weight shards hold {actual} bytes, the weights need {expected}.",
    "A shard is cut short, or model.json belongs to other shards.",
    "Copy or export the model folder again.",
)
UNSUPPORTED_MODEL = _define(
    "UNSUPPORTED_MODEL",
    207,
    "The model cannot be used as an image classifier: {reason}.",
    "Classifiers take one image, gray or RGB, as [batch, height, width, channels], and give one score per class.",
    "{remedy}",
)
UNREADABLE_FILE = _define(
    "UNREADABLE_FILE",
    208,
    "The file cannot be read: {reason}.",
    "The system refused it.",
    "Check the file's permissions and its disk.",
)
BAD_ARCHIVE = _define(
    "BAD_ARCHIVE",
    209,
    "The archive cannot be used: {reason}.",
    "A model may come as a ZIP that holds model.json and its weight shards, and nothing that could harm the machine.",
    "Unpack it yourself, look at what is in it, and give the folder that holds model.json.",
)
WEIGHT_IS_NAN = _define(
    "WEIGHT_IS_NAN",
    210,
    "The weight {weight} is damaged: {count} of its {elements} numbers are NaN.",
    "NaN (not a number) spreads through the whole model, so its scores would be NaN for every picture. Usually the "
    "training went astray; a damaged or mixed-up shard is the other cause.",
    "Copy the model folder again, or go back to a state of the training whose loss was still a number.",
)

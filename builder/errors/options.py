"""300-399: labels and options."""

from __future__ import annotations

from builder.errors.catalogue import define as _define

BAD_LABELS = _define(
    "BAD_LABELS",
    300,
    "The labels cannot be used: {reason}.",
    "Labels are JSON (a list, or an object of indices, `labels` or `classes`), CSV, or text with one label per line.",
    "Mend the file; labels are unique, not empty, and in the order of the model's outputs.",
)
LABEL_COUNT = _define(
    "LABEL_COUNT",
    301,
    "There are {labels} labels, but the model has {outputs} outputs.",
    "Every output of a classifier needs its label, in the model's order.",
    "Give the label file that belongs to this model; where its first outputs are background classes without a label, "
    "--skip-first says how many.",
)
BAD_NAME = _define(
    "BAD_NAME",
    302,
    "{name} cannot be the model's name: {reason}.",
    "The name becomes a C# class and a folder in StreamingAssets.",
    "Use a name like HandSigns: a letter, then letters, digits or underscores.",
)
NAME_MISSING = _define(
    "NAME_MISSING",
    303,
    "No usable name follows from the folder {folder}.",
    "Without --name the model is called after its folder.",
    "Add --name, for example --name HandSigns.",
)
NORMALIZATION_UNKNOWN = _define(
    "NORMALIZATION_UNKNOWN",
    304,
    "The model does not say how its input is normalized{hints}.",
    "A wrong normalization gives wrong predictions without any error, so it is never guessed.",
    "Look into the code that trained the model, and add what it does to a pixel's value of 0..255:{choices}",
)
BAD_OPTION = _define(
    "BAD_OPTION",
    305,
    "{option} cannot be {value}: {reason}.",
    "The option does not fit this model.",
    "Change the option.",
)
BAD_OPTIONS_FILE = _define(
    "BAD_OPTIONS_FILE",
    306,
    "The options file cannot be used: {reason}.",
    "tfjs-for-unity.toml holds options of `generate` by the names of the flags, and nothing else.",
    "Mend the file; docs/generate.md lists its keys.",
)

INPUT_SIZE_UNKNOWN = _define(
    "INPUT_SIZE_UNKNOWN",
    320,
    "The model takes pictures of any size: its input has the shape {shape}.",
    "Every picture is brought to one size before the model sees it, and the model works best at that of its training.",
    "Add --input-size WIDTHxHEIGHT with the size that the model was trained on, for example --input-size 224x224.",
)
TASK_UNCLEAR = _define(
    "TASK_UNCLEAR",
    322,
    "The model does not say what it is for.",
    "Its outputs have no shape of which only one task makes sense, and a wrong guess would look like a bad model.",
    "Add the flags of what it is:{candidates}",
)
CHANNEL_LABELS = _define(
    "CHANNEL_LABELS",
    323,
    "There are {labels} labels, but the output {shape} has {channels} classes for each pixel.",
    "Every channel of a segmentation needs its label, in the model's order, the background's too.",
    "Give the label file that belongs to this model.",
)
OUTPUT_RANGE_UNKNOWN = _define(
    "OUTPUT_RANGE_UNKNOWN",
    324,
    "The model does not say which of its numbers mean black and full.",
    "Pictures would come out black or glaring, without any error.",
    "Add --output-range with what the code that trained the model expects: 0..255, 0..1 or -1..1.",
)
BAD_ANCHORS = _define(
    "BAD_ANCHORS",
    325,
    "The anchors cannot be used: {reason}.",
    "--anchors takes the name of a preset or a JSON file: a list of layers, each with `stride` in pixels and `sizes`, "
    "pairs of width and height in parts of the input.",
    "Mend the file, or name a preset.",
)
FORM_UNCLEAR = _define(
    "FORM_UNCLEAR",
    326,
    "The outputs are boxes and scores, but it is not certain how to read them: {candidates}.",
    "Which reading is right does not follow from the shapes alone, and a wrong one gives boxes without any sense.",
    "Look into the code that trained or exported the model, and add {flags}.",
)
FORM_UNKNOWN = _define(
    "FORM_UNKNOWN",
    327,
    "The model cannot be used as a detector: {reason}.",
    "Detectors give boxes and scores in one of several forms, which docs/detection.md describes with their shapes.",
    "Name the form by --form where it is known; else export the model again, before or after what works out its boxes.",
)
CLASS_COUNT = _define(
    "CLASS_COUNT",
    328,
    "There are {labels} labels, but the detector's outputs have another number of classes: {classes}.",
    "Every class needs its label, in the model's order; a background class has none.",
    "Give the label file that belongs to this model, or name another form by --form.",
)
OUTPUT_UNCLEAR = _define(
    "OUTPUT_UNCLEAR",
    321,
    "Several outputs could be class scores: {outputs}.",
    "A classifier here gives the scores of one output, and which one is not guessed.",
    "Add --output with its name, for example --output {example}.",
)

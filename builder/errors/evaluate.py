"""540-569: evaluate and what reads its reports."""

from __future__ import annotations

from builder.errors.catalogue import define as _define

BAD_DATA = _define(
    "BAD_DATA",
    540,
    "The data cannot be used: {reason}.",
    "Data are a folder with one sub-folder of pictures per class, or a list as CSV, JSON or TOML.",
    "Mend the data; docs/evaluate.md shows the columns of a list.",
)
OTHER_RESULTS = _define(
    "OTHER_RESULTS",
    541,
    "The results folder cannot be gone on with: {reason}.",
    "Predictions of another model, other data or other options must not be mixed with new ones.",
    "Give another folder by --results, or remove this one to begin anew.",
)
RESULTS_NOT_WRITTEN = _define(
    "RESULTS_NOT_WRITTEN",
    542,
    "The predictions could not be written: {reason}.",
    "The system refused it. What was written before is whole, and the same command goes on from there.",
    "Check the folder's permissions and the free space on its disk.",
)
BAD_REPORT = _define(
    "BAD_REPORT",
    543,
    "The report cannot be used: {reason}.",
    "Only a whole JSON report of `evaluate` or `verify`, of this version, can be compared or merged.",
    "Give files that --json wrote.",
)
NOT_EVALUABLE = _define(
    "NOT_EVALUABLE",
    544,
    "{model} cannot be evaluated: only classifiers are, and its task is {task}.",
    "Accuracy, the confusion matrix and what else is measured belong to one class a picture.",
    "Check models of other tasks by cases that say what must be found: docs/verify.md.",
)

"""680-699: converting, the reference page, and whether a converted model computes what its source does."""

from __future__ import annotations

from builder.errors.catalogue import EXIT_BAD_BUILD, EXIT_CASE_FAILED
from builder.errors.catalogue import define as _define

REFERENCE_FAILED = _define(
    "REFERENCE_FAILED",
    680,
    "TensorFlow.js could not {action} the model on {backend}: {reason}.",
    "The reference page runs the model in headless Chromium with TensorFlow.js as it is.",
    "Follow the reason; where only one backend fails, try another one.",
    exit_code=EXIT_BAD_BUILD,
)
PARITY_FAILED = _define(
    "PARITY_FAILED",
    681,
    "The converted model does not compute what its source does: {reason}.",
    "Source and result answered the same inputs. An error of the conversion, or weights that are stored too coarsely, "
    "would show in the game as wrong predictions; nothing was written.",
    "With --quantize, try float16, or leave sensitive weights out by a pattern; otherwise try another --route, and "
    "report the model. --tolerance allows more, --parity none writes it unchecked.",
    exit_code=EXIT_CASE_FAILED,
)
PARITY_PROVES_NOTHING = _define(
    "PARITY_PROVES_NOTHING",
    682,
    "The comparison of source and result proves nothing: {outputs} hardly moves, whatever the input.",
    "A model whose answer is always the same would agree with anything of the same size. Random or zero weights, and "
    "inputs far from those of the training, have that effect.",
    "Give some of your own pictures by --photos with their normalization, or accept it by --allow-flat.",
    exit_code=EXIT_CASE_FAILED,
)
SOURCE_FAILED = _define(
    "SOURCE_FAILED",
    683,
    "The source model did not run: {reason}.",
    "Parity needs the source's own answers: ONNX files are run by onnxruntime, the others by TensorFlow.",
    "Follow the reason; or write the model unchecked by --parity none.",
)
RESULT_FAILED = _define(
    "RESULT_FAILED",
    687,
    "The converted model does not run in TensorFlow: {reason}.",
    "With --parity tf, TensorFlow answers for the result in TensorFlow.js's place, and it does not have all that "
    "TensorFlow.js has.",
    "Leave --parity out, so that a browser runs the result.",
)
UNKNOWN_SOURCE = _define(
    "UNKNOWN_SOURCE",
    684,
    "This is not converted: {reason}.",
    "Sources are ONNX files, Keras files (.h5, .hdf5, .keras), SavedModel folders and frozen graphs (.pb); what a file "
    "is, is told by its content.",
    "{remedy}",
)
EXTRA_MISSING = _define(
    "EXTRA_MISSING",
    685,
    "The Python package {package} is not installed.",
    "{purpose}",
    "Install it with the extra: `pip install 'tfjs-for-unity[onnx]'`.",
)
BAD_ROUTE = _define(
    "BAD_ROUTE",
    686,
    "This cannot be converted with {option}: {reason}.",
    "Not every way of converting takes every kind of source and every option.",
    "{remedy}",
)

"""650-679: the TensorFlow route: its environments, its worker, the models that it reads."""

from __future__ import annotations

from builder.errors.catalogue import define as _define

NOT_A_SOURCE = _define(
    "NOT_A_SOURCE",
    650,
    "This is not a model that TensorFlow converts: {reason}.",
    "Known are Keras files (.h5, .hdf5, .keras), SavedModel folders, frozen graphs (.pb) and ONNX; what a file is, is "
    "told by its content.",
    "Give the model's file, or for a SavedModel the folder that holds saved_model.pb.",
)
SOURCE_REFUSED = _define(
    "SOURCE_REFUSED",
    651,
    "The model cannot be converted: {reason}.",
    "It was read without running any of it, and it is not in a form that becomes a graph model.",
    "Save the model again in one piece and with a fixed signature, without what is named here.",
)
UNSAFE_SOURCE = _define(
    "UNSAFE_SOURCE",
    652,
    "The model is refused: {reason}.",
    "No code in a model is ever run here, and no operation that reaches files, the network or Python.",
    "Put Keras's own layers in place of Lambda layers and custom classes; do not use the model if it is not your own.",
)
CONVERSION_FAILED = _define(
    "CONVERSION_FAILED",
    653,
    "TensorFlow failed on this model: {reason}.",
    "The model was accepted, but reading, running or optimizing it ended with an error inside TensorFlow.",
    "Read {log}; try to load and run the model with the framework that wrote it.",
)
TOOLCHAIN_MISSING = _define(
    "TOOLCHAIN_MISSING",
    654,
    "The toolchain {name} is not installed: {reason}.",
    "TensorFlow is no part of this tool: it is installed once, apart from everything else, and only if it is needed.",
    "Run `tfjs-for-unity toolchain install {name}` ({size} on disk).",
)
TOOLCHAIN_BROKEN = _define(
    "TOOLCHAIN_BROKEN",
    655,
    "The toolchain {name} does not work: {reason}.",
    "Its folder was changed, or the Python that it was made with is gone.",
    "Run `tfjs-for-unity toolchain remove {name}` and `tfjs-for-unity toolchain install {name}`.",
)
TOOLCHAIN_UNSUPPORTED = _define(
    "TOOLCHAIN_UNSUPPORTED",
    656,
    "The toolchain {name} is not to be had on {platform}.",
    "TensorFlow is published for {supported} only.",
    "Convert the model on one of these, for example in a container, and bring the model folder here.",
)
TOOLCHAIN_NO_PYTHON = _define(
    "TOOLCHAIN_NO_PYTHON",
    657,
    "No Python {versions} was found for the toolchain {name}.",
    "Its packages are built for no other version; uv looked for one on this machine and could not fetch one: {reason}.",
    "Install Python {versions}, or run `uv python install {newest}`, and try again.",
)
TOOLCHAIN_NO_UV = _define(
    "TOOLCHAIN_NO_UV",
    658,
    "The toolchain cannot be installed: {missing} is missing.",
    "The package's extra `toolchain` brings what installs the environments.",
    "Install tfjs-for-unity[toolchain] in place of tfjs-for-unity.",
)
TOOLCHAIN_INSTALL_FAILED = _define(
    "TOOLCHAIN_INSTALL_FAILED",
    659,
    "The toolchain {name} could not be installed: {reason}.",
    "Nothing was put in its place. What is downloaded so far is kept for the next try.",
    "Read {log}; check the network and the space on the disk, then run "
    "`tfjs-for-unity toolchain install {name}` again.",
)
TOOLCHAIN_BUSY = _define(
    "TOOLCHAIN_BUSY",
    660,
    "Another process is installing or removing the toolchain {name}.",
    "Two at once would damage it.",
    "Wait until the other one is done.",
)
TOOLCHAIN_NOT_WRITABLE = _define(
    "TOOLCHAIN_NOT_WRITABLE",
    661,
    "The toolchain's folder cannot be used: {reason}.",
    "It lies in the user's cache folder, or where TFJS_FOR_UNITY_CACHE says.",
    "Check that the folder can be written to, or set TFJS_FOR_UNITY_CACHE to another.",
)
WORKER_DIED = _define(
    "WORKER_DIED",
    662,
    "The TensorFlow process ended without an answer: {reason}.",
    "It crashed, or the system ended it, most often for lack of memory.",
    "Read {log}; close other programs, or use a smaller model.",
)
WORKER_TIMED_OUT = _define(
    "WORKER_TIMED_OUT",
    663,
    "The TensorFlow process was ended after {seconds} s.",
    "It had not answered by then: the model is large, the machine is slow, or the model keeps TensorFlow from coming "
    "to an end.",
    "Give it more time with --timeout; {log} says how far it came.",
)
WORKER_NONSENSE = _define(
    "WORKER_NONSENSE",
    664,
    "The TensorFlow process did not answer as agreed: {reason}.",
    "Another version of the worker answers, or something in the model or the toolchain writes in its place.",
    "Read {log}; install the toolchain anew. If it happens again, report it with that file.",
)

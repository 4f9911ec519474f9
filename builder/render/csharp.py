"""What the C# templates print: the ABI table and the error catalogue for the package, a ModelSpec for its class.

C# 7.2, for Unity 2019.4 and everything after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from string import Formatter

from builder import __version__, abi
from builder.abi import AbiType, Function
from builder.errors import ABI_MISMATCH, BAD_SOURCE, CATALOGUE, NOT_WEBGL, ErrorKind
from builder.names import CsIdentifier, Slug, unique_identifiers
from builder.render.environment import cs_string
from builder.render.tasks import task_view
from builder.render.tasks.view import TaskView
from builder.spec import NO_LABEL, ModelSpec

_CS_TYPES: dict[AbiType, str] = {
    AbiType.I32: "int",
    AbiType.F32: "float",
    AbiType.UTF8: "string",
    # Pixels come as byte[] or Color32[]. Two overloads of one symbol would clash in the C++ that IL2CPP writes.
    AbiType.IN: "IntPtr",
    AbiType.OUT: "[In, Out] byte[]",
}
_SPELLING = {"webgl": "WebGL", "gl": "GL"}
_STAT_TYPES = {"backend": "Backend", "path": "FramePath", "tensorBytes": "long"}
# Errors that the C# files find themselves; their texts are rendered as functions.
_RAISED = (ABI_MISMATCH, NOT_WEBGL, BAD_SOURCE)

_STATE_DOCS = {
    "LOADING": "Its files are being fetched, or it warms up; also anew, when the browser took the GPU away.",
    "READY": "It takes pictures.",
    "FAILED": "It cannot be used; ErrorCode and Error say why.",
    "DISPOSED": "It is gone.",
}
_SUBMIT_DOCS = {
    "ACCEPTED": "The frame was taken, and its inference has begun.",
    "QUEUED": "The frame was taken and waits for the one before it; a newer frame may replace it.",
    "NOT_READY": "The model is loading, or the camera has no frame yet: try again later.",
    "BAD_TEXTURE": "There is no such texture, it is not a 2D texture, or its size is impossible.",
    "NO_GL_CONTEXT": "The browser side cannot use the game's graphics context.",
    "UNSUPPORTED": "The flags or the pixel format are unknown.",
    "QUEUE_FULL": f"{abi.QUEUE_LIMIT} explicit predictions wait already: try again later.",
    "FAILED": "The model failed or was disposed; ErrorCode and Error say why.",
}
_FLAG_DOCS = {
    "NONE": "As Unity has pictures: the bottom row first, not mirrored.",
    "TOP_ROW_FIRST": "The first row is the top row.",
    "MIRROR": "Swap left and right, as for a selfie camera.",
    "LINEAR": "Sampling the texture gives linear light; found out by itself for sRGB and HDR textures.",
    "RGB24": "Three bytes a pixel instead of four.",
}
_BACKEND_DOCS = {
    "NONE": "Not known yet.",
    "WEBGL": "The GPU, through WebGL.",
    "WASM": "The CPU, through WebAssembly.",
    "CPU": "The CPU, in plain JavaScript: the slowest.",
}
_PATH_DOCS = {
    "NONE": "There was no frame yet.",
    "PIXELS": "Pixels from memory, also those read back where textures cannot be shared.",
    "TEXTURE": "A texture of the game, on the GPU.",
    "CAMERA": "The browser's camera.",
    "PROBE": "A picture that the page asked about, not the game.",
}
_CAMERA_DOCS = {
    "CLOSED": "Nobody has asked for it, or it was closed.",
    "ASKING": "The player is being asked, or the camera starts.",
    "OPEN": "It has pictures.",
    "PERMISSION_DENIED": "The player, the browser or the system refused it.",
    "NO_CAMERA": "There is none; it opens by itself when one is connected.",
    "IN_USE": "It does not start, usually because another program has it.",
    "UNPLUGGED": "It went away; it opens by itself when one comes back.",
    "INSECURE_PAGE": "The page is on plain http, where browsers give no camera.",
    "NOT_ALLOWED_IN_FRAME": "The page around the game does not allow it: an iframe without allow=camera.",
    "STOPPED": "The browser or the game has paused it; it goes on by itself.",
    "FAILED": "Anything else; Error says what.",
}
_FACING_DOCS = {"FRONT": "Towards the player.", "BACK": "Away from the player."}


@dataclass(frozen=True, slots=True)
class CsFunction:
    """A `DllImport`, and what stands in for it outside WebGL players."""

    symbol: str
    name: str
    returns: str
    parameters: str
    stub: str
    doc: str


@dataclass(frozen=True, slots=True)
class CsMember:
    name: str
    value: int
    doc: str


@dataclass(frozen=True, slots=True)
class CsEnum:
    name: str
    doc: str
    flags: bool
    members: tuple[CsMember, ...]


@dataclass(frozen=True, slots=True)
class CsError:
    name: str
    code: int
    what: str
    next_step: str


@dataclass(frozen=True, slots=True)
class CsErrorText:
    """A function from an error's fields to its text."""

    name: str
    parameters: str
    expression: str


@dataclass(frozen=True, slots=True)
class CsStat:
    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CsNative:
    """The variable `native`: what all models of a project share."""

    generator: str
    abi_version: int
    result_version: int
    result_header_bytes: int
    tasks: tuple[CsMember, ...]
    queue_flag: int
    webcam_flag: int
    no_label: int
    functions: tuple[CsFunction, ...]
    enums: tuple[CsEnum, ...]
    errors: tuple[CsError, ...]
    raised: tuple[CsErrorText, ...]
    stats: tuple[CsStat, ...]


@dataclass(frozen=True, slots=True)
class CsLabel:
    name: CsIdentifier
    index: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CsModel:
    """The variable `model`: one model's class."""

    generator: str
    name: CsIdentifier
    slug: Slug
    contract_hash: str
    summary: str
    remarks: tuple[str, ...]
    width: int
    height: int
    channels: int
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    labels: tuple[CsLabel, ...]
    task: TaskView


def _pascal(constant: str) -> str:
    """`NO_GL_CONTEXT` → `NoGLContext`."""
    return "".join(_SPELLING.get(word, word.capitalize()) for word in constant.lower().split("_"))


def _function(function: Function) -> CsFunction:
    returns = _CS_TYPES[function.returns] if function.returns else "void"
    parameters = ", ".join(f"{_CS_TYPES[param.type]} {param.name}" for param in function.params)
    stub = f" => {int(function.absent)};" if function.returns else " { }"
    return CsFunction(function.symbol, function.name, returns, parameters, stub, function.doc)


def _enum(name: str, doc: str, source: type[IntEnum] | type[IntFlag], docs: dict[str, str]) -> CsEnum:
    members = tuple(CsMember(_pascal(entry), int(source[entry]), text) for entry, text in docs.items())
    return CsEnum(name, doc, issubclass(source, IntFlag), members)


def _enums() -> tuple[CsEnum, ...]:
    state = _enum("ModelState", "Where a model is in its life.", abi.State, _STATE_DOCS)
    not_loaded = CsMember("NotLoaded", -1, "Nobody has asked for it yet: Load, Predict and TrySubmit do.")
    return (
        replace(state, members=(not_loaded, *state.members)),
        _enum("SubmitCode", "What becomes of a picture. Negative: it was not taken.", abi.SubmitCode, _SUBMIT_DOCS),
        _enum("SourceFlags", "How a picture lies in its memory.", abi.SourceFlags, _FLAG_DOCS),
        _enum("Backend", "Where TensorFlow.js computes.", abi.Backend, _BACKEND_DOCS),
        _enum("FramePath", "The way that a picture took to the model.", abi.Path, _PATH_DOCS),
        _enum("CameraState", "Where the browser's camera is.", abi.CameraState, _CAMERA_DOCS),
        _enum("CameraFacing", "Which camera of a phone.", abi.CameraFacing, _FACING_DOCS),
    )


def _error(kind: ErrorKind) -> CsError:
    return CsError(_pascal(kind.id), kind.code, kind.what, kind.next_step)


def _error_text(kind: ErrorKind) -> CsErrorText:
    """The catalogue's text as a concatenation of literals and parameters."""
    text = f"{kind.what} {kind.why} {kind.next_step}"
    parts: list[str] = []
    for literal, field, _, _ in Formatter().parse(text):
        parts += [cs_string(literal)] if literal else []
        parts += [field] if field else []
    parameters = ", ".join(f"string {field}" for field in sorted(kind.fields))
    return CsErrorText(_pascal(kind.id), parameters, " + ".join(parts))


def _stat(name: str, doc: str) -> CsStat:
    kind = "float" if name.endswith("Ms") else _STAT_TYPES.get(name, "int")
    return CsStat(name[0].upper() + name[1:], kind, f"{doc[0].upper()}{doc[1:]}.")


def native_view() -> dict[str, object]:
    """The variable `native` of the package's C# templates."""
    native = CsNative(
        generator=__version__,
        abi_version=abi.ABI_VERSION,
        result_version=abi.RESULT_VERSION,
        result_header_bytes=abi.RESULT_HEADER_BYTES,
        tasks=tuple(CsMember(f"{kind.capitalize()}Task", number, "") for kind, number in abi.TASKS.items()),
        queue_flag=int(abi.SourceFlags.QUEUE),
        webcam_flag=int(abi.SourceFlags.WEBCAM),
        no_label=NO_LABEL,
        functions=tuple(_function(function) for function in abi.FUNCTIONS),
        enums=_enums(),
        errors=tuple(_error(kind) for kind in CATALOGUE.values() if kind.in_game),
        raised=tuple(_error_text(kind) for kind in _RAISED),
        stats=tuple(_stat(name, doc) for name, doc in abi.STATS),
    )
    return {"native": native}


def _remarks(spec: ModelSpec) -> tuple[str, ...]:
    pre = spec.preprocess
    megabytes = sum(shard.bytes for shard in spec.files.shards) / 1e6
    pictures = f"Pictures are brought to {pre.width}x{pre.height} by {pre.fit} ({pre.filter} filter)."
    return (
        pictures,
        f"TensorFlow.js {spec.files.format}, {megabytes:.1f} MB of weights; input {spec.input.name}, {_outputs(spec)}.",
        *_input_remarks(spec),
        *task_view(spec).remarks,
    )


def _outputs(spec: ModelSpec) -> str:
    return f"output{'s' if len(spec.outputs) > 1 else ''} {', '.join(spec.output_names)}"


def _input_remarks(spec: ModelSpec) -> Iterator[str]:
    """What is unusual about the input tensor."""
    if spec.preprocess.channel_order == "bgr":
        yield "The model sees blue first (BGR); Mean and Std are in that order, sources are as always."
    if spec.preprocess.layout == "NCHW":
        yield "The input tensor is [1, channels, height, width]."
    if spec.input.dtype != "float32":
        yield "The input tensor takes whole values of 0 to 255; the model normalizes them itself."


def wrapper_view(spec: ModelSpec, contract_sha256: str) -> dict[str, object]:
    """The variable `model` of the class's template; `contract_sha256` in hex."""
    pre, names, task = spec.preprocess, unique_identifiers(spec.labels), task_view(spec)
    color = {"rgb": "RGB", "gray": "gray"}[pre.color]
    model = CsModel(
        generator=__version__,
        name=spec.name,
        slug=spec.slug,
        contract_hash=contract_sha256,
        summary=f"{spec.name}: {task.summary} from {color} pictures of {pre.width}x{pre.height} pixels.",
        remarks=_remarks(spec),
        width=pre.width,
        height=pre.height,
        channels=pre.channels,
        scale=pre.scale,
        mean=pre.mean,
        std=pre.std,
        labels=tuple(CsLabel(name, i, text) for i, (name, text) in enumerate(zip(names, spec.labels, strict=True))),
        task=task,
    )
    return {"model": model}

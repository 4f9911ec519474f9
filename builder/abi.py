"""The ABI table: the one list of bridge functions and of the numbers that cross between C# and JavaScript.

The `.jslib`, the C# `DllImport`s, the runtime's constants and the test player's C header are rendered from it. Raise
`ABI_VERSION` with every change that an older side would not survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum

ABI_VERSION = 1
PREFIX = "TfjsBridge_"


class AbiType(StrEnum):
    """What a parameter is; every one is a 32-bit value at the WebAssembly level."""

    I32 = "i32"
    F32 = "f32"
    UTF8 = "utf8"  # in: a zero-terminated UTF-8 string
    IN = "in"  # in: a pointer that the callee reads before it returns
    OUT = "out"  # out: a pointer that the callee fills, never past the size that follows


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    type: AbiType
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """One bridge function, called `TfjsBridge_<name>`. `absent` is what it returns for an unknown handle or while
    the runtime is not there yet; `of` names the part of the model that it belongs to, and begins its name."""

    name: str
    returns: AbiType | None
    params: tuple[Param, ...]
    doc: str
    absent: int = 0
    of: str = ""

    @property
    def symbol(self) -> str:
        return PREFIX + self.name

    @property
    def takes_handle(self) -> bool:
        return bool(self.params) and self.params[0].name == "handle"


class State(IntEnum):
    """What `State` returns."""

    LOADING = 0
    READY = 1
    FAILED = 2
    DISPOSED = 3


class SubmitCode(IntEnum):
    """What the Submit functions return. Negative: the frame was not taken."""

    ACCEPTED = 0  # its inference has begun
    QUEUED = 1  # it waits for the one in flight; without QUEUE a newer frame may replace it
    NOT_READY = -1  # the model is loading (also anew, after a lost context), or the camera has no frame yet
    BAD_TEXTURE = -2  # no such texture, not a 2D texture, or an impossible size
    NO_GL_CONTEXT = -3  # no current WebGL 2 context: hand over pixels instead
    UNSUPPORTED = -4  # unknown flags or pixel format
    QUEUE_FULL = -5  # QUEUE_LIMIT explicit predictions wait already
    FAILED = -6  # the model failed or was disposed; ErrorCode and Message say why


QUEUE_LIMIT = 64


class SourceFlags(IntFlag):
    """How the picture lies in its memory. The default is Unity's: row 0 is the bottom row."""

    NONE = 0
    TOP_ROW_FIRST = 1
    MIRROR = 2  # swap left and right
    LINEAR = 4  # textures: sampling gives linear light (sRGB storage, HDR targets); re-encode to sRGB before filtering
    QUEUE = 8  # an explicit prediction: wait in line, never be dropped
    RGB24 = 16  # pixels: three bytes a pixel; without it four (RGBA32, alpha ignored)
    WEBCAM = 32  # textures: Unity's WebCamTexture, into which Unity stretches the video; fitted by the video's shape


class CameraState(IntEnum):
    """What `CameraState` returns. From PERMISSION_DENIED on something is wrong, and CameraMessage says what."""

    CLOSED = 0  # nobody has asked for it
    ASKING = 1  # the player is being asked, or the camera starts
    OPEN = 2  # it has frames
    PERMISSION_DENIED = 3
    NO_CAMERA = 4
    IN_USE = 5
    UNPLUGGED = 6  # it was open; asked for again when a camera comes, and at the next requests
    INSECURE_PAGE = 7
    NOT_ALLOWED_IN_FRAME = 8
    STOPPED = 9  # muted or paused by the browser or the game; it comes back by itself
    FAILED = 10  # anything else


class CameraFacing(IntEnum):
    """Which camera is asked for. A device with one camera gives that one."""

    FRONT = 0  # towards the player
    BACK = 1


class Backend(IntEnum):
    """TF.js backends as `Stats` names them."""

    NONE = 0
    WEBGL = 1
    WASM = 2
    CPU = 3


class Path(IntEnum):
    """The way in that the newest frame took."""

    NONE = 0
    PIXELS = 1
    TEXTURE = 2
    CAMERA = 3
    PROBE = 4


RESULT_VERSION = 1
RESULT_HEADER_BYTES = 16
TASKS = {"classification": 1, "detection": 2, "segmentation": 3, "image": 4, "keypoints": 5, "raw": 6}
RESULT_DOC = (
    "Four little-endian int32 (RESULT_VERSION, task, frame, count), then `count` float32. Classification: pairs of "
    "(class index, score), best first, so count is twice the contract's top_k. Detection: (class index, score, left, "
    "top, width, height) of each box, best first, in parts of the picture that was handed over, from its top left "
    "corner. Raw: for each output its rank, its shape, and its values in the order of its axes. Segmentation and "
    "image: (width, height, channels) of pixels, which CopyPixels and PixelsToTexture fetch."
)

# `Stats` fills one float32 for each of these, in this order; times in milliseconds, of the newest frame.
STATS: tuple[tuple[str, str], ...] = (
    ("submitted", "frames taken by Submit"),
    ("finished", "frames whose inference finished"),
    ("dropped", "pending frames replaced by a newer one"),
    ("failed", "frames whose inference failed"),
    ("tensors", "live tensors of the whole page"),
    ("tensorBytes", "bytes of these tensors"),
    ("backend", "Backend in use"),
    ("path", "Path of the newest frame"),
    ("submitMs", "time that Submit blocked: the blit, or resizing"),
    ("executeMs", "input tensor and inference until the scores are on the CPU"),
    ("latencyMs", "from Submit to the result"),
    ("loadMs", "from Create, or from the loss of the GPU's context, to ready, warm-up included"),
    ("warmupMs", "the first inference, which compiles shaders"),
    ("readbackMs", "from the blit until its pixels were read back; 0 where nothing is read back without blocking"),
    ("feedMs", "of executeMs: making the input tensor"),
    ("outputMs", "of executeMs: waiting for the scores"),
    ("readbacksGivenUp", "pictures that had to be waited for because the GPU did not tell that it was done"),
)

_HANDLE = Param("handle", AbiType.I32)
_FRAME = Param("frame", AbiType.I32, "the caller's own number; comes back with the result")
_OF_FRAME = Param("frame", AbiType.I32, "that of the result")
_FLAGS = Param("flags", AbiType.I32, "SourceFlags")
_SIZE = (Param("width", AbiType.I32, "pixels"), Param("height", AbiType.I32, "pixels"))
_WISHED = (Param("width", AbiType.I32, "wished pixels, 0: any"), Param("height", AbiType.I32, "wished pixels, 0: any"))
_DST = (Param("dst", AbiType.OUT), Param("size", AbiType.I32, "bytes at dst"))

FUNCTIONS: tuple[Function, ...] = (
    Function("Abi", AbiType.I32, (), "ABI_VERSION of the .jslib."),
    Function(
        "Create",
        AbiType.I32,
        (
            Param("contractUrl", AbiType.UTF8, "absolute, or relative to the page"),
            Param("contractHash", AbiType.UTF8, "SHA-256 of contract.json in hex"),
            Param("optionsJson", AbiType.UTF8, 'for example {"backend":"auto"}; may be empty'),
        ),
        "Starts loading a model and returns its handle (> 0) at once.",
    ),
    Function("State", AbiType.I32, (_HANDLE,), "A State.", absent=State.DISPOSED),
    Function("Progress", AbiType.F32, (_HANDLE,), "How far loading is, 0..1; 1 only when ready."),
    Function("ErrorCode", AbiType.I32, (_HANDLE,), "Code of the newest error (docs/errors.md), 0 for none."),
    Function(
        "Message",
        AbiType.I32,
        (_HANDLE, *_DST),
        "Text of the newest error as UTF-8 without a final zero; returns its bytes, 0 for none, -n when it needs n.",
    ),
    Function(
        "SubmitTexture",
        AbiType.I32,
        (_HANDLE, Param("texture", AbiType.I32, "native GL id"), *_SIZE, _FLAGS, _FRAME),
        "Predicts on a texture of the current WebGL 2 context; a SubmitCode.",
        absent=SubmitCode.NOT_READY,
    ),
    Function(
        "SubmitPixels",
        AbiType.I32,
        (_HANDLE, Param("pixels", AbiType.IN, "width * height * 3 or 4 bytes"), *_SIZE, _FLAGS, _FRAME),
        "Predicts on pixels in the heap, copied before it returns; a SubmitCode.",
        absent=SubmitCode.NOT_READY,
    ),
    Function(
        "SubmitCamera",
        AbiType.I32,
        (_HANDLE, _FLAGS, _FRAME),
        "Predicts on the webcam's newest frame; the first call opens the camera; a SubmitCode. Flags: MIRROR, QUEUE.",
        absent=SubmitCode.NOT_READY,
    ),
    Function(
        "CameraOpen",
        AbiType.I32,
        (
            _HANDLE,
            Param("facing", AbiType.I32, "a CameraFacing"),
            *_WISHED,
            Param("rotation", AbiType.I32, "degrees clockwise that make its pictures upright: 0, 90, 180 or 270"),
            Param("flags", AbiType.I32, "MIRROR: swap left and right of the upright picture"),
        ),
        "Opens the page's camera for this model, or changes how; asks the player again where that failed. A "
        "CameraState, or a negative SubmitCode: NOT_READY while the runtime loads, UNSUPPORTED for unknown values.",
        absent=SubmitCode.NOT_READY,
        of="camera",
    ),
    Function("CameraState", AbiType.I32, (_HANDLE,), "A CameraState.", absent=CameraState.CLOSED, of="camera"),
    Function(
        "CameraErrorCode", AbiType.I32, (_HANDLE,), "Code of what is wrong with the camera, 0 for nothing.", of="camera"
    ),
    Function(
        "CameraMessage",
        AbiType.I32,
        (_HANDLE, *_DST),
        "Text of what is wrong with the camera, as Message gives it.",
        of="camera",
    ),
    Function(
        "CameraWidth", AbiType.I32, (_HANDLE,), "Pixels of an upright picture; 0 while there is none.", of="camera"
    ),
    Function(
        "CameraHeight", AbiType.I32, (_HANDLE,), "Pixels of an upright picture; 0 while there is none.", of="camera"
    ),
    Function(
        "CameraTexture",
        AbiType.I32,
        (_HANDLE, Param("texture", AbiType.I32, "native GL id"), *_SIZE),
        "Copies the newest picture into an RGBA8 or SRGB8_ALPHA8 texture of the current WebGL 2 context, row 0 at the "
        "bottom, stretched to its size; a SubmitCode.",
        absent=SubmitCode.NOT_READY,
        of="camera",
    ),
    Function(
        "CameraClose", None, (_HANDLE,), "Lets go of the camera; the last model that does switches it off.", of="camera"
    ),
    Function(
        "Poll",
        AbiType.I32,
        (_HANDLE, *_DST),
        "Takes the oldest finished result: its bytes; 0 none; -1 that inference failed (the header is filled in, "
        "count 0); -n when it needs n.",
    ),
    Function(
        "CopyPixels",
        AbiType.I32,
        (_HANDLE, _OF_FRAME, *_DST),
        "The pixels of a result, bottom row first, one byte or four (RGBA) each; returns their bytes, 0 when they are "
        "not kept any more, -n when it needs n. Kept are those of the newest frame and of the newest explicit "
        "prediction that Poll gave.",
    ),
    Function(
        "PixelsToTexture",
        AbiType.I32,
        (
            _HANDLE,
            _OF_FRAME,
            Param("texture", AbiType.I32, "native GL id: R8 for one channel, RGBA8 or SRGB8_ALPHA8"),
            *_SIZE,
        ),
        "The same into a texture of that size of the current WebGL 2 context; a SubmitCode, NOT_READY when they are "
        "not kept any more.",
        absent=SubmitCode.NOT_READY,
    ),
    Function(
        "CopyInput",
        AbiType.I32,
        (_HANDLE, *_DST),
        "The newest picture as the model saw it, RGBA, bottom row first; returns its bytes, -n when it needs n, 0 "
        "until a picture has come after the first call.",
    ),
    Function("Stats", AbiType.I32, (_HANDLE, *_DST), "The STATS; returns its bytes, or -n when it needs n."),
    Function("Dispose", None, (_HANDLE,), "Frees everything that belongs to the handle."),
)

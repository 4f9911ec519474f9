"""100-199: in the player's browser (runtime, bridge, C#)."""

from __future__ import annotations

from builder.errors.catalogue import in_game as _in_game

ABI_MISMATCH = _in_game(
    "ABI_MISMATCH",
    100,
    "ABI {actual} does not fit ABI {expected}.",
    "They come from different versions of tfjs-for-unity.",
    "Run `tfjs-for-unity upgrade` for the project, rebuild the player, and publish Build and StreamingAssets together.",
)
RUNTIME_UNAVAILABLE = _in_game(
    "RUNTIME_UNAVAILABLE",
    101,
    "The runtime script {url} did not load: {reason}.",
    "The game's code takes this one file and no other: it is missing from the published StreamingAssets, is of another "
    "build than the game, or the page's Content-Security-Policy forbids it.",
    "Publish Build and the whole StreamingAssets/tfjs-bridge folder of the same build, and allow scripts from it.",
)
FETCH_FAILED = _in_game(
    "FETCH_FAILED",
    102,
    "{url} could not be fetched: {reason}.",
    "The file is missing from the published StreamingAssets, or the host refuses to send it.",
    "Publish the whole StreamingAssets/tfjs-bridge folder of this build; names are case-sensitive.",
)
NOT_JSON = _in_game(
    "NOT_JSON",
    103,
    "{url} is not JSON: it begins with {start}.",
    "Hosts of single-page apps answer a missing file with an HTML page and status 200.",
    "Publish the whole StreamingAssets/tfjs-bridge folder, and exclude it from the host's rewrite rules.",
)
WRONG_LENGTH = _in_game(
    "WRONG_LENGTH",
    104,
    "{url} has {actual} bytes, the contract says {expected}.",
    "The upload was cut short, or the file belongs to another version of the model.",
    "Publish StreamingAssets/tfjs-bridge anew, all files from one build.",
)
HASH_MISMATCH = _in_game(
    "HASH_MISMATCH",
    105,
    "{url} is not the file that was generated: its SHA-256 begins with {actual}, not with {expected}.",
    "The game and its contract agree, so this file is the odd one out: an old or a newer copy in the host's folder or "
    "in a cache, or edited by hand.",
    "Publish StreamingAssets/tfjs-bridge anew, all files from one build, and clear the host's cache.",
)
BAD_CONTRACT = _in_game(
    "BAD_CONTRACT",
    106,
    "{url} is a contract that this runtime cannot read: {reason}.",
    "It was written by a version of tfjs-for-unity that does not fit this runtime.",
    "Run `tfjs-for-unity generate` again for this model and rebuild the player.",
)
MODEL_FAILED = _in_game(
    "MODEL_FAILED",
    107,
    "The model could not be loaded: {reason}.",
    "It uses an operation, or a form of one, that TensorFlow.js 4.22 (or ONNX Runtime Web, for an ONNX file) does not "
    "have, or it does not fit its contract.",
    "Run `tfjs-for-unity inspect` on the model; export it without that operation, or generate it again.",
)
PREDICT_FAILED = _in_game(
    "PREDICT_FAILED",
    108,
    "An inference failed: {reason}.",
    "The backend gave up, usually for lack of memory or because its context was lost.",
    "Predict again: after a lost context the model loads itself anew. If it happens often, use a smaller model or the "
    "wasm backend.",
)
NO_BACKEND = _in_game(
    "NO_BACKEND",
    109,
    "The backend {backend} is not to be had: {reason}.",
    "The browser has no hardware WebGL or no WebAssembly SIMD, or it was asked for a backend that does not exist.",
    "Use backend `auto`, or a current browser with hardware acceleration turned on.",
)
CAMERA_FAILED = _in_game(
    "CAMERA_FAILED",
    110,
    "The camera could not be opened: {reason}.",
    "The browser gave a reason that has no name of its own here.",
    "Look the reason up for this browser; reload the page, try another camera or another browser.",
)
CONTEXT_LOST = _in_game(
    "CONTEXT_LOST",
    111,
    "The WebGL context of the game was lost.",
    "The browser took the GPU away; Unity cannot recover from that.",
    "Ask the player to reload the page.",
)
BAD_OPTIONS = _in_game(
    "BAD_OPTIONS",
    112,
    "The options handed to Create are not valid: {reason}.",
    "The JSON text was written by hand or by another version of TfjsBridge.",
    "Use TfjsBridge's own C# classes, and generate them anew.",
)
NOT_WEBGL = _in_game(
    "NOT_WEBGL",
    113,
    "Inference runs only in WebGL players; this is {platform}.",
    "Models run on the TensorFlow.js of the player's browser, and here is none.",
    "Build for WebGL to see predictions; everywhere else Load and Predict fail and the polling calls return false.",
)
BAD_SOURCE = _in_game(
    "BAD_SOURCE",
    114,
    "The picture cannot be used: {reason}.",
    "A source is a 2D texture of the running game, or an array that holds at least width * height pixels.",
    "Check the texture's kind, or the array's length against width, height and SourceFlags.",
)
STALE_CONTRACT = _in_game(
    "STALE_CONTRACT",
    115,
    "{url} is not the contract that this game was built with: its SHA-256 begins with {actual}, not with {expected}.",
    "The game's code (in Build) and StreamingAssets are of different builds, or a cache holds an old copy of one.",
    "Publish Build and StreamingAssets of the same build together, clear the host's cache, and reload the page without "
    "the browser's cache.",
)
UNSUPPORTED_OP = _in_game(
    "UNSUPPORTED_OP",
    116,
    "The model uses {op}, which {runner} does not have.",
    "TensorFlow.js has only a part of TensorFlow's operations and layers, and each of its backends a part of that; "
    "ONNX Runtime Web has the standard operators of ONNX, and no custom ones.",
    "Export the model without it; where only one backend lacks it, choose the other (webgl or wasm).",
)
OUT_OF_MEMORY = _in_game(
    "OUT_OF_MEMORY",
    117,
    "The browser ran out of memory: {reason}.",
    "The game, the model's weights and its intermediate results share what one browser tab may have.",
    "Use a smaller or quantized model, dispose models that are not needed, and lower the game's own memory.",
)
BACKEND_LOST = _in_game(
    "BACKEND_LOST",
    118,
    "TensorFlow.js lost its WebGL context {times} times within a minute.",
    "The browser takes the GPU away from pages that ask too much of it, or the GPU's driver fails; after each of the "
    "losses before this one the model was loaded anew.",
    "Ask the player to reload the page; use a smaller model or the wasm backend.",
)
BACKEND_LEFT_OUT = _in_game(
    "BACKEND_LEFT_OUT",
    119,
    "The backend {backend} was left out: {reason}.",
    "It was tried for this model and failed, or answered otherwise than the others: browsers and GPU drivers have "
    "faults, and GPUs of half precision are too coarse for some models.",
    "Nothing, the model runs on another backend. If the one that was left out should be right, tell its browser "
    "and GPU.",
)
OP_LEFT_OUT = _in_game(
    "OP_LEFT_OUT",
    120,
    "The runtime of this game has no {op} for {backend}.",
    "It was joined from what the project's models needed when they were generated. This model needs more: its "
    "model.json is another one since, or files of several builds lie together.",
    "Run `tfjs-for-unity upgrade` for the project, or generate the model again, rebuild the player, and publish Build "
    "and StreamingAssets together.",
)
CAMERA_DENIED = _in_game(
    "CAMERA_DENIED",
    121,
    "The camera was refused: {reason}.",
    "The player, the browser's settings or the operating system's said no, and are not asked again by themselves.",
    "Tell the player why the game wants the camera and where to allow it (beside the address, or the system's privacy "
    "settings), and call Camera.Open again.",
)
NO_CAMERA = _in_game(
    "NO_CAMERA",
    122,
    "There is no camera: {reason}.",
    "None is connected, or the system hides it from the browser.",
    "Ask the player to connect one: it is opened when the browser sees it. Offer a way to play without.",
)
CAMERA_IN_USE = _in_game(
    "CAMERA_IN_USE",
    123,
    "The camera is there but does not start: {reason}.",
    "Another program or another tab has it, or its driver fails.",
    "Ask the player to close what else uses the camera, and call Camera.Open again.",
)
CAMERA_UNPLUGGED = _in_game(
    "CAMERA_UNPLUGGED",
    124,
    "The camera went away while it was open.",
    "It was unplugged, its permission was withdrawn, or the page stopped its track.",
    "Ask the player to connect it again: it is opened when the browser sees a camera, and by the next requests.",
)
INSECURE_PAGE = _in_game(
    "INSECURE_PAGE",
    125,
    "The page {origin} has no access to cameras, because it is not secure.",
    "Browsers give cameras to https pages and to localhost only.",
    "Publish the game on https, and link to that address.",
)
CAMERA_NOT_IN_FRAME = _in_game(
    "CAMERA_NOT_IN_FRAME",
    126,
    "The page around the game does not let it use the camera.",
    'The game runs in an iframe without `allow="camera"`, or a Permissions-Policy header forbids cameras; the player '
    "was not asked.",
    'Add `allow="camera"` to the iframe, or ask the portal for it; or offer the game in a tab of its own.',
)
CAMERA_STOPPED = _in_game(
    "CAMERA_STOPPED",
    127,
    "The camera sends no pictures for now.",
    "The browser or the system has muted it, as for a call, a closed lid or a page in the background; or the game has "
    "paused its WebCamTexture.",
    "Wait: it goes on by itself. Tell the player when it takes long.",
)

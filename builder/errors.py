"""Every error a user can meet, in one table.

Each entry says what happened, why, and what to do next. `code` is the stable number that C# and JavaScript see,
`exit_code` what the command returns. `docs/errors.md`, the runtime's TypeScript and the C# error codes are rendered
from `CATALOGUE`; texts hold `{named}` fields that a `Problem` fills in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from string import Formatter

EXIT_CASE_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_NO_BROWSER = 3
EXIT_BAD_BUILD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorKind:
    """One row of the catalogue; `what`, `why` and `next_step` are format strings with named fields."""

    id: str
    code: int
    exit_code: int
    what: str
    why: str
    next_step: str

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that a `Problem` of this kind must give."""
        texts = (self.what, self.why, self.next_step)
        return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)

    @property
    def in_game(self) -> bool:
        """True for errors that the runtime in the player's browser can raise."""
        return self.code < FIRST_TOOL_CODE


FIRST_TOOL_CODE = 200
CATALOGUE: dict[str, ErrorKind] = {}


def _define(id: str, code: int, what: str, why: str, next_step: str, *, exit_code: int = EXIT_BAD_INPUT) -> ErrorKind:
    kind = ErrorKind(id=id, code=code, exit_code=exit_code, what=what, why=why, next_step=next_step)
    assert id not in CATALOGUE and all(code != other.code for other in CATALOGUE.values()), id
    CATALOGUE[id] = kind
    return kind


def _in_game(id: str, code: int, what: str, why: str, next_step: str) -> ErrorKind:
    return _define(id, code, what, why, next_step, exit_code=EXIT_BAD_BUILD)


# --- 100-199: in the player's browser (runtime, bridge, C#) -------------------------------------------------------

ABI_MISMATCH = _in_game(
    "ABI_MISMATCH",
    100,
    "The bridge speaks ABI {actual}, this code expects ABI {expected}.",
    "TfjsBridge's C# files, .jslib and runtime come from different versions of tfjs-for-unity.",
    "Run `tfjs-for-unity generate` again for every model of the project and rebuild the player.",
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
    "TensorFlow.js could not load the model: {reason}.",
    "It uses an operation, or a form of one, that TensorFlow.js 4.22 does not have, or it does not fit its contract.",
    "Run `tfjs-for-unity inspect` on the model; export it without that operation, or generate it again.",
)
PREDICT_FAILED = _in_game(
    "PREDICT_FAILED",
    108,
    "An inference failed: {reason}.",
    "The backend gave up, usually for lack of memory or because its context was lost.",
    "Dispose the model and load it again; if it happens often, use a smaller model or the wasm backend.",
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
    "The user refused, there is no camera, or the page is not allowed one (plain http, or an iframe without "
    '`allow="camera"`).',
    'Serve the page over https, add `allow="camera"` to the iframe, and ask the user again.',
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
    "TensorFlow.js has only a part of TensorFlow's operations and layers, and each of its backends a part of that.",
    "Export the model without it; where only one backend lacks it, choose the other (webgl or wasm).",
)
OUT_OF_MEMORY = _in_game(
    "OUT_OF_MEMORY",
    117,
    "The browser ran out of memory: {reason}.",
    "The game, the model's weights and its intermediate results share what one browser tab may have.",
    "Use a smaller or quantized model, dispose models that are not needed, and lower the game's own memory.",
)

# --- 200-299: the model folder ------------------------------------------------------------------------------------

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
    "Convert it with tensorflowjs_converter or save it by TensorFlow.js's `model.save()`; give that folder.",
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

# --- 300-399: labels and options ----------------------------------------------------------------------------------

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
    "Give the label file that belongs to this model; where its first output is a background class without a label, "
    "add --skip-first 1.",
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
OUTPUT_UNCLEAR = _define(
    "OUTPUT_UNCLEAR",
    321,
    "Several outputs could be class scores: {outputs}.",
    "A classifier here gives the scores of one output, and which one is not guessed.",
    "Add --output with its name, for example --output {example}.",
)

# --- 400-499: the Unity project and the files written into it -------------------------------------------------------

NOT_A_PROJECT = _define(
    "NOT_A_PROJECT",
    400,
    "This is not a Unity project: {missing} is missing.",
    "A Unity project has the folder Assets and the file ProjectSettings/ProjectVersion.txt.",
    "Give the project's top folder; `generate --out FOLDER` writes the files for copying.",
)
FOREIGN_FILE = _define(
    "FOREIGN_FILE",
    401,
    "This file was not written by tfjs-for-unity, or was edited since.",
    "Files that the tool does not own are never overwritten.",
    "Move the file away, choose another --name, or give --force to overwrite it.",
)
NOT_WRITABLE = _define(
    "NOT_WRITABLE",
    402,
    "The files could not be written: {reason}.",
    "Nothing in the project was changed.",
    "Check the folder's permissions and the free space on its disk.",
)
DAMAGED_INSTALL = _define(
    "DAMAGED_INSTALL",
    403,
    "This installation of tfjs-for-unity is incomplete: {missing} is missing.",
    "The package carries the templates and the built runtime; in a checkout, `make` builds them.",
    "Install the package again, or run `make` in the checkout.",
)
BAD_MANIFEST = _define(
    "BAD_MANIFEST",
    404,
    "The list of written files cannot be read: {reason}.",
    "It was edited or damaged; without it the tool cannot tell its own files from yours.",
    "Restore it from version control, or delete the generated folder beside it and generate again.",
)

NAME_TAKEN = _define(
    "NAME_TAKEN",
    405,
    "This file already belongs to the model {model}.",
    "Names that differ only in case, hyphens or underscores lead to the same files.",
    "Choose another --name, or give --name {model} to replace that model.",
)
UNUSABLE_PATH = _define(
    "UNUSABLE_PATH",
    406,
    "A file of this name cannot lie in a Unity project: {reason}.",
    "Unity skips some names, and Windows, macOS and web hosts do not tell apart or forbid others.",
    "Rename the model's file, in model.json too, or the file or folder of the project that it collides with.",
)
OUTSIDE_PROJECT = _define(
    "OUTSIDE_PROJECT",
    407,
    "This is a link that leads out of the folder, to {actual}.",
    "Files are written only below the folder that was given.",
    "Replace the link with a real folder.",
)
NOT_UNDONE = _define(
    "NOT_UNDONE",
    408,
    "The files could not be written ({reason}), and what was begun could not be undone.",
    "The disk failed twice; the files as they were lie in {backup}.",
    "Mend the disk or its permissions and run the same command again: it first puts the old files back.",
)

BUSY = _define(
    "BUSY",
    409,
    "Another tfjs-for-unity{holder} is changing these files.",
    "Only one command at a time may write into a project; this one waited {seconds} s.",
    "Wait until the other command has ended, then run this one again.",
)
UNFINISHED = _define(
    "UNFINISHED",
    410,
    "An earlier command was interrupted half-way, so what lies here is neither old nor new.",
    "Commands that only look never change anything, so they cannot put the old files back.",
    "Run `tfjs-for-unity upgrade` or the interrupted command again: each first undoes what was begun.",
)
NEWER_PROJECT = _define(
    "NEWER_PROJECT",
    411,
    "These files were written by {actual}; this is {expected}.",
    "An older version does not know what a newer one has written, and would leave a mixture of both.",
    "Install the newer version, for example by `pipx upgrade tfjs-for-unity`, and run the command with that.",
)
NO_SUCH_MODEL = _define(
    "NO_SUCH_MODEL",
    412,
    "There is no model {name} here.",
    "Installed are: {installed}.",
    "Give one of these names; `tfjs-for-unity list` shows them.",
)
DAMAGED_MODEL = _define(
    "DAMAGED_MODEL",
    413,
    "The installed model {model} cannot be written anew: {reason}.",
    "A model is upgraded, together with all others, from its contract.json and the files beside it.",
    "Restore the files from version control, or `tfjs-for-unity remove {model}` and generate it again.",
)

# --- 500-599: verify ----------------------------------------------------------------------------------------------

BAD_CASES = _define(
    "BAD_CASES",
    500,
    "The cases cannot be used: {reason}.",
    "Cases are a folder with one sub-folder of images per class, or a list as TOML, JSON or CSV.",
    "Mend the file; `tfjs-for-unity verify --help` shows an example.",
)
NOT_A_BUILD = _define(
    "NOT_A_BUILD",
    501,
    "This is not a WebGL build: {reason}.",
    "A Unity WebGL build is a folder with index.html and the folder Build.",
    "Build the project for WebGL and give the folder that Unity wrote.",
    exit_code=EXIT_BAD_BUILD,
)
NO_BROWSER = _define(
    "NO_BROWSER",
    502,
    "No usable Chromium: {reason}.",
    "verify opens the build in a real, headless browser.",
    "Run `playwright install chromium`, or install Debian's package chromium, or give --browser PATH.",
    exit_code=EXIT_NO_BROWSER,
)
BUILD_FAILED_TO_LOAD = _define(
    "BUILD_FAILED_TO_LOAD",
    503,
    "The build did not load: {reason}.",
    "The page stopped before the game started.",
    "Open the build in a browser; the console lines above say where it stopped.",
    exit_code=EXIT_BAD_BUILD,
)
NO_BRIDGE = _define(
    "NO_BRIDGE",
    504,
    "The build loaded, but no TfjsBridge model appeared within {seconds} s.",
    "The game contains no generated model, or the scene that loads it was not reached.",
    "Load the model in the first scene, or give --timeout for a slow start.",
    exit_code=EXIT_BAD_BUILD,
)
MODEL_DID_NOT_LOAD = _define(
    "MODEL_DID_NOT_LOAD",
    505,
    "The model {model} did not load: {reason}",
    "The game started, but the model's files are missing, damaged or unusable in this browser.",
    "Follow the message above; then build and verify again.",
    exit_code=EXIT_BAD_BUILD,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `where` is a file, with a JSON path after a colon where there is one."""

    kind: ErrorKind
    where: str = ""
    params: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = self.kind.fields - self.params.keys()
        assert not missing, f"{self.kind.id} lacks {sorted(missing)}"

    @property
    def what(self) -> str:
        return self.kind.what.format_map(self.params)

    @property
    def why(self) -> str:
        return self.kind.why.format_map(self.params)

    @property
    def next_step(self) -> str:
        return self.kind.next_step.format_map(self.params)


def problem(kind: ErrorKind, where: object = "", **params: object) -> Problem:
    """A `Problem` with its fields as keywords."""
    return Problem(kind, str(where), params)


class UserError(Exception):
    """Something the user can mend; carries every problem found, and never a traceback to the user."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        assert self.problems
        super().__init__("; ".join(p.what for p in self.problems))

    @property
    def exit_code(self) -> int:
        return max(p.kind.exit_code for p in self.problems)


def fail(kind: ErrorKind, where: object = "", **params: object) -> UserError:
    """A `UserError` with one problem: `raise fail(NO_MODEL, path)`."""
    return UserError([problem(kind, where, **params)])

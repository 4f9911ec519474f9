"""500-599: verify and bench."""

from __future__ import annotations

from builder.errors.catalogue import EXIT_BAD_BUILD, EXIT_CASE_FAILED, EXIT_NO_BROWSER
from builder.errors.catalogue import define as _define

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
    "A WebGL build is index.html with the folder Build or a loader's files beside it, in a folder, a ZIP or on a host.",
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
    "Open the build in a browser: its console, of which lines may stand above, says where it stopped.",
    exit_code=EXIT_BAD_BUILD,
)
NO_BRIDGE = _define(
    "NO_BRIDGE",
    504,
    "The build loaded, but it shows no TfjsBridge model: {reason}.",
    "The game contains no generated model, or the scene that loads it was not reached.",
    "Load the model in the first scene, or give --timeout for a slow start; without a model, check by --no-predict.",
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
DAMAGED_BUILD = _define(
    "DAMAGED_BUILD",
    506,
    "The build's files cannot be used: {reason}.",
    "Golden vectors are computed from the build's own files, which must be as they were generated.",
    "Build the project again and give the folder that Unity wrote.",
    exit_code=EXIT_BAD_BUILD,
)
GOLDEN_MISMATCH = _define(
    "GOLDEN_MISMATCH",
    507,
    "The golden vector of {model} cannot be written into the project: {reason}.",
    "A golden vector belongs to one contract: that of the build and that of the project must be the same.",
    "Give the project that this build was made from; if it was generated or upgraded since, build it again first.",
)
NOTHING_TO_CHECK = _define(
    "NOTHING_TO_CHECK",
    508,
    "There is nothing to check: --cases is left out, and the build carries no golden vector that fits its contract.",
    "What a game should predict is said by cases, or by golden vectors that lie beside its models.",
    "Give --cases, or write golden vectors by --update-golden and build again.",
)
REPORT_NOT_WRITTEN = _define(
    "REPORT_NOT_WRITTEN",
    509,
    "The report could not be written: {reason}.",
    "The system refused it. The checks themselves were carried out, and their result stands above.",
    "Give another path, or check the folder's permissions and the free space on its disk.",
)
NOTHING_MEASURED = _define(
    "NOTHING_MEASURED",
    510,
    "The model {model} could not be measured: {reason}",
    "bench runs the model in headless Chromium as a game would, and no way of doing so worked.",
    "Follow the message above; where only one backend fails, give another by --backend.",
    exit_code=EXIT_BAD_BUILD,
)
ANSWERS_DIFFER = _define(
    "ANSWERS_DIFFER",
    511,
    "The comparison is void: {reason}.",
    "What does not give the same answer does not do the same work, so that its time says nothing.",
    "Report the model; --backend measures one backend alone.",
    exit_code=EXIT_CASE_FAILED,
)
NOT_MEASURABLE = _define(
    "NOT_MEASURABLE",
    512,
    "This cannot be measured: {reason}.",
    "bench takes a model, or a Unity project or WebGL build whose models are as this tool wrote them.",
    "Give a model's folder; or generate the model again; where there are several, name one by --model SLUG.",
)

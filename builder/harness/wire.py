"""What crosses from the page to the harness: the JavaScript that asks, and the models that check the answers.

The page is not trusted: texts are cut in the page and again here, lists are bounded, types are checked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from builder.harness.results import GamePath, Prediction
from builder.harness.tasks import KINDS
from builder.harness.text import clean

PAGE_OBJECT_VERSION = 1
MAX_MODELS = 16
MAX_TRIALS = 8
MAX_LABELS = 100_000
MAX_LABEL = 1000
MAX_STARTS = 8
CANVAS_MARK = "data-tfjs-for-unity-canvas"

Text = Annotated[str, AfterValidator(clean)]
Phase = Literal["loading", "ready", "failed", "disposed"]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class WireError(_Wire):
    code: int
    id: Text
    message: Text


class WireTrial(_Wire):
    """How a backend did that `auto` tried: milliseconds of an inference, or why it is not used."""

    backend: Text
    ms: float | None
    error: Text

    def __str__(self) -> str:
        return f"{self.backend} {self.ms:.1f} ms" if self.ms is not None and not self.error else self.error


class WireModel(_Wire):
    """A model's state, without its labels. `resting_tensors` is -1 while none were counted."""

    handle: int
    slug: Text
    contract_hash: Text
    phase: Phase
    progress: float
    error: WireError | None
    backend: Text
    resting_tensors: float
    trials: list[WireTrial] = Field(max_length=MAX_TRIALS)


class WireBridge(_Wire):
    """`globalThis.tfjsBridge` at one moment."""

    version: float
    abi: float
    generator: Text
    renderer: Text
    models: list[WireModel] = Field(max_length=MAX_MODELS)


class WireStart(_Wire):
    """One call of a loader of Unity's. `files`: paths of what it was told to fetch; `reason`: why it failed."""

    api: Literal["UnityLoader", "createUnityInstance"]
    phase: Literal["loading", "started", "failed"]
    progress: float
    reason: Text
    files: list[Text] = Field(max_length=16)


class WireWatch(_Wire):
    """What watch.js saw in a frame. `complaints`: errors that a loader shows; `stops`: what ended a running game."""

    starts: list[WireStart] = Field(max_length=MAX_STARTS)
    complaints: list[Text] = Field(max_length=20)
    stops: list[Text] = Field(max_length=20)


class WireContract(_Wire):
    """The part of a model's contract that the harness needs."""

    name: Text
    task: Text
    labels: list[Annotated[str, Field(max_length=MAX_LABEL)]] = Field(max_length=MAX_LABELS)


class WirePrediction(_Wire):
    """`scores` and `top` of a classifier; `found` of any other task, as its `TaskCheck.wire` describes it."""

    task: Text
    scores: list[float] = Field(max_length=MAX_LABELS)
    top: int | None
    path: GamePath
    frame: float
    execute_ms: float
    found: Any = None

    @field_validator("found")
    @classmethod
    def _of_its_task(cls, value: object, info: ValidationInfo) -> object:
        kind = KINDS.get(info.data.get("task", ""))
        return kind.wire.model_validate(value) if kind else None

    def prediction(self) -> Prediction:
        """The same as plain data."""
        return Prediction(
            tuple(self.scores), self.top, self.path, int(self.frame), self.execute_ms, task=self.task, found=self.found
        )


class WireAnswer(_Wire):
    """What `predict` came to: a prediction, or the text of its rejection."""

    prediction: WirePrediction | None
    error: Text


class WireSoak(_Wire):
    """What soak.js counted since it was last asked."""

    gpu_bytes: int = Field(ge=0)
    frames: int = Field(ge=0)
    frame_ms: float | None


class WireCanvas(_Wire):
    """A canvas' place in the viewport, CSS pixels, already cut to the viewport."""

    x: float
    y: float
    width: float = Field(gt=0, le=10_000)
    height: float = Field(gt=0, le=10_000)


_HELPERS = f"""
const text = (value, limit) => value === undefined || value === null ? "" : String(value).slice(0, limit);
const number = (value, otherwise) => typeof value === "number" ? value : otherwise;
const models = () => Array.from(globalThis.tfjsBridge.models ?? []).slice(0, {MAX_MODELS});
const find = (handle) => models().find((m) => m.handle === handle);
const FOUND = {{ {", ".join(f"{kind}: {check.script}" for kind, check in KINDS.items())} }};
const predicted = (p) => ({{
  task: text(p.task ?? "classification", 40), found: Object.hasOwn(FOUND, p.task) ? FOUND[p.task](p) : null,
  scores: Array.from(p.scores ?? []).slice(0, {MAX_LABELS}).map((s) => number(s, NaN)),
  top: p.top && p.top[0] && Number.isInteger(p.top[0].index) ? p.top[0].index : null,
  path: text(p.path, 20), frame: number(p.frame, 0), execute_ms: number(p.executeMs, 0),
}});
"""

SNAPSHOT = f"""() => {{ {_HELPERS}
  const bridge = globalThis.tfjsBridge;
  if (typeof bridge !== "object" || bridge === null) return null;
  const slug = (m) => m.contract ? m.contract.model.slug : text(m.contractUrl, 2000).split("/").at(-2);
  const error = (e) => e ? {{ code: number(e.code, 0), id: text(e.id, 100), message: text(e.message, 2000) }} : null;
  const trials = (m) => Array.from(m.trials ?? []).slice(0, {MAX_TRIALS}).map((trial) => ({{
    backend: text(trial.backend, 20), ms: number(trial.ms, null), error: text(trial.error && trial.error.message, 500),
  }}));
  const states = models().map((m) => ({{
    handle: m.handle, slug: text(slug(m), 100), contract_hash: text(m.contractHash, 64), phase: text(m.phase, 20),
    progress: number(m.progressNow, 0), error: error(m.error), backend: text(m.backend, 20),
    resting_tensors: number(m.restingTensors, -1), trials: trials(m),
  }}));
  return {{ version: number(bridge.version, 0), abi: number(bridge.abi, 0), generator: text(bridge.generator, 100),
    renderer: text(bridge.renderer, 300), models: states }};
}}"""

CONTRACT = f"""(handle) => {{ {_HELPERS}
  const model = find(handle).contract.model;
  return {{ name: text(model.name, 100), task: text(model.task && model.task.kind, 40),
    labels: Array.from(model.labels).slice(0, {MAX_LABELS + 1})
    .map((label) => text(label, {MAX_LABEL + 1})) }};
}}"""

PREDICT = f"""async ({{handle, image}}) => {{ {_HELPERS}
  try {{
    return {{ prediction: predicted(await find(handle).predict(image)), error: "" }};
  }} catch (reason) {{
    return {{ prediction: null, error: text(reason && reason.message || reason, 1000) || "no reason given" }};
  }}
}}"""

HISTORY = f"""(handle) => {{ {_HELPERS}
  const model = find(handle);
  return model ? Array.from(model.history).slice(-32).map(predicted) : [];
}}"""

WATCH = """() => {
  const watch = globalThis[Symbol.for("tfjs-for-unity.watch")];
  return watch ? watch.read() : null;
}"""

SOAK = """() => globalThis[Symbol.for("tfjs-for-unity.soak")].read()"""

# The canvases that loaders were given, else the largest; the n-th, marked, so that it can be looked at alone.
CANVAS = f"""(n) => {{
  const area = (c) => {{ const r = c.getBoundingClientRect(); return r.width * r.height; }};
  const watch = globalThis[Symbol.for("tfjs-for-unity.watch")];
  const given = watch ? watch.canvases().filter((c) => area(c) > 0) : [];
  const all = Array.from(document.querySelectorAll("canvas")).sort((a, b) => area(b) - area(a));
  const canvas = given.length ? given[n] : n === 0 ? all[0] : undefined;
  for (const each of all) each.toggleAttribute("{CANVAS_MARK}", each === canvas);
  if (!canvas || area(canvas) === 0) return null;
  canvas.scrollIntoView({{ block: "nearest", inline: "nearest" }});
  const r = canvas.getBoundingClientRect();
  const x = Math.max(0, r.left), y = Math.max(0, r.top);
  const width = Math.min(innerWidth, r.right) - x, height = Math.min(innerHeight, r.bottom) - y;
  return width >= 1 && height >= 1 ? {{ x, y, width, height }} : null;
}}"""

RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return "";
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}"""


WATCHING = Path(__file__).with_name("watch.js").read_text("utf-8")
HOLDING = Path(__file__).with_name("hold.js").read_text("utf-8")

# Whether the page's frames wait from now on.
HOLD = """(held) => {
  const frames = globalThis[Symbol.for("tfjs-for-unity.frames")];
  if (frames) frames.hold(held);
}"""
SOAKING = Path(__file__).with_name("soak.js").read_text("utf-8")


def page_config(backend: str) -> str:
    """The script that sets `globalThis.tfjsBridgeConfig` before any script of the page runs."""
    config = json.dumps({"backend": backend, "softwareWebgl": True})
    return f"globalThis.tfjsBridgeConfig = Object.freeze({config});"

"""What a run finds out, as plain frozen data: the page's answers in, the report's rows out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from builder.harness.cases import Case

Backend = Literal["auto", "webgl", "wasm"]
Gpu = Literal["software", "hardware"]
GamePath = Literal["pixels", "texture", "camera", "probe"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer of the model: `scores` has one entry per label, of a classifier; `found` is what another task gave,
    see `tasks`. Times in milliseconds."""

    scores: tuple[float, ...]
    top_index: int | None
    path: GamePath
    frame: int
    execute_ms: float
    task: str = "classification"
    found: Any = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model under test, as its contract describes it."""

    handle: int
    name: str
    slug: str
    contract_sha256: str
    labels: tuple[str, ...] = field(repr=False)
    task: str = "classification"


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One line of the page's console; `level` is the console's own word: log, info, warning, error …"""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class PageLog:
    """What the page said and did beside the predictions; every list is bounded, oldest first."""

    console: tuple[ConsoleLine, ...] = ()
    dropped_lines: int = 0
    page_errors: tuple[str, ...] = ()
    dialogs: tuple[str, ...] = ()
    failed_requests: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """Uncaught errors, then the console's error lines."""
        return self.page_errors + tuple(line.text for line in self.console if line.level == "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A case as reports put it: what it wants, what it got, and the score of that."""

    expected: str
    got: str
    score: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case with what came of it; it passed when there are no `reasons` against it. `words`: what an older report
    said of it, where that report alone is left."""

    case: Case
    prediction: Prediction | None
    reasons: tuple[str, ...]
    words: Words | None = None

    @property
    def passed(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on the whole run, for example that the backend is the one asked for; `reasons` list each fault."""

    name: str
    passed: bool
    detail: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the build was started, as far as that was seen. `api`: the loader's function, "" if none of Unity's was
    called; `progress`: the least that any of the `instances` reached; `seconds`: from opening the page on."""

    api: str
    instances: int
    progress: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensors:
    """Live tensors of the page after warm-up and after the last prediction."""

    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakSample:
    """A page at one moment of a soak, `seconds` after its start; None for what could not be measured. Times are lower
    quartiles since the sample before."""

    seconds: float
    tensors: int | None
    js_heap_bytes: int | None
    gpu_bytes: int
    frame_ms: float | None
    frames_per_second: float
    prediction_ms: float | None
    predictions_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything that one `verify` found. `model` is None where none was asked for. `start`: how the build started.
    `restarts`: why pages died whose cases were run again. `soak`: what was sampled, oldest first. `shard` is (number
    from 1, count): a part of the cases; `asked`: a digest of them all."""

    build: str
    browser: str
    renderer: str
    backend_asked: Backend
    backend_used: str
    model: ModelInfo | None
    cases: tuple[CaseResult, ...]
    checks: tuple[Check, ...]
    tensors: Tensors | None
    log: PageLog
    start: Start
    restarts: tuple[str, ...] = ()
    soak: tuple[SoakSample, ...] = ()
    shard: tuple[int, int] | None = None
    asked: str = ""

    @property
    def verdicts(self) -> dict[str, bool | None]:
        """Loaded, rendered, predicts; None for what was not looked at."""
        passed = {check.name: check.passed for check in self.checks}
        predicting = [case.passed for case in self.cases] + [passed[name] for name in ("golden",) if name in passed]
        predicts = all(predicting) if predicting else None
        return {"loaded": passed.get("loaded"), "rendered": passed.get("rendered"), "predicts": predicts}

    @property
    def passed(self) -> bool:
        return all(c.passed for c in self.cases) and all(c.passed for c in self.checks)

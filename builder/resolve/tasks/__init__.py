"""Facts and options → a task, one module for each."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import TASK_UNCLEAR, Problem, problem
from builder.inputs.facts import ModelFacts
from builder.resolve.choices import choice_problems
from builder.resolve.options import Options
from builder.resolve.shapes import score_outputs
from builder.resolve.tasks.classification import CLASSIFICATION
from builder.resolve.tasks.detection import DETECTION, is_detector
from builder.resolve.tasks.image import IMAGE
from builder.resolve.tasks.kind import Guess, TaskKind
from builder.resolve.tasks.raw import RAW
from builder.resolve.tasks.segmentation import SEGMENTATION

DEFAULT = "classification"
KINDS: dict[str, TaskKind] = {
    DEFAULT: CLASSIFICATION,
    "detection": DETECTION,
    "image": IMAGE,
    "raw": RAW,
    "segmentation": SEGMENTATION,
}
_SHOWN = 12


def task_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    """A problem where there is no such task, or where the model does not say which it is."""
    if options.task is not None:
        yield from choice_problems("--task", options.task, tuple(KINDS))
    elif _found(facts, options) is None and (guesses := [guess for _, guess in _guesses(facts)]):
        lines = [f"\n  {guess.flags:<40} {guess.what}" for guess in guesses[:_SHOWN]]
        more = f"\n  … and {len(guesses) - _SHOWN} more" if len(guesses) > _SHOWN else ""
        yield problem(TASK_UNCLEAR, facts.json_path, candidates="".join(lines) + more)


def task_name(facts: ModelFacts, options: Options) -> str:
    """The task that the options name, or that follows from the shapes; the default where there is neither."""
    named = options.task if options.task in KINDS else None
    return named or _found(facts, options) or DEFAULT


def chosen(facts: ModelFacts, options: Options) -> TaskKind:
    return KINDS[task_name(facts, options)]


def is_clear(facts: ModelFacts, options: Options) -> bool:
    """Whether a task was chosen; what does not fit the default one then says nothing."""
    return options.task in KINDS or (
        options.task is None and (_found(facts, options) is not None or not _guesses(facts))
    )


def _guesses(facts: ModelFacts) -> list[tuple[str, Guess]]:
    """None where an output can be class scores: what else there is beside them, a classifier's user rarely wants."""
    if score_outputs(facts):
        return []
    return [(name, guess) for name, kind in KINDS.items() for guess in kind.guesses(facts)]


def _found(facts: ModelFacts, options: Options) -> str | None:
    """The task that is certain; None where several may be, or none."""
    if is_detector(facts, options):
        return "detection"
    if score_outputs(facts):
        return DEFAULT
    guesses = _guesses(facts)
    return guesses[0][0] if len(guesses) == 1 and guesses[0][1].certain else None

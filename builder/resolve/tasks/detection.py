"""Boxes: where things are, and what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast, get_args

from builder.errors import CLASS_COUNT, FORM_UNCLEAR, FORM_UNKNOWN, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.labels import label_problems
from builder.resolve.choices import bad_option, choice_problems
from builder.resolve.detection import FORMS, PRESETS, Candidate, Seen, Wishes, findings, layers_of, settled
from builder.resolve.options import Options
from builder.resolve.shapes import image_axes, listed
from builder.resolve.tasks.kind import Guess, TaskKind
from builder.spec import Detection, ModelSpec
from builder.spec.tasks.detection import AnchorLayer, Corners, RowsForm, ScoreActivation, Units

# What is usual with detectors: half certain or more, half covered, and more than a player looks at.
THRESHOLD, OVERLAP, LIMIT = 0.5, 0.45, 20
_MAX_LIMIT = 1000
_COLUMNS = ("box", "score", "class")
_CHOICES = {
    "form": FORMS,
    "box_format": get_args(Corners),
    "box_units": get_args(Units),
    "activation": get_args(ScoreActivation),
}


def _problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    yield from label_problems([(f"label {i}", label) for i, label in enumerate(labels)])
    bad = list(_option_problems(options))
    yield from bad
    if not bad and _size(facts, options):
        yield from _form_problems(facts, labels, options)


def _option_problems(options: Options) -> Iterator[Problem]:
    for name, choices in _CHOICES.items():
        if (value := getattr(options, name)) is not None:
            yield from choice_problems("--" + name.replace("_", "-"), value, choices)
    if options.anchors and options.anchor_layers is None:
        yield from choice_problems("--anchors", options.anchors, PRESETS)
    if options.columns is not None:
        yield from _column_problems(options.columns)
    if options.threshold is not None and not 0 < options.threshold < 1:
        yield bad_option("--threshold", options.threshold, "it must lie between 0 and 1")
    if options.overlap is not None and not 0 <= options.overlap <= 1:
        yield bad_option("--overlap", options.overlap, "it must be 0 to 1")
    if options.limit is not None and not 0 < options.limit <= _MAX_LIMIT:
        yield bad_option("--limit", options.limit, f"it must be 1 to {_MAX_LIMIT}")


def _column_problems(columns: tuple[str, ...]) -> Iterator[Problem]:
    text = ",".join(columns)
    for name in columns:
        if name not in (*_COLUMNS, "_"):
            yield bad_option("--columns", repr(text), f"it names {name!r}, and columns are box, score, class and _")
    missing = [name for name in _COLUMNS if columns.count(name) != 1]
    if missing:
        yield bad_option("--columns", repr(text), f"it must name {' and '.join(missing)} once")


def _size(facts: ModelFacts, options: Options) -> tuple[int, int] | None:
    """(width, height) of the input; None while it is free."""
    axes = image_axes(facts)
    if axes is None:
        return None
    size = options.input_size or (axes[1], axes[0])
    return size if min(size) > 0 else None


def _seen(facts: ModelFacts, options: Options) -> Seen:
    width, height = _size(facts, options) or (1, 1)
    wishes = Wishes(
        form=options.form,
        columns=options.columns,
        corners=cast(Corners | None, options.box_format),
        units=cast(Units | None, options.box_units),
        activation=cast(ScoreActivation | None, options.activation),
        anchors=_anchors(options),
    )
    return Seen(outputs=facts.outputs, width=width, height=height, wishes=wishes)


def _anchors(options: Options) -> tuple[str, tuple[AnchorLayer, ...]] | None:
    if options.anchors is None:
        return None
    return options.anchors, options.anchor_layers or layers_of(options.anchors)


def _settled(facts: ModelFacts, labels: int, options: Options) -> tuple[Candidate, ...]:
    seen = _seen(facts, options)
    return settled(seen, findings(seen)[0], labels)


def _form_problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    found = _settled(facts, len(labels), options)
    fitting = [one for one in found if one.classes in (None, len(labels))]
    if not found:
        misfits = findings(_seen(facts, options))[1]
        reason = "; ".join(f"{misfit.name}: {misfit.reason}" for misfit in misfits)
        known = f"none of its outputs {listed(facts.outputs)} has the shape of any form that is known"
        yield problem(FORM_UNKNOWN, facts.json_path, reason=reason or known)
    elif not fitting:
        counts = " or ".join(dict.fromkeys(f"{one.classes} ({one.name})" for one in found))
        yield problem(CLASS_COUNT, facts.json_path, labels=len(labels), classes=counts)
    elif len(fitting) > 1:
        yield _unclear(facts, fitting, _flags(fitting))


def _unclear(facts: ModelFacts, candidates: Sequence[Candidate], flags: str) -> Problem:
    text = "; ".join(f"{one.name} ({one.why})" for one in candidates)
    return problem(FORM_UNCLEAR, facts.json_path, candidates=text, flags=flags)


def _guesses(facts: ModelFacts) -> tuple[Guess, ...]:
    """What is not certain; certain is known before anybody guesses."""
    options = Options()
    candidates = findings(_seen(facts, options))[0] if _size(facts, options) else ()
    names = dict.fromkeys(f"--form {one.name}" for one in candidates)
    flags = "--task detection" + (f" {' or '.join(names)}" if len(names) > 1 else "")
    text = "boxes: " + "; ".join(dict.fromkeys(one.why for one in candidates))
    return (Guess(what=text, flags=flags, certain=False),) if candidates else ()


def _flags(candidates: list[Candidate]) -> str:
    """What tells the candidates apart."""
    names = list(dict.fromkeys(f"--form {one.name}" for one in candidates))
    return " or ".join(names) if len(names) > 1 else "labels as many as the model has classes"


def is_detector(facts: ModelFacts, options: Options) -> bool:
    """Do options that others do not have, or the outputs' shapes, say that they are boxes and nothing else?"""
    if options.form or options.anchors or options.columns:
        return True
    if list(_option_problems(options)) or not _size(facts, options):
        return False
    return any(one.certain for one in findings(_seen(facts, options))[0])


def _placeholders(facts: ModelFacts, options: Options) -> tuple[str, ...]:
    """As many labels as the most certain reading has classes."""
    if list(_option_problems(options)) or not _size(facts, options):
        return ("0",)
    found = _settled(facts, 0, options)
    return tuple(str(number) for number in range((found[0].classes if found else None) or 1))


def _reading(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Candidate:
    return next(one for one in _settled(facts, len(labels), options) if one.classes in (None, len(labels)))


def _outputs(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> tuple[TensorFacts, ...]:
    return _reading(facts, labels, options).outputs


def _detection(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Detection:
    return Detection(
        form=_reading(facts, labels, options).form,
        threshold=THRESHOLD if options.threshold is None else options.threshold,
        overlap=OVERLAP if options.overlap is None else options.overlap,
        per_class=not options.class_agnostic,
        limit=options.limit or LIMIT,
    )


def _remarks(facts: ModelFacts, spec: ModelSpec) -> Iterator[str]:
    assert isinstance(spec.task, Detection)
    if isinstance(spec.task.form, RowsForm):
        form = spec.task.form
        yield (
            f"boxes are read as {form.corners} in {form.units}: where they lie wrong, say otherwise by --columns, "
            "--box-format and --box-units"
        )


DETECTION = TaskKind(
    problems=_problems,
    placeholders=_placeholders,
    outputs=_outputs,
    task=_detection,
    remarks=_remarks,
    guesses=_guesses,
)

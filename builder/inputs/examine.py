"""What there is to know about a model in a folder, a JSON file or a ZIP, with what lies beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from builder.errors import Problem, UserError
from builder.inputs.archive import unpacked
from builder.inputs.facts import ModelFacts
from builder.inputs.teachable_machine import read_export
from builder.inputs.tfjs_model import examine_model


def examine(model: Path) -> tuple[ModelFacts, tuple[Problem, ...]]:
    """Like `examine_model`, for archives too, and with the labels and the normalization that a Teachable Machine export
    states. What was unpacked is gone again: paths in the answer name the archive."""
    with unpacked(model) as place:
        facts, problems = examine_model(place.path)
        facts, more = _with_export(facts)
        json_path = Path(place.shown(str(facts.json_path)))
        found = tuple(place.shown_problem(item) for item in (*problems, *more))
    return replace(facts, json_path=json_path, folder=json_path.parent), found


def _with_export(facts: ModelFacts) -> tuple[ModelFacts, tuple[Problem, ...]]:
    try:
        export = read_export(facts.folder)
        if export is None:
            return facts, ()
        facts = replace(facts, stated=export.remark or "")
        return (facts if export.found is None else replace(facts, labels=export.labels())), ()
    except UserError as error:
        return facts, error.problems

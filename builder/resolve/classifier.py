"""Why a model is no image classifier that can be used, whatever the options."""

from __future__ import annotations

from builder.errors import Problem
from builder.inputs.facts import ModelFacts
from builder.resolve.picture import picture_problems
from builder.resolve.tasks.classification import score_problems


def classifier_problems(facts: ModelFacts, output: str | None = None) -> list[Problem]:
    """Why the model is no image classifier: one image in, one score per class out of the output of that name, if one is
    named. What an option can still settle, a free size or the choice among outputs, is no such reason."""
    return [*picture_problems(facts), *score_problems(facts, output)]

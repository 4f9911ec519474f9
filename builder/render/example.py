"""A whole script that uses a model, for the developer to paste."""

from __future__ import annotations

from builder.render.environment import environment
from builder.spec import ModelSpec


def example(spec: ModelSpec) -> str:
    """A MonoBehaviour in C# called `<name>Example`, which loads the model and predicts on one texture."""
    return environment().get_template("Example.cs.j2").render(name=spec.name, kind=spec.task.kind)

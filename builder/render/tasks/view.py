"""What every task's view has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """The variable `model.task`: `summary` says in a few words what the model finds, `remarks` are sentences. A
    task's own view adds fields, which its macros print."""

    kind: str
    summary: str
    remarks: tuple[str, ...]

"""Models of raw numbers in C#."""

from __future__ import annotations

from dataclasses import dataclass

from builder.names import unique_identifiers
from builder.render.tasks.view import TaskView
from builder.spec import ModelSpec, Raw, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputView:
    """A member of the generated enum; `doc` has the output's own name, its type and its shape."""

    name: str
    index: int
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawView(TaskView):
    outputs: tuple[OutputView, ...]


def view(spec: ModelSpec, task: Raw) -> RawView:
    names = unique_identifiers(output.name.removesuffix(":0") for output in spec.outputs)
    outputs = enumerate(zip(names, spec.outputs, strict=True))
    return RawView(
        kind=task.kind,
        summary=f"the numbers of {len(spec.outputs)} output{'s' if len(spec.outputs) != 1 else ''}",
        remarks=("Numbers are what the network gives, row by row; whole numbers come as floats, exact up to 2^24.",),
        outputs=tuple(OutputView(name=name, index=at, doc=_doc(tensor)) for at, (name, tensor) in outputs),
    )


def _doc(tensor: TensorSpec) -> str:
    sizes = ", ".join("?" if size < 0 else str(size) for size in tensor.shape)
    return f"{tensor.name}: {tensor.dtype} [{sizes}]"

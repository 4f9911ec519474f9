"""The numbers of the outputs as they are."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import UNSUPPORTED_MODEL, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.choices import bad_option
from builder.resolve.options import Options
from builder.resolve.shapes import OUTPUT_TYPES, listed, plain_name
from builder.resolve.tasks.kind import TaskKind
from builder.spec import ModelSpec, Raw


def _chosen(facts: ModelFacts, options: Options) -> tuple[TensorFacts, ...]:
    """The output that was named; without a name all of them."""
    if options.output is None:
        return facts.outputs
    return tuple(tensor for tensor in facts.outputs if plain_name(tensor.name) == plain_name(options.output))


def _problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    if labels:
        yield bad_option("--labels", f"{len(labels)} labels", "raw numbers have no labels")
    chosen = _chosen(facts, options)
    if not chosen and options.output is not None:
        yield bad_option("--output", repr(options.output), f"the model's outputs are {listed(facts.outputs)}")
    elif not chosen:
        yield problem(UNSUPPORTED_MODEL, facts.json_path, reason="it has no output", remedy="Export the network whole.")
    for tensor in chosen:
        if reason := _refusal(tensor):
            remedy = "Export it with a signature that says so, or name another output by --output."
            yield problem(UNSUPPORTED_MODEL, facts.json_path, reason=reason, remedy=remedy)


def _refusal(tensor: TensorFacts) -> str | None:
    if tensor.dtype not in OUTPUT_TYPES:
        return f"its output {tensor.name!r} gives {tensor.dtype}"
    return f"it does not say how many axes its output {tensor.name!r} has" if tensor.shape is None else None


def _no_labels(_: ModelFacts, __: Options) -> tuple[str, ...]:
    return ()


def _outputs(facts: ModelFacts, _: tuple[str, ...], options: Options) -> tuple[TensorFacts, ...]:
    return _chosen(facts, options)


def _raw(_: ModelFacts, __: tuple[str, ...], ___: Options) -> Raw:
    return Raw()


def _remarks(facts: ModelFacts, spec: ModelSpec) -> Iterator[str]:
    if left := tuple(tensor for tensor in facts.outputs if tensor.name not in spec.output_names):
        yield f"the outputs {listed(left)} are not computed"


RAW = TaskKind(
    problems=_problems,
    placeholders=_no_labels,
    outputs=_outputs,
    task=_raw,
    remarks=_remarks,
    own_labels=_no_labels,
)

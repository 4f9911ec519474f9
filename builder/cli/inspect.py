"""`tfjs-for-unity inspect`: what a model is, as far as its folder tells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from builder.cli.answers import problems_as_json
from builder.cli.console import stdout
from builder.cli.flags import FilledPath
from builder.errors import Problem, UserError
from builder.inputs.examine import examine
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.jsonfile import printable
from builder.resolve import (
    Options,
    chosen_output,
    class_count,
    classifier_problems,
    formula,
    image_axes,
    is_detector,
    own_normalization,
    presets,
    score_outputs,
    shape_text,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_OPS_SHOWN = 12
_PIPE_WIDTH = 200
_COLORS = {1: "gray", 3: "RGB", 4: "RGBA"}


@click.command()
@click.argument("model", type=FilledPath(path_type=Path, readable=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def command(model: Path, as_json: bool) -> None:
    """Show what a TensorFlow.js model is: a folder with model.json, the JSON file itself, or a ZIP of it.

    \b
    tfjs-for-unity inspect models/hands
    tfjs-for-unity inspect models/emotion.json --json

    \b
    Keys of --json: model, format, generatedBy, convertedBy, task, classifier, obstacles, inputs and outputs (name,
    shape with -1 for free sizes, dtype, and for outputs the activation), layout, activation, leading, ops, weights,
    parameters, weightBytes, quantization, shards (path, bytes; null when missing), labels, needs, problems (id, code,
    where, what, nextStep).

    Exit code 2 when the folder is damaged: a shard is missing, cut short or outside the folder.
    """
    with problems_as_json(as_json):
        facts, problems = examine(model)
    if as_json:
        click.echo(json.dumps(document(facts, problems), indent=2))
    else:
        _print(tables(facts))
    if problems:
        raise UserError(problems)


def _print(parts: Iterable[RenderableType]) -> None:
    console = stdout()
    if not console.is_terminal:  # a file or a pipe has no width: do not fold at 80
        console.width = max(console.width, _PIPE_WIDTH)
    with console.capture() as answer:
        for part in parts:
            console.print(part)
    click.echo("\n".join(line.rstrip() for line in answer.get().splitlines()))


def document(facts: ModelFacts, problems: Iterable[Problem]) -> dict[str, Any]:
    """The object that --json prints."""
    unfit = classifier_problems(facts)
    return {
        "model": str(facts.json_path),
        "format": facts.format,
        "generatedBy": facts.generated_by,
        "convertedBy": facts.converted_by,
        "task": task(facts),
        "classifier": not unfit,
        "obstacles": [item.params["reason"] for item in unfit],
        "inputs": [_tensor_document(tensor) for tensor in facts.inputs],
        "outputs": [_tensor_document(tensor) | {"activation": tensor.activation} for tensor in facts.outputs],
        "layout": facts.layout,
        "activation": facts.activation,
        "leading": list(facts.leading),
        "ops": dict(facts.ops),
        "weights": facts.weights,
        "parameters": facts.parameters,
        "weightBytes": facts.weight_bytes,
        "quantization": dict(facts.quantization),
        "shards": [{"path": state.path, "bytes": state.bytes} for state in facts.shard_states],
        "labels": list(facts.labels) if facts.labels else None,
        "needs": needs(facts),
        "problems": [_problem_document(item) for item in problems],
    }


def _tensor_document(tensor: TensorFacts) -> dict[str, Any]:
    shape = tensor.shape and list(tensor.shape)
    return {"name": tensor.name, "shape": shape, "dtype": tensor.dtype}


def _problem_document(item: Problem) -> dict[str, Any]:
    kind = item.kind
    return {"id": kind.id, "code": kind.code, "where": item.where, "what": item.what, "nextStep": item.next_step}


def task(facts: ModelFacts) -> str:
    """What the model looks like, in a line; a guess from shapes, said as such by `inspect`."""
    picture = _picture(facts)
    if picture is None:
        return "no image model"
    if is_detector(facts, Options()):
        return f"detector: {picture} → boxes and scores"
    if not classifier_problems(facts):
        return f"image classifier: {picture} → {' or '.join(map(_scores, _candidates(facts)))}"
    if len(facts.outputs) != 1:
        return f"image model with {len(facts.outputs)} outputs, such as a detector or landmarks: {picture}"
    shape = facts.outputs[0].shape
    result = "picture or map" if shape and len(shape) == 4 and shape[1] not in (-1, 1) else "tensor"
    return f"image model: {picture} → {result} {shape_text(shape)}"


def _candidates(facts: ModelFacts) -> tuple[TensorFacts, ...]:
    """The output that is used without --output, or those to choose from."""
    chosen = chosen_output(facts)
    return (chosen,) if chosen else score_outputs(facts)


def _picture(facts: ModelFacts) -> str | None:
    """`64x64 RGB` for an image model."""
    axes = image_axes(facts)
    if axes is None:
        return None
    height, width, channels = axes
    size = "any size" if width < 0 or height < 0 else f"{width}x{height}"
    return f"{size} {_COLORS.get(channels, f'{channels} channels')}"


def _scores(tensor: TensorFacts) -> str:
    count = class_count(tensor) or 0
    kind = {"softmax": "probabilities", "sigmoid": "independent scores, 0..1"}.get(tensor.activation, "raw scores")
    return f"{count} class{'es' if count != 1 else ''} ({kind})"


def needs(facts: ModelFacts) -> list[str]:
    """What `generate` has to be told about this model."""
    return [] if is_detector(facts, Options()) or classifier_problems(facts) else list(_needs(facts))


def _needs(facts: ModelFacts) -> Iterator[str]:
    outputs, axes = _candidates(facts), image_axes(facts)
    if len(outputs) > 1:
        yield f"--output {' or '.join(printable(tensor.name) for tensor in outputs)}"
    if not facts.labels:
        counts = " or ".join(str(class_count(tensor)) for tensor in outputs)
        yield f"--labels FILE with {counts} label{'s' if counts != '1' else ''}"
    if axes and -1 in axes[:2]:
        yield "--input-size WIDTHxHEIGHT, as in training (the model takes any)"
    choices = presets(facts)
    if len(choices) > 1 and not _stated(facts):
        yield f"--normalize {', '.join(choices[:-1])} or {choices[-1]}, as in training (the model does not say)"


def _stated(facts: ModelFacts) -> str:
    """Why nobody has to give a normalization; empty where somebody has to."""
    if facts.mark.normalization:
        return own_normalization(facts)
    if facts.mark.training:
        return f"{formula(*facts.mark.training)} was stated when the model was converted"
    return facts.stated


def tables(facts: ModelFacts) -> Iterable[RenderableType]:
    """The answer for the terminal."""
    yield _summary(facts)
    yield ""
    yield _tensor_table(facts)
    yield ""
    yield _shard_table(facts)


def _summary(facts: ModelFacts) -> Table:
    from rich.markup import escape

    table = _grid()
    previous = ""
    for name, value in _summary_rows(facts):
        table.add_row("" if name == previous else name, escape(value))
        previous = name
    return table


def _summary_rows(facts: ModelFacts) -> Iterable[tuple[str, str]]:
    yield "model", printable(str(facts.json_path), 1000)
    yield "format", facts.format + "".join(f", {text}" for text in (facts.generated_by, facts.converted_by) if text)
    yield "looks like", task(facts)
    for item in () if is_detector(facts, Options()) else classifier_problems(facts):
        yield "not usable", f"{printable(str(item.params['reason']), 500)} (next: {item.next_step})"
    for need in needs(facts):
        yield "generate needs", need
    if stated := _stated(facts):
        yield "normalization", stated
    if facts.labels:
        yield "labels", f"{len(facts.labels)} in the model: " + printable(", ".join(facts.labels), 80)
    yield "layout", facts.layout or "unknown"
    if facts.leading:
        yield "begins with", ", ".join(map(printable, facts.leading)) + ": perhaps a normalization of its own"
    yield "last operation", ", ".join(printable(tensor.activation) for tensor in facts.outputs[:_OPS_SHOWN])
    yield "parameters", f"{facts.parameters:,}"
    yield "weights", f"{facts.weights} tensors, {facts.weight_bytes:,} bytes"
    yield "quantization", _quantization(facts)
    yield "operations", _operations(facts)


def _quantization(facts: ModelFacts) -> str:
    return ", ".join(
        f"{dtype} ({count} of {facts.weights} weights)" for dtype, count in facts.quantization.items()
    ) or ("none")


def _operations(facts: ModelFacts) -> str:
    """The most frequent operations with their counts."""
    items = list(facts.ops.items())
    shown = ", ".join(f"{printable(op, 40)} {count}" for op, count in items[:_OPS_SHOWN])
    more = len(items) - _OPS_SHOWN
    total = f"{sum(facts.ops.values())} of {len(items)} kinds: "
    return total + shown + (f", and {more} more kinds" if more > 0 else "")


def _grid() -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", justify="right" if name == "bytes" else "left")
    return table


def _tensor_table(facts: ModelFacts) -> Table:
    from rich.markup import escape

    table = _table("", "name", "shape", "dtype")
    for kind, tensors in (("input", facts.inputs), ("output", facts.outputs)):
        for tensor in tensors:
            table.add_row(
                kind, *(escape(printable(text)) for text in (tensor.name, shape_text(tensor.shape), tensor.dtype))
            )
    return table


def _shard_table(facts: ModelFacts) -> Table:
    from rich.markup import escape

    table = _table("shard", "bytes", "")
    intact = bool(facts.shards) or not facts.shard_states
    for state in facts.shard_states:
        length = "" if state.bytes is None else f"{state.bytes:,}"
        remark = "[red]missing[/]" if state.bytes is None else "ok" if intact else "present"
        table.add_row(escape(printable(state.path)), length, remark)
    return table

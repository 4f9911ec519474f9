"""One score for each class."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import LABEL_COUNT, OUTPUT_UNCLEAR, UNSUPPORTED_MODEL, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.inputs.labels import label_problems
from builder.resolve.choices import bad_option
from builder.resolve.options import Options
from builder.resolve.shapes import TENSOR_TYPES, chosen_output, class_count, listed, score_outputs, shape_text
from builder.resolve.tasks.kind import TaskKind
from builder.spec import Classification, ModelSpec

# Last operations after which scores lie in 0..1.
_BOUNDED = frozenset({"softmax", "sigmoid", "hard_sigmoid", "hardsigmoid"})


def score_problems(facts: ModelFacts, output: str | None = None) -> Iterator[Problem]:
    """Why the output of that name, if one is named, does not give one score per class. What an option can still settle,
    the choice among outputs, is no such reason."""
    for reason, remedy in _output_reasons(facts, output):
        yield problem(UNSUPPORTED_MODEL, facts.json_path, reason=reason, remedy=remedy)


def _output_reasons(facts: ModelFacts, name: str | None) -> Iterator[tuple[str, str]]:
    tensor = chosen_output(facts, name)
    if tensor is not None:
        yield from _score_reasons(tensor, facts.json_path.name)
    elif name is None and not score_outputs(facts):
        remedy = "Export a model whose output are the class scores."
        outputs = f" ({listed(facts.outputs)})" if facts.outputs else ""
        yield f"none of its {len(facts.outputs)} outputs{outputs} gives scores [batch, classes]", remedy


def _score_reasons(tensor: TensorFacts, file: str) -> Iterator[tuple[str, str]]:
    if TENSOR_TYPES.get(tensor.dtype) != "float32":
        yield f"its output {tensor.name!r} gives {tensor.dtype}", "Export it with float32 scores, before any argmax."
    elif tensor.shape is None or (len(tensor.shape) == 2 and tensor.shape[1] < 0):
        remedy = "Export it again with a signature that gives the output's shape (tensorflowjs_converter writes one)."
        yield f"{file} does not say how many scores its output {tensor.name!r} has", remedy
    elif not class_count(tensor):
        text = f"its output {tensor.name!r} has the shape {shape_text(tensor.shape)}"
        yield f"{text} instead of [batch, classes]", "Export a classifier, or flatten its scores to [batch, classes]."


def _problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    yield from score_problems(facts, options.output)
    yield from _output_problems(facts, options)
    yield from _label_problems(facts, labels, options)
    if options.softmax:
        yield from _softmax_problems(facts, options)
    if options.top_k is not None and not 0 < options.top_k <= len(labels):
        yield bad_option("--top-k", options.top_k, f"it must be 1 to {len(labels)}, the number of labels")


def _output_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    if options.output is not None:
        if chosen_output(facts, options.output) is None:
            yield bad_option("--output", repr(options.output), f"the model's outputs are {listed(facts.outputs)}")
    elif chosen_output(facts) is None and (candidates := score_outputs(facts)):
        yield problem(OUTPUT_UNCLEAR, facts.json_path, outputs=listed(candidates), example=candidates[0].name)


def _label_problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    yield from label_problems([(f"label {i}", label) for i, label in enumerate(labels)])
    output = chosen_output(facts, options.output)
    outputs, skipped = class_count(output) if output else None, options.skip_first
    if outputs is None:
        return
    if not 0 <= skipped < outputs:
        reason = f"it must be 0 to {outputs - 1}, as the model has {outputs} outputs"
        yield bad_option("--skip-first", skipped, reason)
    elif outputs - skipped != len(labels):
        shown = f"{outputs} - {skipped} = {outputs - skipped}" if skipped else outputs
        yield problem(LABEL_COUNT, facts.json_path, labels=len(labels), outputs=shown)


def _softmax_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    output = chosen_output(facts, options.output)
    if output is None:
        return
    if output.activation in _BOUNDED:
        when = ", built in when it was converted" if facts.mark.softmax else ""
        reason = f"the model ends in {output.activation} already{when}, and a second softmax would level the scores"
        yield bad_option("--softmax", "given", reason)
    elif class_count(output) == 1:
        yield bad_option("--softmax", "given", "of a single score it is always 1")


def _placeholders(facts: ModelFacts, options: Options) -> tuple[str, ...]:
    """As many labels as there are scores that carry one."""
    output = chosen_output(facts, options.output)
    count = (class_count(output) if output else None) or 1
    return tuple(str(number) for number in range(max(count - max(options.skip_first, 0), 1)))


def _outputs(facts: ModelFacts, _: tuple[str, ...], options: Options) -> tuple[TensorFacts, ...]:
    chosen = chosen_output(facts, options.output)
    assert chosen is not None
    return (chosen,)


def _classification(_: ModelFacts, labels: tuple[str, ...], options: Options) -> Classification:
    return Classification(
        activation="softmax" if options.softmax else "none",
        skip_first=options.skip_first,
        top_k=options.top_k or len(labels),
    )


def _remarks(facts: ModelFacts, spec: ModelSpec) -> Iterator[str]:
    output = chosen_output(facts, spec.output.name)
    last = output.activation if output else "unknown"
    if len(facts.outputs) > 1:
        yield f"of the outputs {listed(facts.outputs)}, {spec.output.name} is used"
    if spec.classification.activation == "none" and last not in _BOUNDED and class_count(facts.outputs[0]) != 1:
        yield f"the model ends in {last}: scores are shown as they come; --softmax makes logits probabilities"


CLASSIFICATION = TaskKind(
    problems=_problems, placeholders=_placeholders, outputs=_outputs, task=_classification, remarks=_remarks
)

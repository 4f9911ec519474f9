"""What runs a model in the game, where that is not TensorFlow.js; LiteRT.js would join here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from builder.errors import NOT_ONNX, Problem, UserError, problem
from builder.inputs.facts import ModelFacts, ShardFacts, TensorFacts
from builder.inputs.jsonfile import printable
from builder.inputs.shards import file_ref, is_plain_relative
from builder.resolve.choices import choice_problems

if TYPE_CHECKING:
    from builder.convert.from_onnx.described import OnnxPort

TENSORFLOW, ONNX_RUNTIME = "tfjs", "onnxruntime"
# ONNX Runtime takes each of these as it is, and the contract has a name for what is handed over.
_INPUTS = ("float32", "uint8", "int32", "int64")
_OUTPUTS = ("float32",)
# What is written beside the model.
_TAKEN = ("contract.json", "golden.json")


def engine_problems(engine: str | None) -> list[Problem]:
    """What is wrong with --engine."""
    return [] if engine is None else list(choice_problems("--engine", engine, (TENSORFLOW, ONNX_RUNTIME)))


def onnx_facts(path: Path) -> ModelFacts:
    """The facts of the ONNX file at `path`, which goes into the game as it is.

    Where onnxruntime is installed, it has loaded the model, too.

    Raises:
        UserError: with all that is wrong with the file.
    """
    from builder.convert.from_onnx.described import describe
    from builder.convert.onnx_answers import onnx_outputs

    found = describe(path)
    problems = list(_name_problems(path, (path.name, *found.files)))
    if problems:
        raise UserError(problems)
    inferred = onnx_outputs(path) or {}

    def tensor(port: OnnxPort) -> TensorFacts:
        return TensorFacts(port.name, port.shape, port.dtype, port.maker or "unknown")

    outputs = [tensor(port) for port in found.outputs]
    shards = tuple(file_ref(path.parent, name) for name in found.files)
    return ModelFacts(
        folder=path.parent,
        json_path=path,
        format="onnx",
        topology=file_ref(path.parent, path.name),
        shards=shards,
        shard_states=tuple(ShardFacts(path=shard.path, bytes=shard.bytes) for shard in shards),
        inputs=tuple(map(tensor, found.inputs)),
        outputs=tuple(replace(each, shape=_better(each.shape, inferred.get(each.name))) for each in outputs),
        layout=found.layout,
        leading=(),
        ops=dict(sorted(found.ops.items(), key=lambda item: (-item[1], item[0]))),
        obstacles=tuple(_obstacles(found.inputs, found.outputs)),
        weights=found.weights,
        parameters=found.parameters,
        weight_bytes=found.weight_bytes,
        quantization={},
        labels=None,
        generated_by="",
        converted_by="",
    )


def _better(declared: tuple[int, ...] | None, inferred: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """What the file declares, with the sizes that onnxruntime found out."""
    if declared is None or inferred is None or len(declared) != len(inferred):
        return inferred if declared is None else declared
    return tuple(own if own > 0 else other for own, other in zip(declared, inferred, strict=True))


def _obstacles(inputs: tuple[OnnxPort, ...], outputs: tuple[OnnxPort, ...]) -> Iterator[str]:
    """Types that the game does not hand over; the resolver knows about the rest."""
    for ports, known, what in ((inputs, _INPUTS, "takes"), (outputs[:1], _OUTPUTS, "gives")):
        for port in ports:
            if port.dtype not in known:
                yield f"{port.name!r} {what} {port.dtype}, and the game knows {', '.join(known)}"


def _name_problems(path: Path, names: tuple[str, ...]) -> Iterator[Problem]:
    """Files that cannot be published under their names: the model calls its weights by them."""
    taken = set(_TAKEN)
    for name in names:
        parts = PurePosixPath(name).parts
        key = str(PurePosixPath(name)).casefold()
        # Unity leaves out what begins with a dot or ends with a tilde.
        hidden = any(part.startswith(".") or part.endswith("~") for part in parts)
        if not is_plain_relative(name) or hidden or key.endswith(".meta"):
            yield problem(NOT_ONNX, path, reason=f"a game cannot publish a file called {printable(name)!r}")
        elif key in taken:
            yield problem(NOT_ONNX, path, reason=f"the name {printable(name)!r} is taken by a file beside it")
        taken.add(key)

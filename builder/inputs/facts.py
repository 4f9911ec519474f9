"""What a model folder says about itself, in the words of both formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.inputs.mark import Mark
from builder.spec import FileRef, Layout, ModelFormat

__all__ = ["Layout", "ModelFacts", "Shape", "ShardFacts", "Step", "TensorFacts", "TopologyFacts"]

# One entry per axis, -1 where the size is free or unknown; None where not even the rank is known.
Shape = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """An input or output: its name, shape and dtype (`float32`, `int32`, `uint8`, …).

    `activation` is the last operation before an output, such as `softmax`, `sigmoid` or `linear`.
    """

    name: str
    shape: Shape
    dtype: str
    activation: str = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """An operation of arithmetic, and the name of the weight that it works with."""

    text: str
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyFacts:
    """What the graph or the layers say. `data_format` is what convolutions are told, where there are any; `leading` are
    the operations of arithmetic that the picture meets first; `obstacles` are reasons why TensorFlow.js cannot run the
    model by a plain `predict`."""

    format: ModelFormat
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    ops: Mapping[str, int]
    data_format: Layout | None
    leading: tuple[Step, ...] = ()
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFacts:
    """A weight shard as it lies on the disk; `bytes` is None where it is missing or may not be read."""

    path: str
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A TensorFlow.js model folder. Paths of `topology` and `shards` are relative to `folder`.

    `leading` are the operations of arithmetic that the picture meets first, such as `Mul 2` and `Sub 1`: a
    normalization of the model's own. `rewritten` is the text of model.json where the file itself is in a form that
    TensorFlow.js does not read, and `cured` says so in a few words; `topology` then describes that text. Otherwise they
    are None and empty.

    `parameters` counts the elements of float weights, `weight_bytes` what all weights take in the shards;
    `quantization` maps a storage type (`uint8`, `uint16`, `float16`) to the number of weights stored so. `shards` holds
    every shard once all are there and of the right length; `shard_states` always says what was found. `stated` says why
    nobody has to give a normalization, where a file beside the model states it; `mark` what this tool did to it and
    wrote down; `infinite` are the weights that hold infinite numbers.
    """

    folder: Path
    json_path: Path
    format: ModelFormat
    topology: FileRef
    shards: tuple[FileRef, ...]
    shard_states: tuple[ShardFacts, ...]
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    layout: Layout | None
    leading: tuple[str, ...]
    ops: Mapping[str, int]
    obstacles: tuple[str, ...]
    weights: int
    parameters: int
    weight_bytes: int
    quantization: Mapping[str, int]
    labels: tuple[str, ...] | None
    generated_by: str
    converted_by: str
    rewritten: bytes | None = None
    cured: str = ""
    stated: str = ""
    mark: Mark = Mark()  # noqa: RUF009 - it is frozen
    infinite: tuple[str, ...] = ()

    @property
    def activation(self) -> str:
        """The last operation before the first output."""
        return self.outputs[0].activation if self.outputs else "unknown"

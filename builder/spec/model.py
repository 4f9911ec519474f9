"""ModelSpec and Contract."""

from __future__ import annotations

from dataclasses import dataclass

from builder.names import CsIdentifier, Slug
from builder.spec.checks import require
from builder.spec.files import ModelFiles, RuntimeFiles
from builder.spec.preprocess import Preprocess
from builder.spec.tasks import Task
from builder.spec.tasks.classification import Classification
from builder.spec.tensors import ExtraInput, Feedback, TensorSpec

CONTRACT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model, completely: what it is called, what it takes, what it gives, and where its files lie.

    `input` takes the picture; `outputs` are those that the task reads, in the order in which it reads them.
    """

    name: CsIdentifier
    slug: Slug
    files: ModelFiles
    input: TensorSpec
    preprocess: Preprocess
    extra_inputs: tuple[ExtraInput, ...] = ()
    outputs: tuple[TensorSpec, ...]
    task: Task
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        pre = self.preprocess
        require(self.input.shape[1:] == pre.tensor_shape, "input shape fits preprocess")
        require(self.input.dtype != "bool", "the picture's numbers are float32 or int32")
        require(self.input.dtype == "float32" or pre.keeps_levels, "an integer input takes 0..255 as they are")
        require(bool(self.outputs), "there is an output")
        require(len(set(self.labels)) == len(self.labels) and all(self.labels), "labels are unique and not empty")
        self._require_names()
        self._require_feedback()
        self.task.require_fits(self.outputs, self.labels)

    def _require_names(self) -> None:
        inputs = (self.input.name, *(extra.tensor.name for extra in self.extra_inputs))
        require(len(set(inputs)) == len(inputs), "inputs have different names")
        names = tuple(output.name for output in self.outputs)
        require(len(set(names)) == len(names), "outputs have different names")

    def _require_feedback(self) -> None:
        for extra in self.extra_inputs:
            if isinstance(extra, Feedback):
                require(extra.output < len(self.outputs), "feedback names one of the outputs")
                require(self.outputs[extra.output].dtype == extra.tensor.dtype, "feedback keeps the type of numbers")

    @property
    def output(self) -> TensorSpec:
        """The first output: of a classifier its scores."""
        return self.outputs[0]

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(output.name for output in self.outputs)

    @property
    def classification(self) -> Classification:
        """The task of a classifier, for those who deal with no other model; raises TypeError for another one."""
        if not isinstance(self.task, Classification):
            msg = f"{self.name} is no classifier, its task is {self.task.kind}"
            raise TypeError(msg)
        return self.task


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """`contract.json`. Paths of `model.files` are relative to it, as are those of `runtime` (`../runtime/…`)."""

    contract: int
    abi: int
    generator: str
    runtime: RuntimeFiles
    model: ModelSpec

"""Keras models: Keras 2 and Keras 3, in HDF5 and in .keras files; each environment has one of the two."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfworker import function_source, keras_config, keras_files
from tfworker.keras_names import VERSION, keras, known
from tfworker.refusal import Refused, refuse_unsafe
from tfworker.source import Arrays, Frozen, Tensor, cast


def read(path: Path, kind: str) -> KerasSource:
    """Judges the configuration and the file's structure, then loads the model without its optimizer and losses."""
    with tempfile.TemporaryDirectory() as private:
        found = keras_files.examine(path, Path(private))
        ours = VERSION.partition(".")[0]
        if found.version.partition(".")[0] != ours:
            raise Refused(
                f"it was written by Keras {found.version or 1}, and this is Keras {ours}: give the other kind"
            )
        refuse_unsafe(keras_config.refusals(found.config, known()))
        return KerasSource(keras.models.load_model(str(path), compile=False, safe_mode=True))


def _outputs(model: Any) -> list[str]:  # noqa: ANN401
    """Distinct names of the outputs; Keras gives two outputs of one layer the same."""
    names = [str(name) for name in getattr(model, "output_names", None) or []]
    if len(set(names)) != len(names) or len(names) != len(model.outputs):
        return [f"output_{index}" for index in range(len(model.outputs))]
    return names


class KerasSource:
    """A Functional or Sequential model; the names of its inputs are those of its input layers."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        if not getattr(model, "inputs", None):
            raise Refused("it does not say the shape of its input: build it with one before it is saved")
        self._model = model
        self._specs = [self._spec(tensor) for tensor in model.inputs]
        self.inputs = tuple(Tensor.of(spec.name, spec) for spec in self._specs)
        self._results = _outputs(model)
        self.outputs = tuple(
            Tensor.of(name, tf.TensorSpec(tensor.shape, tensor.dtype))
            for name, tensor in zip(self._results, model.outputs, strict=True)
        )

    @staticmethod
    def _spec(tensor: Any) -> Any:  # noqa: ANN401
        return tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name.partition(":")[0])

    def _call(self, *tensors: Any) -> list[Any]:  # noqa: ANN401
        given = tensors[0] if len(tensors) == 1 else list(tensors)
        results: list[Any] = tf.nest.flatten(self._model(given, training=False))
        return results

    def predict(self, arrays: Arrays) -> Arrays:
        given = [tf.constant(array) for array in cast(arrays, self.inputs).values()]
        return {name: tensor.numpy() for name, tensor in zip(self._results, self._call(*given), strict=True)}

    def freeze(self) -> Frozen:
        function = tf.function(self._call).get_concrete_function(*self._specs)
        return function_source.freeze(function, [spec.name for spec in self._specs], self._results)

"""ONNX by onnx-tf; the answers of the source come from onnxruntime."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
from google.protobuf.message import DecodeError

from tfworker import saved_model_source, standins
from tfworker.channel import in_a_trace, last_line
from tfworker.limits import check_size, read_bytes
from tfworker.refusal import Refused, refuse_unsafe
from tfworker.source import Arrays, Frozen, Tensor

standins.install()

import onnx_tf.backend  # noqa: E402
from onnx.backend.test.runner import BackendIsNotSupposedToImplementIt  # noqa: E402
from onnx_tf import backend_tf_module  # noqa: E402
from onnx_tf.pb_wrapper import OnnxNode  # noqa: E402


def read(path: Path, kind: str) -> OnnxSource:
    """Reads the file, and the weights beside it if it has any there."""
    try:
        model = onnx.load_model_from_string(read_bytes(path))
    except DecodeError:
        raise Refused("it is damaged: no ONNX model can be read from it") from None
    places = {entry.value for tensor in _tensors(model) for entry in tensor.external_data if entry.key == "location"}
    refuse_unsafe([why for place in sorted(places) for why in _place_refusals(path.parent, place)])
    check_size(sum((path.parent / place).stat().st_size for place in places), "its external data")
    onnx.load_external_data_for_model(model, str(path.parent))
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise Refused(f"it is no valid ONNX model: {last_line(error)}") from None
    return OnnxSource(model)


def _tensors(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    return list(onnx.external_data_helper._get_all_tensors(model))


def _place_refusals(folder: Path, place: str) -> list[str]:
    """External data must be a plain file in the model's folder."""
    path = folder / place
    if Path(place).is_absolute() or ".." in Path(place).parts or path.is_symlink() or not path.is_file():
        return [f"its external data {place[:80]!r} is not a plain file beside it"]
    return (
        [] if path.resolve().is_relative_to(folder.resolve()) else [f"its external data {place[:80]!r} lies elsewhere"]
    )


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    kind = value.type.tensor_type
    sizes = (dim.dim_value if dim.HasField("dim_value") else -1 for dim in kind.shape.dim)
    return tuple(sizes) if kind.HasField("shape") else None


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
    return Tensor(value.name, _shape(value), np.dtype(dtype).name)


class _Node(OnnxNode):  # type: ignore[misc]
    """onnx-tf makes one for each node that it comes to; the newest is the one that failed."""

    newest = ""

    def __init__(self, node: onnx.NodeProto) -> None:
        super().__init__(node)
        _Node.newest = f"{node.op_type} (node {(node.name or ' '.join(node.output))[:80]!r})"


backend_tf_module.OnnxNode = _Node


class OnnxSource:
    """A checked ONNX model."""

    def __init__(self, model: onnx.ModelProto) -> None:
        constants = {entry.name for entry in model.graph.initializer}
        self._model = model
        self.inputs = tuple(_tensor(value) for value in model.graph.input if value.name not in constants)
        self.outputs = tuple(map(_tensor, model.graph.output))

    def predict(self, arrays: Arrays) -> Arrays:
        session = onnxruntime.InferenceSession(self._model.SerializeToString(), providers=["CPUExecutionProvider"])
        given = {tensor.name: arrays[tensor.name].astype(tensor.dtype) for tensor in self.inputs}
        names = [tensor.name for tensor in self.outputs]
        return dict(zip(names, session.run(names, given), strict=True))

    def freeze(self) -> Frozen:
        with tempfile.TemporaryDirectory() as folder:
            self._export(folder)
            return saved_model_source.SavedModelSource(tf.saved_model.load(folder)).freeze()

    def _export(self, folder: str) -> None:
        try:
            onnx_tf.backend.prepare(self._model).export_graph(folder)
        except BackendIsNotSupposedToImplementIt as error:
            reason = last_line(error).partition(": ")[2] or last_line(error)
            raise Refused(f"onnx-tf does not convert its {_Node.newest}: {reason}") from error
        except Exception as error:
            if not in_a_trace(error):
                raise
            msg = f"at its {_Node.newest}: {last_line(error)}"
            raise RuntimeError(msg) from error

"""A frozen graph → what stands in a TensorFlow.js model.json, and its weights, by the optimizer of tensorflowjs."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray
from tensorflow.core.protobuf import meta_graph_pb2

from tfworker import standins
from tfworker.refusal import Refused
from tfworker.source import Frozen

standins.install()

import tensorflowjs  # noqa: E402
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter  # noqa: E402

_UNSUPPORTED = "Unsupported Ops in the model "
_INT32 = np.iinfo(np.int32)


def convert(frozen: Frozen) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """`model.json` without weightsManifest, and one array per Const node, by the node's name."""
    signature = _signature(frozen)
    try:
        optimized = converter.optimize_graph(frozen.graph, signature)
    except ValueError as error:
        if not str(error).startswith(_UNSUPPORTED):
            raise
        names = str(error).partition("\n")[2]
        raise Refused(f"TensorFlow.js does not have its operations {names}") from None
    weights = {entry["name"]: _storable(entry) for entry in converter.extract_weights(optimized)[0]}
    return _document(signature, optimized), weights


def _signature(frozen: Frozen) -> Any:  # noqa: ANN401
    signature = meta_graph_pb2.SignatureDef()
    for place, tensors in ((signature.inputs, frozen.inputs), (signature.outputs, frozen.outputs)):
        for name, tensor in tensors.items():
            place[name].name = tensor.name
            place[name].dtype = tensor.dtype.as_datatype_enum
            place[name].tensor_shape.CopyFrom(tensor.shape.as_proto())
    return signature


def _document(signature: Any, optimized: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "format": "graph-model",
        "generatedBy": tf.__version__,
        "convertedBy": f"TensorFlow.js Converter v{tensorflowjs.__version__}",
        "signature": MessageToDict(signature),
        "modelTopology": MessageToDict(optimized),
    }


def _storable(entry: dict[str, Any]) -> NDArray[Any]:
    """In the types that TensorFlow.js knows: float32, or int32 with values beyond it cut off, or bool."""
    array = np.asarray(entry["data"])
    if array.dtype == np.bool_ or array.dtype in (np.float32, np.int32):
        return array
    if np.issubdtype(array.dtype, np.integer):
        own = np.iinfo(array.dtype)
        return array.clip(max(_INT32.min, own.min), min(_INT32.max, own.max)).astype(np.int32)
    if array.dtype.kind in "OSU" or np.issubdtype(array.dtype, np.complexfloating):
        raise Refused(f"its constant {entry['name']} is of the type {array.dtype}")
    return array.astype(np.float32)

"""SavedModel folders, an unpacked TF Hub model among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from tfworker import function_source, graph_judge, graph_protos
from tfworker.limits import check_size, read_bytes
from tfworker.refusal import Refused, refuse_unsafe
from tfworker.source import Arrays, Frozen, Tensor, cast

_DEFAULT = "serving_default"


def read(folder: Path, kind: str) -> SavedModelSource:
    """Judges the file's operations, then loads the folder."""
    judge(folder)
    return SavedModelSource(tf.saved_model.load(str(folder)))


def judge(folder: Path) -> None:
    """Raises Refused or Unsafe from the bytes alone."""
    parts = [path for path in folder.rglob("*") if not path.is_dir()]
    if links := [path.name for path in parts if path.is_symlink()]:
        refuse_unsafe([f"{name} in it is a link" for name in links])
    check_size(sum(path.stat().st_size for path in parts), "the folder")
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model.ParseFromString(read_bytes(folder / "saved_model.pb"))
    except DecodeError:
        raise Refused("its saved_model.pb is damaged") from None
    known = graph_protos.is_stateful()
    refuse_unsafe(
        [why for graph in graph_protos.of_saved_model(saved_model) for why in graph_judge.refusals(graph, known)]
    )


def _signature(model: Any) -> Any:  # noqa: ANN401
    names = sorted(map(str, getattr(model, "signatures", {})))
    usable = [name for name in names if not name.startswith("__")]
    if _DEFAULT in usable:
        return model.signatures[_DEFAULT]
    if len(usable) == 1:
        return model.signatures[usable[0]]
    found = f"it has {', '.join(usable[:8])}" if usable else "it has none at all"
    raise Refused(f"it has no signature {_DEFAULT!r}, which says what goes in and comes out; {found}")


class SavedModelSource:
    """The default signature of a loaded SavedModel, or its only one."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self._model = model  # holds the variables
        self._function = _signature(model)
        specs = self._function.structured_input_signature[1]
        self._names = sorted(specs)
        self.inputs = tuple(Tensor.of(name, specs[name]) for name in self._names)
        structured = self._function.structured_outputs
        if not isinstance(structured, dict):
            raise Refused("its outputs have no names")
        self._results = sorted(structured)
        self.outputs = tuple(Tensor.of(name, structured[name]) for name in self._results)

    def predict(self, arrays: Arrays) -> Arrays:
        given = {name: tf.constant(array) for name, array in cast(arrays, self.inputs).items()}
        return {name: tensor.numpy() for name, tensor in self._function(**given).items()}

    def freeze(self) -> Frozen:
        return function_source.freeze(self._function, self._names, self._results)

"""What models answer in the TensorFlow worker: a Keras or TensorFlow source, and a converted folder, too."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.folder import read_folder
from builder.convert.from_tensorflow.kinds import SourceKind
from builder.convert.from_tensorflow.route import Described, describe, predict
from builder.convert.graphdef import Inexpressible, frozen
from builder.convert.sources import Source
from builder.errors import RESULT_FAILED, fail

Array = NDArray[Any]


def tensorflow_answers(source: Source, inputs: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The outputs by name for each of `inputs`, arrays by input name of a batch of one each.

    TensorFlow takes seconds to start: where the model takes any batch, all inputs go into one.

    Raises:
        UserError: what `from_tensorflow.predict` raises.
    """
    if not _any_batch(describe(source.path, kind=source.kind)):
        return [predict(source.path, given, kind=source.kind) for given in inputs]
    names = list(inputs[0])
    batch = {name: np.concatenate([given[name] for given in inputs]) for name in names}
    answers = predict(source.path, batch, kind=source.kind)
    return [{name: values[n : n + 1] for name, values in answers.items()} for n in range(len(inputs))]


def folder_answers(folder: Path, inputs: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The outputs of a converted model by name, its weights as TensorFlow.js reads them.

    Raises:
        UserError: RESULT_FAILED for what TensorFlow cannot express; what `from_tensorflow.predict` raises.
    """
    document = json.loads((folder / "model.json").read_bytes())
    paths = [folder / name for group in document["weightsManifest"] for name in group["paths"]]
    try:
        made = frozen(read_folder(document, paths))
    except Inexpressible as reason:
        raise fail(RESULT_FAILED, reason=f"the graph {reason}") from None
    with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-") as place:
        file = Path(place) / "result.pb"
        file.write_bytes(made.content)
        source = Source(SourceKind.FROZEN_GRAPH, file)
        given = [{made.inputs[name]: values for name, values in arrays.items()} for arrays in inputs]
        answers = tensorflow_answers(source, given)
    return [{name: found[node] for name, node in made.outputs.items()} for found in answers]


def _any_batch(found: Described) -> bool:
    """True if the first axis of everything is a free one."""
    return all(tensor.shape and tensor.shape[0] == -1 for tensor in (*found.inputs, *found.outputs))

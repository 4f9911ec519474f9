"""The TensorFlow route: what a source takes and gives, its graph model, and its own answers."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from builder.convert.from_tensorflow import worker
from builder.convert.from_tensorflow.environments import environments_for
from builder.convert.from_tensorflow.kinds import SourceKind, model_path, source_kind
from builder.convert.from_tensorflow.store import choose
from builder.convert.from_tensorflow.transposes import with_fewer_transposes, without_transposes
from builder.convert.from_tensorflow.wire import Converted, Description, Tensor
from builder.convert.model import ConvertedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_TIMEOUT_S = 900.0
_MAX_DOCUMENT_BYTES = 256 * 1024**2
_Answer = TypeVar("_Answer", bound=BaseModel)
_Result = TypeVar("_Result")


def _silent(text: str) -> None:
    """For callers who do not want to be told."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a source takes and gives, in its own order."""

    kind: SourceKind
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def describe(
    source: Path,
    *,
    kind: SourceKind | None = None,
    progress: worker.Say = _silent,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> Described:
    """Names, shapes and types, without converting. Raises what `convert` raises."""
    asked = _Asked(source, kind, progress, timeout)
    with _outbox() as outbox:
        found = asked.ask("describe", {}, Description, outbox, lambda answer: answer)
    return Described(asked.kind, tuple(found.inputs), tuple(found.outputs))


def convert(
    source: Path,
    *,
    kind: SourceKind | None = None,
    channels_last: bool = False,
    progress: worker.Say = _silent,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> ConvertedModel:
    """A graph model of the same inputs and outputs; `kind` is told by the content if it is None.

    `progress` is told in a few words what is going on. Raises NOT_A_SOURCE, TOO_LARGE, SOURCE_REFUSED, UNSAFE_SOURCE,
    CONVERSION_FAILED, TOOLCHAIN_MISSING and TOOLCHAIN_BROKEN, and WORKER_DIED, WORKER_TIMED_OUT (after `timeout`
    seconds) and WORKER_NONSENSE. Writes nothing. Pictures of an ONNX model go in with their channels last, as
    `userDefinedMetadata.onnx` says; those of any other with `channels_last`, as `userDefinedMetadata.tensorflow` says,
    or CANNOT_BAKE is raised.
    """
    asked = _Asked(source, kind, progress, timeout)
    with _outbox() as outbox:
        model = asked.ask("convert", {}, Converted, outbox, lambda answer: _converted(outbox, answer))
    if asked.kind is SourceKind.ONNX:
        return without_transposes(model)
    return with_fewer_transposes(model, channels_last=channels_last)


def predict(
    source: Path,
    inputs: Mapping[str, NDArray[Any]],
    *,
    kind: SourceKind | None = None,
    progress: worker.Say = _silent,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> dict[str, NDArray[Any]]:
    """The answers of the source itself to arrays by the names of its inputs, by the names of its outputs.

    Keras answers by Keras, SavedModels and frozen graphs by TensorFlow, ONNX by onnxruntime. Raises what `convert`
    raises.
    """
    import numpy as np

    asked = _Asked(source, kind, progress, timeout)
    with _outbox() as outbox:
        given = outbox / "inputs.npz"
        numbered: dict[str, Any] = {str(index): array for index, array in enumerate(inputs.values())}
        np.savez(given, **numbered)
        fields = {"inputs": str(given), "names": [*inputs]}
        return asked.ask("predict", fields, Description, outbox, lambda answer: _answers(outbox, answer))


class _Asked:
    """A source, and an environment that reads its kind."""

    def __init__(self, source: Path, kind: SourceKind | None, progress: worker.Say, timeout: float) -> None:
        found = source_kind(source)  # even where the kind is given: it also looks at the size
        self.source, self.kind = model_path(source), kind or found
        self.place, self.progress, self.timeout = choose(environments_for(self.kind)), progress, timeout

    def ask(
        self,
        operation: str,
        fields: Mapping[str, object],
        answer: type[_Answer],
        outbox: Path,
        read: Callable[[_Answer], _Result],
    ) -> _Result:
        question = worker.Question(
            name=self.place.environment.name,
            python=self.place.python(),
            operation=operation,
            source=self.source,
            fields={"kind": str(self.kind), **fields},
            say=self.progress,
            timeout=self.timeout,
        )
        return worker.ask(question, answer, outbox, read)


def _converted(outbox: Path, answer: Converted) -> ConvertedModel:
    return ConvertedModel(_document(outbox / "document.json"), _arrays(outbox / "weights.npz", answer.weights))


def _answers(outbox: Path, answer: Description) -> dict[str, NDArray[Any]]:
    return _arrays(outbox / "outputs.npz", [tensor.name for tensor in answer.outputs])


def _document(path: Path) -> dict[str, Any]:
    """The JSON object that the worker left there."""
    reason = "its document.json is missing, damaged or no graph model"
    try:
        document = json.loads(path.read_bytes()) if path.stat().st_size <= _MAX_DOCUMENT_BYTES else None
    except (OSError, ValueError, RecursionError):
        raise worker.NonsenseError(reason) from None
    if not isinstance(document, dict) or not isinstance(document.get("modelTopology"), dict):
        raise worker.NonsenseError(reason)
    return document


def _arrays(path: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    """The arrays `0`, `1`, … of an .npz by their names. Nothing in it is unpickled."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[str(index)] for index, name in enumerate(names)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        reason = f"its {path.name} is missing or damaged"
        raise worker.NonsenseError(reason) from None


@contextmanager
def _outbox() -> Iterator[Path]:
    """A private folder for what goes to and fro."""
    with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()

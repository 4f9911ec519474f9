"""Reads the weights of an old, unzipped PyTorch file without PyTorch, and without executing anything in it."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}


class _Storage:
    """A run of numbers that follows the pickled objects; `values` come in later, by its key."""

    def __init__(self, dtype: type[np.generic], key: str) -> None:
        self.dtype, self.key = dtype, key
        self.values: NDArray[Any] | None = None


class _Tensor:
    def __init__(
        self, storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
    ) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self) -> NDArray[Any]:
        values = self.storage.values
        assert values is not None
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True))
        assert min(self.stride, default=0) >= 0 and self.offset >= 0 and last < len(values)
        steps = [step * values.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.size, steps, writeable=False)


class _Reader(pickle.Unpickler):
    """Knows the three names of a state dict, and refuses all others."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
        }
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401
        _, dtype, key, *_ = pid
        return self.storages.setdefault(key, _Storage(dtype, key))


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a state dict by name."""
    with path.open("rb") as file:
        for _ in range(3):  # magic number, protocol, facts about the machine that wrote it
            pickle.Unpickler.load(_Reader(file))
        reader = _Reader(file)
        tensors = reader.load()
        for key in _Reader(file).load():
            storage = reader.storages[key]
            count = int(np.frombuffer(file.read(8), "<i8")[0])
            storage.values = np.frombuffer(file.read(count * np.dtype(storage.dtype).itemsize), storage.dtype)
    return {name: tensor.array() for name, tensor in tensors.items()}

"""Stand-ins for packages that tensorflowjs and onnx-tf import and that no conversion here uses."""

from __future__ import annotations

import sys
import types
from typing import NoReturn

_ABSENT = (
    "jax",
    "jax.experimental",
    "jax.experimental.jax2tf",
    "tensorflow_addons",
    "tensorflow_decision_forests",
    "tensorflow_probability",
)


class StandIn(types.ModuleType):
    """A module whose every member exists, and says its name when it is called."""

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}")

    def __call__(self, *_: object, **__: object) -> NoReturn:
        msg = f"{self.__name__} is not installed here"
        raise NotImplementedError(msg)


def install() -> None:
    """Call this after TensorFlow and Keras are imported: they look for jax too, and would believe it."""
    for name in _ABSENT:
        sys.modules.setdefault(name, StandIn(name))

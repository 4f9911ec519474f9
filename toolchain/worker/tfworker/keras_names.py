"""The Keras of this environment, and the names of its own classes and activations."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfworker.keras_config import Known

if tf.__version__.startswith("2.15."):
    import tf_keras as keras
else:
    import keras

__all__ = ["VERSION", "keras", "known"]

VERSION: str = keras.__version__

_MODULES = ("constraints", "initializers", "layers", "losses", "metrics", "models", "optimizers", "regularizers")
# Written into files, but not among the public names.
_MORE = {"Functional", "KerasTensor", "DTypePolicy", "Policy", "TensorShape", "__keras_tensor__", "__numpy__"}


def _subclasses(of: type) -> set[type]:
    found: set[type] = set(of.__subclasses__())
    return found.union(*map(_subclasses, found)) if found else found


def _operations() -> set[str]:
    """Keras 3 writes operations on its tensors as objects too."""
    base: Any = getattr(keras, "Operation", None)
    return {kind.__name__ for kind in _subclasses(base) if kind.__module__.startswith("keras.")} if base else set()


def known() -> Known:
    """What a configuration may name."""
    classes = {name for module in _MODULES for name in dir(getattr(keras, module)) if not name.startswith("_")}
    return Known(classes | _MORE | _operations(), {name for name in dir(keras.activations) if not name.startswith("_")})

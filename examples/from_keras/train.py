"""Transfer learning in Keras, on pictures from a file: `python -m examples.from_keras.train PICTURES.npz MODEL.keras`.

Runs where Keras 3 is installed, such as in the toolchain's own environment. Where you would take a network of
`keras.applications` with published weights, this trains a small one on other classes first, so that nothing is
downloaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

_BATCH = 24


def base(side: int) -> keras.Model:
    """[n, side, side, 3] in -1..1 to [n, 64] features."""
    picture = keras.Input((side, side, 3))
    x = picture
    for number, width in enumerate((16, 32, 64, 64)):
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False, name=f"conv_{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{number}")(x)
        x = layers.ReLU(6.0, name=f"relu_{number}")(x)
    return keras.Model(picture, layers.GlobalAveragePooling2D()(x), name="base")


def classifier(features: keras.Model, classes: int, side: int) -> keras.Model:
    """Takes pictures of 0..255, as they come from a file: the model normalizes by itself."""
    picture = keras.Input((side, side, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(picture)
    x = features(x, training=False)  # its normalizations keep the statistics that they have
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(picture, layers.Dense(classes, activation="softmax", name="scores")(x))


def pretrained(x: np.ndarray, y: np.ndarray, side: int) -> keras.Model:
    """A base that has seen other classes, in place of one with published weights."""
    features = base(side)
    picture = keras.Input((side, side, 3))
    scores = layers.Dense(int(y.max()) + 1, activation="softmax")(features(layers.Rescaling(1 / 127.5, -1)(picture)))
    _fit(keras.Model(picture, scores), x, y, epochs=14, rate=3e-3)
    return features


def _fit(model: keras.Model, x: np.ndarray, y: np.ndarray, *, epochs: int, rate: float) -> None:
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=_BATCH, epochs=epochs, verbose=0)


def main(pictures: Path, file: Path) -> None:
    keras.utils.set_random_seed(0)
    with np.load(pictures) as stored:
        x, y, unseen, truth = (stored[name] for name in ("x", "y", "unseen", "truth"))
    side, classes = x.shape[1], int(y.max()) + 1
    known = y < classes - 2
    features = pretrained(x[known], y[known], side)

    features.trainable = False
    model = classifier(features, classes, side)
    _fit(model, x, y, epochs=12, rate=1e-2)
    features.trainable = True  # a little of everything at the end
    _fit(model, x, y, epochs=6, rate=3e-4)
    right = (model.predict(unseen, verbose=0).argmax(1) == truth).mean()
    print(f"{right:.0%} of {len(truth)} unseen pictures are right")
    model.save(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

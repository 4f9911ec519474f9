"""Runs inside an environment: makes models with TensorFlow and Keras themselves, their answers, and hostile ones.

`python make_models.py tf2|keras3 FOLDER`. For each harmless model there is NAME.npz with the arrays that went in, `in
NAME`, and what the model itself answered, `out NAME`. Hostile ones would write the file FOLDER/ran.
"""

# mypy: ignore-errors
# ruff: noqa: ANN401  TensorFlow has no types
from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}

import h5py
import numpy as np
import tensorflow as tf

if sys.argv[1] == "tf2":
    import tf_keras as keras
else:
    import keras

FOLDER = Path(sys.argv[2])
RAN = str(FOLDER / "ran")
# Keras 3 cannot export an UpSampling2D of free size.
SIZE = (None, None) if sys.argv[1] == "tf2" else (21, 17)
RNG = np.random.default_rng(7)
layers = keras.layers


def randomized(model: Any) -> Any:
    """Weights that make outputs vary: fresh batch normalization would be the identity."""
    for weight in model.weights:
        values = RNG.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    return model


def record(name: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    arrays = {f"in {key}": value for key, value in inputs.items()} | {
        f"out {key}": np.asarray(v) for key, v in outputs.items()
    }
    np.savez(FOLDER / f"{name}.npz", **arrays)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32)


def classifier() -> Any:
    picture = keras.Input((*SIZE, 3), name="picture")
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(picture)
    x = layers.Conv2D(8, 3, strides=2, name="stem")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    x = layers.SeparableConv2D(12, 3, padding="same")(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.Dropout(0.5)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return randomized(keras.Model(picture, layers.Dense(5, activation="softmax", name="scores")(x), name="classifier"))


def two_and_two() -> Any:
    """Two inputs and two outputs of the same shapes: only their names tell them apart."""
    first, second = keras.Input((6, 6, 2), name="first"), keras.Input((6, 6, 2), name="second")
    x = layers.Concatenate()([first, layers.Conv2D(2, 3, padding="same")(second)])
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    heads = [layers.Dense(4, name=name)(x) for name in ("zebra", "ant")]
    return randomized(keras.Model([first, second], heads, name="pairs"))


def keras_2() -> None:
    model, x = classifier(), normal(2, 21, 17, 3)
    model.save(FOLDER / "classifier.h5")
    model.save(FOLDER / "classifier.keras")
    for name in ("classifier.h5", "classifier.keras"):
        record(name, {"picture": x}, {"scores": model.predict(x, verbose=0)})
    model.save(FOLDER / "classifier", save_format="tf")
    record("classifier", {"picture": x}, {"scores": model.predict(x, verbose=0)})
    model, x, y = two_and_two(), normal(3, 6, 6, 2), normal(3, 6, 6, 2)
    model.save(FOLDER / "pairs.h5")
    zebra, ant = model.predict([x, y], verbose=0)
    record("pairs.h5", {"first": x, "second": y}, {"zebra": zebra, "ant": ant})


def keras_3() -> None:
    model, x = classifier(), normal(2, 21, 17, 3)
    answer = model.predict(x, verbose=0)
    for name in ("new.keras", "new.h5"):
        model.save(FOLDER / name)
        record(name, {"picture": x}, {"scores": answer})
    model.export(FOLDER / "exported", verbose=False)
    record("exported", {"picture": x}, {"output_0": answer})
    model, x, y = two_and_two(), normal(3, 6, 6, 2), normal(3, 6, 6, 2)
    model.save(FOLDER / "pairs.keras")
    zebra, ant = model.predict([x, y], verbose=0)
    record("pairs.keras", {"first": x, "second": y}, {"zebra": zebra, "ant": ant})


class Net(tf.Module):
    """A SavedModel by hand: variables, an integer input, outputs whose names do not follow their order."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(normal(3, 3, 3, 4))

    @tf.function(
        input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32, "x"), tf.TensorSpec([], tf.int32, "rounds")]
    )
    def serve(self, x: Any, rounds: Any) -> dict[str, Any]:
        y = tf.nn.relu(tf.nn.conv2d(x, self.kernel, 1, "SAME"))
        y = y * tf.cast(rounds, tf.float32) + 1.0
        return {"z": tf.reduce_mean(y, [1, 2]), "a": tf.reduce_max(y, [1, 2])}


class Planes(tf.Module):
    """Channels first, as networks come that were written for PyTorch: a Transpose around each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body = tf.Variable(normal(3, 3, 3, 8)), tf.Variable(normal(3, 3, 8, 8) / 4)
        self.scale = tf.Variable(normal(8, 1, 1))

    @tf.function(input_signature=[tf.TensorSpec([None, 3, 12, 10], tf.float32, "planes")])
    def serve(self, planes: Any) -> dict[str, Any]:
        x = tf.nn.relu(self.convolved(planes, self.stem, 2) * self.scale)
        x = x + self.convolved(x, self.body, 1)
        return {"scores": tf.reduce_mean(x, [2, 3])}

    def convolved(self, planes: Any, kernel: Any, stride: int) -> Any:
        maps = tf.nn.conv2d(tf.transpose(planes, [0, 2, 3, 1]), kernel, stride, "SAME")
        return tf.transpose(maps, [0, 3, 1, 2])


class Bare(tf.Module):
    """Weights without a function."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(normal(3, 3, 3, 4))


class Hostile(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "x")])
    def write(self, x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(RAN, "written")]):
            return tf.identity(x)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "x")])
    def read(self, x: Any) -> Any:
        return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "x")])
    def python(self, x: Any) -> Any:
        return tf.ensure_shape(tf.numpy_function(lambda a: a, [x], tf.float32), [None, 4])


class Table(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        numbers = tf.constant([1, 2], tf.int64)
        self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(numbers, numbers), 0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, "x")])
    def look(self, x: Any) -> Any:
        return self.table.lookup(x)


def tensorflow() -> None:
    net, x = Net(), normal(2, 8, 8, 3)
    tf.saved_model.save(net, str(FOLDER / "net"), signatures=net.serve)
    answers = net.serve(x, tf.constant(3))
    record("net", {"x": x, "rounds": np.array(3, np.int32)}, answers)
    planar, planes = Planes(), normal(2, 3, 12, 10)
    tf.saved_model.save(planar, str(FOLDER / "planes"), signatures=planar.serve)
    record("planes", {"planes": planes}, planar.serve(planes))
    tf.saved_model.save(Bare(), str(FOLDER / "bare"))
    for name in ("write", "read", "python"):
        hostile = Hostile()
        tf.saved_model.save(hostile, str(FOLDER / f"hostile-{name}"), signatures=getattr(hostile, name))
    table = Table()
    tf.saved_model.save(table, str(FOLDER / "table"), signatures=table.look)


def frozen() -> None:
    """As TensorFlow 1 made them: a graph whose weights are constants."""
    kernel, x = normal(3, 3, 3, 4), normal(2, 9, 9, 3)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        picture = tf.compat.v1.placeholder(tf.float32, [None, 9, 9, 3], "picture")
        y = tf.nn.relu(tf.nn.conv2d(picture, tf.constant(kernel), 2, "VALID"), name="features")
        scores = tf.nn.softmax(tf.reshape(y, [-1, 64]) @ tf.constant(normal(64, 3)), name="scores")
        record("frozen.pb", {"picture": x}, {"scores": session.run(scores, {picture: x})})
        (FOLDER / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with tf.Graph().as_default() as graph:
        picture = tf.compat.v1.placeholder(tf.float32, [None, 4], "picture")
        with tf.control_dependencies([tf.io.write_file(RAN, "written")]):
            tf.identity(picture, "scores")
        (FOLDER / "hostile.pb").write_bytes(graph.as_graph_def().SerializeToString())


def onnx_net() -> None:
    """Channels first, as PyTorch exports them: a residual block, a pooling, a flattening that mixes axes."""
    import onnx
    import onnxruntime
    from onnx import helper

    weights = {"w": normal(8, 3, 3, 3), "v": normal(8, 8, 3, 3) / 4, "m": normal(4, 8 * 4 * 3) / 8, "b": normal(4)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("Conv", ["r", "v"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c", "r"], ["s"]),
        helper.make_node("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "m", "b"], ["scores"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", 3, 16, 12])],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["N", 4])],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, FOLDER / "net.onnx")
    x = normal(2, 3, 16, 12)
    session = onnxruntime.InferenceSession(str(FOLDER / "net.onnx"), providers=["CPUExecutionProvider"])
    record("net.onnx", {"x": x}, {"scores": session.run(["scores"], {"x": x})[0]})
    place = onnx.external_data_helper.set_external_data
    for tensor in model.graph.initializer:
        place(tensor, "../../../../../../etc/passwd")
        tensor.ClearField("raw_data")
    (FOLDER / "outside.onnx").write_bytes(model.SerializeToString())


def onnx_beyond() -> None:
    """What onnx-tf cannot do: a version of an operator that is newer than it, and a pooling that is wrong for it."""
    import onnx
    from onnx import helper

    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    none = onnx.numpy_helper.from_array(np.zeros((), np.float32), "none")
    chosen = [
        helper.make_node("Greater", ["x", "none"], ["above"], "compare"),
        helper.make_node("Where", ["above", "x", "none"], ["y"], "choose"),
    ]
    odd = [helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["y"], "cut")]
    places = [onnx.numpy_helper.from_array(np.array([[0]] * 2), name) for name in ("starts", "ends", "axes")]
    for name, nodes, constants in (("newer", chosen, [none]), ("odd", odd, places)):
        graph = helper.make_graph(nodes, name, [x], [y], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
        onnx.save(model, FOLDER / f"{name}.onnx")


class Mine(layers.Layer):
    def call(self, x: Any) -> Any:
        Path(RAN).write_text("ran", "utf-8")
        return x


def hostile_keras(suffix: str) -> None:
    x = keras.Input((4,))
    code = layers.Lambda(lambda x: (__import__("pathlib").Path(RAN).write_text("ran"), x)[1], output_shape=(4,))
    keras.Model(x, code(x)).save(FOLDER / f"lambda{suffix}")
    keras.Model(x, Mine()(x)).save(FOLDER / f"custom{suffix}")


def hostile_hdf5() -> None:
    """Weights that lie elsewhere, or claim to be more than there can be."""
    config = (FOLDER / "pairs.h5").read_bytes()
    for name in ("external", "claims", "torn"):
        (FOLDER / f"{name}.h5").write_bytes(config if name != "torn" else config[: len(config) // 2])
    with h5py.File(FOLDER / "external.h5", "r+") as file:
        file["model_weights"]["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
    with h5py.File(FOLDER / "claims.h5", "r+") as file:
        file["model_weights"].create_dataset("huge", (1 << 40,), "f4", chunks=(1 << 20,))


FOLDER.mkdir(parents=True, exist_ok=True)
if sys.argv[1] == "tf2":
    keras_2()
    tensorflow()
    frozen()
    onnx_net()
    onnx_beyond()
    hostile_keras(".h5")
    hostile_hdf5()
else:
    keras_3()
    hostile_keras(".keras")
    hostile_keras("3.h5")
Path(RAN).unlink(missing_ok=True)  # building a model runs its layers once

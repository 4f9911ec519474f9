"""tfjs-for-unity: TensorFlow.js image models as Unity WebGL plug-ins, and a check of the finished build."""

__version__ = "0.1.0"

"""Real architectures through `tfjs-for-unity convert`: do they convert, do they agree, how long does it take.

`export.py` runs where PyTorch is installed and writes ONNX files; `matrix.py` and `table.py` run in the project's own
environment and read them.
"""

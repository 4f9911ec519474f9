"""Runs inside an environment of the toolchain, by `python -I toolchain/worker`: asked on stdin, answers on stdout."""

from tfworker.channel import serve
from tfworker.operations import OPERATIONS

if __name__ == "__main__":
    serve(OPERATIONS)

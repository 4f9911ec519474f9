"""Runs inside an environment of the toolchain: `python -I toolchain/worker`, one request on stdin, answers on stdout."""

from tfworker.channel import serve
from tfworker.operations import OPERATIONS

if __name__ == "__main__":
    serve(OPERATIONS)

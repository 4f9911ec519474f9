"""Stands in for the worker: speaks its protocol without TensorFlow. The source file says how it behaves."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

TENSOR = {"name": "x", "shape": [-1, 2], "dtype": "float32"}
DOCUMENT = {"format": "graph-model", "signature": {}, "modelTopology": {"node": []}}
request = json.loads(sys.stdin.readline())
outbox = Path(request["outbox"])


def say(event: str, **fields: object) -> None:
    print(json.dumps({"version": 1, "event": event, **fields}), flush=True)


def save(name: str, *arrays: Any) -> None:  # noqa: ANN401
    import numpy as np

    np.savez(outbox / name, **{str(index): array for index, array in enumerate(arrays)})


def done(document: Mapping[str, object] = DOCUMENT, *, pickled: bool = False) -> None:
    import numpy as np

    described = {"inputs": [TENSOR], "outputs": [TENSOR]}
    if request["operation"] == "hello":
        say("done", result={"python": "3.11.7", "versions": {"tensorflow": "2.15.1"}})
    elif request["operation"] == "convert":
        (outbox / "document.json").write_text(json.dumps(document), "utf-8")
        numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
        save("weights.npz", np.array([{1}]) if pickled else numbers, np.array([True]))
        say("done", result={**described, "weights": ["a/kernel", "b"]})
    elif request["operation"] == "predict":
        with np.load(request["inputs"]) as given:
            save("outputs.npz", given["0"] * 2)
        say("done", result=described)
    else:
        say("done", result=described)


def tells_environment() -> None:
    """What the process was given, through a document."""
    facts = {"environ": dict(os.environ), "path": sys.path, "isolated": sys.flags.isolated, "cwd": str(Path.cwd())}
    done({**DOCUMENT, "facts": facts})


def hangs_with_a_child() -> None:
    """Tells the ids of itself and of a child, and never ends."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    say("progress", text=f"{os.getpid()} {child.pid}")
    threading.Event().wait()


def loses_the_document() -> None:
    say("done", result={"inputs": [TENSOR], "outputs": [TENSOR], "weights": []})


def dies() -> None:
    print("the last words", file=sys.stderr, flush=True)
    os._exit(3)


def goes_on_and_on() -> None:
    for _ in range(20_000):
        say("progress", text="and on")


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


BEHAVIOURS: dict[str, Callable[[], None]] = {
    "done": done,
    "tells environment": tells_environment,
    "hangs with a child": hangs_with_a_child,
    "pickles": lambda: done(pickled=True),
    "loses the document": loses_the_document,
    "dies": dies,
    "is killed": is_killed,
    "ends without a word": lambda: None,
    "babbles": lambda: print("\x1b[31mimport tensorflow", flush=True),
    "speaks another version": lambda: print(json.dumps({"version": 2, "event": "done", "result": {}}), flush=True),
    "answers something else": lambda: say("done", result={"inputs": 1}),
    "goes on and on": goes_on_and_on,
    "never ends its line": lambda: print("x" * (1 << 25), flush=True),
    "refuses": lambda: say("refused", reasons=["it is a \x1b[31mtable", "it is empty"]),
    "fears": lambda: say("unsafe", reasons=["its layer 'f' is a Lambda layer, which is Python code"]),
    "fails": lambda: say("failed", reasons=["ValueError: no"]),
    "is broken": lambda: say("broken", reasons=["ModuleNotFoundError: No module named 'tensorflow'"]),
}
source = Path(request["source"])
behaviour = "done" if request["operation"] == "hello" else source.read_bytes()[8:].decode()
say("progress", text="TensorFlow starts")
BEHAVIOURS[behaviour]()

"""What games get of a model: its own files, or those of the graph that computes the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from builder.inputs.facts import ModelFacts
from builder.inputs.jsonfile import printable
from builder.spec import ModelSpec

_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The files of `spec`, which lie in `folder`, except that `topology`, where there is one, takes the place of
    model.json. `remarks` say what users should know about it."""

    spec: ModelSpec
    folder: Path
    topology: bytes | None
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> bytes:
        """model.json as games get it; nothing of a model that is no JSON."""
        if self.spec.files.format == "onnx":
            return b""
        return self.topology or (self.folder / self.spec.files.topology.path).read_bytes()


@contextmanager
def payload(facts: ModelFacts, spec: ModelSpec) -> Iterator[Payload]:
    """A layers model as a graph, there until the context ends: it takes far less of the runtime. One that cannot become
    a graph stays as it is, with a remark."""
    own = Payload(spec=spec, folder=facts.folder, topology=facts.rewritten)
    if facts.format != "layers-model":
        yield own
        return
    from builder.cli.lowering import Unconvertible, graph_spec  # only for layers: numpy, and all that converts

    with TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as private:
        folder = Path(private) / "graph"
        try:
            made = Payload(spec=graph_spec(facts, spec, folder), folder=folder, topology=None)
        except Unconvertible as refused:
            remark = f"it stays a layers model, and the runtime is larger for it: {printable(str(refused), _SHOWN)}"
            made = replace(own, remarks=(remark,))
        yield made

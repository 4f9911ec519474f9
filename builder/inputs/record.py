"""What `convert` and `quantize` wrote into a model about their own work: `userDefinedMetadata.tfjsForUnity`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from builder.inputs.jsonfile import printable
from builder.inputs.schema import Foreign

KEY = "tfjsForUnity"
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known about a converted model. `unchecked`: nobody looked whether it computes what its source does;
    `still` are outputs that were looked at and prove nothing."""

    unchecked: bool = False
    still: tuple[str, ...] = ()


class _Parity(Foreign):
    by: str
    provesNothing: Annotated[tuple[str, ...], Field(max_length=1000, strict=False)] = ()


class _Mark(Foreign):
    parity: _Parity | None = None


def read_record(metadata: Mapping[str, Any] | None) -> Record | None:
    """The record, None where there is none or where it is not of the form that this tool writes."""
    try:
        mark = _Mark.model_validate((metadata or {})[KEY])
    except (KeyError, ValidationError):
        return None
    parity = mark.parity
    if parity is None:
        return Record()
    return Record(unchecked=parity.by == "none", still=tuple(printable(name, _SHOWN) for name in parity.provesNothing))

"""`contract.json` of a model that is installed already → `Contract`."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from builder.spec import CONTRACT_VERSION, Contract

_MAX_BYTES = 64 * 1024 * 1024


def read_contract(path: Path) -> Contract:
    """The contract in a file that this tool wrote. Raises ValueError with the reason where it cannot be used."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            msg = "contract.json is too large"
            raise ValueError(msg)
        found = TypeAdapter(Contract).validate_json(path.read_bytes())
    except OSError as error:
        msg = f"contract.json cannot be read: {error.strerror}"
        raise ValueError(msg) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"contract.json does not fit this version ({place}: {first['msg']})"
        raise ValueError(msg) from None
    if found.contract > CONTRACT_VERSION:
        msg = f"contract.json is of version {found.contract}, this tool knows {CONTRACT_VERSION}"
        raise ValueError(msg)
    return found

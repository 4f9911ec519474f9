"""Writes the sources that are generated from `builder/`: `python -m scripts.generate_sources [--check]`.

The ABI table and the error catalogue become TypeScript, the Contract classes a JSON Schema (from which
`npm run generate` makes `contract.ts`), the catalogue `docs/errors.md`. With --check nothing is written and a stale
file fails.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter

from builder import abi, spec
from builder.errors import CATALOGUE

ROOT = Path(__file__).resolve().parents[1]


def constant_case(name: str) -> str:
    """`tensorBytes` → `TENSOR_BYTES`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def template_text(text: str) -> str:
    """A format string as the inside of a JavaScript template literal over `f`, the fields."""
    escaped = text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    escaped = escaped.replace("{{", "\0").replace("}}", "\1")
    return re.sub(r"\{(\w+)\}", r"${f.\1}", escaped).replace("\0", "{").replace("\1", "}")


def contract_schema() -> dict[str, object]:
    """The JSON Schema of `contract.json`, which states everything: what has a default in Python is required, too."""
    schema = TypeAdapter(spec.Contract).json_schema()
    for shape in (schema, *schema["$defs"].values()):
        shape["required"] = list(shape["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def generated() -> Iterator[tuple[Path, str]]:
    """Every generated source: its path in the repository and its text."""
    environment = Environment(
        loader=FileSystemLoader(ROOT / "scripts" / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"constant_case": constant_case, "template_text": template_text}
    kinds = sorted(CATALOGUE.values(), key=lambda kind: kind.code)
    enums = [abi.State, abi.SubmitCode, abi.SourceFlags, abi.Backend, abi.Path, abi.CameraState, abi.CameraFacing]
    values = {"abi": abi, "enums": enums, "kinds": kinds, "contract_version": spec.CONTRACT_VERSION}
    for template, target in (
        ("abi.ts.j2", "jslib/src/generated/abi.ts"),
        ("errors.ts.j2", "jslib/src/generated/errors.ts"),
        ("errors.md.j2", "docs/errors.md"),
    ):
        yield ROOT / target, environment.get_template(template).render(values)
    yield ROOT / "docs/contract.schema.json", json.dumps(contract_schema(), indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Writes, or with --check compares; returns the exit code."""
    check = arguments == ["--check"]
    stale = [path for path, text in generated() if not path.is_file() or path.read_text("utf-8") != text]
    if check:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)}; run `make generated`", file=sys.stderr)
        return 1 if stale else 0
    for path, text in generated():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""docs/convert-benchmarks.md from what matrix.py and table.py measured.

.venv/bin/python -m benchmarks.convert.report build/onnx build/matrix.json build/table.json > docs/convert-benchmarks.md
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.convert.matrix import FORMS, Record, passes
from benchmarks.convert.networks import BY_NAME, NETWORKS
from benchmarks.convert.table import DIRECT, WAYS

HERE = Path(__file__).parent
NONE = "-"
TFJS = "4.22.0"  # jslib/package.json
_LONGEST = 260
_NO_OPS = ("Const", "Placeholder")


def operations(record: Record) -> int:
    return sum(count for op, count in record["ops"].items() if op not in _NO_OPS)


# --- the direct route beside onnx-tf ------------------------------------------------------------------------------


def comparison(name: str, record: Record) -> dict[str, str]:
    ways = [record[way] for way in WAYS]
    both = [way.get("ms") for way in ways]
    return {
        "name": name,
        "size": "x".join(map(str, record["size"])),
        "parity": " / ".join(_parity(way) for way in ways),
        "seconds": " / ".join(f"{way['seconds']:.1f}" if "seconds" in way else NONE for way in ways[:2]),
        "bytes": " / ".join(f"{way['bytes']:,}" if "bytes" in way else NONE for way in ways),
        "ops": " / ".join(str(operations(way)) if "ops" in way else NONE for way in ways),
        "transposes": " / ".join(str(way["ops"].get("Transpose", 0)) if "ops" in way else NONE for way in ways),
        "ms": " / ".join(NONE if ms is None else f"{ms:.1f}" for ms in both),
        "faster": " / ".join(NONE if None in (ms, both[0]) else f"{ms / both[0]:.1f}" for ms in both[1:]),
    }


def _parity(way: Record) -> str:
    return f"{way['of_range']:.1e}" if way.get("of_range") is not None else NONE


def notes(table: dict[str, Record]) -> Iterator[str]:
    """Why there is no figure; one line where the ways have one reason."""
    for name, record in table.items():
        reasons: dict[str, list[str]] = {}
        for way in WAYS:
            found = record[way]
            if reason := found.get("refused") or found.get("crashed") or found.get("failed"):
                reasons.setdefault(short(reason), []).append(way)
        for reason, ways in reasons.items():
            yield f"{name}, {' and '.join(ways)}: {reason}"


def costs(name: str, record: Record) -> dict[str, str]:
    found = record[DIRECT]
    return {
        "name": name,
        "weights": f"{found['weight_bytes'] / 1e6:.1f}",
        "seconds": f"{found['seconds']:.2f}",
        "memory": f"{found['added_bytes'] / 1e6:.0f}",
        "multiple": f"{found['added_bytes'] / found['weight_bytes']:.1f}",
    }


# --- all networks -------------------------------------------------------------------------------------------------


def network_row(name: str, records: dict[str, Record]) -> dict[str, str]:
    """`records` by form, at least one."""
    done = [record for record in records.values() if "ops" in record]
    good = [record for record in records.values() if passes(record)]
    return {
        "family": BY_NAME[name].family,
        "name": name,
        "agree": f"{len(good)} of {len(records)}",
        "parity": f"{max(record['relative'] for record in good):.0e}" if good else NONE,
        "transposes": _span(record["ops"].get("Transpose", 0) for record in done),
        "ops": _span(operations(record) for record in done),
        "seconds": f"{min(record['seconds'] for record in done):.1f}" if done else NONE,
        "weights": f"{done[0]['weight_bytes'] / 1e6:.1f}" if done else NONE,
    }


def _span(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers))
    return NONE if not found else str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def failures(name: str, records: dict[str, Record], exported: Path) -> Iterator[dict[str, str]]:
    """One line per reason, with the forms that it concerns; `exported` says how far PyTorch itself is from the peer."""
    reasons: dict[str, list[str]] = {}
    log = json.loads((exported / f"{name}.json").read_text())
    for form, record in records.items():
        if not passes(record):
            apart = log[form]["torch_to_onnxruntime"]
            own = (
                f"; PyTorch and onnxruntime differ by {apart:.1e} of the range themselves"
                if record.get("wrong")
                else ""
            )
            reasons.setdefault(reason_of(record) + own, []).append(form)
    for reason, forms in reasons.items():
        yield {"name": name, "forms": ", ".join(forms), "reason": reason}


def reason_of(record: Record) -> str:
    for key in ("refused", "crashed", "failed"):
        if record.get(key):
            return short(record[key])
    return short("; ".join(record["wrong"])) if record["wrong"] else "its answers hardly move, which proves nothing"


def short(reason: str) -> str:
    """The first of several like reasons; machine paths left out."""
    first, *more = re.sub(r"/\S*/", "", " ".join(reason.split())).split("; The operation ")
    text = first if len(first) <= _LONGEST else first[: _LONGEST - 1] + "…"
    return f"{text} ({len(more)} more of the kind)" if more else text


def unexported(exported: Path) -> Iterator[dict[str, str]]:
    for network in NETWORKS:
        log = exported / f"{network.name}.json"
        found = json.loads(log.read_text()) if log.is_file() else {}
        reasons: dict[str, list[str]] = {}
        for form, record in found.items():
            if "failed" in record:
                reasons.setdefault(short(record["failed"]), []).append(form)
        for reason, forms in reasons.items():
            yield {"name": network.name, "forms": ", ".join(forms), "reason": reason}


def totals(by_network: dict[str, dict[str, Record]]) -> str:
    files = [record for records in by_network.values() for record in records.values()]
    whole = [name for name, records in by_network.items() if any(map(passes, records.values()))]
    timm = [name for name in by_network if not BY_NAME[name].own]
    families = {BY_NAME[name].family for name in timm}
    good = {BY_NAME[name].family for name in timm if name in whole}
    plain = [name for name in whole if BY_NAME[name].no_transposes]
    free = [
        name for name in plain if not any(r["ops"].get("Transpose") for r in by_network[name].values() if passes(r))
    ]
    return (
        f"{len(by_network)} networks in {len(files)} files: {sum(map(passes, files))} files agree. "
        f"Of {len(families)} timm families, {len(good)} convert and agree in at least one form. "
        f"Of {len(plain)} convolutional networks, {len(free)} are without any Transpose in all forms."
    )


def main() -> None:
    exported = Path(sys.argv[1])
    matrix, table = (json.loads(Path(argument).read_text()) for argument in sys.argv[2:4])
    found = {n.name: {f: matrix[f"{n.name}.{f}"] for f in FORMS if f"{n.name}.{f}" in matrix} for n in NETWORKS}
    by_network = {name: records for name, records in found.items() if records}
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", (HERE / "requirements.in").read_text("utf-8"), re.MULTILINE))
    values: dict[str, Any] = {
        "machine": f"Measured on {platform.system()} {platform.machine()} with {os.cpu_count()} cores and no GPU.",
        "timm": pins["timm"],
        "torch": pins["torch"],
        "tfjs": TFJS,
        "table": [comparison(name, record) for name, record in table.items()],
        "notes": list(notes(table)),
        "costs": [costs(name, record) for name, record in table.items() if "ops" in record[DIRECT]],
        "totals": totals(by_network),
        "rows": [network_row(name, records) for name, records in by_network.items()],
        "failures": [line for name, records in by_network.items() for line in failures(name, records, exported)],
        "unexported": list(unexported(exported)),
    }
    environment = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        block_start_string="<%", block_end_string="%>", variable_start_string="<%=", variable_end_string="%>",
        comment_start_string="<%#", comment_end_string="%>", autoescape=False, keep_trailing_newline=True,
    )  # fmt: skip
    print(environment.get_template("page.md.j2").render(values), end="")


if __name__ == "__main__":
    main()

"""A finding: how bad, what, why, what to do next, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from builder.harness.text import clean

Severity = Literal["error", "warning", "note"]
Host = Literal["github-pages", "itch", "netlify", "nginx", "s3"]
ORDER: tuple[Severity, ...] = ("error", "warning", "note")
DOCTOR_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`rule` names the check, for machines. `fix`: lines to put somewhere, as `next_step` says."""

    severity: Severity
    rule: str
    what: str
    why: str
    next_step: str
    where: str = ""
    fix: str = ""


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """The worst first, otherwise as found; each once, its foreign text made harmless."""
    harmless = dict.fromkeys(_clean(each) for each in findings)
    return sorted(harmless, key=lambda each: ORDER.index(each.severity))


def _clean(found: Finding) -> Finding:
    return Finding(
        severity=found.severity,
        rule=found.rule,
        what=clean(found.what, 600),
        why=clean(found.why, 600),
        next_step=clean(found.next_step, 600),
        where=clean(found.where, 300),
        fix=found.fix,
    )


def report(target: str, host: Host | None, findings: Sequence[Finding]) -> dict[str, Any]:
    """The JSON report: keys come in a fixed order."""
    counts = {severity: sum(each.severity == severity for each in findings) for severity in ORDER}
    return {
        "doctor": DOCTOR_VERSION,
        "passed": not counts["error"],
        "target": clean(target, 200),
        "host": host,
        "counts": counts,
        "findings": [asdict(each) for each in findings],
    }

"""What became worse since an earlier JSON report, of `verify` or of `evaluate`, as a check of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import BAD_REPORT, fail
from builder.harness.results import Check, RunResult
from builder.harness.text import clean

NAME = "compare"
MAX_BYTES = 2 * 1024**3
_SHOWN = 50


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Passed(_Read):
    passed: bool


class _Case(_Passed):
    id: str
    source: str


class _Check(_Passed):
    name: str


class _Run(_Read):
    report: int = Field(ge=1, le=1)
    cases: tuple[_Case, ...] = ()
    checks: tuple[_Check, ...] = ()


def compare_run(old: Path, run: RunResult) -> Check:
    """Cases and checks that passed in the report `old`, and do not pass now or are gone.

    Raises:
        UserError: BAD_REPORT.
    """
    report = _read(old)
    before = {f"{case.source} {case.id}" for case in report.cases if case.passed}
    before |= {f"check {check.name}" for check in report.checks if check.passed and check.name != NAME}
    now = {f"{each.case.source} {clean(each.case.id, 200)}": each.passed for each in run.cases}
    now |= {f"check {check.name}": check.passed for check in run.checks}
    return worse(old, before, now)


def _read(path: Path) -> _Run:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise fail(BAD_REPORT, path, reason=f"it has more than the {MAX_BYTES} bytes that are read")
        return _Run.model_validate_json(path.read_bytes())
    except OSError as error:
        raise fail(BAD_REPORT, path, reason=f"it cannot be read ({error.strerror})") from None
    except ValidationError:
        raise fail(BAD_REPORT, path, reason="it is no report of verify") from None


def worse(old: Path, before: Iterable[str], now: Mapping[str, bool], gained: int | None = None) -> Check:
    """The check that nothing of `before`, which was right, is wrong or missing `now`. With `gained`, the number of what
    became right, losses are made up for by gains."""
    lost = [name for name in sorted(before) if not now.get(name, False)]
    reasons = [f"{name} passed, and {'fails now' if name in now else 'is gone'}" for name in lost]
    more = [f"and {len(lost) - _SHOWN} more"] if len(lost) > _SHOWN else []
    detail = f"{len(lost)} worse than in {clean(old.name, 100)}" + (f", {gained} better" if gained is not None else "")
    return Check(NAME, len(lost) <= (gained or 0), detail, (*reasons[:_SHOWN], *more))

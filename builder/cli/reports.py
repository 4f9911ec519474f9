"""The report files that `verify` writes beside what it says: all of them, whatever becomes of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import REPORT_NOT_WRITTEN, Problem, problem
from builder.harness import files
from builder.harness.visits import Findings, RunFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Where they go; None where one is not asked for."""

    json: Path | None
    junit: Path | None
    screenshot: Path | None

    @property
    def any(self) -> Path | None:
        return self.json or self.junit or self.screenshot

    def write(self, found: Findings, exit_code: int) -> list[Problem]:
        """Writes them for a run to its end; returns what could not be written."""
        json = files.json_report(found.result, exit_code).encode("utf-8")
        return self._write(json, files.junit_report(found.result), found.screenshot)

    def write_failure(self, failure: RunFailed) -> list[Problem]:
        """The same for a build that did not load."""
        json = files.json_failure(failure.problems, failure.log, failure.exit_code, failure.checks).encode("utf-8")
        return self._write(json, files.junit_failure(failure.problems, failure.log, failure.checks), failure.screenshot)

    def _write(self, json: bytes, junit: bytes, screenshot: bytes | None) -> list[Problem]:
        written = ((self.json, json), (self.junit, junit), (self.screenshot, screenshot))
        tried = (write_file(path, content) for path, content in written if path is not None and content is not None)
        return [failed for failed in tried if failed is not None]


def write_file(path: Path, content: bytes) -> Problem | None:
    """Writes a file and the folders to it; what kept it from being written, if anything."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        return problem(REPORT_NOT_WRITTEN, path, reason=str(error.strerror))
    return None

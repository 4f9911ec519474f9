"""The report files that `verify` writes beside what it says: all of them, whatever becomes of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builder.cli.console import print_problems, stdout
from builder.cli.github import failures, summary, tell
from builder.errors import EXIT_CASE_FAILED, REPORT_NOT_WRITTEN, Problem, UserError, problem
from builder.harness import files
from builder.harness.builds import Target
from builder.harness.differences import compare_run
from builder.harness.golden import preprocess_of
from builder.harness.html.of_run import failure_page, page
from builder.harness.html.render import html
from builder.harness.report import facts, print_run, verdict
from builder.harness.results import Check, RunResult
from builder.harness.visits import Findings, RunFailed
from builder.spec import Preprocess


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Where they go, None where one is not asked for; and the older report `compare` to hold the new one against."""

    report: Path | None
    json: Path | None
    junit: Path | None
    screenshot: Path | None
    compare: Path | None
    github: bool

    def _held_against(self, found: Findings) -> Findings:
        """With the check that nothing is worse than in the older report, if there is one; raises BAD_REPORT."""
        if self.compare is None:
            return found
        check = compare_run(self.compare, found.result)
        return replace(found, result=replace(found.result, checks=(*found.result.checks, check)))

    def conclude(self, build: Target | None, found: Findings) -> None:
        """Says what a run to its end found, writes its reports, and exits by the verdict; `build` where it is at
        hand."""
        found = self._held_against(found)
        exit_code = 0 if found.result.passed else EXIT_CASE_FAILED
        print_run(stdout(), found.result)
        unwritten = self._write_run(build, found, exit_code)
        if exit_code:
            print_problems(unwritten)
            raise SystemExit(exit_code)
        if unwritten:
            raise UserError(unwritten)

    def _write_run(self, build: Target | None, found: Findings, exit_code: int) -> list[Problem]:
        """Returns what could not be written."""
        run = found.result
        contents = {
            self.report: lambda: html(page(found, _preprocess(build, run) if build else None)).encode(),
            self.json: lambda: files.json_report(run, exit_code).encode(),
            self.junit: lambda: files.junit_report(run),
            self.screenshot: lambda: found.screenshot,
        }
        wrong = [(each.case.id, each.reasons) for each in run.cases if not each.passed]
        lines = failures("verify", run.checks, wrong)
        texts = [f"{name}: {'; '.join(reasons)}" for name, reasons in wrong]
        texts += [f"check {check.name}: {check.detail}" for check in run.checks if not check.passed]
        return self._write(contents, lines, summary(verdict(run), facts(run), texts))

    def write_failure(self, build: Target, failure: RunFailed) -> list[Problem]:
        """Writes them for a build that did not load; returns what could not be written."""
        problems, log, checks = failure.problems, failure.log, failure.checks
        contents = {
            self.report: lambda: html(failure_page(build.name, failure)).encode(),
            self.json: lambda: files.json_failure(problems, log, failure.exit_code, checks).encode(),
            self.junit: lambda: files.junit_failure(problems, log, checks),
            self.screenshot: lambda: failure.screenshot,
        }
        as_checks = [Check(each.kind.id, False, each.what, (each.why, each.next_step)) for each in problems]
        lines = failures("verify", [*as_checks, *checks])
        text = summary("FAIL: the build did not load", [], [each.what for each in problems])
        return self._write(contents, lines, text)

    def _write(
        self, contents: Mapping[Path | None, Callable[[], bytes | None]], lines: Sequence[str], text: str
    ) -> list[Problem]:
        made = ((path, make()) for path, make in contents.items() if path is not None)
        tried = (write_file(path, content) for path, content in made if content is not None)
        problems = [failed for failed in tried if failed is not None]
        return problems + (tell(lines, text) if self.github else [])


def _preprocess(build: Target, run: RunResult) -> Preprocess | None:
    """How the run's model sees pictures; None where no file says it."""
    return preprocess_of(build.root, run.model.slug) if build.root and run.model else None


def write_file(path: Path, content: bytes) -> Problem | None:
    """Writes a file and the folders to it; what kept it from being written, if anything."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        return problem(REPORT_NOT_WRITTEN, path, reason=str(error.strerror))
    return None

"""One `verify`: looks at the build's files, serves it, has it visited, and puts the findings together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from builder.errors import BAD_OPTION, NOTHING_TO_CHECK, fail
from builder.harness.assets import ROOT, check_files
from builder.harness.builds import INDEX, Target
from builder.harness.cases import Case, digest
from builder.harness.golden import stored
from builder.harness.loading import Progress
from builder.harness.remote import Servers
from builder.harness.results import Check, PageLog
from builder.harness.serve import serve
from builder.harness.sharding import part_of
from builder.harness.visits import Findings, RunFailed, RunOptions, Visit, Visitor, join, plan
from builder.harness.workers import Board, Crew

# Of a page that died and was replaced these say nothing.
_NEED_A_LIVING_PAGE = frozenset({"rendered", "tensors"})


async def run(target: Target, cases: Sequence[Case], options: RunOptions, progress: Progress) -> Findings:
    """Checks a build with `cases`, or the shard of them that the options name, and with the golden vectors that it
    carries; `cases` may be empty if it does, or if nothing is to be predicted.

    Raises:
        UserError: NOTHING_TO_CHECK, NO_BROWSER, BAD_CASES, BAD_OPTION; as RunFailed whatever kept the build or its
            model from loading.
    """
    shard, asked = options.shard, digest(cases, options.query)
    cases = part_of(cases, shard)
    if shard and not cases:
        raise fail(BAD_OPTION, "--shard", option="--shard", value=f"{shard[0]}/{shard[1]}", reason="it leaves no case")
    if options.connect and any(case.source == "camera" for case in cases):
        reason = "the films for cases by camera lie on this machine"
        raise fail(BAD_OPTION, "--connect", option="--connect", value=options.connect[0], reason=reason)
    golden = stored(target.root) if target.root and options.predict else {}
    progress("comparing the files with their contracts")
    files = _file_checks(target, options)
    if options.predict and not cases and not golden:
        failure = RunFailed(fail(NOTHING_TO_CHECK, target.root or target.url), PageLog(), None)
        failure.checks = files  # a golden vector that is stale or unreadable is named there
        raise failure
    with published(target, options) as (origin, url):
        hopeless = target.root is not None and not carries_models(target.root)
        servers = Servers(options.connect) if options.connect else None
        visitor = Visitor(target.name, origin, url, cases, options, golden, hopeless, servers)
        workers = options.workers * max(1, len(options.connect))
        crew = Crew(visitor.visit, workers, Board(workers, len(cases), progress))
        try:
            await crew.run(plan(cases, options.query, workers))
            if options.soak:  # alone: others would be in its way
                await crew.run([Visit((), join(options.query), False, soak=True)])
        except RunFailed as failure:
            failure.checks = (*files, *failure.checks)
            raise
    lost = [error.problems[0].what for error in servers.lost.values()] if servers else []
    found = merge(cases, crew.found, [*crew.restarts, *lost])
    checks = (*files, *found.result.checks)
    return replace(found, result=replace(found.result, checks=checks, shard=shard, asked=asked))


def carries_models(root: Path) -> bool:
    """Whether StreamingAssets have the folder that a generated model would be in."""
    return root.joinpath(*ROOT).is_dir()


def _file_checks(target: Target, options: RunOptions) -> tuple[Check, ...]:
    """The check "files"; none of a build on a host, and none of models that nobody asks for."""
    if target.root is None or not (options.predict or carries_models(target.root)):
        return ()
    return (check_files(target.root),)


@contextmanager
def published(target: Target, options: RunOptions) -> Iterator[tuple[str, str]]:
    """The origin and the address to open: on loopback, or as the user named it."""
    if target.root is None:
        yield target.origin, target.url
        return
    with serve(target.root, isolated=options.isolated) as origin:
        yield origin, f"{origin}/{INDEX}"


def merge(cases: Sequence[Case], found: Sequence[Findings], restarts: Sequence[str] = ()) -> Findings:
    """The findings of all visits as one: cases in the user's order, of each check the first failure, all logs."""
    order = {id(case): place for place, case in enumerate(cases)}
    found = sorted(found, key=lambda each: min((order[id(r.case)] for r in each.result.cases), default=len(order)))
    runs = [each.result for each in found]
    by_case = {id(result.case): result for each in runs for result in each.cases}
    living = [each.result for each in found if not each.replaced]
    leaking = (each for each in living if any(c.name == "tensors" and not c.passed for c in each.checks))
    result = replace(
        runs[0],
        backend_used=", ".join(sorted({name for each in runs for name in each.backend_used.split(", ")})),
        cases=tuple(by_case[id(case)] for case in cases),
        checks=tuple(_merged_checks(found)),
        tensors=next(leaking, living[0]).tensors,
        log=_joined(each.log for each in runs),
        restarts=tuple(restarts),
        soak=next((each.soak for each in runs if each.soak), ()),
    )
    return Findings(result=result, screenshot=found[0].screenshot)


def _merged_checks(found: Sequence[Findings]) -> list[Check]:
    """Of each check the first failure, else the first; in the order of the checks."""
    counted = [
        check
        for each in found
        for check in each.result.checks
        if not (each.replaced and check.name in _NEED_A_LIVING_PAGE)
    ]
    names = list(dict.fromkeys(check.name for each in found for check in each.result.checks))
    return [_first_failure([check for check in counted if check.name == name]) for name in names]


def _first_failure(checks: Sequence[Check]) -> Check:
    return next((check for check in checks if not check.passed), checks[0])


def _joined(logs: Iterable[PageLog]) -> PageLog:
    logs = tuple(logs)
    return PageLog(
        console=tuple(line for log in logs for line in log.console),
        dropped_lines=sum(log.dropped_lines for log in logs),
        page_errors=_unique(text for log in logs for text in log.page_errors),
        dialogs=_unique(text for log in logs for text in log.dialogs),
        failed_requests=_unique(text for log in logs for text in log.failed_requests),
        blocked=_unique(text for log in logs for text in log.blocked),
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))

"""The report as files for machines: JSON (described in docs/verify.md) and JUnit XML."""

from __future__ import annotations

import dataclasses
import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from builder.errors import Problem
from builder.harness.cases import Case
from builder.harness.report import expected, got
from builder.harness.results import CaseResult, Check, ModelInfo, PageLog, Prediction, RunResult, SoakSample
from builder.harness.text import clean

REPORT_VERSION = 1


def json_report(run: RunResult, exit_code: int) -> str:
    """A finished run. Keys come in a fixed order; only times and measured numbers vary between runs."""
    return _dump(
        {
            "report": REPORT_VERSION,
            "passed": run.passed,
            "exit_code": exit_code,
            "problems": [],
            "build": clean(run.build, 200),
            "browser": run.browser,
            "renderer": run.renderer,
            "backend": {"asked": run.backend_asked, "used": run.backend_used},
            "verdicts": run.verdicts,
            "start": dataclasses.asdict(run.start),
            "model": None if run.model is None else _model(run.model),
            "tensors": None if run.tensors is None else {"before": run.tensors.before, "after": run.tensors.after},
            "checks": [_check(check) for check in run.checks],
            "shard": None if run.shard is None else list(run.shard),
            "asked": run.asked,
            "cases": [_case(run, result) for result in run.cases],
            "restarts": [clean(text) for text in run.restarts],
            "soak": [_sample(sample) for sample in run.soak],
            "page": _log(run.log),
        }
    )


def _model(model: ModelInfo) -> dict[str, Any]:
    return {
        "name": model.name,
        "slug": model.slug,
        "contract_sha256": model.contract_sha256,
        "labels": [clean(label) for label in model.labels],
    }


def json_failure(problems: Sequence[Problem], log: PageLog, exit_code: int, checks: Sequence[Check] = ()) -> str:
    """A run that did not get as far as predicting; `checks` needed no page."""
    listed = [
        {
            "code": p.kind.code,
            "id": p.kind.id,
            "where": clean(p.where),
            "what": clean(p.what),
            "why": p.why,
            "next": clean(p.next_step),
        }
        for p in problems
    ]
    head = {"report": REPORT_VERSION, "passed": False, "exit_code": exit_code, "problems": listed}
    return _dump({**head, "checks": [_check(check) for check in checks], "page": _log(log)})


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "passed": check.passed, "detail": check.detail, "reasons": list(check.reasons)}


def _case(run: RunResult, result: CaseResult) -> dict[str, Any]:
    best, score = got(run, result)
    return {
        "id": clean(result.case.id, 200),
        "source": result.case.source,
        "query": clean(result.case.query),
        "expected": _expected(result.case),
        "passed": result.passed,
        "reasons": list(result.reasons),
        "prediction": None if result.prediction is None else _prediction(result.prediction),
        "words": {"expected": expected(result), "got": best, "score": score},
    }


def _expected(case: Case) -> dict[str, Any]:
    scores = None if case.scores is None else list(case.scores)
    tolerance = None if scores is None else case.tolerance
    label = None if case.label is None else clean(case.label)
    return {"label": label, "min": case.minimum, "scores": scores, "tolerance": tolerance}


def _sample(sample: SoakSample) -> dict[str, Any]:
    given = dataclasses.asdict(sample)
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in given.items()}


def _prediction(prediction: Prediction) -> dict[str, Any]:
    return {
        "path": prediction.path,
        "top": prediction.top_index,
        "scores": [_number(score) for score in prediction.scores],
        "execute_ms": _number(prediction.execute_ms),
    }


def _number(value: float) -> float | str:
    """JSON has no NaN and no infinity: they become their names."""
    return value if math.isfinite(value) else str(value)


def _log(log: PageLog) -> dict[str, Any]:
    return {
        "console": [{"level": clean(line.level, 20), "text": line.text} for line in log.console],
        "dropped_console_lines": log.dropped_lines,
        "uncaught_errors": list(log.page_errors),
        "dialogs": list(log.dialogs),
        "failed_requests": list(log.failed_requests),
        "blocked": list(log.blocked),
    }


# --- JUnit ----------------------------------------------------------------------------------------------------------


def junit_report(run: RunResult) -> bytes:
    """One test case for each case and each check of the run."""
    suite = _suite(clean(run.build, 200))
    for result in run.cases:
        seconds = 0.0 if result.prediction is None else result.prediction.execute_ms / 1000
        seconds = seconds if math.isfinite(seconds) else 0.0
        add_test(suite, f"case.{result.case.source}", result.case.id, seconds, result.reasons)
    _check_cases(suite, run.checks)
    return _finish(suite, run.log)


def _check_cases(suite: ET.Element, checks: Sequence[Check]) -> None:
    for check in checks:
        add_test(suite, "check", check.name, 0.0, () if check.passed else (check.detail, *check.reasons))


def junit_failure(problems: Sequence[Problem], log: PageLog, checks: Sequence[Check] = ()) -> bytes:
    """A test case "load" with an error, and one for each of the `checks`, which needed no page."""
    suite = _suite("verify")
    case = ET.SubElement(suite, "testcase", classname="verify", name="load", time="0.000")
    for each in problems:
        error = ET.SubElement(case, "error", type=each.kind.id, message=clean(each.what))
        error.text = clean(f"{each.why} {each.next_step}")
    _check_cases(suite, checks)
    return _finish(suite, log)


def _suite(name: str) -> ET.Element:
    return ET.Element("testsuite", name=f"tfjs-for-unity verify {name}")


def add_test(suite: ET.Element, group: str, name: str, seconds: float, reasons: Sequence[str]) -> None:
    """A test case; it failed if there are `reasons`."""
    case = ET.SubElement(suite, "testcase", classname=group, name=clean(name, 200), time=f"{seconds:.3f}")
    if reasons:
        failure = ET.SubElement(case, "failure", type="AssertionError", message=clean(reasons[0]))
        failure.text = "\n".join(clean(reason) for reason in reasons)


def _finish(suite: ET.Element, log: PageLog) -> bytes:
    if log.errors:
        ET.SubElement(suite, "system-err").text = "\n".join(log.errors)
    return as_xml(suite)


def as_xml(suite: ET.Element) -> bytes:
    """A whole document around a suite, its tests counted."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase[error]"))))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()

"""Writes docs/convert-operators.md from ONNX's own node tests: `python -m scripts.onnx_operators`.

Every test of the onnx package is converted and run by TensorFlow.js in Node; one that comes out wrong fails the script.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from builder.convert.from_onnx import converter  # noqa: F401  fills the table of rules
from builder.convert.from_onnx.registry import RULES
from tests.convert_onnx.node_tests import Outcome, outcomes
from tests.convert_onnx.tfjs import Tfjs

TABLE = Path(__file__).resolve().parents[1] / "docs" / "convert-operators.md"
_HEAD = """# ONNX operators

Written by `make operators` from the node tests of the onnx package: each is converted and run by TensorFlow.js (wasm),
and compared with what ONNX expects. {passed} pass, {refused} are refused with the reason below, none comes out wrong.
Where a rule insists on a constant, the test's other inputs are given as constants.

An operator is converted exactly or not at all. All that a model holds and no rule covers is named at once, before
anything is written. Numbers of 16 and 64 bits are computed in float32 or int32. Graphs with quantized numbers
(QuantizeLinear, DequantizeLinear) run in float32: weights are dequantized at conversion, the rounding and clamping of
activations is kept.

| operator | opset versions | tests passed | refused | reasons |
|---|---|---|---|---|
"""
_TAIL = """
Graphs of several nodes, most of them functions of ONNX spelled out: {passed} pass, {refused} are refused.

No rule: {others}.
"""


def main() -> int:
    with Tfjs() as tfjs, tempfile.TemporaryDirectory() as folder:
        found = list(outcomes(tfjs, Path(folder)))
    wrong = [outcome for outcome in found if outcome.failure]
    for outcome in wrong:
        print(f"{outcome.name}: {outcome.failure}", file=sys.stderr)
    if not wrong:
        TABLE.write_text(table(found), "utf-8")
        print(f"{TABLE.name}: {len(found)} tests")
    return 1 if wrong else 0


def table(found: list[Outcome]) -> str:
    """The document."""
    several = [outcome for outcome in found if not outcome.op]
    others = sorted({outcome.op for outcome in found} - RULES.keys() - {"", "Constant"})
    rows = "".join(_row(op, [outcome for outcome in found if outcome.op == op]) for op in sorted(RULES))
    return _HEAD.format(**_counts(found)) + rows + _TAIL.format(**_counts(several), others=", ".join(others))


def _counts(found: list[Outcome]) -> dict[str, int]:
    refused = sum(bool(outcome.refusal) for outcome in found)
    return {"passed": len(found) - refused, "refused": refused}


def _row(op: str, found: list[Outcome]) -> str:
    counts = _counts(found)
    reasons = Counter(outcome.refusal for outcome in found if outcome.refusal)
    text = "; ".join(f"{reason} ({times})" if times > 1 else reason for reason, times in reasons.most_common())
    versions = ", ".join(map(str, sorted(RULES[op].versions)))
    return f"| {op} | {versions} | {counts['passed']} | {counts['refused']} | {text.replace('|', '/')} |\n"


if __name__ == "__main__":
    sys.exit(main())

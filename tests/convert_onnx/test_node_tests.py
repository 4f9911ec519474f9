"""A slice of ONNX's node tests; `make operators` runs them all and writes docs/convert-operators.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.convert.from_onnx import converter  # noqa: F401  fills the table of rules
from builder.convert.from_onnx.registry import RULES
from tests.convert_onnx.node_tests import outcomes
from tests.convert_onnx.tfjs import Tfjs

pytestmark = pytest.mark.node
TABLE = Path(__file__).parents[2] / "docs" / "convert-operators.md"


def test_no_node_test_comes_out_wrong(tfjs: Tfjs, tmp_path: Path) -> None:
    before = tfjs.by_own_executor
    found = list(outcomes(tfjs, tmp_path, every=5))
    assert [(outcome.name, outcome.failure) for outcome in found if outcome.failure] == []
    ran = sum(not outcome.refusal for outcome in found)
    assert ran > 130
    assert tfjs.by_own_executor - before > 0.95 * ran


def test_the_table_names_every_rule() -> None:
    text = TABLE.read_text("utf-8")
    assert [op for op in RULES if f"| {op} |" not in text] == []

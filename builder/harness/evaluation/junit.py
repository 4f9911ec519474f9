"""An evaluation as JUnit XML: its checks, and a test case for each picture without a prediction."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from builder.harness.evaluation.run import Evaluation
from builder.harness.evaluation.text import facts, plain
from builder.harness.files import add_test, as_xml
from builder.harness.text import clean


def junit(found: Evaluation) -> bytes:
    """The figures are properties of the suite, and its output what a terminal shows."""
    suite = ET.Element("testsuite", name=f"tfjs-for-unity evaluate {clean(found.about.data, 200)}")
    properties = ET.SubElement(suite, "properties")
    for name, text in facts(found):
        ET.SubElement(properties, "property", name=name, value=clean(text))
    for check in found.checks:
        add_test(suite, "check", check.name, 0.0, () if check.passed else (check.detail, *check.reasons))
    for row in found.summary.rows:
        if row.answer.scores is None:
            add_test(suite, "picture", row.id, 0.0, (row.answer.error,))
    ET.SubElement(suite, "system-out").text = "\n".join(clean(line) for line in plain(found))
    return as_xml(suite)

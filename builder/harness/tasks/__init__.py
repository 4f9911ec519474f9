"""How what a model found is read from the page and compared with what a case expects, one module for each task.

Classifiers are older than this: their scores are fields of a prediction, and `evaluate.judge` knows them.
"""

from __future__ import annotations

from builder.harness.tasks.detection import DETECTION
from builder.harness.tasks.image import IMAGE
from builder.harness.tasks.kind import TaskCheck
from builder.harness.tasks.raw import RAW
from builder.harness.tasks.segmentation import SEGMENTATION

KINDS: dict[str, TaskCheck] = {"detection": DETECTION, "image": IMAGE, "raw": RAW, "segmentation": SEGMENTATION}

"""What a model's outputs are, one module for each task: its numbers, and how they fit outputs and labels."""

from __future__ import annotations

from typing import Annotated

from builder.spec.tagged import TaggedBy
from builder.spec.tasks.classification import Classification
from builder.spec.tasks.detection import Detection
from builder.spec.tasks.image import Image
from builder.spec.tasks.raw import Raw
from builder.spec.tasks.segmentation import Segmentation

Task = Annotated[Classification | Detection | Image | Raw | Segmentation, TaggedBy("kind")]

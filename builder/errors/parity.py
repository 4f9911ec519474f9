"""680-699: the reference page, and whether a converted model computes what its source does."""

from __future__ import annotations

from builder.errors.catalogue import EXIT_BAD_BUILD
from builder.errors.catalogue import define as _define

REFERENCE_FAILED = _define(
    "REFERENCE_FAILED",
    680,
    "TensorFlow.js could not {action} the model on {backend}: {reason}.",
    "The reference page runs the model in headless Chromium with TensorFlow.js as it is.",
    "Follow the reason; where only one backend fails, try another one.",
    exit_code=EXIT_BAD_BUILD,
)

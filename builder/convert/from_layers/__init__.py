"""Layers models → graph models, so that a game needs no tfjs-layers: with numpy alone."""

from __future__ import annotations

from builder.convert.from_layers.converter import convert, unchanged
from builder.convert.from_layers.refusal import Unconvertible

__all__ = ["Unconvertible", "convert", "unchanged"]

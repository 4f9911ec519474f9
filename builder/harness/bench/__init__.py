"""Measures ways from a game's picture to scores, side by side on one page (docs/bench.md)."""

"""The bridge beside what people use today: `make bench-bridge` writes docs/bench-bridge.md and its plot."""

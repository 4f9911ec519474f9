"""From what a user brings to facts: model folders and label files. Reads, never writes."""

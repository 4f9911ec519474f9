"""The report as one HTML file that people look at: self-contained, without scripts."""

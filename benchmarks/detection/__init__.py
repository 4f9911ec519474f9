"""What reading a detector's outputs takes, beside its inference."""

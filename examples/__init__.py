"""Examples; each folder has a README."""

"""ModelSpec → list[OutputFile]. Views compute, templates print."""

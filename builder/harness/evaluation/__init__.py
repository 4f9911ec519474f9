"""How good a model is on labelled pictures: what `evaluate` and `find-preprocessing` do."""

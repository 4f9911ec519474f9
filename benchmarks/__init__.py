"""Measurements that are no tests: they take long, or need what the project does not install."""

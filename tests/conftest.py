"""Settings for all tests."""

from hypothesis import settings

# A busy machine is no failure; the same examples on every run make a failure repeatable.
settings.register_profile("calm", deadline=None, derandomize=True)
settings.load_profile("calm")

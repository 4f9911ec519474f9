"""Face → emotion: a real model from npm, through generate, the test player and verify."""

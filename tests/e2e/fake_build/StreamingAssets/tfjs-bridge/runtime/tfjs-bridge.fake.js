// The fake build has its own page object and never asks for this.

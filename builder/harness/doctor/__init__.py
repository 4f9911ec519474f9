"""What is wrong with a build, a project or a published page, found without a browser; findings are data."""

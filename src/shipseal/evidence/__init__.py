"""Where evidence lies."""

"""GitHub: the Actions environment."""

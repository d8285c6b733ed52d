"""Checks before it hurts: what would stop a release, looked for before one is begun."""

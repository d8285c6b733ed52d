"""Ignore rules: what they match. No network, no clock, no disk."""

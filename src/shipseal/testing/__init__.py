"""Builders and servers for tests, public."""

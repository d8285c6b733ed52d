"""Scanners: Grype, the builtin matcher, and the choice between them."""

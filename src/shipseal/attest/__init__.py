"""Signers and bundles."""

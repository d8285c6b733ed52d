"""SPDX 2.3 documents as values."""

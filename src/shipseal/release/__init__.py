"""The release as a transaction."""

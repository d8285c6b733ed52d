"""The steps of a release: each does what is missing, records it, and can be run again."""

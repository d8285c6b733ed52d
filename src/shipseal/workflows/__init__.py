"""Reads workflows of GitHub Actions and says what would keep a release from being published, or let a bad one out.

Texts in, findings out: no disk, no network. Nothing is accused that the text alone does not prove; what depends on
settings of a repository is a note.
"""

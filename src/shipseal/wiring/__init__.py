"""The one place that names concrete implementations: the configuration goes in, a release that can run comes out.

Nothing is imported here: each command takes the module that it needs, and waits for no other.
"""

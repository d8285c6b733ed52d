"""The parts of :mod:`scripts.real_image`: where the content of a real image comes from, and how it becomes a layout."""

"""SBOMs: Syft, its cache, the trim ladder, sizes."""

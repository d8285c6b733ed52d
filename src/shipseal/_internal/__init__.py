"""The ground: clocks, limits, processes, retries, redaction, durable files. Knows nothing of images. Not stable API."""

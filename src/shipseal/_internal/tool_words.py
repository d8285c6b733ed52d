"""What outside tools say when the machine lacks something, in whatever language they are written."""

import re

OUT_OF_MEMORY = re.compile(
    r"out of memory|cannot allocate memory|\bMemoryError\b|\bbad_alloc\b|memory exhausted",
    re.IGNORECASE,
)
DISK_FULL = re.compile(
    r"no space left on device|disk quota exceeded|disk full|file too large", re.IGNORECASE
)

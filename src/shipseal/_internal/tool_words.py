"""What outside tools say when the machine lacks something, in whatever language they are written."""

import re

# Go's runtime has several ways to say so (runtime/malloc.go, mpagealloc_64bit.go, os_linux.go).
OUT_OF_MEMORY = re.compile(
    r"out of memory|cannot allocate (?:memory|heap)|failed to reserve .*memory|failed to create new OS thread"
    r"|memory exhausted|\bMemoryError\b|\bbad_alloc\b",
    re.IGNORECASE,
)
DISK_FULL = re.compile(
    r"no space left on device|disk quota exceeded|disk full|file too large", re.IGNORECASE
)

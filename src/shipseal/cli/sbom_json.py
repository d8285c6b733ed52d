"""The shapes of SBOM results under ``--json`` (``schemas/sbom-*.schema.json``)."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipseal.oci import Digest
from shipseal.sbom.compare import Change, Comparison, Growth
from shipseal.sbom.size import SizeReport, StoreFit
from shipseal.sbom.store_limits import StoreLimit
from shipseal.spdx import Dropped, TrimResult

if TYPE_CHECKING:
    from shipseal.cli.sbom_generate import (  # what makes SBOMs is slow to import
        Generated,
        Outcome,
        WrittenFile,
    )


def outcome_json(outcome: "Outcome") -> dict[str, Any]:
    """Return the object of ``sbom-generate.schema.json``."""
    return {
        "name": outcome.name,
        "version": outcome.version,
        "digest": outcome.digest,
        "tool": outcome.tool,
        "sboms": [_generated_json(item) for item in outcome.sboms],
        "index": _file_json(outcome.index) if outcome.index else None,
    }


def _generated_json(item: "Generated") -> dict[str, Any]:
    made = item.catalogue
    return {
        "platform": str(made.platform),
        "subject": made.subject,
        "spdx": _file_json(item.spdx),
        "native": _file_json(item.native),
        "packages": made.packages,
        "cached": made.cached,
        "seconds": round(made.seconds, 3),
        "incomplete": list(made.incomplete),
    }


def _file_json(file: "WrittenFile") -> dict[str, Any]:
    return {"file": str(file.path), "digest": file.digest, "bytes": file.size}


def trim_json(
    result: TrimResult, *, source: Path, target: Path, limit: int, size: int
) -> dict[str, Any]:
    """Return the object of ``sbom-trim.schema.json``."""
    return {
        "file": str(source),
        "output": str(target),
        "limit": limit,
        "bytes": result.size,
        "originalBytes": size,
        "fits": result.fits,
        "full": result.full,
        "dropped": [_dropped_json(item) for item in result.dropped],
    }


def _dropped_json(item: Dropped) -> dict[str, Any]:
    return {
        "step": str(item.step),
        "section": item.section,
        "count": item.count,
        "bytes": item.size,
    }


def comparison_json(found: Comparison, old: Path, new: Path) -> dict[str, Any]:
    """Return the object of ``sbom-diff.schema.json``."""
    return {
        "old": {"file": str(old), "bytes": found.old_size},
        "new": {"file": str(new), "bytes": found.new_size},
        "equal": found.equal,
        "same": found.same,
        "added": [_change_json(change) for change in found.added],
        "removed": [_change_json(change) for change in found.removed],
        "changed": [_change_json(change) for change in found.changed],
        "sections": [_growth_json(growth) for growth in found.sections],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "type": change.type,
        "old": list(change.old),
        "new": list(change.new),
    }


def _growth_json(growth: Growth) -> dict[str, Any]:
    return {
        "section": growth.section,
        "oldBytes": growth.old,
        "newBytes": growth.new,
        "oldCount": growth.old_count,
        "newCount": growth.new_count,
    }


def size_json(report: SizeReport, source: Path, digest: Digest, *, top: int) -> dict[str, Any]:
    """Return the object of ``sbom-size.schema.json``."""
    return {
        "file": str(source),
        "digest": digest,
        "bytes": report.size,
        "sections": [
            {"name": item.name, "count": item.count, "bytes": item.size} for item in report.sections
        ],
        "packages": [
            {
                "id": item.id,
                "name": item.name,
                "version": item.version,
                "bytes": item.size,
                "files": item.files,
            }
            for item in report.packages[:top]
        ],
        "layers": [
            {
                "digest": item.digest,
                "number": item.number,
                "bytes": item.size,
                "packages": item.packages,
            }
            for item in report.layers
        ],
        "stores": [_fit_json(fit) for fit in report.stores],
    }


def _fit_json(fit: StoreFit) -> dict[str, Any]:
    return {
        "store": fit.limit.store,
        "limit": fit.limit.predicate,
        "fits": fit.fits,
        "bytes": fit.size,
        "dropped": list(fit.dropped),
    }


def limits_json(limits: Iterable[StoreLimit]) -> dict[str, Any]:
    """Return the object of ``sbom-limits.schema.json``."""
    return {
        "limits": [
            {
                "store": item.store,
                "name": item.name,
                "bytes": item.size,
                "counts": str(item.counts),
                "sbomBytes": item.predicate,
                "source": item.source,
                "read": item.read.isoformat(),
                "verified": item.verified,
                "note": item.note,
            }
            for item in limits
        ]
    }

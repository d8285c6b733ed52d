"""How a copy is shown: what was sent, what was verified, which tags name it."""

from typing import Any

from shipseal.cli.bundle_view import print_root, root_json
from shipseal.cli.copying import Copied
from shipseal.cli.output import print_table, say, size_text


def copy_json(copied: Copied) -> dict[str, Any]:
    """Return the value of ``copy.schema.json``."""
    result = copied.result
    value: dict[str, Any] = {
        "source": copied.source,
        "destination": copied.destination,
        "digest": str(result.digest),
        "platform": copied.platform or None,
        "verified": result.verified,
        "tagged": _tagged(copied),
        "tags": [
            {
                "name": one.name,
                "before": None if one.before is None else str(one.before),
                "action": _action(copied, writes=one.writes),
            }
            for one in result.tags
        ],
        "blobs": {
            "sent": result.sent,
            "bytes": result.bytes,
            "existed": result.existed,
            "mounted": result.mounted,
        },
        "manifests": result.manifests,
        "referrers": result.referrers,
        "cosignTags": list(result.cosign_tags),
        "notes": list(copied.notes),
        "verification": copied.verdict.to_json() if copied.verdict else None,
    }
    return value | ({"trustRoot": root_json(copied.root)} if copied.root else {})


def print_copy(copied: Copied) -> None:
    """Print the digest, what was sent, what does not hold, and the tags."""
    result = copied.result
    say(f"{copied.source} -> {copied.destination}")
    say(f"digest {result.digest}{f' ({copied.platform})' if copied.platform else ''}")
    say(
        f"{result.sent} blobs sent ({size_text(result.bytes)}), {result.existed} were there, "
        f"{result.mounted} mounted; {result.manifests} manifests, {result.referrers} referrers, "
        f"{len(result.cosign_tags)} of cosign's tags"
    )
    for note in copied.notes:
        say(f"note: {note}")
    if copied.root is not None:
        print_root(copied.root)
    if copied.verdict is None:
        say("note: nobody verified the copy (--without-verification)")
    elif copied.verdict.passed:
        say(f"verified there: all {len(copied.verdict.checks)} required items")
    else:
        rows = [
            (one.platform, str(one.family), str(one.standing), one.expected, one.got)
            for one in copied.verdict.failures()
        ]
        print_table(("platform", "evidence", "status", "expected", "got"), rows)
        codes = ", ".join(
            dict.fromkeys(str(one.standing.code) for one in copied.verdict.failures())
        )
        say(f"NOT verified there ({codes}): the copy is there by digest, and no tag names it")
    for one in result.tags:
        say(f"{copied.destination}:{one.name} {_action(copied, writes=one.writes)}")


def _tagged(copied: Copied) -> bool:
    return bool(copied.result.tags) and copied.result.verified is not False


def _action(copied: Copied, *, writes: bool) -> str:
    if copied.result.verified is False:
        return "untouched"
    return "written" if writes else "kept"

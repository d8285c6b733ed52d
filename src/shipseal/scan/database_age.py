"""Whether vulnerability data is young enough to decide with."""

from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.errors import Code, ScanError
from shipseal.scan.interface import Database, DatabasePolicy

_DAY = 86400.0
# Clocks of two machines differ; an hour is a wrong time zone at the least.
_AHEAD_SECONDS = 3600.0


def check_age(database: Database, policy: DatabasePolicy, now: datetime, *, hint: str) -> None:
    """Refuse data that is older than the policy allows, or whose age cannot be told, or is from the future.

    Raises:
        ScanError: ``scan.db-stale``.
    """
    if policy.max_age is None:
        return
    limit = age_text(policy.max_age)
    if database.built is None:
        raise ScanError(
            Code.DB_STALE,
            f"vulnerability database {database.uri}: does not say when it was built; at most {limit} is allowed",
            hint=hint,
            context={"database": database.uri},
        )
    age = (now - database.built).total_seconds()
    if age < -_AHEAD_SECONDS:
        raise ScanError(
            Code.DB_STALE,
            f"vulnerability database {database.uri}: built {rfc3339(database.built)}, which is {age_text(-age)} in the "
            "future: the clock of this machine or the data is wrong, so its age cannot be told",
            hint="set the clock, or get the data again",
            context={"database": database.uri, "built": rfc3339(database.built)},
        )
    if age > policy.max_age:
        raise ScanError(
            Code.DB_STALE,
            f"vulnerability database {database.uri}: built {rfc3339(database.built)}, {age_text(age)} ago; "
            f"at most {limit} is allowed",
            hint=hint,
            context={"database": database.uri, "built": rfc3339(database.built)},
        )


def age_text(seconds: float) -> str:
    """Return an age for people: ``3 days``, ``7 hours``, ``12 minutes``."""
    for unit, length in (("day", _DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "less than a minute"

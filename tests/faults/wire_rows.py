"""Faults on the wire: what registries, proxies and networks do to a release.

``MATRIX`` is every fault at every request of a release that it can strike, ``READING`` the same for a base image and
for a verification; ``PLACES`` are faults that belong to one place. How each is made and where it strikes is in
``tests/support/wire_faults.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shipseal.errors import Code, Exit, exit_for
from shipseal.release.result import Status
from tests.faults.rows import Row
from tests.support.wire_faults import FAULTS, READS, STEPS, TRIES, Kind

VERIFIED, NOT_VERIFIED, LOOKED = "verified", "not verified", "could not look"
# A person waits for a verification, who can ask again (src/shipseal/cli/verify_places.py).
VERIFY_TRIES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a release ends that meets a fault.

    Attributes:
        code: the failure code; None when it is done all the same.
        status: of the release.
        asked: how often the request that is struck is made; None where that says nothing.
    """

    code: Code | None = None
    status: str = Status.DONE
    asked: int | None = None

    @property
    def exit(self) -> Exit:
        """The exit status."""
        if self.status == Status.PARTLY_PROMOTED:
            return Exit.OUTSIDE
        return Exit.OK if self.code is None else exit_for(self.code)


@dataclass(frozen=True, slots=True)
class WireRow(Row):
    """A row of the matrix.

    Attributes:
        asked: see :class:`Outcome`.
    """

    asked: int | None = None


def permanent(code: Code, asked: int = 1) -> Outcome:
    """Return the outcome of a fault that stays as it is, so that nobody asks again."""
    return Outcome(code, Status.FAILED, asked)


def transient(code: Code, asked: int = TRIES) -> Outcome:
    """Return the outcome of a fault that was waited for in vain."""
    return Outcome(code, Status.PENDING, asked)


_ONCE = Outcome(asked=1)
_DONE = Outcome()
_UNAUTHORIZED = permanent(Code.REGISTRY_UNAUTHORIZED)
_DENIED = permanent(Code.REGISTRY_DENIED)
_NOT_FOUND = permanent(Code.IMAGE_NOT_FOUND)
_REFUSED = permanent(Code.SERVICE_OUTAGE)
_MISMATCH = permanent(Code.DIGEST_MISMATCH)
_LIMITED = transient(Code.RATE_LIMITED)
_OUTAGE = transient(Code.SERVICE_OUTAGE)
_MISSING = Outcome(Code.ATTEST_MISSING, Status.FAILED)
_TOO_SLOW = Outcome(Code.SERVICE_OUTAGE, Status.PENDING)

# What a fault comes to wherever it strikes, unless EXCEPTIONS has it.
_USUAL: Mapping[str, Outcome] = {
    "503, once": _ONCE,
    "502 with a page, once": _ONCE,
    "429 with Retry-After, once": _ONCE,
    "429 without Retry-After, once": _ONCE,
    "the token has expired": _ONCE,
    "connection cut before the answer, once": _ONCE,
    "connection cut in the request, once": _ONCE,
    "connection cut in the answer, once": _ONCE,
    "answer lost after the work, once": _ONCE,
    "redirect to another host": _DONE,
    "401": _UNAUTHORIZED,
    # Once with the token that was there, once with a new one.
    "every token has expired": permanent(Code.REGISTRY_UNAUTHORIZED, 2),
    "403": _DENIED,
    "404": _NOT_FOUND,
    "405": _DENIED,
    "409": _REFUSED,
    "416": _REFUSED,
    "429 without Retry-After": _LIMITED,
    "429, wait an hour": transient(Code.RATE_LIMITED, 1),
    "500": _OUTAGE,
    "502 with a page": _OUTAGE,
    "connection cut before the answer": _OUTAGE,
    "connection cut in the request": _OUTAGE,
    "connection cut in the answer": _OUTAGE,
    "silence": _OUTAGE,
    "one byte at a time": _TOO_SLOW,
    "one byte of the header at a time": _TOO_SLOW,
    "garbage": _MISMATCH,
    "Content-Length too long": _OUTAGE,
    "Content-Length too short": _MISMATCH,
    "another digest": _MISMATCH,
}

_EXCEPTIONS: Mapping[tuple[str, str], Outcome] = {
    # Not there is an answer: it will be sent.
    ("404", "is it there"): _DONE,
    # There is no referrers API: the fallback tag is kept.
    ("404", "list evidence"): _DONE,
    ("405", "list evidence"): _DONE,
    # A list of no tags, although one of them can be read.
    ("404", "list tags"): transient(Code.SERVICE_OUTAGE, 1),
    # The upload is lost: another one is begun.
    ("404", "send a blob"): permanent(Code.IMAGE_NOT_FOUND, TRIES),
    ("416", "send a blob"): permanent(Code.SERVICE_OUTAGE, TRIES),
    # What arrived before the cut is kept, and the rest is sent by another kind of request.
    ("connection cut in the request", "send a blob"): _DONE,
    # What calls itself a list and is none.
    ("garbage", "list evidence"): _REFUSED,
    ("garbage", "list tags"): _REFUSED,
    ("Content-Length too short", "list evidence"): _REFUSED,
    ("Content-Length too short", "list tags"): _REFUSED,
    ("another digest", "list evidence"): _REFUSED,
    ("another digest", "list tags"): _REFUSED,
    # All bytes were there and are what their digest says: only the end was missing.
    ("Content-Length too long", "read evidence"): _DONE,
    # What was sent had been taken, and is found there when it is looked for.
    ("one byte of the header at a time", "send a blob"): _DONE,
    ("one byte of the header at a time", "move a tag"): _DONE,
    # These answers promise no digest of their own.
    ("another digest", "may we push"): _DONE,
    ("another digest", "is it there"): _DONE,
    ("another digest", "send a blob"): _DONE,
    # Once to move it, once to put it back.
    ("another digest", "move a tag"): permanent(Code.DIGEST_MISMATCH, 2),
}


def outcome_of(fault: str, kind: Kind, step: str) -> Outcome:
    """Return how a release ends in which ``fault`` strikes ``step``."""
    if step == "record" and kind.times is None:
        # The tags have moved: an account that cannot be written is told, and undoes nothing.
        return _DONE
    return _EXCEPTIONS.get((fault, step), _USUAL[fault])


def _told(asked: int | None) -> str:
    """Return how often a request was made, in words."""
    words = {None: "", 1: "asked once", 2: "asked twice"}
    return words.get(asked, f"asked {asked} times")


def _matrix() -> Iterator[WireRow]:
    for fault, kind in FAULTS.items():
        for step, where in STEPS.items():
            if kind.strikes(where):
                found = outcome_of(fault, kind, step)
                told = _told(found.asked) if found.code else ""
                yield WireRow(
                    "wire", fault, step, found.status, found.code, found.exit, told, found.asked
                )


# What a verification does otherwise than a release: nothing is stored, so that nothing listed is nothing there.
_READ_EXCEPTIONS: Mapping[tuple[str, str], Outcome] = {
    ("404", "verify: list evidence"): _MISSING,
    ("405", "verify: list evidence"): _MISSING,
    # Asked once before there is a token, and once with it.
    ("another digest", "base image: resolve"): permanent(Code.IMAGE_NOT_FOUND, 2),
    ("another digest", "verify: resolve"): permanent(Code.IMAGE_NOT_FOUND, 2),
}
# The read of a release that asks the same.
_LIKE: Mapping[str, str] = {
    "base image: resolve": "read the image",
    "base image: fetch": "read evidence",
    "verify: resolve": "read the image",
    "verify: read the image": "read the image",
    "verify: list evidence": "list evidence",
    "verify: read evidence": "read evidence",
}


def _reads() -> Iterator[WireRow]:
    for fault, kind in FAULTS.items():
        for step, where in READS.items():
            # A silence needs a client that is impatient, as only targets of a release can be told to be.
            if not kind.strikes(where) or kind.timeouts:
                continue
            found = _READ_EXCEPTIONS.get((fault, step)) or outcome_of(fault, kind, _LIKE[step])
            told, asked = found.status, found.asked
            if step.startswith("verify"):
                told = NOT_VERIFIED if found is _MISSING else LOOKED if found.code else VERIFIED
                asked = asked and min(asked, VERIFY_TRIES)
            note = _told(asked) if found.code else ""
            yield WireRow("wire", fault, step, told, found.code, found.exit, note, asked)


MATRIX: Sequence[WireRow] = tuple(_matrix())
READING: Sequence[WireRow] = tuple(_reads())
BASE: Sequence[WireRow] = tuple(row for row in READING if row.step.startswith("base image"))
VERIFY: Sequence[WireRow] = tuple(row for row in READING if row.step.startswith("verify"))


def _place(fault: str, step: str, found: Outcome = _DONE, *, note: str = "") -> Row:
    return Row("wire", fault, step, found.status, found.code, found.exit, note)


_UNREACHABLE = permanent(Code.NETWORK_UNREACHABLE)
_UNTRUSTED = permanent(Code.TLS_UNTRUSTED)

# The tests find their case by the fault's words.
PLACES: Sequence[Row] = (
    _place("the registry has only an IPv6 address", "everywhere", note="`[::1]:5000/org/app`"),
    _place("all of it goes through an HTTP proxy", "everywhere"),
    _place("all of it goes through a tunnel of a proxy with a login", "everywhere"),
    _place("the proxy wants another login", "everywhere", _UNREACHABLE, note="asked once"),
    _place(
        "the proxy lets nobody pass to the registry", "everywhere", _UNREACHABLE, note="asked once"
    ),
    _place(
        "the proxy does not reach the registry", "everywhere", transient(Code.NETWORK_UNREACHABLE)
    ),
    _place("the tunnel is cut, twice", "everywhere"),
    _place(
        "`NO_PROXY` names the registry, which only the proxy reaches",
        "everywhere",
        permanent(Code.NETWORK_UNREACHABLE),
        note="the proxy is not asked, and a name that no server knows is asked for once",
    ),
    _place("an authority that nobody trusts", "everywhere", _UNTRUSTED, note="asked once"),
    _place("the certificate is for another name", "everywhere", _UNTRUSTED, note="asked once"),
    _place("nobody listens", "everywhere", transient(Code.NETWORK_UNREACHABLE)),
    _place(
        "somebody else moves the tag right before us",
        "move a tag",
        _MISMATCH,
        note="their tag is left alone",
    ),
    _place(
        "somebody else moves the tag right after us",
        "move a tag",
        _MISMATCH,
        note="their tag is left alone",
    ),
    _place(
        "somebody else moves the tag after it was read back",
        "move a tag",
        Outcome(Code.DIGEST_MISMATCH, Status.PARTLY_PROMOTED),
        note="exit 5; the others are named",
    ),
    _place(
        "the version's tag appears meanwhile",
        "move a tag",
        _MISMATCH,
        note="a resume is refused (`image.tag-exists`): the version is somebody else's",
    ),
    _place(
        "the tag cannot be put back",
        "move a tag",
        Outcome(Code.REGISTRY_DENIED, Status.PARTLY_PROMOTED),
        note="exit 5; the tags that moved are named",
    ),
    _place(
        "the referrers header without the API", "store evidence", note="the fallback tag is kept"
    ),
    _place("the referrers API lists under a wrong type", "store evidence"),
    _place("the referrers API filters by a wrong type", "store evidence"),
    _place("the referrers API says that it has filtered, and has not", "store evidence"),
    _place("the referrers API lists nothing", "store evidence", note="the fallback tag is kept"),
    _place(
        "somebody else overwrites the fallback tag",
        "store evidence",
        note="both are listed in the end",
    ),
    _place(
        "somebody else writes the fallback tag while the gateway fails",
        "store evidence",
        note="both are listed in the end",
    ),
    _place(
        "the registry takes evidence and forgets it",
        "store evidence",
        permanent(Code.ATTEST_MISSING),
        note="stored three times, then given up",
    ),
)
ROWS: Sequence[Row] = (*MATRIX, *READING, *PLACES)

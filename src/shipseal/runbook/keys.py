"""Texts that are looked for in the raw bytes of a log, before anything is done line by line.

A log of 100 MB is searched once for each of them, which takes a thirtieth of a second; most lines have none, and are
never looked at again. Each text that a rule needs contains one of these (a test says so).
"""

from collections.abc import Sequence
from functools import cache

import msgspec

from shipseal.runbook.rule import Rule
from shipseal.runbook.rules import (
    clients,
    connections,
    containers,
    evidence,
    findings,
    gates,
    images,
    jobs,
    machine,
    network,
    own,
    registry_access,
    registry_clients,
    rights,
    verifiers,
)

RULES: tuple[Rule, ...] = (
    *own.RULES,
    *registry_access.RULES,
    *images.RULES,
    *jobs.RULES,
    *evidence.RULES,
    *findings.RULES,
    *network.RULES,
    *machine.RULES,
    *clients.RULES,
    *registry_clients.RULES,
    *rights.RULES,
    *verifiers.RULES,
    *gates.RULES,
    *connections.RULES,
    *containers.RULES,
)

KEYS: tuple[bytes, ...] = (
    # what all sorts of tools say of a failure
    b"error", b"fail", b"unable to", b"could not", b"cannot ", b"not ", b"no ", b"unknown", b"invalid ",
    b"mismatch", b"unsupported", b"already exists", b"exit code",
    b"panic", b"core dumped", b"rejected", b"required", b"expected ", b"exceed",
    b"expired", b"too large", b"too many",
    # access
    b"unauthorized", b"denied", b"forbidden", b"credentials", b"must provide", b"scope", b"token", b"oidc",
    b"browser", b"refusing to", b"requesting", b"disabled",
    # images
    b"exec format", b"digest", b"schema 1", b"immutable", b"eof",
    # evidence and findings
    b"attest", b"signature", b"signing", b"inclusion", b"severity",
    b"vulnerabilit", b'"code":', b"untrusted", b"fingerprint", b"predicate", b"issues, found", b"vulnerable", b"polic",
    b"empty sbom", b"sbom is", b"wrote 0 ", b"trust data", b"trusted ", b"integrity", b"conflict",
    # the way to a service
    b"toomany", b"limit", b"429", b"x509", b"certificate", b"gave http", b"refused", b"timeout", b"timed",
    b"deadline", b"enotfound", b"eai_again", b"misbehaving", b"econn",
    b"unreach", b"curl: (", b"enoent", b"reset by peer", b"proxy",
    b"gateway", b"unavailable", b"status", b"received", b"http 4", b"http 5", b"hang up", b"rekor", b"fulcio",
    b"tlog", b"tsa_", b"tuf", b"forcibly", b"ended prematurely", b"exception",
    # the machine
    b"enospc", b"137", b"kill", b"memory", b"bad_alloc", b"sigsegv", b"sigquit", b"segmentation",
    b"goroutine ", b"larger than",
)  # fmt: skip


class Watched(msgspec.Struct, frozen=True):
    """One key and what it stands for.

    Attributes:
        key: the text that is looked for.
        needs: the longer texts of which a line with the key must have one.
        rules: number in ``RULES``, the rule, and the texts that it needs.
    """

    key: bytes
    needs: tuple[bytes, ...]
    rules: tuple[tuple[int, tuple[bytes, ...]], ...]


@cache
def watched() -> Sequence[Watched]:
    """Return each key with the rules that a line with it may match."""
    found: dict[bytes, dict[int, list[bytes]]] = {key: {} for key in KEYS}
    for number, rule in enumerate(RULES):
        for need in () if rule.following else rule.needs:
            found[key_of(need)].setdefault(number, []).append(need.encode())
    return [
        Watched(
            key,
            tuple(sorted({need for needs in rules.values() for need in needs})),
            tuple((number, tuple(needs)) for number, needs in rules.items()),
        )
        for key, rules in found.items()
    ]


@cache
def following() -> Sequence[tuple[int, tuple[bytes, ...]]]:
    """Return all rules with what they need, for lines that were taken whatever they say."""
    return [
        (number, tuple(need.encode() for need in rule.needs)) for number, rule in enumerate(RULES)
    ]


def key_of(need: str) -> bytes:
    """Return the longest key that ``need`` contains.

    Raises:
        KeyError: it contains none, so that no line would ever be found.
    """
    fitting = [key for key in KEYS if key in need.encode()]
    if not fitting:
        raise KeyError(need)
    return max(fitting, key=len)

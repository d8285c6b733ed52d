"""Identities: whom a policy trusts, field by field, held against what a certificate says.

Each field that is given must match; what is not given does not matter. That makes a short identity a wide one, so
:mod:`shipseal.attest.breadth` refuses those that let everybody in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from shipseal.attest.interface import Mismatch
from shipseal.attest.patterns import Form, Pattern
from shipseal.attest.signer_facts import SignerFacts
from shipseal.attest.workflow_names import (
    folded,
    lower,
    repository_names,
    without_ref,
    workflow_names,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity that is trusted; None where a field may be anything.

    Attributes:
        issuer: URL of who vouches for it.
        subject: the certificate's subject name: a workflow's URL with its ref, an e-mail address.
        repository: ``owner/name``, or URL, of the sources.
        repository_id: number of it.
        owner: of the repository.
        owner_id: number of it.
        workflow: the workflow that was started: its path, with or without repository and ``@ref``.
        signer: the workflow that signed, with its repository; needed where that is a reusable one.
        signer_digest: commit of that workflow.
        ref: git ref of the sources.
        commit: of the sources.
        trigger: event that started the workflow.
        runner: ``github-hosted`` or ``self-hosted``.
        workflow_name: title of the workflow.
        accept_whole_owner: any workflow of any repository of the owner is meant.
        accept_everyone: everybody for whom the issuer vouches is meant.
    """

    issuer: Pattern | None = None
    subject: Pattern | None = None
    repository: Pattern | None = None
    repository_id: Pattern | None = None
    owner: Pattern | None = None
    owner_id: Pattern | None = None
    workflow: Pattern | None = None
    signer: Pattern | None = None
    signer_digest: Pattern | None = None
    ref: Pattern | None = None
    commit: Pattern | None = None
    trigger: Pattern | None = None
    runner: Pattern | None = None
    workflow_name: Pattern | None = None
    accept_whole_owner: bool = False
    accept_everyone: bool = False

    def given(self) -> Iterator[tuple[str, Pattern]]:
        """Yield the fields that are given, with their patterns."""
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Pattern):
                yield one.name, value

    def mismatches(self, facts: SignerFacts) -> tuple[Mismatch, ...]:
        """Return what is not as it must be in a certificate that says ``facts``; empty when it is this identity."""
        found = [
            Mismatch(name, str(pattern), _shown(name, facts))
            for name, pattern in self.given()
            if not _matches(name, pattern, facts)
        ]
        return (*found, *self._unnamed_signer(facts))

    def _unnamed_signer(self, facts: SignerFacts) -> Iterator[Mismatch]:
        """Where another workflow signs than the repository's own, the identity must say which.

        Everybody may call a reusable workflow, and one that a policy does not name could sign anything in the name of
        the repository that called it.
        """
        # Certificates of 2022 name the signer in their subject alone, and the repository without its host.
        signer = facts.signer_uri or (_signer_uri(facts) if facts.short_repository else "")
        if self.signer or self.subject or not signer:
            return
        if facts.workflow_uri:
            own = folded(without_ref(facts.workflow_uri))
            if folded(without_ref(signer)) != own:
                yield Mismatch("signer", f"{own} itself, or the signer named", signer)
            return
        home = facts.repository_uri or facts.short_repository
        if home and not any(_is_within(name, home) for name in workflow_names(signer, "")):
            yield Mismatch("signer", f"a workflow of {home}", signer)

    def shown(self, facts: SignerFacts) -> str:
        """Return what a certificate says in the fields that are given, and its subject, in one line."""
        told = {name: _shown(name, facts) for name, _ in self.given()}
        told.setdefault("subject", facts.subject)
        return ", ".join(f"{name} {value or 'not stated'}" for name, value in told.items())

    def __str__(self) -> str:
        return ", ".join(f"{name} {pattern}" for name, pattern in self.given()) or "everybody"


def identity_with(
    patterns: Mapping[str, Pattern], *, accept_whole_owner: bool, accept_everyone: bool
) -> Identity:
    """Return the identity with these fields, by name."""
    flags: dict[str, Any] = {
        "accept_whole_owner": accept_whole_owner,
        "accept_everyone": accept_everyone,
    }
    return Identity(**(dict(patterns) | flags))


def closest(
    identities: Iterable[Identity], facts: SignerFacts
) -> tuple[Identity | None, tuple[Mismatch, ...]]:
    """Return the identity that matches and nothing; or None and what is wrong with the one that is closest."""
    nearest: tuple[Mismatch, ...] | None = None
    for identity in identities:
        wrong = identity.mismatches(facts)
        if not wrong:
            return identity, ()
        if nearest is None or len(wrong) < len(nearest):
            nearest = wrong
    return None, nearest or ()


def _repositories(facts: SignerFacts) -> Iterable[str]:
    return repository_names(facts.repository_uri, facts.short_repository, facts.issuer)


def _owners(facts: SignerFacts) -> Iterable[str]:
    short = facts.short_repository.partition("/")[0]
    return repository_names(facts.owner_uri, short, facts.issuer)


def _workflows(facts: SignerFacts) -> Iterable[str]:
    return workflow_names(facts.workflow_uri, facts.repository_uri)


def _signers(facts: SignerFacts) -> Iterable[str]:
    return workflow_names(_signer_uri(facts), "")


def _signer_uri(facts: SignerFacts) -> str:
    return facts.signer_uri or (facts.subject if facts.subject_kind == "uri" else "")


def _is_within(name: str, repository: str) -> bool:
    return lower(name).startswith(lower(repository).rstrip("/") + "/")


_SEVERAL: Mapping[str, Callable[[SignerFacts], Iterable[str]]] = {
    "repository": _repositories,
    "owner": _owners,
    "workflow": _workflows,
    "signer": _signers,
}
_WORKFLOWS = frozenset({"workflow", "signer"})
_NAMES = frozenset({"repository", "owner"})


def _matches(name: str, pattern: Pattern, facts: SignerFacts) -> bool:
    if name not in _SEVERAL:
        return pattern.matches(str(getattr(facts, name)))
    values = list(_SEVERAL[name](facts))
    if name in _WORKFLOWS:
        return any(_is_workflow(pattern, value) for value in values)
    return any(replace(pattern, fold=True).matches(value) for value in values)


def _is_workflow(pattern: Pattern, value: str) -> bool:
    if pattern.form is Form.REGEX:
        return pattern.matches(value)
    if "@" not in pattern.text:
        value = without_ref(value)
    return replace(pattern, text=folded(pattern.text)).matches(folded(value))


def _shown(name: str, facts: SignerFacts) -> str:
    if name not in _SEVERAL:
        return str(getattr(facts, name))
    return next(iter(reversed(list(_SEVERAL[name](facts)))), "")

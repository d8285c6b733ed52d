"""A fork's pull request has no rights by design: what it is refused is no fault of anybody's."""

from collections.abc import Sequence

import msgspec

from shipseal._internal.redact import redact
from shipseal.errors import Code
from shipseal.runbook.diagnosis import Diagnosis, Proof
from shipseal.runbook.facts import Facts
from shipseal.runbook.remedies import NEXT, page_of
from shipseal.runbook.run_facts import RunFacts

_SYMPTOMS = frozenset({
    Code.OIDC_PERMISSION, Code.ATTESTATIONS_PERMISSION, Code.REGISTRY_UNAUTHORIZED, Code.REGISTRY_DENIED,
    Code.GITHUB_DENIED,
})  # fmt: skip


def as_of_fork(found: Sequence[Diagnosis], told: RunFacts, facts: Facts) -> tuple[Diagnosis, ...]:
    """Return the diagnoses, with those that a fork's rights explain taken together as ``fork.no-permissions``.

    Args:
        found: the diagnoses, best first.
        told: what the log says of the run.
        facts: what is known of the run besides; it outweighs the log.
    """
    fork = told.fork if facts.fork is None else facts.fork
    symptoms = [one for one in found if one.code in _SYMPTOMS]
    if not fork or not symptoms:
        return tuple(found)
    first = symptoms[0]
    proof = first.proof
    if told.told_fork is not None:
        proof = (*proof, Proof(told.told_fork.number, redact(told.told_fork.text)[:500]))
    changed = msgspec.structs.replace(
        first,
        code=Code.FORK_NO_PERMISSIONS,
        cause=f"the run is a fork's pull request, which gets no rights to write: {first.cause}",
        proof=proof,
        next=NEXT[Code.FORK_NO_PERMISSIONS],
        retry=False,
        doc=page_of(Code.FORK_NO_PERMISSIONS),
    )
    return tuple(
        changed if one is first else one for one in found if one is first or one not in symptoms
    )

"""A policy as Kyverno's ImageValidatingPolicy (``policies.kyverno.io/v1``), its present way to verify images."""

from collections.abc import Iterator

from shipseal.intoto.predicates import PREDICATE_TYPES, Family
from shipseal.verify.admission.interface import (
    AdmissionIdentity,
    AdmissionPolicy,
    AdmissionRoot,
    Words,
    Written,
)

_PODS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["pods", "pods/ephemeralcontainers"],
}
_LEFT_OUT = (
    "the rules for key-signed evidence: Kyverno takes a signature with a key without a log entry or a timestamp",
    "evidence is looked for at the digest that a pod names: not for each platform of an index as well",
)
_PLACES = ("containers", "initContainers", "ephemeralContainers")


def kyverno(policy: AdmissionPolicy) -> Written:
    """Return ``policy`` as Kyverno reads it.

    Each family of evidence must be signed by any one of the attestors, for every container whose image matches; the
    seal must say that verification passed.
    """
    attestors = [*_keys(policy), *_identities(policy)]
    document: dict[str, object] = {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ImageValidatingPolicy",
        "metadata": {"name": policy.name},
        "spec": {
            "failurePolicy": "Fail",
            "validationActions": ["Deny"],
            "matchConstraints": {"resourceRules": [_PODS]},
            "matchImageReferences": [{"glob": glob} for glob in policy.images],
            "validationConfigurations": {
                "mutateDigest": True,
                "verifyDigest": True,
                "required": True,
            },
            "attestors": attestors,
            "attestations": [
                {"name": str(family), "intoto": {"type": PREDICATE_TYPES[family]}}
                for family in policy.require
            ],
            "validations": list(_validations(policy, [str(one["name"]) for one in attestors])),
        },
    }
    left_out = _LEFT_OUT if policy.keys else _LEFT_OUT[1:]
    return Written((document,), (*policy.left_out, *left_out))


def _keys(policy: AdmissionPolicy) -> Iterator[dict[str, object]]:
    for number, pem in enumerate(policy.keys, 1):
        # No log is asked for a key: an attestation of a private build stands in none.
        ctlog = {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True}
        yield {"name": f"key{number}", "cosign": {"key": {"data": pem}, "ctlog": ctlog}}


def _identities(policy: AdmissionPolicy) -> Iterator[dict[str, object]]:
    if not policy.identities:
        return
    keyless = {"identities": [_identity(one) for one in policy.identities]}
    if not policy.roots:
        yield {
            "name": "keyless",
            "cosign": {"keyless": keyless, "ctlog": {"url": "https://rekor.sigstore.dev"}},
        }
    for number, root in enumerate(policy.roots, 1):
        yield {"name": f"keyless{number}", "cosign": {"keyless": keyless, **_root(root)}}


def _root(root: AdmissionRoot) -> dict[str, object]:
    trusted: dict[str, object] = {"trustedRoot": {"value": root.document}}
    ctlog: dict[str, object] = {}
    if not root.log:
        ctlog["insecureIgnoreTlog"] = True
    if not root.ct_log:
        ctlog["insecureIgnoreSCT"] = True
    return trusted | ({"ctlog": ctlog} if ctlog else {})


def _identity(identity: AdmissionIdentity) -> dict[str, str]:
    return _words("issuer", identity.issuer) | _words("subject", identity.subject)


def _words(name: str, words: Words) -> dict[str, str]:
    return {f"{name}RegExp" if words.regex else name: words.text}


def _validations(policy: AdmissionPolicy, attestors: list[str]) -> Iterator[dict[str, str]]:
    listed = ", ".join(f"attestors.{name}" for name in attestors)
    for family in policy.require:
        for place in _PLACES:
            count = f"verifyAttestationSignatures(image, attestations.{family}, [{listed}])"
            yield {
                "expression": f"images.{place}.map(image, {count}).all(count, count > 0)",
                "message": f"an image of {place} has no {family} by anybody who is trusted",
            }
    if Family.SEAL in policy.require:
        said = "extractPayload(image, attestations.seal).predicate.verificationResult == 'PASSED'"
        for place in _PLACES:
            yield {
                "expression": f"images.{place}.map(image, {said}).all(passed, passed)",
                "message": f"the seal of an image of {place} does not say that verification passed",
            }

"""A policy for Sigstore's policy-controller: ClusterImagePolicy (``policy.sigstore.dev/v1beta1``) and TrustRoot."""

import base64
from collections.abc import Iterator

from shipseal.errors import ConfigError
from shipseal.intoto.predicates import PREDICATE_TYPES, Family
from shipseal.verify.admission.interface import (
    TRUSTED_ROOT,
    AdmissionIdentity,
    AdmissionPolicy,
    AdmissionRoot,
    Words,
    Written,
)

_PUBLIC = {"url": "https://fulcio.sigstore.dev"}
_SEAL = 'predicate: verificationResult: "PASSED"'
_LEFT_OUT = (
    "evidence is looked for at the digest that a pod names: not for each platform of an index as well",
    "images that match no policy: the controller's own setting (no-match-policy) decides about these",
)
_KEYS = "keys: policy-controller reads Sigstore bundles that are signed keyless, and none that is signed with a key"
_STAMPS = "the log: where an instance has a timestamp authority, policy-controller takes its word instead of the log's"


def policy_controller(policy: AdmissionPolicy) -> Written:
    """Return ``policy`` as policy-controller reads it.

    Any one authority suffices, and each asks for all families; the seal must say that verification passed.

    Raises:
        ConfigError: the policy trusts keys alone: this controller would let nothing in.
    """
    if not policy.identities:
        raise ConfigError(
            "admission: the policy trusts keys alone, and policy-controller reads no bundle that is signed with a key",
            hint="name identities in verify.identities and sign keyless, or use shipseal admission kyverno",
        )
    roots = [_trust_root(policy, number, root) for number, root in enumerate(policy.roots, 1)]
    document: dict[str, object] = {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": policy.name},
        "spec": {
            "mode": "enforce",
            "images": [{"glob": glob} for glob in policy.images],
            "authorities": list(_authorities(policy)),
        },
    }
    left_out = [*policy.left_out, *_LEFT_OUT]
    left_out += [_KEYS] if policy.keys else []
    left_out += [_STAMPS] if any(root.stamps and root.log for root in policy.roots) else []
    return Written((*roots, document), tuple(left_out))


def _authorities(policy: AdmissionPolicy) -> Iterator[dict[str, object]]:
    identities = [_identity(one) for one in policy.identities]
    attestations = [_attestation(family) for family in policy.require]
    common: dict[str, object] = {"signatureFormat": "bundle", "attestations": attestations}
    if not policy.roots:
        yield {
            "name": "keyless",
            "keyless": {**_PUBLIC, "identities": identities},
            "ctlog": {"url": "https://rekor.sigstore.dev"},
            **common,
        }
    for number, root in enumerate(policy.roots, 1):
        private = _private(policy, number, root, identities)
        yield {"name": f"keyless{number}", **private, **common}


def _private(
    policy: AdmissionPolicy, number: int, root: AdmissionRoot, identities: list[dict[str, str]]
) -> dict[str, object]:
    reference = {"trustRootRef": _root_name(policy, number)}
    # The controller demands an address here, and looks up nothing at it.
    keyless: dict[str, object] = {**_PUBLIC, **reference, "identities": identities}
    if not root.ct_log:
        keyless["insecureIgnoreSCT"] = True
    said: dict[str, object] = {"keyless": keyless}
    said["rfc3161timestamp" if root.stamps else "ctlog"] = reference
    return said


def _attestation(family: Family) -> dict[str, object]:
    said: dict[str, object] = {"name": str(family), "predicateType": PREDICATE_TYPES[family]}
    if family is Family.SEAL:
        said["policy"] = {"type": "cue", "data": _SEAL}
    return said


def _identity(identity: AdmissionIdentity) -> dict[str, str]:
    return _words("issuer", identity.issuer) | _words("subject", identity.subject)


def _words(name: str, words: Words) -> dict[str, str]:
    return {f"{name}RegExp" if words.regex else name: words.text}


def _root_name(policy: AdmissionPolicy, number: int) -> str:
    return f"{policy.name}-root-{number}"


def _trust_root(policy: AdmissionPolicy, number: int, root: AdmissionRoot) -> dict[str, object]:
    # Its other form, with the keys one by one, is not enough for bundles: kinds of keys and times are missing there.
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "TrustRoot",
        "metadata": {"name": _root_name(policy, number)},
        "spec": {
            "repository": {
                "root": base64.b64encode(root.repository.root).decode(),
                "mirrorFS": base64.b64encode(root.repository.archive).decode(),
                "targets": "targets",
                "trustedRootTarget": TRUSTED_ROOT,
            }
        },
    }

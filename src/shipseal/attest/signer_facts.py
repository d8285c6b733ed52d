"""Who a certificate says signed: Fulcio's extensions (sigstore/fulcio, its page of OIDs) and the subject name.

The extensions up to ``.6`` hold plain text, those from ``.8`` a DER ``UTF8String``; where both say the same thing they
must agree, because verifiers differ in which one they read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from cryptography import x509

from shipseal.attest.rejections import unreadable
from shipseal.attest.x509_path import extension_of

_ARC = "1.3.6.1.4.1.57264.1."
_OTHER_NAME = f"{_ARC}7"
_UTF8 = 0x0C
_PLAIN = {
    "issuer": 1,
    "trigger": 2,
    "commit": 3,
    "workflow_name": 4,
    "short_repository": 5,
    "ref": 6,
}
_DER = {
    "issuer": 8,
    "signer_uri": 9,
    "signer_digest": 10,
    "runner": 11,
    "repository_uri": 12,
    "commit": 13,
    "ref": 14,
    "repository_id": 15,
    "owner_uri": 16,
    "owner_id": 17,
    "workflow_uri": 18,
    "workflow_digest": 19,
    "trigger": 20,
    "run_uri": 21,
    "visibility": 22,
}


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """What a certificate says about who signed; empty where it says nothing.

    Attributes:
        subject: the subject alternative name: a workflow's URI, an e-mail address, …
        subject_kind: ``uri``, ``email`` or ``other``.
        issuer: URL of who vouched for the identity.
        signer_uri: the workflow that signed, with its ref.
        signer_digest: commit of that workflow.
        workflow_uri: the workflow that was started, with its ref; another one where a reusable workflow signs.
        workflow_digest: commit of that workflow.
        workflow_name: its title.
        repository_uri: of the sources.
        short_repository: the same as ``owner/name``, as older certificates have it.
        repository_id: number that stays when the repository is renamed.
        owner_uri: of the repository's owner.
        owner_id: number that stays when the owner is renamed.
        ref: git ref of the sources.
        commit: of the sources.
        trigger: event that started the workflow.
        runner: ``github-hosted`` or ``self-hosted``.
        run_uri: the run.
        visibility: of the repository.
    """

    subject: str
    subject_kind: str
    issuer: str = ""
    signer_uri: str = ""
    signer_digest: str = ""
    workflow_uri: str = ""
    workflow_digest: str = ""
    workflow_name: str = ""
    repository_uri: str = ""
    short_repository: str = ""
    repository_id: str = ""
    owner_uri: str = ""
    owner_id: str = ""
    ref: str = ""
    commit: str = ""
    trigger: str = ""
    runner: str = ""
    run_uri: str = ""
    visibility: str = ""

    def shown(self) -> tuple[tuple[str, str], ...]:
        """Return what the certificate says, without what it does not say, for people."""
        pairs = ((one.name, str(getattr(self, one.name))) for one in fields(self))
        return tuple((name, value) for name, value in pairs if value and name != "subject_kind")


def signer_facts(leaf: x509.Certificate) -> SignerFacts:
    """Return what ``leaf`` says about who signed.

    Raises:
        RejectedError: unreadable: not one subject name, a malformed extension, one that cannot be printed, or two that
            contradict each other.
    """
    kind, subject = _subject(leaf)
    found = {
        one.oid.dotted_string: one.value.value
        for one in leaf.extensions
        if isinstance(one.value, x509.UnrecognizedExtension)
    }
    old = _read(found, _PLAIN, _text)
    new = _read(found, _DER, _utf8_string)
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            raise unreadable(
                f"its certificate names two of {name}: {old[name][:200]!r} and {new[name][:200]!r}"
            )
    for name, value in {"subject": subject, **old, **new}.items():
        if not value.isprintable():
            raise unreadable(f"its certificate's {name} cannot be printed: {value[:200]!r}")
    return SignerFacts(subject, kind, **(old | new))


def _read(
    found: Mapping[str, bytes], numbers: Mapping[str, int], reader: Callable[[bytes], str]
) -> dict[str, str]:
    oids = {name: f"{_ARC}{number}" for name, number in numbers.items()}
    try:
        return {name: reader(found[oid]) for name, oid in oids.items() if oid in found}
    except ValueError as error:
        raise unreadable(f"its certificate says who signed in a malformed way: {error}") from error


def _subject(leaf: x509.Certificate) -> tuple[str, str]:
    found = extension_of(leaf, x509.SubjectAlternativeName)
    names = list(found.value) if found else []
    if len(names) != 1:
        raise unreadable(f"its certificate has {len(names)} subject names, expected exactly 1")
    name = names[0]
    if isinstance(name, x509.UniformResourceIdentifier):
        return "uri", name.value
    if isinstance(name, x509.RFC822Name):
        return "email", name.value
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _OTHER_NAME:
        try:
            return "other", _utf8_string(name.value)
        except ValueError as error:
            raise unreadable(
                f"the subject name of its certificate is malformed: {error}"
            ) from error
    raise unreadable("its certificate has a subject name of a kind that is not understood")


def _text(data: bytes) -> str:
    return data.decode("utf-8")


def _utf8_string(der: bytes) -> str:
    """Return the text of a DER ``UTF8String`` (X.690, section 8.21) that fills ``der``."""
    if len(der) < 2 or der[0] != _UTF8:
        raise ValueError("no DER UTF8String")
    size, start = der[1], 2
    if size >= 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(der[2 : 2 + count], "big"), 2 + count
        # DER has one spelling of a length: the shortest.
        if not 1 <= count <= 3 or size < 0x80 or size.bit_length() <= 8 * (count - 1):
            raise ValueError("no DER UTF8String")
    if len(der) != start + size:
        raise ValueError("no DER UTF8String")
    return der[start:].decode("utf-8")

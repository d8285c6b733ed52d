"""What a policy says, in values from which each controller's form is written; and what a controller cannot say."""

from dataclasses import dataclass

from shipseal.intoto.predicates import Family


@dataclass(frozen=True, slots=True)
class Words:
    """A text that must be there, exactly, or by a regular expression (Go's syntax) that is anchored at both ends.

    Attributes:
        text: the text or the expression.
        regex: whether it is an expression.
    """

    text: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class AdmissionIdentity:
    """An identity as far as its certificate's issuer and subject say it.

    Attributes:
        issuer: who vouches.
        subject: the certificate's subject name.
    """

    issuer: Words
    subject: Words


TRUSTED_ROOT = "trusted_root.json"


@dataclass(frozen=True, slots=True)
class RootRepository:
    """A TUF repository with a trusted root in it, as policy-controller takes one that is not fetched.

    Attributes:
        root: its first root metadata, JSON.
        archive: all of it, as a compressed tar archive; the trusted root is the target :data:`TRUSTED_ROOT`.
    """

    root: bytes
    archive: bytes


@dataclass(frozen=True, slots=True)
class AdmissionRoot:
    """A private instance of Sigstore.

    Attributes:
        document: its trusted root, JSON.
        repository: the same in a TUF repository.
        log: whether it has a log of signatures.
        ct_log: whether it has a log of certificates.
        stamps: whether it has a timestamp authority.
    """

    document: str
    repository: RootRepository
    log: bool
    ct_log: bool
    stamps: bool


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """What must be there before an image may run.

    Attributes:
        name: of the resource.
        images: globs; at least one.
        keys: PEM; any one suffices.
        identities: any one suffices.
        require: families of evidence.
        roots: private instances; empty for the public one.
        left_out: what of the policy no controller can say.
    """

    name: str
    images: tuple[str, ...]
    keys: tuple[str, ...]
    identities: tuple[AdmissionIdentity, ...]
    require: tuple[Family, ...]
    roots: tuple[AdmissionRoot, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A policy in the form of a controller.

    Attributes:
        documents: Kubernetes resources, in the order in which they are applied.
        left_out: sentences: what the policy asks and these do not.
    """

    documents: tuple[dict[str, object], ...]
    left_out: tuple[str, ...]

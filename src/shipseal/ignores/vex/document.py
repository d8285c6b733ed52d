"""VEX statements as values, in OpenVEX's words (specification 0.2.0), whichever form they came in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VexStatus(StrEnum):
    """What a statement says of a product."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class VexJustification(StrEnum):
    """Why a product is not affected."""

    COMPONENT_NOT_PRESENT = "component_not_present"
    VULNERABLE_CODE_NOT_PRESENT = "vulnerable_code_not_present"
    VULNERABLE_CODE_NOT_IN_EXECUTE_PATH = "vulnerable_code_not_in_execute_path"
    VULNERABLE_CODE_CANNOT_BE_CONTROLLED = "vulnerable_code_cannot_be_controlled_by_adversary"
    INLINE_MITIGATIONS_ALREADY_EXIST = "inline_mitigations_already_exist"


@dataclass(frozen=True, slots=True)
class VexProduct:
    """A product, by all its names.

    Attributes:
        names: package URLs, names and digests (``sha256:…``) of it; any one suffices.
        parts: names of packages in it that the statement is about; empty when it is about all of it.
    """

    names: tuple[str, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VexStatement:
    """One statement.

    Attributes:
        ids: of the vulnerability, its own name first.
        status: see :class:`VexStatus`.
        products: what it is about.
        justification: why it is not affected; empty when not said.
        impact: why, in words; may be empty.
        action: what to do where it is affected; may be empty.
        made: when it was last changed; None when not said.
        description: of the vulnerability; may be empty.
    """

    ids: tuple[str, ...]
    status: VexStatus
    products: tuple[VexProduct, ...] = ()
    justification: str = ""
    impact: str = ""
    action: str = ""
    made: datetime | None = None
    description: str = ""

    @property
    def label(self) -> str:
        """The statement in short."""
        why = f" ({self.justification})" if self.justification else ""
        return f"{self.ids[0]}: {self.status}{why}"


@dataclass(frozen=True, slots=True)
class VexDocument:
    """One document.

    Attributes:
        id: its own name; may be empty.
        author: who wrote it, as it says itself.
        made: when; None when not said.
        statements: in order.
        source: where it came from, for people.
        signer: who signed it; empty when nobody did.
        digest: of its bytes as they were read; empty where it was made here.
        signed_for: digests that the signature is about, where it counts for nothing else; empty for whatever its
            statements name.
    """

    id: str
    author: str
    made: datetime | None
    statements: tuple[VexStatement, ...]
    source: str = ""
    signer: str = ""
    digest: str = ""
    signed_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageNames:
    """The image that statements are held against.

    Attributes:
        repositories: full names of the repositories that it is in, ``docker.io/library/app``.
        digests: of its index and its platforms' manifests.
        tags: under which it is known there; empty when none is known, and then none is compared.
    """

    repositories: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statements:
    """Documents that are believed, and the image that they are held against.

    Attributes:
        documents: of others.
        image: its names.
    """

    documents: tuple[VexDocument, ...] = ()
    image: ImageNames = ImageNames()

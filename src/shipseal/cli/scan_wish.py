"""What a command line of `shipseal scan` says: words alone."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from shipseal.errors import ConfigError
from shipseal.oci.platform import Platform
from shipseal.wiring.identity_words import IdentityWords

SBOM = "sbom:"
"""Begins the name of a file with an SBOM."""
ATTESTED = "attested:"
"""Begins the name of an image whose attested SBOM is scanned."""
FORMATS = (
    "table",
    "json",
    "grype-json",
    "sarif",
    "cyclonedx",
    "vuln",
    "markdown",
    "html",
)
_SAME = {"summary": "markdown", "cyclonedx-json": "cyclonedx", "cosign-vuln": "vuln"}
ENGINES = ("auto", "builtin", "grype", "both")
SEVERITIES = ("negligible", "low", "medium", "high", "critical")


class Output(msgspec.Struct, frozen=True):
    """One output.

    Attributes:
        format: one of :data:`FORMATS`.
        file: where it goes; None is standard output.
    """

    format: str
    file: Path | None = None


class Trusted(msgspec.Struct, frozen=True):
    """Who may have signed an attested SBOM, as `shipseal verify` is told it.

    Attributes:
        keys: public keys.
        policy: file with the keys of ``verify`` at its top.
        who: an identity, in words.
        trusted_root: a file.
        offline: whether nothing may be fetched.
    """

    keys: Sequence[Path] = ()
    policy: Path | None = None
    who: IdentityWords = msgspec.field(default_factory=IdentityWords)
    trusted_root: Path | None = None
    offline: bool = False

    @property
    def given(self) -> bool:
        """Whether it says anything."""
        return bool(self.keys or self.policy or self.who.given or self.trusted_root)


class ScanWish(msgspec.Struct, frozen=True):
    """What is asked for.

    Attributes:
        source: an image, ``sbom:FILE`` or ``attested:IMAGE``.
        outputs: at least one.
        engine: one of :data:`ENGINES`; None leaves it to the configuration.
        db: advisory database; None leaves the choice.
        max_age: how old the data may be, as text; None leaves it to the configuration.
        fail_on: this severity and worse refuse; None asks no such thing.
        policy: file with the keys of ``gate`` at its top.
        config: a configuration.
        ignores: file of ignore rules.
        base: the base image.
        must_fix: vulnerabilities that must be gone.
        since: file with an earlier scan: only what that has not refuses.
        only: ``app`` or ``base``: what is shown.
        platform: one platform of an image.
        sbom: an SBOM of the image that is scanned in place of a new catalogue.
        trusted: for attested SBOMs and VEX.
        vex: files with VEX of others.
        accept_unsigned_vex: whether a document that nobody signed is believed.
    """

    source: str
    outputs: tuple[Output, ...]
    engine: str | None = None
    db: Path | None = None
    max_age: str | None = None
    fail_on: str | None = None
    policy: Path | None = None
    config: Path | None = None
    ignores: Path | None = None
    base: str | None = None
    must_fix: tuple[str, ...] = ()
    since: Path | None = None
    only: str | None = None
    platform: str | None = None
    sbom: Path | None = None
    trusted: Trusted = msgspec.field(default_factory=Trusted)
    vex: tuple[Path, ...] = ()
    accept_unsigned_vex: bool = False

    @property
    def gates(self) -> bool:
        """Whether anything is to be decided."""
        return bool(self.fail_on or self.policy or self.config or self.must_fix)

    @property
    def one_platform(self) -> Platform | None:
        """The one platform that is asked for; None for all.

        Raises:
            ImageError: it is no platform.
        """
        return Platform.parse(self.platform) if self.platform else None


def outputs_of(texts: Sequence[str]) -> tuple[Output, ...]:
    """Return what ``-o`` asks for; a table where it asks for nothing.

    Raises:
        ConfigError: there is no such format, a file is named twice, or two outputs want standard output.
    """
    outputs = tuple(_output(text) for text in texts) or (Output("table"),)
    shown = [output.format for output in outputs if output.file is None]
    if len(shown) > 1:
        raise ConfigError(
            f"-o: {' and '.join(shown)} both go to standard output",
            hint=f"write all but one to files: -o {shown[-1]}=FILE",
        )
    files = [output.file for output in outputs if output.file is not None]
    twice = next((file for file in files if files.count(file) > 1), None)
    if twice:
        raise ConfigError(f"-o: {twice} is named twice", hint="name a file for each output")
    return outputs


def _output(text: str) -> Output:
    name, equals, file = text.partition("=")
    name = _SAME.get(name, name)
    if name not in FORMATS:
        raise ConfigError(
            f"-o {text!r}: no such format", hint=f"known are {', '.join(FORMATS)}; -o FORMAT=FILE"
        )
    if equals and not file:
        raise ConfigError(f"-o {text!r}: names no file", hint=f"write -o {name}=FILE")
    return Output(name, Path(file) if file else None)


def checked(wish: ScanWish) -> ScanWish:
    """Return ``wish``, or refuse what can be seen to be wrong before anything is opened.

    Raises:
        ConfigError: an unknown word, or options that exclude each other.
    """
    for option, value, known in (
        ("--engine", wish.engine, ENGINES),
        ("--fail-on", wish.fail_on and wish.fail_on.lower(), SEVERITIES),
        ("--only", wish.only, ("app", "base")),
    ):
        if value is not None and value not in known:
            raise ConfigError(
                f"{option} {value!r}: no such word", hint=f"known are {', '.join(known)}"
            )
    if wish.config and wish.policy:
        raise ConfigError(
            "--config and --policy exclude each other", hint="name the one that decides"
        )
    for option, given in (
        ("--since", wish.since),
        ("--ignores", wish.ignores),
        ("--vex", wish.vex),
    ):
        if given and not wish.gates:
            raise ConfigError(
                f"{option} is for a gate, and nothing is to be decided",
                hint="say what refuses with --fail-on, --policy or --config",
            )
    image = not wish.source.startswith((SBOM, ATTESTED))
    if wish.sbom and not image:
        raise ConfigError(
            f"--sbom is for an image, and {wish.source} is none", hint="leave one of them out"
        )
    if wish.trusted.given and not (wish.vex or wish.source.startswith(ATTESTED)):
        raise ConfigError(
            "keys, identities and trusted roots are for an attested SBOM",
            hint=f"write shipseal scan {ATTESTED}IMAGE, or leave them out",
        )
    if not wish.source.removeprefix(SBOM).removeprefix(ATTESTED):
        raise ConfigError(
            f"{wish.source!r} names nothing to scan",
            hint="name an image, sbom:FILE, or attested:IMAGE",
        )
    return wish

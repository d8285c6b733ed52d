"""What `shipseal ignore` looks at: a release of this machine, results in a file, or what is scanned now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal._internal.vulnerability_ids import vulnerability_id
from shipseal.cli.scan_wish import ATTESTED, SBOM, Output, ScanWish, checked
from shipseal.errors import ConfigError
from shipseal.exceptions.assess import Assessment, ReleaseHit, assess, release_hit
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import ImageNames
from shipseal.ignores.vex.names import image_names
from shipseal.release.folders import StateFolder
from shipseal.release.known import Known, all_known, find, survey
from shipseal.scan.interface import ScanReport
from shipseal.wiring.advice import advise
from shipseal.wiring.image_names import names_of
from shipseal.wiring.previous import reports_in, reports_of
from shipseal.wiring.state import FILE_NAME, state_folder

_RESULTS = ".json"
_AFTER_THE_FILE = 1_000_000


@dataclass(frozen=True, slots=True)
class SourceWish:
    """What is to be looked at.

    Attributes:
        source: release, version, file, ``sbom:FILE``, ``attested:IMAGE`` or an image; None for the newest release.
        config: a configuration; None for the one in this folder, if there is one.
        engine: what scans; None leaves it to the configuration.
        db: advisory database; None likewise.
    """

    source: str | None = None
    config: Path | None = None
    engine: str | None = None
    db: Path | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found.

    Attributes:
        reports: one for each platform.
        source: where they come from, for people.
        image: names of the image.
        state: where the releases of this machine are.
        release: the release that it is; None when it is none.
    """

    reports: tuple[ScanReport, ...]
    source: str
    image: ImageNames
    state: StateFolder
    release: Known | None = None


def checked_id(text: str) -> str:
    """Return the id of a vulnerability as it was typed.

    Raises:
        ConfigError: it is none.
    """
    try:
        vulnerability_id(text)
    except ValueError as error:
        raise ConfigError(
            f"{text[:100]!r}: {error}", hint="write it as advisories do: CVE-2024-3094"
        ) from error
    return text


def look_at(wish: SourceWish, env: Mapping[str, str], clock: Clock, reporter: Reporter) -> Looked:
    """Return the findings of what is asked for.

    Args:
        wish: what is to be looked at.
        env: the environment, for where releases are.
        clock: where the time comes from.
        reporter: hears of progress.

    Raises:
        ConfigError: there is no such release or file.
        ShipsealError: it could not be read or scanned.
    """
    state = state_folder(wish.config, env)
    text = wish.source or ""
    if not text or _is_release(state, text):
        return of_release(find(state, text) if text else survey(state).latest(), state, clock)
    if text.endswith(_RESULTS) and not text.startswith((SBOM, ATTESTED)):
        reports = reports_in(Path(text), now=clock.now())
        return Looked(reports, text, ImageNames(), state)
    return _scanned(wish, text, state, clock, reporter)


def of_release(release: Known, state: StateFolder, clock: Clock) -> Looked:
    """Return the findings of a release.

    Raises:
        ConfigError: it was not scanned, or its results are not kept any more.
    """
    plan = release.state.plan
    reports = tuple(
        # Platforms are scanned at once, and noted as they are done.
        sorted(reports_of(release, state, now=clock.now()), key=lambda one: str(one.platform))
    )
    if plan is None or not reports:
        raise ConfigError(
            f"release {release.identifier}: nothing was scanned",
            hint="name an image, sbom:FILE or a file with results of a scan",
        )
    return Looked(
        reports, f"release {plan.version} ({release.identifier})", names_of(release), state, release
    )


def hits(
    asked: str, looked: Looked, clock: Clock
) -> tuple[tuple[ReleaseHit, ...], tuple[str, ...]]:
    """Return the releases of this machine that have a vulnerability, the newest first, and what could not be read."""
    found: list[ReleaseHit] = []
    unread: list[str] = []
    for release in reversed(all_known(looked.state)):
        plan, image = release.state.plan, release.state.image
        if plan is None:
            continue
        try:
            reports = reports_of(release, looked.state, now=clock.now())
        except ConfigError as error:
            unread.append(error.message)
            continue
        hit = release_hit(
            asked,
            reports,
            release=release.identifier,
            version=plan.version,
            image=plan.image,
            digest=image.digest if image else "",
            status=str(release.state.status),
        )
        found += [hit] if hit else []
    return tuple(found), tuple(unread)


def _is_release(state: StateFolder, text: str) -> bool:
    if text in state.releases():
        return True
    plans = (release.state.plan for release in all_known(state))
    return any(plan is not None and plan.version == text for plan in plans)


def _scanned(
    wish: SourceWish, text: str, state: StateFolder, clock: Clock, reporter: Reporter
) -> Looked:
    from shipseal.cli.scan_rules import rules_of  # noqa: PLC0415 - only where something is scanned
    from shipseal.cli.scan_run import look  # noqa: PLC0415

    # Of a configuration, only what scans counts here.
    asked = checked(
        ScanWish(
            source=text,
            outputs=(Output("json"),),
            engine=wish.engine,
            db=wish.db,
            config=wish.config,
        )
    )
    found = look(asked, rules_of(asked, reporter), clock, reporter)
    subject = found.materials.subject
    digests = (subject.digest, *found.materials.digests) if subject.digest else ()
    return Looked(found.reports, text, image_names(found.materials.called, digests), state)


def rules_of_others(
    config: Path | None,
    looked: Looked,
    rules: Sequence[IgnoreRule],
    env: Mapping[str, str],
    clock: Clock,
) -> tuple[IgnoreRule, ...]:
    """Return what the signed VEX that the configuration names takes out, as rules of their own.

    Args:
        config: a configuration; None for the one in this folder, if there is one.
        looked: the findings, and what the image is called.
        rules: of the file: those with a ``vex-status`` say which statements count.
        env: the environment.
        clock: time.

    Raises:
        AttestError: a document is not signed by anybody who is trusted.
        ConfigError: the configuration or a document cannot be read.
    """
    if config is None and not Path(FILE_NAME).exists():
        return ()
    from shipseal.config.load import load  # noqa: PLC0415 - only where there is a configuration
    from shipseal.ignores.vex.matching import apply_vex  # noqa: PLC0415
    from shipseal.wiring.key_names import public_half  # noqa: PLC0415
    from shipseal.wiring.vex_documents import vex_documents  # noqa: PLC0415

    loaded = load(config, env=env, overrides={})
    found = loaded.config
    own = public_half(found.sign.key)
    documents = vex_documents(
        found.vex, found.verify, loaded.path.name, env=env, clock=clock, own=own
    )
    findings = [finding for report in looked.reports for finding in report.findings]
    # After all rules of any file: no two have the same index.
    return apply_vex(documents, findings, looked.image, rules).rules(_AFTER_THE_FILE)


def assessed(
    asked: str, looked: Looked, rules: Sequence[IgnoreRule], clock: Clock
) -> tuple[Assessment, tuple[str, ...]]:
    """Return what is known of a vulnerability, in what was looked at and in releases, and what could not be read."""
    releases, unread = hits(asked, looked, clock)
    found = assess(
        asked,
        looked.reports,
        rules,
        source=looked.source,
        now=clock.now(),
        advise=advise,
        releases=releases,
    )
    return found, unread

"""What doctor looks at, from the configuration; and the examination itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from shipseal._internal.process import find_tool
from shipseal.build.git import Git, git_facts
from shipseal.checks import Status
from shipseal.config.load import FILE_NAME, LoadedConfig, load
from shipseal.doctor.examination import Examined, Probe, Report, failed, of_error, passed, skipped
from shipseal.doctor.examining import examine
from shipseal.doctor.image import PLATFORMS, PUSH, push_check
from shipseal.doctor.machine import CLOCK, DISK, MEMORY, clock_check, disk_checks, memory_check
from shipseal.doctor.past import GIT, RELEASES, OpenRelease, git_check, release_checks
from shipseal.doctor.services import SIGSTORE, status_checks, why_unasked
from shipseal.doctor.tools import TOOLS, tool_checks
from shipseal.errors import ConfigError, ShipsealError
from shipseal.registry.interface import Target
from shipseal.release.known import Known, survey
from shipseal.status.outlook import CHECK as STATUS
from shipseal.status.services import every_page, interests
from shipseal.wiring.doctor_data import DATABASE, database_check
from shipseal.wiring.doctor_image import platform_probes
from shipseal.wiring.doctor_machine import budget_wanted, machine_now, rooms_of
from shipseal.wiring.doctor_outside import (
    GITHUB,
    clock_hosts,
    github_probes,
    heard_from,
    sigstore_probes,
)
from shipseal.wiring.doctor_rules import CONFIGURATION, rule_checks
from shipseal.wiring.doctor_signing import SIGNING, asks_others, signing_check
from shipseal.wiring.doctor_tools import wanted_tools
from shipseal.wiring.state import state_folder
from shipseal.wiring.status_pages import hosts_of, outlooks
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import Connections

CHECKS = (
    CONFIGURATION, TOOLS, PUSH, CLOCK, DISK, MEMORY, PLATFORMS, DATABASE, SIGNING, GITHUB, SIGSTORE, GIT, RELEASES,
    STATUS,
)  # fmt: skip
"""All checks, in the order in which they are shown."""

# A person waits for the answer; what needs longer than this to answer once is in trouble.
_RETRY_SECONDS, _ANSWER_SECONDS = 4.0, 10.0
_BAD = (Status.FAIL, Status.UNKNOWN)
_NO_TIME = "it did not tell the time"
_NO_CONFIGURATION = "needs a configuration that can be read"


@dataclass(frozen=True, slots=True)
class DoctorWish:
    """What is asked for.

    Attributes:
        config: the configuration; None for the one in the current folder.
        only: names of checks; empty for all.
        offline: whether nobody may be asked.
    """

    config: Path | None = None
    only: tuple[str, ...] = ()
    offline: bool = False


def examination(wish: DoctorWish, around: Surroundings) -> Report:
    """Look at everything that is asked for; what goes wrong is a finding.

    Status pages are asked last: only when somebody did not answer, or when they were asked for by name.

    Raises:
        ConfigError: there is no check of a name that was given.
    """
    _check_names(wish.only)
    loaded, configuration = _configuration(wish.config, around)
    wanted = wish.only or CHECKS
    probes = [one for one in _probes(wish, loaded, around) if one.name in wanted]
    found = _without_echo(examine(probes, around.clock, around.reporter, offline=wish.offline))
    if CONFIGURATION in wanted or (loaded is None and wish.config is not None):
        found = (configuration, *found)
    blamed = tuple(dict.fromkeys(one.host for one in found if one.blames_others and one.host))
    asked = STATUS in wish.only
    if not wish.offline and (asked or (blamed and STATUS in wanted)):
        found += _pages(loaded, around, blamed, asked=asked)
    elif STATUS in wanted:
        why = "--offline: nobody is asked" if wish.offline else why_unasked(found)
        found += (skipped(STATUS, "pages", why),)
    return Report(tuple(sorted(found, key=lambda one: CHECKS.index(one.check.name))))


def _without_echo(found: tuple[Examined, ...]) -> tuple[Examined, ...]:
    """Return the findings without clocks of hosts that did not answer, where that is told already or others did."""
    bad = {one.host for one in found if one.check.name == PUSH and one.check.status in _BAD}
    known = any(one.check.name == CLOCK and one.check.status is Status.PASS for one in found)
    return tuple(
        skipped(CLOCK, one.check.subject, _NO_TIME)
        if one.check.name == CLOCK and _untold(one) and (known or one.check.subject in bad)
        else one
        for one in found
    )


def _untold(clock: Examined) -> bool:
    """Return whether a host did not tell the time, for whatever reason; not whether the clock is wrong."""
    return clock.check.status is Status.UNKNOWN or bool(
        clock.check.status is Status.FAIL and clock.code
    )


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if name not in CHECKS:
            raise ConfigError(
                f"--only {name!r}: there is no such check", hint=f"there are {', '.join(CHECKS)}"
            )


def _configuration(
    config: Path | None, around: Surroundings
) -> tuple[LoadedConfig | None, Examined]:
    subject = str(config or FILE_NAME)
    try:
        loaded = load(config, env=around.env, overrides={})
    except ShipsealError as error:
        return None, _wrong_configuration(config, subject, error)
    told = f"{len(loaded.config.targets)} targets, {loaded.config.build.builder}"
    return _quick(loaded), passed(CONFIGURATION, subject, told, evidence=(str(loaded.path),))


def _wrong_configuration(config: Path | None, subject: str, error: ShipsealError) -> Examined:
    if config is None and not Path(FILE_NAME).exists():
        return failed(
            CONFIGURATION,
            subject,
            expected="a configuration",
            got=f"there is none in {Path.cwd()}",
            remedy="write one with `shipseal init`, or name it with --config",
            code=str(error.code),
        )
    problems = getattr(error, "problems", ())
    told = tuple(f"line {one.line or '?'}: {one.key}: {one.message}" for one in problems)
    return replace(of_error(CONFIGURATION, subject, error), evidence=told)


def _quick(loaded: LoadedConfig) -> LoadedConfig:
    """Return the configuration with the patience of a person who waits for an answer."""
    times = loaded.config.timeouts
    quick = times.model_copy(
        update={
            "retry_deadline": min(times.retry_deadline, _RETRY_SECONDS),
            "network": min(times.network, _ANSWER_SECONDS),
        }
    )
    return replace(loaded, config=loaded.config.model_copy(update={"timeouts": quick}))


def _probes(wish: DoctorWish, loaded: LoadedConfig | None, around: Surroundings) -> Iterator[Probe]:
    config = loaded.config if loaded else None
    folder = loaded.folder if loaded else Path.cwd()
    if loaded is not None:
        yield Probe(CONFIGURATION, "rules", lambda: rule_checks(loaded))
    yield Probe(TOOLS, "", lambda: tool_checks(wanted_tools(loaded, around)))
    yield Probe(DISK, "", lambda: disk_checks(rooms_of(loaded, wish.config, around.env)))
    yield Probe(MEMORY, "", lambda: memory_check(machine_now(), budget_wanted(config)))
    yield Probe(DATABASE, "", lambda: database_check(loaded, around))
    yield Probe(
        GIT, "sources", lambda: git_check(lambda: git_facts(folder), lambda: _shallow(folder))
    )
    yield Probe(RELEASES, "", lambda: release_checks(_unfinished(wish.config, loaded, around)))
    if loaded is None:
        for name in (PUSH, CLOCK, PLATFORMS, SIGNING, GITHUB, SIGSTORE):
            yield Probe(name, "", _skipping(name))
        return
    connections = Connections(loaded.config, loaded.folder, around.clock)
    yield from _made(PUSH, lambda: _push_probes(loaded, connections))
    yield from _made(CLOCK, lambda: _clock_probes(loaded, around))
    yield from _made(PLATFORMS, lambda: platform_probes(loaded, connections))
    yield from _made(SIGNING, lambda: _signing_probes(loaded, around))
    yield from _made(GITHUB, lambda: github_probes(loaded, around))
    yield from _made(SIGSTORE, lambda: sigstore_probes(loaded, around))


def _made(name: str, make: Callable[[], Iterable[Probe]]) -> Iterator[Probe]:
    """Yield the probes of one check; why there can be none is its finding, and no other's."""
    try:
        yield from tuple(make())
    except ShipsealError as error:
        found = of_error(name, "", error)
        yield Probe(name, "", lambda: (found,))


def _signing_probes(loaded: LoadedConfig, around: Surroundings) -> Iterator[Probe]:
    look = partial(signing_check, loaded, around)
    yield Probe(SIGNING, "", look, network=asks_others(loaded))


def _skipping(name: str) -> Callable[[], Iterable[Examined]]:
    return lambda: (skipped(name, "", _NO_CONFIGURATION),)


def _push_probes(loaded: LoadedConfig, connections: Connections) -> Iterator[Probe]:
    for text in loaded.config.targets:
        target = connections.open(text)
        look = partial(_pushed, target)
        yield Probe(PUSH, target.name, look, network=bool(target.registry), host=target.registry)


def _pushed(target: Target) -> Iterable[Examined]:
    try:
        return tuple(push_check(target))
    finally:
        target.close()


def _clock_probes(loaded: LoadedConfig, around: Surroundings) -> Iterator[Probe]:
    hosts = clock_hosts(loaded, around.env)
    for host, url in hosts:
        ask = partial(heard_from, url, loaded, around.clock)
        yield Probe(CLOCK, host, partial(clock_check, host, ask), network=True, host=host)
    if not hosts:
        why = "a release of this configuration asks nobody who tells the time"
        yield Probe(CLOCK, "", lambda: (skipped(CLOCK, "", why),))


def _shallow(folder: Path) -> bool:
    program = find_tool("git", hint="install git")
    return Git(program, folder).text("rev-parse", "--is-shallow-repository") == "true"


def _unfinished(
    config: Path | None, loaded: LoadedConfig | None, around: Surroundings
) -> tuple[OpenRelease, ...]:
    there = survey(state_folder(loaded.path if loaded else config, around.env))
    image = loaded.config.image if loaded else ""
    broken = (
        OpenRelease(one.release, "", "unreadable", one.reason, one.hint) for one in there.unreadable
    )
    open_ones = (
        _open(one)
        for one in there.releases
        if one.state.can_resume
        and (not image or (one.state.plan and one.state.plan.image == image))
    )
    return (*broken, *open_ones)


def _open(one: Known) -> OpenRelease:
    result = one.result()
    if one.holder:
        told = f"process {one.holder.pid} on {one.holder.host} is at it"
        return OpenRelease(one.identifier, result.version, "running", told, "")
    resume = f"shipseal release resume {one.identifier}"
    return OpenRelease(one.identifier, result.version, result.status, result.message, resume)


def _pages(
    loaded: LoadedConfig | None, around: Surroundings, blamed: tuple[str, ...], *, asked: bool
) -> tuple[Examined, ...]:
    named = loaded.config.status.pages if loaded else {}
    if loaded is None:
        wanted = every_page(named)
    else:
        try:
            hosts = hosts_of(loaded, around.env) if asked else ()
        except ShipsealError:
            hosts = ()  # what is wrong with the job's variables, other checks say
        wanted = interests((*blamed, *hosts), named)
    around.reporter.step("status pages", "running")
    seen = tuple(status_checks(outlooks(wanted, around.clock), blamed=blamed))
    around.reporter.step("status pages", "done")
    told = ", ".join(blamed)
    return seen or (skipped(STATUS, told, "no status page is known: status.pages can name one"),)

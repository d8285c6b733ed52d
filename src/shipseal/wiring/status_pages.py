"""Which status pages matter to a configuration, and who looks at them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from shipseal._internal.clock import Clock
from shipseal.config.build_model import LayersBuild, PrebuiltBuild
from shipseal.config.load import FILE_NAME, LoadedConfig, load
from shipseal.errors import ShipsealError
from shipseal.oci.reference import Reference
from shipseal.release.holding import Holding
from shipseal.status.asking import look, look_at_all
from shipseal.status.outlook import Outlook
from shipseal.status.services import Interest, every_page, interests
from shipseal.wiring.surroundings import Surroundings


def holding_for(loaded: LoadedConfig, around: Surroundings) -> Holding:
    """Return what a release does while somebody else has an outage."""
    named = loaded.config.status.pages

    def seen(host: str) -> Outlook | None:
        return host_outlook(host, named, around.clock)

    return Holding(around.clock, around.reporter, loaded.config.timeouts.wait, seen)


def host_outlook(host: str, named: Mapping[str, str], clock: Clock) -> Outlook | None:
    """Return what the status page of a host says; None where it has none. Nothing is raised.

    Args:
        host: with or without a port.
        named: pages of the configuration (``status.pages``).
        clock: tells how long an answer takes.
    """
    wanted = interests((host,), named)
    if not wanted:
        return None
    from shipseal.status.web import StatusWeb  # noqa: PLC0415 - only where something is down

    pages = StatusWeb(clock)
    try:
        return look(pages, wanted[0])
    finally:
        pages.close()


def hosts_of(loaded: LoadedConfig, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts that a release of this configuration talks to, each once: targets first."""
    return tuple(dict.fromkeys([*_registries(loaded), *_signing(loaded, env)]))


def _registries(loaded: LoadedConfig) -> Iterable[str]:
    build = loaded.config.build
    texts = list(loaded.config.targets)
    if isinstance(build, PrebuiltBuild | LayersBuild):
        texts += [build.base or ""]
    if isinstance(build, PrebuiltBuild):
        texts += [build.reference or ""]
    for text in texts:
        if text and not text.startswith("oci:") and text != "scratch":
            try:
                yield Reference.parse(text).registry
            except ShipsealError:
                continue


def _signing(loaded: LoadedConfig, env: Mapping[str, str]) -> Iterable[str]:
    from shipseal.wiring.evidence import evidence_repository  # noqa: PLC0415
    from shipseal.wiring.keys import signing_mode  # noqa: PLC0415

    if env.get("GITHUB_ACTIONS") == "true" and signing_mode(loaded) == "keyless":
        yield "token.actions.githubusercontent.com"
    if signing_mode(loaded) == "keyless" and loaded.config.sign.signing_config is None:
        # GitHub's own instance is GitHub's; which one signs is seen from the token, and both are looked at.
        if loaded.config.sign.instance == "github":
            yield "fulcio.githubapp.com"
        else:
            yield from ("fulcio.sigstore.dev", "rekor.sigstore.dev", "timestamp.sigstore.dev")
    if evidence_repository(loaded, env):
        yield urlsplit(env.get("GITHUB_API_URL") or "https://api.github.com").netloc


def wanted_pages(
    config: Path | None, env: Mapping[str, str], *, every: bool = False
) -> tuple[Interest, ...]:
    """Return the pages that say how the services are that a release needs; all known ones without a configuration.

    Args:
        config: the configuration; None for the one in the current folder, which need not be there.
        env: the environment.
        every: whether all known pages are wanted, whatever is configured.

    Raises:
        ConfigError: the configuration is wrong, or the one that was named is not there.
    """
    if config is None and not Path(FILE_NAME).exists():
        return every_page({})
    loaded = load(config, env=env, overrides={})
    named = loaded.config.status.pages
    return every_page(named) if every else interests(hosts_of(loaded, env), named)


def outlooks(wanted: tuple[Interest, ...], clock: Clock) -> tuple[Outlook, ...]:
    """Return what the pages say, asked side by side. Nothing is raised."""
    if not wanted:
        return ()
    from shipseal.status.web import StatusWeb  # noqa: PLC0415 - as above

    pages = StatusWeb(clock)
    try:
        return look_at_all(pages, wanted)
    finally:
        pages.close()

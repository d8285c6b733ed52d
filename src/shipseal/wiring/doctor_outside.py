"""Outside services that a release asks besides its registries: GitHub, Sigstore; and what time they have."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from shipseal._internal.clock import Clock
from shipseal._internal.limits import KIB, Limit
from shipseal._internal.retry import RetryPolicy
from shipseal.attest.web import Ask, Patience, Web
from shipseal.config.load import LoadedConfig
from shipseal.doctor.examination import Examined, Probe, passed, skipped
from shipseal.doctor.machine import Heard
from shipseal.doctor.services import SIGSTORE, answers_check
from shipseal.errors import AttestError, Code
from shipseal.oci.reference import DOCKER_HUB_API, Reference
from shipseal.registry.errors import Caller
from shipseal.registry.hosts import HostSettings, scheme_of
from shipseal.registry.transport import Call, Timeouts, Transport
from shipseal.wiring.evidence import evidence_repository
from shipseal.wiring.keys import signing_mode
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import host_settings

GITHUB = "github"
_REPOSITORY = Limit("repository", 512 * KIB, "GitHub's answer about one is some ten kilobytes")
# Any answer of the service itself will do: what is asked need not exist there.
_ANSWERS = frozenset(range(300, 500))
_HUB = "docker.io"


def clock_hosts(loaded: LoadedConfig, env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return hosts that a release asks, with an address at each: the targets', else those who sign."""
    settings = host_settings(loaded.config)
    hosts = dict.fromkeys(
        Reference.parse(text).registry
        for text in loaded.config.targets
        if not text.startswith("oci:")
    )
    found = []
    for host in hosts:
        api = DOCKER_HUB_API if host == _HUB else host
        scheme = scheme_of(api, settings.get(host, HostSettings()))
        found.append((host, f"{scheme}://{api}/v2/"))
    found = found or [(urlsplit(url).netloc, url) for url in sigstore_urls(loaded)[:1]]
    if not found and evidence_repository(loaded, env):
        url = env.get("GITHUB_API_URL") or "https://api.github.com"
        found = [(urlsplit(url).netloc, url)]
    return tuple(found)


def heard_from(url: str, loaded: LoadedConfig, clock: Clock) -> Heard:
    """Return what time a server has.

    Raises:
        RegistryError: it does not answer.
    """
    netloc = urlsplit(url).netloc
    seconds = loaded.config.timeouts.network
    transport = Transport(
        host_settings(loaded.config),
        HostSettings(),
        timeouts=Timeouts(read=seconds, answer=seconds),
        clock=clock,
    )
    try:
        asked = clock.now()
        response = transport.send(Call("GET", url), "", Caller(netloc))
        heard = Heard(response.headers.get("date", ""), asked, clock.now())
        response.close()
        return heard
    finally:
        transport.close()


def github_probes(loaded: LoadedConfig, around: Surroundings) -> Iterator[Probe]:
    """Return what looks at the repository whose attestations a release would go to."""
    repository = evidence_repository(loaded, around.env)
    if not repository:
        why = "no repository's attestations take the evidence (evidence.github)"
        yield Probe(GITHUB, "", lambda: (skipped(GITHUB, "", why),))
        return
    host = urlsplit(around.env.get("GITHUB_API_URL") or "https://api.github.com").netloc
    yield Probe(GITHUB, repository, lambda: _github(repository, around), network=True, host=host)


def _github(repository: str, around: Surroundings) -> Iterator[Examined]:
    from shipseal.github.hosts import github_host, parse_repository  # noqa: PLC0415 - only where it is
    from shipseal.github.rest import GitHubRest  # noqa: PLC0415

    host, name = github_host(around.env), parse_repository(repository)
    if not host.token:
        raise AttestError(
            Code.ATTESTATIONS_PERMISSION,
            f"evidence.github: {repository} at {host.name} takes no evidence without a token, and there is none",
            hint="put the job's token into GH_TOKEN and give the job `permissions: attestations: write`, or write "
            "evidence: {github: none}",
        )
    rest = GitHubRest(host, around.clock, RetryPolicy(tries=2, deadline=4.0))
    try:
        # What lies below a digest that nothing has is an empty list: the token may read, and the API answers.
        nothing = f"sha256:{'0' * 64}"
        url = f"{host.api}/repos/{name}/attestations/{nothing}"
        answer = rest.get(url, _REPOSITORY, final=(404,))
    finally:
        rest.close()
    yield passed(
        GITHUB,
        repository,
        f"{host.name} answers {answer.status} to this token",
        remark="whether it may store shows only when it is used: give the job `attestations: write`",
    )


def sigstore_urls(loaded: LoadedConfig) -> tuple[str, ...]:
    """Return the services that sign keyless; none where a key signs, or that is not known before there is a token."""
    from shipseal.attest.sigstore_instance import GITHUB_SERVICES  # noqa: PLC0415 - brings clients

    if signing_mode(loaded) != "keyless":
        return ()
    sign = loaded.config.sign
    if sign.signing_config is not None:
        return _own_urls(loaded)
    if sign.instance == "github":
        return (GITHUB_SERVICES.authority, *GITHUB_SERVICES.stamps)
    return ("https://fulcio.sigstore.dev", "https://rekor.sigstore.dev")


def _own_urls(loaded: LoadedConfig) -> tuple[str, ...]:
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - as above
    from shipseal.attest.sigstore_instance import instance_from_files  # noqa: PLC0415
    from shipseal.errors import ShipsealError  # noqa: PLC0415

    config = loaded.config.sign.signing_config
    if config is None:
        return ()
    try:
        root = loaded.config.verify.trusted_root
        services = instance_from_files(config, root, now=SystemClock().now()).services
    except ShipsealError:
        return ()  # what is wrong with the file, the check of signing says
    log = (services.log.url,) if services.log else ()
    return (services.authority, *log, *services.stamps)


def sigstore_probes(loaded: LoadedConfig, around: Surroundings) -> Iterator[Probe]:
    """Return what asks each service of the instance that would sign."""
    urls = sigstore_urls(loaded)
    if not urls:
        yield Probe(SIGSTORE, "", lambda: (skipped(SIGSTORE, "", "a key signs"),))
    for url in urls:
        yield Probe(SIGSTORE, url, _asking(url, loaded, around), True, urlsplit(url).netloc)


def _asking(
    url: str, loaded: LoadedConfig, around: Surroundings
) -> Callable[[], Iterable[Examined]]:
    def look() -> Iterable[Examined]:
        times = loaded.config.timeouts
        web = Web(around.clock, Patience(answer=times.network, deadline=times.retry_deadline))
        try:
            return tuple(answers_check(SIGSTORE, url, lambda: _seen(web, url)))
        finally:
            web.close()

    return look


def _seen(web: Web, url: str) -> str:
    answer = web.ask(Ask("service of signing", "GET", url, final=_ANSWERS))
    return f"GET {url}: {answer.status}"

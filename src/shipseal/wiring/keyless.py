"""Who signs keyless, from ``sign:`` and what the job has in its environment."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal._internal.retry import Left, again_in, endless
from shipseal.attest.instance_choice import Instance, Situation, choose_instance
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc import IdentityToken
from shipseal.attest.oidc_sources import (
    GITLAB_HINT,
    VARIABLE,
    ActionsTokens,
    AmbientTokens,
    FileTokens,
    FixedTokens,
    InteractiveTokens,
    TokenSource,
    ambient_detector,
    log_in,
    standard_input_token,
)
from shipseal.attest.public_instance import public_instance
from shipseal.attest.sigstore_instance import (
    SigstoreInstance,
    github_instance,
    instance_from_files,
)
from shipseal.attest.trust_root_source import tuf_places
from shipseal.attest.web import Patience, Web
from shipseal.config.model import Config
from shipseal.config.sections import Sign
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.github.visibility import Visibility, job_visibility, read_visibility
from shipseal.wiring.trust import refresh

_JOBS = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "CI")


@dataclass(frozen=True, slots=True)
class KeylessWorld:
    """What keyless signing meets outside.

    Attributes:
        env: the environment.
        clock: time.
        reporter: hears which instance was chosen and why.
        terminal: whether a person sits before this.
        left: how long may still be tried again.
    """

    env: Mapping[str, str]
    clock: Clock
    reporter: Reporter
    terminal: bool
    left: Left = endless


def keyless_signer(config: Config, world: KeylessWorld) -> KeylessSigner:
    """Return the signer, its first token fetched: a missing permission is told before anything long begins.

    Raises:
        AttestError: there is no token, or it cannot be used.
        ConfigError: the instance cannot be used, or none was named for a private repository.
    """
    times = config.timeouts
    web = Web(
        world.clock,
        Patience(answer=times.network, deadline=times.retry_deadline, left=world.left),
        told=lambda error, wait: world.reporter.note(again_in(error, wait)),
    )
    tokens = token_source(config, web, world)
    instance = _instance(config, tokens.token(), world)
    signer = KeylessSigner(instance, tokens, web, world.clock)
    world.reporter.note(f"signing {signer.identity}")
    return signer


def token_source(config: Config, web: Web, world: KeylessWorld) -> TokenSource:
    """Return where tokens come from: what is named, else what the job is given, else a person on a terminal.

    Raises:
        AttestError: ``auth.oidc-permission``: the job may not have one.
    """
    env, clock, sign = world.env, world.clock, config.sign
    if sign.token_file is not None:
        return (
            standard_input_token(clock)
            if str(sign.token_file) == "-"
            else FileTokens(sign.token_file, clock)
        )
    if env.get(VARIABLE):
        return FixedTokens(env[VARIABLE], VARIABLE, clock)
    if env.get("GITHUB_ACTIONS") == "true":
        return ActionsTokens(env, web, clock)
    if env.get("GITLAB_CI"):
        raise AttestError(
            Code.OIDC_PERMISSION,
            f"this job of GitLab has no identity token: {VARIABLE} is not set",
            hint=GITLAB_HINT,
        )
    if world.terminal and not in_job(env):
        return InteractiveTokens(_login(config, world), clock)
    return AmbientTokens(ambient_detector(), clock, deadline=web.patience.answer)


def in_job(env: Mapping[str, str]) -> bool:
    """Return whether this is a job of a CI system: nobody can log in there."""
    return any(env.get(name) for name in _JOBS)


def _login(config: Config, world: KeylessWorld) -> Callable[[], str]:
    def ask() -> str:
        instance = _own(config, world) or _public(world)
        return log_in(instance.services.issuer)

    return ask


def _own(config: Config, world: KeylessWorld) -> SigstoreInstance | None:
    if config.sign.signing_config is None:
        return None
    now, root = world.clock.now(), config.verify.trusted_root
    return instance_from_files(config.sign.signing_config, root, now=now)


def _instance(config: Config, token: IdentityToken, world: KeylessWorld) -> SigstoreInstance:
    if own := _own(config, world):
        return own
    chosen, why = choose_instance(situation_of(config.sign, token, world.env))
    world.reporter.note(f"sign.instance: {chosen}: {why}")
    if chosen is Instance.PUBLIC_GOOD:
        return _public(world)
    if config.verify.trusted_root is None:
        raise ConfigError(
            "verify.trusted_root: GitHub's instance signs for this private repository, and what it signs cannot be "
            "verified before tags move without its trusted root",
            hint="write `gh attestation trusted-root` into a file, and name that in verify.trusted_root",
        )
    return github_instance()


def situation_of(sign: Sign, token: IdentityToken, env: Mapping[str, str]) -> Situation:
    """Return what is known of who signs, from the token and from the job's surroundings."""
    said = {read_visibility(token.visibility), job_visibility(env)}
    private = True if Visibility.PRIVATE in said else False if Visibility.PUBLIC in said else None
    named = bool(token.repository) or in_job(env)
    return Situation(sign.instance, private, token.issuer, named)


def _public(world: KeylessWorld) -> SigstoreInstance:
    instance = public_instance(tuf_places(world.env), world.clock, refresh)
    if instance.note:
        world.reporter.note(f"trusted root to sign with: {instance.note}")
    return instance


def on_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()

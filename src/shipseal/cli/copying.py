"""The work of `shipseal copy`: resolve once, copy by digest, verify there with the consumer's policy, tag last."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy
from shipseal.cli.exporting import check_platforms, platform_named
from shipseal.cli.references import parse_reference
from shipseal.cli.terminal import TerminalReporter
from shipseal.cli.verify_places import PREFIX, opened_place, resolve_place, split_place
from shipseal.cli.verify_rules import Asked, RuleBook, rule_book
from shipseal.errors import ConfigError
from shipseal.evidence.collect import collect
from shipseal.evidence.copy import CopyResult, CopyWish, copy_image
from shipseal.evidence.copy_tags import TagWish
from shipseal.evidence.interface import Collected
from shipseal.oci import Digest
from shipseal.oci.load import load_image
from shipseal.registry.interface import Target
from shipseal.release.version import Version
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy, check_policy
from shipseal.verify.verdict import Verdict
from shipseal.wiring.evidence import own_sources
from shipseal.wiring.trust import OpenedTrust, TrustWish, open_trust

if TYPE_CHECKING:
    from shipseal.attest.trust_root import TrustRoot

_DOTS_OF_A_VERSION = 2


@dataclass(frozen=True, slots=True)
class CopyAsked:
    """What the command line says.

    Attributes:
        source: the image.
        destination: where to.
        tags: of the copy.
        move_tags: whether tags that are no whole version may be taken from another digest.
        platform: copied alone; None for all.
        rules: what is required, and who is trusted.
        verify: whether the copy is verified.
    """

    source: str
    destination: str
    tags: tuple[str, ...]
    move_tags: bool
    platform: str | None
    rules: Asked
    verify: bool


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to.

    Attributes:
        source: where from, without tag and digest.
        destination: where to.
        platform: that was copied alone; empty for all.
        result: what was done.
        verdict: over the copy; None when it was not asked for.
        root: trusted root; None where none was needed.
        notes: what a person should know.
    """

    source: str
    destination: str
    platform: str
    result: CopyResult
    verdict: Verdict | None
    root: "TrustRoot | None"
    notes: tuple[str, ...]


def run_copy(asked: CopyAsked, env: Mapping[str, str], clock: Clock) -> Copied:
    """Copy one image.

    Raises:
        ConfigError: a text or a file cannot be used; ``policy.empty``.
        ImageError: there is no such image; ``image.tag-exists``.
        ShipsealError: a place refused or could not be reached.
    """
    rules, opened = _rules(asked, env, clock)
    with ExitStack() as stack:
        reporter = stack.enter_context(TerminalReporter())
        policy = RetryPolicy(told=lambda error, wait: reporter.note(f"{error.message}; again"))
        source_name, source_reference = split_place(asked.source)
        name, own_tag = _destination(asked.destination)
        source = stack.enter_context(opened_place(source_name, rules.hosts, clock, policy))
        target = stack.enter_context(opened_place(name, rules.hosts, clock, policy))
        whole = resolve_place(source, source_reference)
        root = _platform_root(source, whole, asked.platform)
        source_tag = "" if ":" in source_reference else source_reference
        tags = (*([own_tag] if own_tag else ()), *asked.tags) or (source_tag,)
        wish = CopyWish(source, target, root, _wishes(tags), asked.move_tags)
        judge: _Judge | None = None
        if opened:
            judge = _Judge(wish, whole=whole, rules=rules, opened=opened, clock=clock)
        result = copy_image(wish, judge, reporter)
        notes = list(result.notes)
        if source_tag and (now := source.resolve(source_tag)) and now.digest != whole:
            notes.append(
                f"{asked.source} names {now.digest} by now; what was copied is what it named at the start"
            )
    return Copied(
        source_name, name, asked.platform or "", result,
        judge.verdict if judge else None, opened.root if opened else None, tuple(notes),
    )  # fmt: skip


def _rules(
    asked: CopyAsked, env: Mapping[str, str], clock: Clock
) -> tuple[RuleBook, OpenedTrust | None]:
    if not asked.verify:
        if asked.rules.keys or asked.rules.who.given or asked.rules.policy:
            raise ConfigError(
                "--without-verification, and somebody is trusted: the two exclude each other",
                hint="leave --without-verification out",
            )
        return _hosts_alone(asked.rules, env), None
    rules = rule_book(asked.rules)
    opened = open_trust(rules.trust, env, clock)
    check_policy(rules.policy, opened.trust)
    return rules, opened


def _hosts_alone(asked: Asked, env: Mapping[str, str]) -> RuleBook:
    """Return rules that tell how hosts are reached, and nothing else."""
    if asked.config is None:
        return RuleBook(VerifyPolicy(), TrustWish())
    from shipseal.config.load import load  # noqa: PLC0415 - pydantic and YAML
    from shipseal.wiring.targets import host_settings  # noqa: PLC0415

    hosts = host_settings(load(asked.config, env=env, overrides={}).config)
    return RuleBook(VerifyPolicy(), TrustWish(), hosts)


def _destination(text: str) -> tuple[str, str]:
    """Return the name of the destination, and the tag that is written in it; empty for none."""
    if text.startswith(PREFIX):
        name, tag = split_place(text)
    else:
        reference = parse_reference(text)
        name, tag = reference.name, reference.digest or reference.tag or ""
    if ":" in tag:
        raise ConfigError(
            f"{text}: a copy has the digest that the image has",
            hint="name the destination without a digest",
        )
    return name, tag


def _platform_root(source: Target, whole: Digest, text: str | None) -> Digest:
    if text is None:
        return whole
    platform, image = platform_named(text), load_image(source, whole)
    check_platforms(image, frozenset((platform,)))
    return next(one.digest for one in image.platforms if one.platform == platform)


def _wishes(tags: tuple[str, ...]) -> tuple[TagWish, ...]:
    return tuple(TagWish(tag, is_whole_version(tag)) for tag in dict.fromkeys(tags) if tag)


def is_whole_version(tag: str) -> bool:
    """Return whether a tag is a whole version, such as ``1.2.0`` or ``v1.2.0-rc.1``: one that never moves."""
    numbers = tag.partition("-")[0].partition("+")[0]
    return Version.parse(tag) is not None and numbers.count(".") == _DOTS_OF_A_VERSION


class _Judge:
    """Verifies the copy at its destination."""

    def __init__(
        self, wish: CopyWish, *, whole: Digest, rules: RuleBook, opened: OpenedTrust, clock: Clock
    ) -> None:
        self._source, self._target = wish.source, wish.destination
        self._whole, self._root = whole, wish.root
        self._rules, self._opened, self._clock = rules, opened, clock
        self.verdict: Verdict | None = None

    def __call__(self) -> bool:
        """Read everything back from the destination, and decide."""
        found = self._at(self._target, self._root)
        policy = self._rules.policy
        if self._root != self._whole:
            # The seal names the evidence of the index and of the other platforms, which stays where it is.
            there = self._at(self._source, self._whole)
            found = replace(found, evidence={**there.evidence, **found.evidence})
            policy = replace(policy, platforms=None)
        self.verdict = decide(policy, [found], self._opened.trust, now=self._clock.now())
        return self.verdict.passed

    def _at(self, target: Target, digest: Digest) -> Collected:
        return collect(target, digest, stores=own_sources(target))

"""Plan a rollback: read all targets, choose, verify, and decide about every tag. Nothing is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from shipseal.errors import Code, ConfigError, ImageError
from shipseal.oci import Digest, parse_digest
from shipseal.registry.interface import Target
from shipseal.release.rollback.assure import Assurance, assure, check_age, check_sealed_as
from shipseal.release.rollback.choose import Choice, choose_for, choose_previous
from shipseal.release.rollback.known import (
    KnownRollback,
    LocalRelease,
    known_rollbacks,
    local_releases,
    version_of,
)
from shipseal.release.rollback.survey import Survey
from shipseal.release.rollback.values import Point, Setup, Wish
from shipseal.release.steps.promote import Decisions, writes_any
from shipseal.release.tags import Action, PlannedTag, TagDecision


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What would be done.

    Attributes:
        to: where tags go; None when there is nothing to do.
        tags: in the order of writing.
        decisions: about each tag at each target, by the target's name.
        versions: version by digest of what is left and of where tags go, as far as they are known.
        staying: tags of the release that is left that do not follow, with a sentence each.
        passed_over: versions that were not chosen, with a sentence each.
        assurance: what was verified; None when there is nothing to do.
        nothing: why there is nothing to do; empty when there is something.
        resumes: an earlier rollback that was cut short and now goes on; None when there is none.
    """

    to: Point | None
    tags: tuple[PlannedTag, ...] = ()
    decisions: Decisions | None = None
    versions: Mapping[str, str] | None = None
    staying: tuple[tuple[str, str], ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    assurance: Assurance | None = None
    nothing: str = ""
    resumes: KnownRollback | None = None

    def named_before(self, target: str, decision: TagDecision) -> str | None:
        """Return what a tag named before it was moved, which an earlier run that was cut short may have done."""
        known = (self.resumes.state.before if self.resumes else None) or {}
        if decision.action is Action.KEEP:
            return known.get(target, {}).get(decision.tag.name, decision.before)
        return decision.before

    def moves(self, target: str) -> dict[str, str]:
        """Return the tags that move at a target, in this run or in the one that was cut short, with what they leave."""
        to = self.to.digest if self.to else None
        return {
            one.tag.name: before
            for one in (self.decisions or {}).get(target, ())
            if one.action is not Action.HOLD
            and (before := self.named_before(target, one))
            and before != to
        }


def plan_rollback(setup: Setup, wish: Wish) -> RollbackPlan:
    """Return what a rollback would do, having verified the release that tags would go to.

    Raises:
        ConfigError: what is asked for is not there, or is more than one thing.
        AttestError: the release does not verify, or was sealed as another version.
        ReleaseError: ``scan.undecided``: its scan is too old.
        ImageError: it is not at every target, or not the same one.
        ShipsealError: a target could not be read.
    """
    planner = _Planner(setup, wish)
    open_one = planner.open_rollback()
    if open_one and not wish.to and not wish.tags:
        return planner.resume(open_one)
    if wish.to:
        return planner.to_named(open_one)
    choice = choose_previous(setup.rules, planner.survey, wish.tags)
    if not choice.to:
        return RollbackPlan(None, nothing=choice.nothing)
    return planner.finish(planner.public_point(choice.to), choice, open_one)


class _Planner:
    """What one plan is made with: everything that was read, once."""

    def __init__(self, setup: Setup, wish: Wish) -> None:
        self.setup = setup
        self.wish = wish
        self.survey = Survey(setup.targets, setup.rules)
        self.local = local_releases(setup.state, setup.image, setup.reporter)

    def open_rollback(self) -> KnownRollback | None:
        """Return the newest rollback that was cut short, if everything still is as it left it."""
        names = tuple(target.name for target in self.setup.targets)
        for known in reversed(list(known_rollbacks(self.setup.state, self.setup.reporter.note))):
            if known.open and (known.start.image, known.start.targets) == (self.setup.image, names):
                return known if self._stands(known) else None
        return None

    def _stands(self, known: KnownRollback) -> bool:
        """Return whether each tag names what it named before, or what it should: else others went on without it."""
        for target, tags in (known.state.before or {}).items():
            for tag, before in tags.items():
                if self.survey.named(tag)[target] not in (before, known.start.digest):
                    return False
        return True

    def resume(self, known: KnownRollback) -> RollbackPlan:
        """Return the plan of the rollback that was cut short."""
        start = known.start
        to = Point(start.version, parse_digest(start.digest))
        choice = choose_for(self.setup.rules, self.survey, to, start.tags)
        return self.finish(to, choice, known)

    def to_named(self, open_one: KnownRollback | None) -> RollbackPlan:
        """Return the plan to the release that the person named."""
        to = self._point(self.wish.to)
        assurance = None if to.version else self._assure(to)
        if assurance and assurance.versions:
            to = Point(assurance.versions[0], to.digest)
        choice = choose_for(self.setup.rules, self.survey, to, self.wish.tags)
        return self.finish(to, choice, open_one, assurance)

    def finish(
        self,
        to: Point,
        choice: Choice,
        open_one: KnownRollback | None,
        assurance: Assurance | None = None,
    ) -> RollbackPlan:
        """Verify, and decide about every tag."""
        self._check_journal(to)
        decisions = {
            target.name: [self._decide(target, tag, to) for tag in choice.tags]
            for target in self.setup.targets
        }
        resumes = open_one if open_one and _is_same(open_one, to, choice) else None
        if resumes is None and not writes_any(decisions):
            told = _nothing(to, choice.tags, decisions) + self._why_there(to, choice)
            return RollbackPlan(None, nothing=told)
        assurance = assurance or self._assure(to)
        check_sealed_as(assurance, to)
        check_age(assurance, to, allowed=self.wish.allow_old_scan)
        return RollbackPlan(
            to=to,
            tags=choice.tags,
            decisions=decisions,
            versions=self._versions(to, decisions, resumes),
            staying=choice.staying,
            passed_over=choice.passed_over,
            assurance=assurance,
            resumes=resumes,
        )

    def _why_there(self, to: Point, choice: Choice) -> str:
        """Return that a rollback brought the tags here, by whom and why; empty when none did."""
        higher = takewhile(lambda version: version != to.version, self.survey.versions)
        for version in higher if not self.wish.to else ():
            for tag in choice.tags:
                if departure := self.survey.departure(version, tag.name):
                    return f": {version} was {departure.told}"
        return ""

    def public_point(self, version: str) -> Point:
        """Return the release behind a version's tag.

        Raises:
            ImageError: it is not at every target, or not the same one.
        """
        found = self.survey.digests(version)
        absent = [name for name, digest in found.items() if digest is None]
        if absent:
            raise ImageError(
                Code.IMAGE_NOT_FOUND,
                f"{version} is not at {', '.join(absent)}: nothing was moved",
                hint="name another release with --to, or only the targets that have it with --target",
                context={"version": version, "targets": ", ".join(absent)},
            )
        digests = {digest for digest in found.values() if digest}
        if len(digests) > 1:
            told = "; ".join(f"{name}: {digest}" for name, digest in found.items())
            raise ImageError(
                Code.DIGEST_MISMATCH,
                f"{version} is not the same image at every target: {told}",
                hint="somebody moved a version tag: name the right digest with --to",
                context={"version": version, "got": told},
            )
        return Point(version, digests.pop())

    def _point(self, text: str) -> Point:
        if ":" in text:
            digest = _digest(text)
            return Point(self.survey.version_of(digest) or version_of(self.local, digest), digest)
        for release in self.local:
            if release.identifier == text:
                return _built(release)
        if text in self.survey.versions:
            return self.public_point(text)
        for release in self.local:
            if release.version == text and release.digest:
                return _built(release)
        public = list(self.survey.versions)
        shown = ", ".join(public[:10]) or "none"
        more = f" and {len(public) - 10} more" if len(public) > 10 else ""
        raise ConfigError(
            f"no release {text!r} is known here, nor is such a version public; public: {shown}{more}",
            hint="name a public version, an id of shipseal release list, or a digest",
            context={"to": text},
        )

    def _check_journal(self, to: Point) -> None:
        """Hold the version's tag against the journals of this machine: what was released here is known exactly."""
        known = {
            release.digest
            for release in self.local
            if release.version == to.version and release.state.recorded and to.version
        }
        if known and to.digest not in known:
            raise ImageError(
                Code.DIGEST_MISMATCH,
                f"{to.version} names {to.digest}, and what was released here was {', '.join(sorted(known))}",
                hint="somebody moved a version tag: name the right digest with --to",
                context={"expected": ", ".join(sorted(known)), "got": to.digest},
            )

    def _assure(self, to: Point) -> Assurance:
        setup = self.setup
        return assure(setup.targets, to.digest, setup.policy, setup.trust, now=setup.clock.now())

    def _decide(self, target: Target, tag: PlannedTag, to: Point) -> TagDecision:
        before = self.survey.named(tag.name)[target.name]
        if before is None:
            return TagDecision(tag, Action.HOLD, before, "it does not exist here")
        if before == to.digest:
            return TagDecision(tag, Action.KEEP, before, f"names {to.label} already")
        return TagDecision(tag, Action.MOVE, before, f"goes to {to.label}")

    def _versions(
        self, to: Point, decisions: Decisions, resumes: KnownRollback | None
    ) -> Mapping[str, str]:
        left = dict.fromkeys(
            one.before for each in decisions.values() for one in each if one.before
        )
        known: dict[str, str] = {digest: self._version(digest) for digest in left}
        known |= resumes.start.versions if resumes else {}
        known[to.digest] = to.version
        return {digest: version for digest, version in known.items() if version}

    def _version(self, digest: Digest) -> str:
        return self.survey.version_of(digest) or version_of(self.local, digest)


def _is_same(known: KnownRollback, to: Point, choice: Choice) -> bool:
    names = tuple(tag.name for tag in choice.tags)
    return (known.start.digest, known.start.tags) == (to.digest, names)


def _nothing(to: Point, tags: Iterable[PlannedTag], decisions: Decisions) -> str:
    missing = [
        f"{name}:{one.tag.name}"
        for name, each in decisions.items()
        for one in each
        if one.action is Action.HOLD
    ]
    told = f"{', '.join(tag.name for tag in tags)} name{'' if len(list(tags)) > 1 else 's'}"
    return f"{told} {to.label} already" + (f"; not there: {', '.join(missing)}" if missing else "")


def _digest(text: str) -> Digest:
    try:
        return parse_digest(text)
    except ImageError as error:
        raise ConfigError(error.message, hint="a digest is sha256: and 64 digits") from error


def _built(release: LocalRelease) -> Point:
    if not release.digest:
        raise ConfigError(
            f"release {release.identifier} built no image",
            hint="name one that is done: shipseal release list",
        )
    return Point(release.version, parse_digest(release.digest))

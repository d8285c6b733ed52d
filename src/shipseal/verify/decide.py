"""Decide whether an image carries the evidence that a policy requires. Values in, a verdict out.

Nothing is opened, fetched or timed here: what each target holds, who is trusted and what time it is are passed in.
The numbered steps are described in ``docs/verification.md``; steps 1 and 2 are the caller's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shipseal.attest.interface import Trust
from shipseal.errors import ConfigError
from shipseal.evidence.interface import Collected
from shipseal.intoto.predicates import Family
from shipseal.oci import Digest, Image
from shipseal.verify.explain import absent_platform, genuine_steps, pieces_of, refused_steps
from shipseal.verify.families import judge
from shipseal.verify.policy import SubjectRule, TargetRule, VerifyPolicy, check_policy
from shipseal.verify.scene import Judgement, Scene, Subject, read_sboms
from shipseal.verify.verdict import ItemCheck, Standing, Verdict
from shipseal.verify.weigh import Genuine, Weighed, genuine, weigh_all

# Of several that do not count, the one that is closest to counting explains most.
_CLOSENESS = (
    Standing.PRESENT,
    Standing.TOO_OLD,
    Standing.REFUSED,
    Standing.INCONSISTENT,
    Standing.WRONG_SUBJECT,
    Standing.WRONG_IDENTITY,
    Standing.UNTRUSTED,
    Standing.UNREADABLE,
    Standing.UNSIGNED,
    Standing.MISSING,
)


def decide(
    policy: VerifyPolicy,
    collected: Sequence[Collected],
    trust: Trust,
    *,
    now: datetime,
    explain: bool = False,
) -> Verdict:
    """Return the verdict over one image at one or more targets.

    Args:
        policy: what is required.
        collected: what each target holds about the same root digest; at least one.
        trust: who is trusted.
        now: the time, for the age of scans and the end of break-glass records.
        explain: whether the verdict tells every step, with what had to be there and what was.

    Raises:
        ConfigError: ``policy.empty``; ``config.invalid`` when nothing was collected, or about several digests.
    """
    check_policy(policy, trust)
    image = _one_image(collected)
    weighed = weigh_all(collected, trust)
    checks = [
        check
        for scene in _scenes(policy, collected, weighed, now)
        for check in _checks(replace(scene, explain=True) if explain else scene)
    ]
    return Verdict(
        digest=image.digest,
        checks=tuple(checks),
        looked_at=tuple(one.looked() for several in weighed.values() for one in several),
    )


def subjects_of(image: Image, policy: VerifyPolicy) -> tuple[Subject, ...]:
    """Return what evidence is required for: the index and each platform, or the one manifest of a bare image."""
    wanted = tuple(
        item
        for item in image.platforms
        if policy.platforms is None or item.platform in policy.platforms
    )
    platforms = tuple(Subject(one.digest, str(one.platform), (one,), False) for one in wanted)
    if not image.root.is_index:
        return platforms
    if policy.subjects is SubjectRule.INDEX:
        return (Subject(image.digest, "index", (), True),)
    return (Subject(image.digest, "index", wanted, True), *platforms)


def _one_image(collected: Sequence[Collected]) -> Image:
    digests = {one.image.digest for one in collected}
    if len(digests) != 1:
        raise ConfigError(
            f"verification: {len(digests)} images, expected one digest: {', '.join(sorted(digests))}",
            hint="verify images with different digests one by one",
        )
    return collected[0].image


def _scenes(
    policy: VerifyPolicy,
    collected: Sequence[Collected],
    weighed: Mapping[str, tuple[Weighed, ...]],
    now: datetime,
) -> Iterable[Scene]:
    """Return the places that are judged: each target for ``all``, all of them together for ``any``."""
    everything = tuple(item for several in weighed.values() for item in several)
    views = read_sboms(everything)
    together = policy.targets is TargetRule.ANY
    for group in [collected] if together else [[one] for one in collected]:
        lies = everything if together else _at(group[0].target, weighed)
        yield Scene(
            place=" or ".join(one.target for one in group),
            image=group[0].image,
            policy=policy,
            now=now,
            rejected=tuple(one for one in lies if one.standing is not Standing.PRESENT),
            evidence=genuine(lies),
            sboms=views,
            documents=_documents(group),
        )


def _at(target: str, weighed: Mapping[str, tuple[Weighed, ...]]) -> tuple[Weighed, ...]:
    """Return what lies at a target itself, and not at another store that was looked into for it."""
    return tuple(one for one in weighed[target] if one.target == target)


def _documents(collected: Iterable[Collected]) -> dict[Digest, frozenset[Digest]]:
    found: dict[Digest, frozenset[Digest]] = {}
    for one in collected:
        for subject, digests in one.documents.items():
            found[subject] = found.get(subject, frozenset()) | digests
    return found


def _checks(scene: Scene) -> Iterable[ItemCheck]:
    for subject in subjects_of(scene.image, scene.policy):
        yield from _subject_checks(scene, subject)
    yield from _absent_platforms(scene)


def _absent_platforms(scene: Scene) -> Iterable[ItemCheck]:
    """A platform that the policy requires and the image does not have fails every family."""
    there = {item.platform for item in scene.image.platforms}
    got = f"the image has {', '.join(sorted(str(item) for item in there))}"
    for platform in scene.policy.platforms or ():
        if platform not in there:
            subject = Subject(scene.image.digest, str(platform), (), False)
            expected = f"an image of {platform}"
            for family in scene.policy.require:
                yield ItemCheck(
                    subject=subject.digest,
                    platform=subject.label,
                    target=scene.place,
                    family=family,
                    standing=Standing.MISSING,
                    expected=expected,
                    got=got,
                    pieces=absent_platform(scene, subject, family, expected, got)
                    if scene.explain
                    else (),
                )


def _subject_checks(scene: Scene, subject: Subject) -> Iterable[ItemCheck]:
    """Judge each required family; the seal last, over what the others count by."""
    counted: dict[Family, frozenset[Digest]] = {}
    checks: dict[Family, ItemCheck] = {}
    for family in sorted(set(scene.policy.require), key=lambda one: one is Family.SEAL):
        found = [
            _judged(scene, subject, family, one, counted)
            for one in scene.of(subject.digest, family)
        ]
        counted[family] = frozenset(
            one.bundle for one in found if one.standing is Standing.PRESENT and one.bundle
        )
        checks[family] = _check(scene, subject, family, found)
    # The policy's own order, for people.
    return [checks[family] for family in dict.fromkeys(scene.policy.require)]


def _judged(
    scene: Scene,
    subject: Subject,
    family: Family,
    evidence: Genuine,
    counted: Mapping[Family, frozenset[Digest]],
) -> Judgement:
    found = judge(scene, subject, family, evidence, counted)
    if not scene.explain:
        return found
    return replace(found, steps=(*genuine_steps(evidence), *found.steps))


def _check(scene: Scene, subject: Subject, family: Family, found: Iterable[Judgement]) -> ItemCheck:
    # The closest to counting first; the order in which they were found decides between equals.
    ranked = sorted(
        (*found, *_not_genuine(scene, subject, family)),
        key=lambda one: _CLOSENESS.index(one.standing),
    )
    best = ranked[0] if ranked else Judgement(Standing.MISSING, f"a {family}", "none")
    return ItemCheck(
        subject=subject.digest,
        platform=subject.label,
        target=best.target or scene.place,
        family=family,
        standing=best.standing,
        expected=best.expected,
        got=best.got,
        note=best.note,
        pieces=pieces_of(scene, subject, family, ranked) if scene.explain else (),
    )


def _not_genuine(scene: Scene, subject: Subject, family: Family) -> Iterable[Judgement]:
    """Return what explains why there is nothing genuine: evidence of this family, or of one that cannot be told."""
    for one in scene.rejected:
        if one.stored.subject == subject.digest and (one.family is family or not one.claims):
            yield Judgement(
                one.standing,
                one.expected or f"a {family}",
                one.got,
                target=one.target,
                bundle=one.stored.digest,
                steps=refused_steps(one, subject, family) if scene.explain else (),
            )

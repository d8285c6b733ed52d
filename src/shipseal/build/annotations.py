"""What an image says about its own origin, held against git and the release.

Keys: OCI image-spec, annotations.md. They are read where tools look for them: annotations of the index, of its
descriptors and of each manifest, and the labels of each configuration. Every statement is judged, because every one of
them is somebody's source. Labels are inherited from the base image (ubuntu sets its own version label): one that
equals the base's is no statement about this build and is told, never refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from shipseal._internal.clock import parse_rfc3339
from shipseal.build.git import normal_remote
from shipseal.build.materials import base_names
from shipseal.build.values import BuildRequest, RawBuild
from shipseal.errors import Code, ConfigError, ImageError
from shipseal.oci import Image
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import claims_attestation, parse_index
from shipseal.oci.reference import Reference

KEYS = (mt.SOURCE, mt.REVISION, mt.VERSION, mt.CREATED, mt.BASE_NAME, mt.BASE_DIGEST)
_SHORTEST_COMMIT = 7
_INDEX = "index"


@dataclass(frozen=True, slots=True)
class Statement:
    """One value that an image gives for one of :data:`KEYS`.

    Attributes:
        scope: ``index``, or a platform.
        is_label: whether it is a label, which may be inherited, rather than an annotation, which is not.
        key: the annotation key.
        value: as it stands there.
    """

    scope: str
    is_label: bool
    key: str
    value: str


def statements(image: Image) -> tuple[Statement, ...]:
    """Return all that ``image`` says about its origin."""
    found: list[Statement] = []
    if image.root.is_index:
        index = parse_index(image.root, what=str(image.digest))
        found += _among(_INDEX, index.annotations)
        platforms = {one.digest: str(one.platform) for one in image.platforms}
        for child in index.manifests:
            if not claims_attestation(child):
                found += _among(platforms.get(child.digest, _INDEX), child.annotations)
    for one in image.platforms:
        found += _among(str(one.platform), one.manifest.annotations)
        found += _among(str(one.platform), one.config.labels, is_label=True)
    return tuple(dict.fromkeys(found))


def judge(image: Image, build: RawBuild, request: BuildRequest) -> tuple[str, ...]:
    """Return the sentences that a person should read about statements that disagree with git and the release.

    ``request.annotations`` decides: ``off`` looks at nothing, ``warn`` returns everything, ``refuse`` raises for each
    disagreement that this build itself made.

    Raises:
        ImageError: ``image.format-unsupported`` in mode ``refuse``.
    """
    if request.annotations == "off":
        return ()
    said = statements(image)
    wrong = [one for one in said if _expected(one, build, request)]
    excused = _excuses(wrong, said, build.base_labels)
    own = [one for one in wrong if one not in excused]
    if own and request.annotations == "refuse":
        raise _refusal(_sentences(own, excused, build, request))
    return (*_sentences(wrong, excused, build, request), *_dirty(said, request))


def _among(scope: str, values: Mapping[str, str], *, is_label: bool = False) -> Iterator[Statement]:
    return (Statement(scope, is_label, key, values[key]) for key in KEYS if values.get(key))


def _expected(said: Statement, build: RawBuild, request: BuildRequest) -> str:
    """Return what should stand there, or nothing when the statement is right or cannot be judged."""
    git = request.git
    if said.key == mt.SOURCE:
        return "" if _same_source(said.value, git.remote) else f"the repository is {git.remote}"
    if said.key == mt.REVISION:
        return "" if _same_commit(said.value, git.commit) else f"HEAD is {git.commit}"
    if said.key == mt.VERSION:
        same = said.value.removeprefix("v") == request.version.removeprefix("v")
        return "" if same else f"the release is {request.version}"
    if said.key == mt.CREATED:
        return _created_problem(said.value, request)
    return _base_problem(said, build)


def _same_source(value: str, remote: str) -> bool:
    # A source may point into the repository (a tree, a folder), and case tells no two repositories of a forge apart.
    source = (normal_remote(value) or value).lower()
    return not remote or source == remote.lower() or source.startswith(f"{remote.lower()}/")


def _same_commit(value: str, commit: str) -> bool:
    return not commit or (len(value) >= _SHORTEST_COMMIT and commit.startswith(value.lower()))


def _created_problem(value: str, request: BuildRequest) -> str:
    try:
        created = parse_rfc3339(value).timestamp()
    except ValueError:
        return "it must be an RFC 3339 time"
    # Zero is how reproducible builders say "no time"; the epoch is the one that this build was given.
    if int(created) in (0, request.epoch) or created >= request.git.committed_at:
        return ""
    return "that is before the commit it is made from"


def _base_problem(said: Statement, build: RawBuild) -> str:
    if not build.base_digests:
        return ""
    if said.key == mt.BASE_NAME:
        return _base_name_problem(said.value, base_names(build.materials))
    # Builders name the base's index or the platform's manifest: both are right.
    if said.value in build.base_digests:
        return ""
    return f"the build used {' and '.join(sorted(build.base_digests))}"


def _base_name_problem(value: str, used: tuple[Reference, ...]) -> str:
    try:
        said = Reference.parse(value)
    except ConfigError:
        said = None
    if not used or any(said and _same_image(said, one) for one in used):
        return ""
    names = sorted({str(one.with_digest(None)) for one in used})
    return f"the build used {' and '.join(names)}"


def _same_image(said: Reference, used: Reference) -> bool:
    # Who names a base by digest may leave its tag out.
    return said.name == used.name and (not (said.tag and used.tag) or said.tag == used.tag)


def _excuses(
    wrong: Iterable[Statement],
    said: Iterable[Statement],
    bases: tuple[Mapping[str, str], ...] | None,
) -> dict[Statement, str]:
    """Return the reasons why some wrong labels are no fault of this build."""
    wrong = tuple(wrong)
    right = {(one.scope, one.key) for one in said if not one.is_label and one not in wrong}
    reasons: dict[Statement, str] = {}
    for one in wrong:
        if not one.is_label:
            continue
        if any(base.get(one.key) == one.value for base in bases or ()):
            reasons[one] = "inherited: the base image has the same label"
        elif bases is None and right & {(one.scope, one.key), (_INDEX, one.key)}:
            reasons[one] = "probably inherited from the base image: an annotation says it right"
    return reasons


def _sentences(
    wrong: Iterable[Statement],
    excused: Mapping[Statement, str],
    build: RawBuild,
    request: BuildRequest,
) -> tuple[str, ...]:
    """Say each disagreement once, for all platforms that share it."""
    scopes: dict[str, list[str]] = {}
    for one in wrong:
        kind = "label" if one.is_label else "annotation"
        text = f"{kind} {one.key} says {one.value!r}, but {_expected(one, build, request)}"
        if one in excused:
            text += f" ({excused[one]})"
        elif one.is_label and build.base_labels is None:
            text += " (the base image is not known: if the label is inherited, set your own)"
        scopes.setdefault(text, []).append(one.scope)
    return tuple(f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in scopes.items())


def _dirty(said: Iterable[Statement], request: BuildRequest) -> Iterator[str]:
    if request.git.dirty and any(one.key == mt.REVISION for one in said):
        yield f"the work tree differs from {request.git.commit}: the image's revision does not tell all"


def _refusal(sentences: tuple[str, ...]) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"the image says other things about itself than git does: {'; '.join(sentences)}",
        hint="build it again from the commit that is released and set these labels there, "
        "or let `build: {annotations: warn}` say it only",
        context={"check": "annotations"},
    )

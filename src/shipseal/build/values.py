"""What goes into a builder and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shipseal._internal.progress import Reporter, SilentReporter
from shipseal.oci import Digest, Image, Platform
from shipseal.oci.layout import OciLayout


@dataclass(frozen=True, slots=True)
class GitFacts:
    """What git says about the sources; all empty outside a repository.

    Attributes:
        commit: full hexadecimal id of HEAD.
        dirty: whether tracked files differ from it.
        ref: ``refs/heads/main`` or ``refs/tags/v1``; empty when detached and untagged.
        remote: https URL of ``origin`` without credentials and ``.git``.
        committed_at: seconds since the epoch of HEAD, 0 when unknown.
        root: the work tree.
        untracked: how many files of the work tree git neither tracks nor ignores; a build may take them in.
    """

    commit: str = ""
    dirty: bool = False
    ref: str = ""
    remote: str = ""
    committed_at: int = 0
    root: Path | None = None
    untracked: int = 0


@dataclass(frozen=True, slots=True)
class Material:
    """An input of the build, for provenance's resolvedDependencies.

    Attributes:
        uri: package URL or ``git+https://…@ref``.
        digest: algorithm to hexadecimal value, e.g. ``{"sha256": …}`` or ``{"gitCommit": …}``.
        name: what it is: ``source``, ``base image``, ``builder``.
    """

    uri: str
    digest: Mapping[str, str]
    name: str


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What to build.

    Attributes:
        name: the image's name.
        version: the release's version.
        platforms: all that must be there; empty means whatever the image has.
        folder: where relative paths start (the configuration's folder).
        work: a private folder for the result and for temporary files.
        git: facts about the sources.
        epoch: SOURCE_DATE_EPOCH in seconds.
        timeout: seconds that the build may take.
        reporter: hears of progress.
        annotations: ``refuse``, ``warn`` or ``off``: what a disagreement between annotations and git does.
    """

    name: str
    version: str
    platforms: tuple[Platform, ...]
    folder: Path
    work: Path
    git: GitFacts
    epoch: int
    timeout: float = 3600.0
    reporter: Reporter = field(default_factory=SilentReporter)
    annotations: str = "warn"


@dataclass(frozen=True, slots=True)
class RawBuild:
    """What an implementation's hook returns.

    Attributes:
        layout: an OCI layout with all blobs of the image.
        root: digest of the root manifest or index in it.
        materials: base images and tools that went in.
        builder: name and version of the tool, e.g. ``buildah 1.28.2``.
        base_labels: the labels of each base image; empty on ``scratch``, None when the bases are not known. What an
            image inherited is no statement about this build.
        base_digests: every digest under which the base images may be named, of an index and of its platforms; empty
            when not all are known.
        hashed: whether every blob was hashed by this process as it was written to the layout.
        notes: what a person should know about how it was made, a sentence each.
    """

    layout: OciLayout
    root: Digest
    materials: tuple[Material, ...] = ()
    builder: str = ""
    base_labels: tuple[Mapping[str, str], ...] | None = None
    base_digests: frozenset[Digest] = frozenset()
    hashed: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """A checked image on local disk.

    Attributes:
        image: root and platforms, parsed.
        layout: where the bytes are.
        materials: base images and tools that went in.
        builder: name and version of the tool.
        warnings: what a person should know (annotations that disagree with git), a sentence each.
    """

    image: Image
    layout: OciLayout
    materials: tuple[Material, ...]
    builder: str
    warnings: tuple[str, ...] = ()

"""Image references as a workflow writes them: partly filled in, compared as texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shipseal.workflows.model import Job, Step
from shipseal.workflows.scope import Scope

_META = re.compile(r"\$\{\{steps\.([\w-]+)\.outputs\.(?:tags|json)\b")
_PUBLIC = re.compile(r"latest|stable|v?\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z.]+)?")
_VERSION = re.compile(
    r"v?(?:\$\{\{(?:github\.ref_name|github\.event\.release\.tag_name|[\w./-]*version)\}\}"
    r"|\$\{?GITHUB_REF_NAME(?:[#%][^}]*)?\}?|\$\{GITHUB_REF#refs/tags/v?\}|\$\{?(?:VERSION|RELEASE_VERSION)\}?)"
)
_OF_THIS_RUN = re.compile(r"github[._](?:sha|run_id)", re.IGNORECASE)
_META_PUBLIC = re.compile(
    r"type=(?:semver|pep440|match|edge|schedule)|type=ref,event=(?:tag|branch)|value=(?:latest|stable)"
)
_RAW = re.compile(r"type=raw,value=((?:\$\{\{.*?\}\}|[\w.-])+)(?=\s|$)")
_TEMPLATE_SPLIT = re.compile(r"\$\{\{.*?\}\}|\$\{.*?\}")


@dataclass(frozen=True, slots=True)
class Image:
    """A reference.

    Attributes:
        repository: registry and name.
        tag: empty when there is none.
        digest: what stands behind ``@``.
        public: whether people use that tag; None when that is not known.
        text: as it is written, with what is known filled in.
    """

    repository: str
    tag: str = ""
    digest: str = ""
    public: bool | None = None
    text: str = ""

    @property
    def certain(self) -> bool:
        """Whether registry and name are known well enough to compare them."""
        return bool(self.repository) and "steps." not in self.repository

    @property
    def of_this_run(self) -> bool:
        """Whether the tag holds the commit or the number of the run, so that hardly anybody else writes it."""
        return _OF_THIS_RUN.search(self.tag) is not None

    @property
    def registry(self) -> str:
        """The registry's host; empty when the text does not tell."""
        host, slash, _ = self.repository.partition("/")
        if host.startswith("$"):
            return ""
        if not slash or not ("." in host or ":" in host or host == "localhost"):
            return "docker.io" if slash and "$" not in host else ""
        return "docker.io" if host in ("index.docker.io", "registry-1.docker.io") else host.lower()

    def same(self, other: "Image") -> bool:
        """Return whether both name one repository and one tag, as far as their texts tell."""
        return (
            self.certain
            and self.repository.lower() == other.repository.lower()
            and self.tag == other.tag
            and bool(self.tag)
        )


def image_of(text: str) -> Image:
    """Return the reference in ``text``, in which templates may stand."""
    text = text.strip().strip("\"'")
    for scheme in ("docker://", "registry:", "docker:", "oci://", "oci-registry:"):
        text = text.removeprefix(scheme)
    # Colons and at-signs within templates are not those of a reference.
    masked = _TEMPLATE_SPLIT.sub(lambda match: "x" * len(match[0]), text)
    at = masked.find("@")
    digest = text[at + 1 :] if at >= 0 else ""
    name, masked = (text[:at], masked[:at]) if at >= 0 else (text, masked)
    colon = masked.rfind(":")
    if colon > masked.rfind("/"):
        tag = name[colon + 1 :]
        return Image(name[:colon], tag, digest, is_public(tag), text)
    return Image(name, "", digest, None, text)


def is_public(tag: str) -> bool | None:
    """Return whether people use ``tag``: versions and names such as ``latest``; None when it cannot be told."""
    if _PUBLIC.fullmatch(tag) or _VERSION.fullmatch(tag):
        return True
    if "$" not in tag or _OF_THIS_RUN.search(tag):
        return False
    return None


def images_of(text: str, job: Job, scope: Scope) -> Iterator[Image]:
    """Yield the references of a list of tags, those that docker/metadata-action makes too.

    Args:
        text: one a line, or between commas; as it is written.
        job: in which metadata steps are looked for.
        scope: fills in what is known.
    """
    for line in re.split(r"[\n,]", scope.symbol(text)):
        meta = _META.search(line) if line.strip().startswith("${{") else None
        if meta:
            yield from _of_metadata(meta[1], job, scope)
        elif line.strip():
            yield image_of(line)


def metadata_step(name: str, job: Job) -> Step | None:
    """Return the step of docker/metadata-action with an id."""
    return next(
        (
            step
            for step in job.steps
            if step.id.lower() == name.lower() and step.action == "docker/metadata-action"
        ),
        None,
    )


def metadata_tag(name: str) -> str:
    """Return what stands for all tags that a step of docker/metadata-action makes."""
    return f"<metadata {name.lower()}>"


def metadata_of(text: str) -> str:
    """Return what stands for the tags of the metadata step that ``text`` takes them from; empty for none."""
    match = _META.search(text)
    return metadata_tag(match[1]) if match else ""


def _of_metadata(name: str, job: Job, scope: Scope) -> Iterator[Image]:
    step = metadata_step(name, job)
    if step is None:
        return
    names = scope.symbol(step.given("images") or "")
    raw = _RAW.findall(scope.symbol(step.given("tags") or ""))
    tags = step.given("tags") or ""
    flavor = step.given("flavor") or ""
    public = not tags.strip() or bool(_META_PUBLIC.search(tags)) or "latest=true" in flavor
    known = True if public else (None if "${{" in tags else False)
    for line in re.split(r"[\n,]", names):
        image = line.strip().removeprefix("name=")
        if image and "enable=" not in image:
            yield Image(image, metadata_tag(name), "", known, image)
            written = [f"${{{{steps.{name.lower()}.outputs.version}}}}", *raw]
            yield from (Image(image, tag, "", is_public(tag), f"{image}:{tag}") for tag in written)

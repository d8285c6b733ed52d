"""Actions that are named by what somebody can move."""

import re
from collections.abc import Iterator, Mapping

from shipseal.workflows.changes import replace_in_line
from shipseal.workflows.model import Edit, Finding, Job, Source, WorkflowCode
from shipseal.workflows.rule_input import Scenery, Told

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?:/[^@]*)?")
# Its workflows prove where they come from by their tag, and refuse to run by commit.
_BY_TAG = "slsa-framework/slsa-github-generator/.github/workflows/"
_PINNED = re.compile(
    r"uses:\s*['\"]?([\w.-]+/[\w./-]+)@([0-9a-f]{40})['\"]?\s*#\s*(?:tag=|pin@)?(\S+)"
)


def pins(scenery: Scenery, job: Job) -> Iterator[Told]:
    """Yield actions and called workflows without a commit.

    Never accused: what lies in the repository (``./``), images by digest, and the SLSA generator's workflows, which
    run only by tag.
    """
    if job.calls:
        entry = job.node.entries["uses"]
        yield from _told(scenery, job.calls, entry.value.line)
    for step in job.steps:
        if step.uses and not step.inherited:
            yield from _told(scenery, step.uses, step.node.entries["uses"].value.line)


def unpinned(uses: str) -> str:
    """Return why ``uses`` can be moved by somebody; empty when it cannot."""
    if uses.startswith(("./", "../", _BY_TAG)) or "${{" in uses:
        return ""
    if uses.startswith("docker://"):
        return "" if "@sha256:" in uses else "is an image without its digest"
    _, _, ref = uses.partition("@")
    if not ref or _COMMIT.fullmatch(ref):
        return ""
    return f"names {ref}, which can be moved to other code, instead of a commit"


def _told(scenery: Scenery, uses: str, line: int) -> Iterator[Finding]:
    path = scenery.workflow.path
    if "@" not in uses and not uses.startswith(("./", "../", "docker://")) and "${{" not in uses:
        if _REPOSITORY.fullmatch(uses):
            message = f"{uses}: the ref is missing"
            yield Finding(WorkflowCode.INVALID, path, line, message, f"uses: {uses}@COMMIT")
        return
    reason = unpinned(uses)
    if not reason:
        return
    name, _, ref = uses.partition("@")
    commit = known_pins(scenery.sources).get((name.lower(), ref))
    yield Finding(
        WorkflowCode.UNPINNED_ACTION,
        path,
        line,
        f"{name} {reason}",
        f"uses: {name}@{commit} # {ref}" if commit else _how(uses, name, ref),
        _edits(scenery.source, line, uses, f"{name}@{commit}", ref) if commit else (),
    )


def _edits(source: Source, line: int, uses: str, new: str, ref: str) -> tuple[Edit, ...]:
    old = source.lines[line - 1]
    if "#" in old or f"{uses}'" in old or f'{uses}"' in old:
        return replace_in_line(source, line, uses, new)
    return replace_in_line(source, line, uses, f"{new} # {ref}")


def _how(uses: str, name: str, ref: str) -> str:
    if uses.startswith("docker://"):
        image = uses.removeprefix("docker://")
        return f"uses: docker://{image}@DIGEST  # crane digest {image} prints the digest"
    repository = "/".join(name.split("/")[:2])
    return (
        f"uses: {name}@COMMIT # {ref}\n"
        f"# git ls-remote https://github.com/{repository} '{ref}^{{}}' '{ref}' prints the commit: the first line"
    )


def known_pins(sources: Mapping[str, Source]) -> Mapping[tuple[str, str], str]:
    """Return the commits that the files themselves name with the tag in a comment: by action and tag.

    Args:
        sources: all files.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for source in sources.values():
        for name, commit, tag in _PINNED.findall(source.data.decode("utf-8", errors="replace")):
            found.setdefault((name.lower(), tag), set()).add(commit)
    return {key: next(iter(commits)) for key, commits in found.items() if len(commits) == 1}

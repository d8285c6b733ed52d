"""A command of a script at its place, and what becomes of a scan's exit status there."""

import re

from shipseal.workflows.acts import Act, Here, Kind, unless_continued
from shipseal.workflows.images import Image, image_of
from shipseal.workflows.shell import Command

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_TAKES_VALUE = frozenset(
    {
        "-o", "--output", "-f", "--fail-on", "--file", "-c", "--config", "--platform", "-t", "--template", "--severity",
        "--exit-code", "--format", "--ignorefile", "--timeout", "--scope", "-s", "--from", "--vex", "--scanners",
        "--vuln-type", "--pkg-types", "--cache-dir", "--db-repository", "--java-db-repository", "--key", "--predicate",
        "--type", "-a", "--annotations", "--build-arg", "--tag", "--exclude", "--name", "--distro", "--username",
        "--password", "-u", "-p", "--input", "--skip-dirs", "--skip-files", "--server", "--sbom-sources",
        "--source-name", "--source-version",
        "--image-src", "--artifact-type", "--label", "--target", "--cache-from", "--cache-to", "--network",
    }
)  # fmt: skip
_IGNORED_STATUS = frozenset({"true", ":", "echo", "printf"})


class Said:
    """A command at its place."""

    def __init__(self, here: Here, command: Command, line: int, unsure: bool) -> None:
        self.here = here
        self.command = command
        self.line = line
        self.unsure = unsure
        self.forgets = unsure and forgets(here.step.node.string("run"))

    def image(self, text: str) -> Image:
        """Return the reference in a word, with variables of the environment filled in."""

        def put(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return self.here.environment(name) or match[0]

        return image_of(self.here.scope.symbol(VARIABLE.sub(put, text)))

    def arguments(self) -> tuple[str, ...]:
        """Return the words that are neither options nor their values, the program's name first."""
        kept: list[str] = []
        skip = False
        for word in self.command.words:
            if skip:
                skip = False
            elif word.startswith("-") and word != "-":
                skip = word in _TAKES_VALUE
            elif not word.startswith("<<<"):
                kept.append(word)
        return tuple(kept)

    def password(self) -> str:
        """Return what a login's password comes from; "?" when the text does not tell."""
        given = self.command.option("-p", "--password") or ""
        run = self.here.step.node.string("run").split("\n")
        near = "\n".join(run[max(0, self.command.line - 1) : self.command.line + 2])
        names = {one or two for one, two in VARIABLE.findall(f"{given}\n{near}")}
        texts = [self.here.environment(name) for name in sorted(names)]
        found = " ".join([given, near, *texts]).lower()
        for name in ("secrets.github_token", "github.token"):
            if name in found.replace(" ", ""):
                return "${{ github.token }}"
        return "?"

    def act(self, kind: Kind, *words: str, **more: object) -> Act:
        """Return what is done."""
        images = tuple(self.image(word) for word in words)
        return Act(kind, self.here.step, self.line, images, script=True, raw=words, **more)  # type: ignore[arg-type]


def keeps_on(script: str) -> bool:
    """Return whether a script may go on after a command that failed."""
    return re.search(r"^\s*set \+e|^\s*trap ", script, re.MULTILINE) is not None


def forgets(script: str) -> bool:
    """Return whether a script goes on after a failure, and no text in it can ask for the status, or end it."""
    asked = r"\$\?|PIPESTATUS|set -\w*e|\btrap\b|\bexit\b|\breturn\b"
    last = script.rstrip().rpartition("\n")[2].split()
    return (
        re.search(r"^\s*set \+e\s*$", script, re.MULTILINE) is not None
        and re.search(asked, script) is None
        and last[:1] in (["echo"], ["true"], [":"])
    )


def _ignores(words: tuple[str, ...]) -> bool:
    return bool(words) and (words[0] in _IGNORED_STATUS or words[:2] == ("exit", "0"))


def scanned(said: Said, refs: tuple[str, ...], gate: bool | None, why: str, output: str) -> Act:
    """Return a scan, with what becomes of its exit status in the script.

    Args:
        said: the command.
        refs: what is scanned.
        gate: whether the program itself fails at a bad result.
        why: the reason, if it does not.
        output: the file of the result.
    """
    command = said.command
    if command.after == "||" and _ignores(command.next):
        gate, why = False, f"`|| {' '.join(command.next[:2])}` takes its exit status away"
    elif said.forgets and not command.tested and command.after == "":
        gate, why = False, "`set +e` lets the script go on, and nothing asks for the status"
    elif command.tested or said.unsure or command.after in ("||", "&"):
        gate = None
    elif command.after in ("|", "|&"):
        gate, why = _in_pipe(said, gate)
    gate, why = unless_continued(said.here, gate, why)
    if command.captured and not output and command.next[:1] != ("tee",):
        output = _redirected(said) or "?"
    return said.act(Kind.SCAN, *refs, gate=gate, why=why, output=output)


def _in_pipe(said: Said, gate: bool | None) -> tuple[bool | None, str]:
    """Return whether a scan in a pipe fails: only with pipefail, which GitHub sets where `shell: bash` is stated."""
    shells = [said.here.step.node.string("shell")]
    for place in (said.here.job.node, said.here.workflow.root):
        run = place.get("defaults") if place else None
        inner = run.get("run") if run else None
        shells.append(inner.string("shell") if inner else "")
    if any(shells) or "pipefail" in said.here.step.node.string("run") or said.here.step.inherited:
        return gate, ""
    if gate and said.command.next[:1] == ("tee",):
        return (
            False,
            "the status of a pipe is that of its last command, and no `shell: bash` sets pipefail",
        )
    return None, ""


def _redirected(said: Said) -> str:
    lines = said.here.step.node.string("run").split("\n")[said.command.line :]
    match = re.search(r"(?<![2&])>>?\s*\"?([\w./$\{\}-]+)", "\n".join(lines[:12]))
    return match[1] if match else ""

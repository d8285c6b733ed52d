"""What the commands of a script do with images."""

import re
from collections.abc import Callable, Iterator

from shipseal.workflows.acts import Act, Here, Kind, unless_continued
from shipseal.workflows.images import Image, image_of
from shipseal.workflows.shell import Command, commands

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_TAKES_VALUE = frozenset(
    {
        "-o", "--output", "-f", "--fail-on", "--file", "-c", "--config", "--platform", "-t", "--template", "--severity",
        "--exit-code", "--format", "--ignorefile", "--timeout", "--scope", "-s", "--from", "--vex", "--scanners",
        "--vuln-type", "--pkg-types", "--cache-dir", "--db-repository", "--java-db-repository", "--key", "--predicate",
        "--type", "-a", "--annotations", "--build-arg", "--tag", "--exclude", "--name", "--distro", "--username",
        "--password", "-u", "-p", "--input", "--skip-dirs", "--skip-files", "--server", "--sbom-sources",
        "--source-name", "--source-version",
        "--image-src", "--label", "--target", "--cache-from", "--cache-to", "--network",
    }
)  # fmt: skip
_IGNORED_STATUS = frozenset({"true", ":", "echo", "printf"})


def of_script(here: Here) -> Iterator[Act]:
    """Yield what the commands of the step do with images."""
    run = here.step.node.get("run")
    if run is None or run.kind != "text":
        return
    first = run.line + (1 if run.block else 0)
    unsure = re.search(r"^\s*set \+e|^\s*trap ", run.text, re.MULTILINE) is not None
    for command in commands(run.text):
        reader = _PROGRAMS.get(command.program)
        if reader is not None:
            yield from reader(_Said(here, command, first + command.line, unsure))


class _Said:
    """A command at its place."""

    def __init__(self, here: Here, command: Command, line: int, unsure: bool) -> None:
        self.here = here
        self.command = command
        self.line = line
        self.unsure = unsure

    def image(self, text: str) -> Image:
        """Return the reference in a word, with variables of the environment filled in."""

        def put(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return self.here.environment(name) or match[0]

        return image_of(self.here.scope.symbol(_VARIABLE.sub(put, text)))

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

    def act(self, kind: Kind, *words: str, **more: object) -> Act:
        """Return what is done."""
        images = tuple(self.image(word) for word in words)
        return Act(kind, self.here.step, self.line, images, script=True, raw=words, **more)  # type: ignore[arg-type]


def _docker(said: _Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] in (("buildx",), ("image",), ("manifest",)):
        words = words[1:]
    verb = words[0] if words else ""
    command = said.command
    if verb == "login":
        yield from _login(said, words)
    elif verb == "push" and len(words) > 1 and "--all-tags" not in command.words:
        yield said.act(Kind.PUSH, words[1], local=True)
    elif verb in ("build", "bud") and command.program != "buildctl":
        yield from _build(said)
    elif verb == "imagetools" and words[1:2] == ("create",):
        tags = command.options("-t", "--tag")
        yield said.act(Kind.TAG, *tags)
    elif verb == "tag" and len(words) == 3:
        yield Act(
            Kind.BUILD, said.here.step, said.line, (said.image(words[2]),), local=True, script=True
        )
    elif verb == "pull" and len(words) > 1:
        yield said.act(Kind.PULL, words[1])


def _build(said: _Said) -> Iterator[Act]:
    tags = said.command.options("-t", "--tag")
    words = said.command.words
    pushed = "--push" in words or any("push=true" in word for word in words)
    recipe = {"command": " ".join(words)}
    yield said.act(Kind.BUILD, *tags, local=not pushed, recipe=recipe)
    if pushed:
        yield said.act(Kind.PUSH, *tags, recipe=recipe)


def _login(said: _Said, words: tuple[str, ...]) -> Iterator[Act]:
    registry = said.image(f"{words[1]}/x").registry if len(words) > 1 else "docker.io"
    yield said.act(
        Kind.LOGIN,
        registry=registry,
        username=said.command.option("-u", "--username"),
        password=_password_text(said),
    )


def _password_text(said: _Said) -> str:
    """Return what a login's password comes from; "?" when the text does not tell."""
    given = said.command.option("-p", "--password") or ""
    run = said.here.step.node.string("run").split("\n")
    near = "\n".join(run[max(0, said.command.line - 1) : said.command.line + 2])
    names = {one or two for one, two in _VARIABLE.findall(f"{given}\n{near}")}
    texts = [said.here.environment(name) for name in sorted(names)]
    found = " ".join([given, near, *texts]).lower()
    for name in ("secrets.github_token", "github.token"):
        if name in found.replace(" ", ""):
            return "${{ github.token }}"
    return "?"


def _crane(said: _Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    verb = words[0] if words else ""
    if verb in ("copy", "cp") and len(words) == 3:
        yield said.act(Kind.TAG, words[2])
    elif verb == "push" and len(words) == 3:
        yield said.act(Kind.PUSH, words[2])
    elif verb == "tag" and len(words) == 3:
        image = said.image(words[1])
        yield said.act(Kind.TAG, f"{image.repository}:{words[2]}")


def _skopeo(said: _Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] == ("copy",) and len(words) == 3 and words[2].startswith("docker://"):
        local = not words[1].startswith("docker://")
        yield said.act(Kind.PUSH if local else Kind.TAG, words[2])


def _cosign(said: _Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] not in (("sign",), ("attest",)):
        return
    command = said.command
    options = ("--key", "-key", "--identity-token", "--sk", "--fulcio-auth-flow")
    keyed = any(command.option(name) is not None for name in options) or said.here.has(
        "SIGSTORE_ID_TOKEN"
    )
    refs = [word for word in words[1:] if "/" in word or ":" in word or "$" in word]
    yield said.act(Kind.SIGN, *refs, keyless=not keyed)


def _syft(said: _Said) -> Iterator[Act]:
    words = [word for word in said.arguments()[1:] if word not in ("scan", "packages", "attest")]
    if words and not words[0].startswith(("dir:", "file:", ".", "/")):
        yield said.act(Kind.SBOM, words[0])


def _grype(said: _Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if not words or words[0] in ("db", "version", "completion", "explain", "config", "help"):
        return
    target = words[0]
    if target.startswith(("dir:", "file:", ".", "/")):
        return
    command = said.command
    threshold = command.option("-f", "--fail-on") or said.here.environment("GRYPE_FAIL_ON_SEVERITY")
    gate: bool | None = bool(threshold)
    why = "" if gate else "without `--fail-on` Grype ends well whatever it finds"
    if not gate and (said.here.settings.get("grype") or command.option("-c", "--config")):
        gate = None
    named = [word for word in command.options("-o", "--output") if "=" in word]
    output = command.option("--file") or (named[0].partition("=")[2] if named else "")
    refs = () if target.startswith("sbom:") else (target,)
    yield _scan(said, refs, gate, why, output)


def _trivy(said: _Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] not in (("image",), ("i",), ("sbom",)):
        return
    command = said.command
    kind = command.option("--format", "-f") or ""
    refs = words[1:2] if words[0] != "sbom" else ()
    if kind in ("cyclonedx", "spdx", "spdx-json", "github"):
        yield said.act(Kind.SBOM, *refs)
        return
    if "--download-db-only" in command.words or (
        words[0] != "sbom" and not refs and not command.option("--input")
    ):
        return
    code = command.option("--exit-code") or said.here.environment("TRIVY_EXIT_CODE")
    gate: bool | None = code not in ("", "0")
    why = "" if gate else "without `--exit-code 1` Trivy ends well whatever it finds"
    if "$" in code or (
        not gate and (said.here.settings.get("trivy") or command.option("-c", "--config"))
    ):
        gate = None
    yield _scan(said, refs, gate, why, command.option("-o", "--output") or "")


def _scan(said: _Said, refs: tuple[str, ...], gate: bool | None, why: str, output: str) -> Act:
    command = said.command
    if command.after == "||" and command.next[:1] and command.next[0] in _IGNORED_STATUS:
        gate, why = False, f"`|| {command.next[0]}` takes its exit status away"
    elif command.tested or said.unsure or command.after in ("||", "&"):
        gate = None
    elif command.after in ("|", "|&"):
        gate, why = _in_pipe(said, gate)
    gate, why = unless_continued(said.here, gate, why)
    if command.captured and not output and command.next[:1] != ("tee",):
        output = _redirected(said) or "?"
    return said.act(Kind.SCAN, *refs, gate=gate, why=why, output=output)


def _in_pipe(said: _Said, gate: bool | None) -> tuple[bool | None, str]:
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


def _redirected(said: _Said) -> str:
    lines = said.here.step.node.string("run").split("\n")[said.command.line :]
    match = re.search(r"(?<![2&])>>?\s*\"?([\w./$\{\}-]+)", "\n".join(lines[:12]))
    return match[1] if match else ""


_PROGRAMS: dict[str, Callable[[_Said], Iterator[Act]]] = {
    "docker": _docker,
    "podman": _docker,
    "buildah": _docker,
    "nerdctl": _docker,
    "crane": _crane,
    "skopeo": _skopeo,
    "cosign": _cosign,
    "syft": _syft,
    "grype": _grype,
    "trivy": _trivy,
}

"""What the commands of a script do with images."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from shipseal.workflows.acts import Act, Here, Kind
from shipseal.workflows.acts_others import OTHERS, scout
from shipseal.workflows.said import VARIABLE, Said, keeps_on, scanned
from shipseal.workflows.shell import Command, commands

_LOOPED = re.compile(r"\$\{?(\w+)\}?")
_TAGS = re.compile(r"\$\{\{steps\.[\w-]+\.outputs\.tags\}\}")


def of_script(here: Here) -> Iterator[Act]:
    """Yield what the commands of the step do with images."""
    run = here.step.node.get("run")
    if run is None or run.kind != "text":
        return
    first = run.line + (1 if run.block else 0)
    unsure = keeps_on(run.text)
    for command in map(_behind_xargs, commands(run.text)):
        reader = _PROGRAMS.get(command.program)
        if reader is not None:
            yield from reader(Said(here, command, first + command.line, unsure))


def _behind_xargs(command: Command) -> Command:
    """Return the command that xargs runs, where it is one that is known."""
    if command.program != "xargs":
        return command
    place = next((at for at, word in enumerate(command.words) if word == "cosign"), 0)
    return replace(command, words=command.words[place:]) if place else command


def _metadata_behind(said: Said, word: str) -> str:
    """Return the list of tags that a loop or xargs takes one after the other; the word itself where there is none."""
    script = said.here.step.node.string("run")
    name = _LOOPED.fullmatch(word)
    if name:
        looped = re.search(rf"\bfor {re.escape(name[1])} in ([^;\n]+)", script)
        source = looped[1] if looped else ""
    elif word == "{}":
        source = script.split("xargs")[0].rpartition("\n")[2]
    else:
        return word
    texts = [said.here.environment(one or two) for one, two in VARIABLE.findall(source)]
    texts.append(said.here.scope.symbol(source))
    return next((found[0] for text in texts if (found := _TAGS.search(text))), word)


def _docker(said: Said) -> Iterator[Act]:
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
    elif verb == "scout":
        yield from scout(said, words[1:])
    elif verb == "imagetools" and words[1:2] == ("create",):
        tags = command.options("-t", "--tag")
        yield said.act(Kind.TAG, *tags)
    elif verb == "tag" and len(words) == 3:
        yield Act(
            Kind.BUILD, said.here.step, said.line, (said.image(words[2]),), local=True, script=True
        )
    elif verb == "pull" and len(words) > 1:
        yield said.act(Kind.PULL, words[1])


def _build(said: Said) -> Iterator[Act]:
    tags = said.command.options("-t", "--tag")
    words = said.command.words
    pushed = "--push" in words or any("push=true" in word for word in words)
    recipe = {"command": " ".join(words)}
    yield said.act(Kind.BUILD, *tags, local=not pushed, recipe=recipe)
    if pushed:
        yield said.act(Kind.PUSH, *tags, recipe=recipe)


def _login(said: Said, words: tuple[str, ...]) -> Iterator[Act]:
    registry = said.image(f"{words[1]}/x").registry if len(words) > 1 else "docker.io"
    yield said.act(
        Kind.LOGIN,
        registry=registry,
        username=said.command.option("-u", "--username"),
        password=said.password(),
    )


def _crane(said: Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    verb = words[0] if words else ""
    if verb in ("copy", "cp") and len(words) == 3:
        yield said.act(Kind.TAG, words[2])
    elif verb == "push" and len(words) == 3:
        yield said.act(Kind.PUSH, words[2])
    elif verb == "tag" and len(words) == 3:
        image = said.image(words[1])
        yield said.act(Kind.TAG, f"{image.repository}:{words[2]}")


def _skopeo(said: Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] == ("copy",) and len(words) == 3 and words[2].startswith("docker://"):
        local = not words[1].startswith("docker://")
        yield said.act(Kind.PUSH if local else Kind.TAG, words[2])


def _cosign(said: Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] not in (("sign",), ("attest",)):
        return
    command = said.command
    options = ("--key", "-key", "--identity-token", "--sk", "--fulcio-auth-flow")
    keyed = any(command.option(name) is not None for name in options) or said.here.has(
        "SIGSTORE_ID_TOKEN"
    )
    refs = [
        _metadata_behind(said, word)
        for word in words[1:]
        if "/" in word or ":" in word or "$" in word or word == "{}"
    ]
    yield said.act(Kind.SIGN, *refs, keyless=not keyed)


def _syft(said: Said) -> Iterator[Act]:
    words = [word for word in said.arguments()[1:] if word not in ("scan", "packages", "attest")]
    if words and not words[0].startswith(("dir:", "file:", ".", "/")):
        yield said.act(Kind.SBOM, words[0])


def _grype(said: Said) -> Iterator[Act]:
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
    yield scanned(said, refs, gate, why, output)


def _trivy(said: Said) -> Iterator[Act]:
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
    yield scanned(said, refs, gate, why, command.option("-o", "--output") or "")


_PROGRAMS: dict[str, Callable[[Said], Iterator[Act]]] = {
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
    **OTHERS,
}

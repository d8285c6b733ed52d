"""What commands of other programs do: artifacts beside images (Helm, ORAS), and scanners that are services."""

from collections.abc import Callable, Iterator

from shipseal.workflows.acts import Act, Kind
from shipseal.workflows.images import Image, image_of
from shipseal.workflows.said import Said, scanned


def _artifact(said: Said, ref: str) -> Act:
    """Return the push of something that is no image: only its registry and name count, its tag is no image's."""
    name = said.image(ref.removeprefix("oci://")).repository
    image = Image(name, "", "sha256", None, name)
    return Act(Kind.PUSH, said.here.step, said.line, (image,), script=True, raw=(ref,))


def _login(said: Said, words: tuple[str, ...]) -> Iterator[Act]:
    if words:
        registry = image_of(f"{words[0]}/x").registry
        yield said.act(Kind.LOGIN, registry=registry, password=said.password())


def _helm(said: Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:2] == ("registry", "login"):
        yield from _login(said, words[2:])
    elif words[:1] == ("push",) and len(words) == 3 and words[2].startswith("oci://"):
        yield _artifact(said, words[2])


def _oras(said: Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:1] == ("login",):
        yield from _login(said, words[1:])
    elif words[:1] in (("push",), ("attach",)) and len(words) > 1:
        refs = [word for word in words[1:] if said.image(word).registry not in ("", "docker.io")]
        if refs:
            yield _artifact(said, refs[0])


def scout(said: Said, words: tuple[str, ...]) -> Iterator[Act]:
    """Yield what ``docker scout`` does: it looks for vulnerabilities, and fails only when it is told to.

    Args:
        said: the command.
        words: what stands behind ``scout``.
    """
    if words[:1] == ("cves",):
        fails = bool({"-e", "--exit-code"} & set(said.command.words))
        why = "" if fails else "without `--exit-code` Docker Scout ends well whatever it finds"
        refs = tuple(word.removeprefix("registry://") for word in words[1:2] if "://" not in word)
        yield scanned(said, refs, fails, why, said.command.option("-o", "--output") or "")


def _snyk(said: Said) -> Iterator[Act]:
    words = said.arguments()[1:]
    if words[:2] == ("container", "test") and len(words) > 2:
        output = said.command.option("--json-file-output", "--sarif-file-output") or ""
        yield scanned(said, words[2:3], True, "", output)


def _shipseal(said: Said) -> Iterator[Act]:
    # What it releases, and what stops it, stands in its configuration: a scan that may stop the job.
    if said.arguments()[1:2] in (("release",), ("gate",)):
        yield scanned(said, (), None, "", "")


OTHERS: dict[str, Callable[[Said], Iterator[Act]]] = {
    "helm": _helm,
    "oras": _oras,
    "shipseal": _shipseal,
    "snyk": _snyk,
}

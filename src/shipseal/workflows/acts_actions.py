"""What published actions do, by their inputs."""

import re
from collections.abc import Iterator

from shipseal.workflows.acts import Act, Here, Kind, Reader, unless_continued
from shipseal.workflows.images import Image, image_of, images_of

_RECIPE = ("context", "file", "target", "build-args", "no-cache", "build-contexts")
_TRIVY_LISTS = frozenset({"cyclonedx", "spdx", "spdx-json", "github"})


def of_action(here: Here) -> Iterator[Act]:
    """Yield what the step's action does with images; nothing for an action that is not known."""
    if here.step.action.endswith("/shipseal"):
        gate, why = unless_continued(here, None, "")
        yield Act(Kind.SCAN, here.step, here.step.line, gate=gate, why=why)
    for prefix, reader in _ACTIONS:
        if here.step.action == prefix or here.step.action.startswith(f"{prefix}/"):
            yield from reader(here)
            return


def _login(here: Here) -> Iterator[Act]:
    if here.step.given("registry-auth") is not None or here.step.given("logout-only"):
        return
    registry = here.text("registry") or "docker.io"
    if "$" not in registry:
        registry = image_of(f"{registry.removeprefix('https://').split('/')[0]}/x").registry
    yield Act(
        Kind.LOGIN,
        here.step,
        here.step.line,
        registry=registry,
        username=here.step.given("username"),
        password=here.step.given("password"),
    )


def _build(here: Here) -> Iterator[Act]:
    images = tuple(images_of(here.step.given("tags") or "", here.job, here.scope))
    outputs = here.text("outputs")
    recipe = {name: here.text(name) for name in _RECIPE}
    recipe["cache-from"] = here.text("cache-from")
    recipe["platforms"] = here.text("platforms")
    push = here.step.given("push")
    exported = re.search(r"(?<![\w-])push=(true|\$\{\{.*?\}\})", here.step.given("outputs") or "")
    if exported:
        names = re.findall(r"(?<![\w-])name=([^,\"\s]+)", outputs)
        images = (*images, *(image_of(name) for name in names))
    only = push or ""
    pushes = bool(exported) or only.strip().lower() not in ("", "false")
    load = here.text("load").lower() == "true"
    place = here.step.line
    yield Act(Kind.BUILD, here.step, place, images, local=load, recipe=recipe)
    if pushes:
        only = exported[1] if exported else only
        yield Act(Kind.PUSH, here.step, place, images, only=only, local=load, recipe=recipe)


def _bake(here: Here) -> Iterator[Act]:
    if here.text("push").lower() not in ("", "false"):
        yield Act(Kind.PUSH, here.step, here.step.line, only=here.step.given("push") or "")


def _attest(here: Here) -> Iterator[Act]:
    name = here.text("subject-name")
    images = (image_of(name),) if name else ()
    yield Act(Kind.ATTEST, here.step, here.step.line, images, keyless=True)
    if here.text("push-to-registry").lower() == "true":
        image = Image(images[0].repository, "", "sha256", None, name) if images else Image("")
        yield Act(Kind.PUSH, here.step, here.step.line, (image,))


def _sbom(here: Here) -> Iterator[Act]:
    image = here.text("image")
    if image:
        yield Act(Kind.SBOM, here.step, here.step.line, (image_of(image),))


def _anchore_scan(here: Here) -> Iterator[Act]:
    image, sbom = here.text("image"), here.text("sbom")
    if not image and not sbom:
        return
    gate, why = unless_continued(here, True, "")
    stated = here.text("fail-build").lower()
    if stated == "false":
        gate, why = False, "`fail-build: false`"
    elif stated not in ("", "true"):
        gate = None
    images = (image_of(image),) if image else ()
    output = here.text("output-file")
    yield Act(Kind.SCAN, here.step, here.step.line, images, gate=gate, why=why, output=output)


def _trivy(here: Here) -> Iterator[Act]:
    kind = here.text("scan-type").lower() or "image"
    if kind not in ("image", "sbom"):
        return
    ref = here.text("image-ref")
    images = (image_of(ref),) if ref else ()
    if here.text("format").lower() in _TRIVY_LISTS:
        yield Act(Kind.SBOM, here.step, here.step.line, images)
        return
    code = here.text("exit-code") or here.environment("TRIVY_EXIT_CODE")
    gate: bool | None = code not in ("", "0")
    why = (
        ""
        if gate
        else "`exit-code` is not given, and 0 is its default"
        if not code
        else "`exit-code: 0`"
    )
    if "$" in code or here.text("trivy-config") or (not code and here.settings.get("trivy")):
        gate = None
    gate, why = unless_continued(here, gate, why)
    output = here.text("output") or ("stdout" if here.text("github-pat") else "")
    local = not ref and bool(here.text("input"))
    yield Act(
        Kind.SCAN, here.step, here.step.line, images, gate=gate, why=why, output=output, local=local
    )


def _snyk(here: Here) -> Iterator[Act]:
    image = here.text("image")
    if image and here.text("command") in ("", "test"):
        gate, why = unless_continued(here, True, "")
        output = "snyk.sarif" if "sarif" in here.text("args") or not here.text("args") else ""
        yield Act(
            Kind.SCAN,
            here.step,
            here.step.line,
            (image_of(image),),
            gate=gate,
            why=why,
            output=output,
        )


def _scout(here: Here) -> Iterator[Act]:
    if "cves" not in here.text("command").lower():
        return
    ref = here.text("image")
    local = ref.startswith("local://") or not ref
    images = (image_of(ref.removeprefix("registry://")),) if ref and not local else ()
    stated = here.text("exit-code").lower()
    gate: bool | None = stated == "true"
    why = "" if gate else "`exit-code: true` is not given, and false is its default"
    if "$" in stated or here.text("exit-on"):
        gate = None
    gate, why = unless_continued(here, gate, why)
    output = here.text("sarif-file")
    yield Act(
        Kind.SCAN, here.step, here.step.line, images, gate=gate, why=why, output=output, local=local
    )


def _push_to_registry(here: Here) -> Iterator[Act]:
    registry, image = here.text("registry"), here.text("image")
    tags = here.text("tags") or "latest"
    images = tuple(image_of(f"{registry}/{image}:{tag}") for tag in tags.split()) if image else ()
    if here.step.given("password") is not None:
        yield Act(
            Kind.LOGIN,
            here.step,
            here.step.line,
            registry=image_of(f"{registry}/x").registry,
            username=here.step.given("username"),
            password=here.step.given("password"),
        )
    yield Act(Kind.PUSH, here.step, here.step.line, images)


def _podman_login(here: Here) -> Iterator[Act]:
    yield Act(
        Kind.LOGIN,
        here.step,
        here.step.line,
        registry=here.text("registry"),
        username=here.step.given("username"),
        password=here.step.given("password"),
    )


_ACTIONS: tuple[tuple[str, Reader], ...] = (
    ("docker/login-action", _login),
    ("docker/build-push-action", _build),
    ("docker/bake-action", _bake),
    ("actions/attest", _attest),
    ("actions/attest-build-provenance", _attest),
    ("actions/attest-sbom", _attest),
    ("anchore/sbom-action", _sbom),
    ("anchore/scan-action", _anchore_scan),
    ("aquasecurity/trivy-action", _trivy),
    ("snyk/actions/docker", _snyk),
    ("docker/scout-action", _scout),
    ("redhat-actions/push-to-registry", _push_to_registry),
    ("redhat-actions/podman-login", _podman_login),
)

"""The command line of a buildx build, and what its metadata file says afterwards.

Flags: docker/buildx, docs/reference/buildx_build.md. The exporter writes the layout as a folder (``tar=false``), so
that nothing is copied once more, and gives every file the time of ``SOURCE_DATE_EPOCH`` (``rewrite-timestamp=true``,
BuildKit 0.13 or newer). BuildKit's own attestations are left out: they are unsigned, and shipseal makes signed ones
about the same digests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shipseal._internal.limits import MANIFEST, read_file
from shipseal.build.materials import BASE_IMAGE
from shipseal.build.recipe import Recipe
from shipseal.build.values import BuildRequest, Material
from shipseal.errors import Code, ToolError
from shipseal.oci import Digest, parse_digest

_PROVENANCE = "buildx.build.provenance"
_DIGEST = "containerimage.digest"
_IMAGES = ("pkg:docker/", "pkg:oci/")


@dataclass(frozen=True, slots=True)
class BuildxOptions:
    """How buildx is asked.

    Attributes:
        recipe: what is built.
        builder: name of a buildx builder; empty for the current one.
        cache_from: ``--cache-from`` values.
        cache_to: ``--cache-to`` values.
        program: name or path of docker or of a buildx binary; empty: docker with its plugin, else buildx.
    """

    recipe: Recipe = field(default_factory=Recipe)
    builder: str = ""
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    program: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What ``--metadata-file`` says.

    Attributes:
        digest: of the root manifest or index.
        materials: base images and remote contexts, each once; None when the file does not tell.
    """

    digest: Digest
    materials: tuple[Material, ...] | None


def build_command(
    options: BuildxOptions, request: BuildRequest, layout: Path, metadata: Path
) -> tuple[list[str], dict[str, str]]:
    """Return the words after ``buildx``, and the variables that they need.

    Args:
        options: how.
        request: what.
        layout: folder that the exporter writes.
        metadata: file that buildx writes.

    Raises:
        ConfigError: the context, the Containerfile or a secret is not there.
    """
    recipe, handed = options.recipe.arguments(request.folder)
    output = f"type=oci,dest={layout},tar=false,rewrite-timestamp=true"
    words = ["build", f"--output={output}", f"--metadata-file={metadata}", "--progress=plain"]
    words += ["--provenance=false", "--sbom=false"]
    if request.platforms:
        words.append(f"--platform={','.join(map(str, request.platforms))}")
    words += [f"--builder={options.builder}"] if options.builder else []
    words += [f"--cache-from={value}" for value in options.cache_from]
    words += [f"--cache-to={value}" for value in options.cache_to]
    settings = {"SOURCE_DATE_EPOCH": str(request.epoch), "BUILDX_METADATA_PROVENANCE": "min"}
    return [*words, *recipe], handed | settings


def read_metadata(path: Path) -> Metadata:
    """Return what the metadata file ``path`` says.

    Raises:
        ToolError: ``tool.crashed``: it is not there or not what buildx writes.
        ImageError: the digest in it is none.
    """
    try:
        document = msgspec.json.decode(read_file(path, MANIFEST))
    except (OSError, msgspec.DecodeError) as error:
        raise _unusable(path, str(error)) from error
    digest = document.get(_DIGEST) if isinstance(document, dict) else None
    if not isinstance(digest, str):
        raise _unusable(path, f"it has no {_DIGEST}")
    return Metadata(parse_digest(digest), _materials(document))


def config_labels(image: object) -> list[Mapping[str, str]]:
    """Return the labels in ``image`` of ``imagetools inspect``: one configuration, or one for each platform."""
    if not isinstance(image, dict):
        return []
    configs = [image] if "rootfs" in image else image.values()
    labels = ((one.get("config") or {}).get("Labels") for one in configs if isinstance(one, dict))
    return [{str(key): str(text) for key, text in one.items()} for one in labels if one]


def manifest_digests(manifest: object) -> set[Digest]:
    """Return the digests in ``manifest`` of ``imagetools inspect``: its own, and those of an index's children."""
    if not isinstance(manifest, dict):
        return set()
    entries = (manifest, *(manifest.get("manifests") or ()))
    return {parse_digest(str(entry["digest"])) for entry in entries if "digest" in entry}


def _materials(document: Mapping[str, object]) -> tuple[Material, ...] | None:
    # One provenance for the whole build, or one for each platform: "buildx.build.provenance/linux/arm64".
    told = [
        value
        for key, value in document.items()
        if key.partition("/")[0] == _PROVENANCE and isinstance(value, dict)
    ]
    lists = (one.get("materials") for one in told)
    inputs = (entry for one in lists if isinstance(one, list) for entry in one)
    found = {one.uri: one for entry in inputs if (one := _material(entry))}
    return tuple(found[uri] for uri in sorted(found)) if told else None


def _material(value: object) -> Material | None:
    uri, digest = (
        (value.get(key) for key in ("uri", "digest")) if isinstance(value, dict) else (0, 0)
    )
    if not isinstance(uri, str) or not isinstance(digest, dict) or not digest:
        return None
    digests = {str(key): str(text) for key, text in digest.items()}
    if not uri.startswith(_IMAGES):
        return Material(uri, digests, "source")
    # One base for several platforms is one material: the digest is that of its index.
    path, mark, query = uri.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("platform="))
    return Material(f"{path}{mark if kept else ''}{kept}", digests, BASE_IMAGE)


def _unusable(path: Path, problem: str) -> ToolError:
    return ToolError(
        Code.TOOL_CRASHED,
        f"buildx: its metadata file {path} cannot be used: {problem}",
        hint="update buildx: it writes this file since version 0.6",
    )

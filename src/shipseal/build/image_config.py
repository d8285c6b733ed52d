"""The documents of an image that the embedded builder makes: configuration, annotations, manifest, index.

Pure: equal arguments, equal bytes. Formats: OCI image-spec 1.1, config.md, annotations.md, manifest.md, image-index.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal.build.layer_options import LayersOptions
from shipseal.build.values import BuildRequest
from shipseal.oci import Descriptor, Digest, Platform, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.image import ImageConfig
from shipseal.oci.manifest import build_manifest

PREFIX = "org.opencontainers.image."
TITLE = f"{PREFIX}title"

# What Docker wrote about the build machine; it is not true of this image.
_OF_ANOTHER_BUILD = frozenset(
    {
        "id",
        "parent",
        "author",
        "container",
        "container_config",
        "docker_version",
        "throwaway",
        "comment",
    }
)
# The same bytes under Docker's names are OCI layers.
_AS_OCI = {mt.DOCKER_LAYER: mt.OCI_LAYER, mt.DOCKER_LAYER_GZIP: mt.OCI_LAYER_GZIP}


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A layer that was added.

    Attributes:
        descriptor: as it is stored.
        diff_id: digest of its uncompressed form.
        created_by: what its line in the history says.
    """

    descriptor: Descriptor
    diff_id: Digest
    created_by: str


def annotations_of(
    request: BuildRequest, options: LayersOptions, *, base_name: str, base_digest: str
) -> dict[str, str]:
    """Return what the index and every manifest say about the image's origin; nothing that is not known.

    Labels of the options that begin with ``org.opencontainers.image.`` win, so that both say the same.
    """
    known = {
        TITLE: request.name,
        mt.VERSION: request.version,
        mt.CREATED: _time(request.epoch),
        mt.SOURCE: request.git.remote,
        mt.REVISION: request.git.commit,
        mt.BASE_NAME: base_name,
        mt.BASE_DIGEST: base_digest,
    }
    told = {key: value for key, value in options.labels.items() if key.startswith(PREFIX)}
    return {key: value for key, value in (known | told).items() if value}


def configuration(
    base: ImageConfig | None,
    platform: Platform,
    options: LayersOptions,
    layers: Sequence[NewLayer],
    *,
    epoch: int,
    annotations: Mapping[str, str],
) -> bytes:
    """Return the image configuration of one platform.

    Args:
        base: the base's configuration, None for ``scratch``.
        platform: of the image.
        options: how a container starts.
        layers: those that are added to the base.
        epoch: seconds; the image's time.
        annotations: become labels.
    """
    document: dict[str, Any] = {} if base is None else _inherited(base)
    document |= platform.to_json() | {"created": _time(epoch)}
    document["config"] = _settings(document.get("config"), base, options, annotations)
    below = () if base is None else base.diff_ids
    ids = [*below, *(layer.diff_id for layer in layers)]
    document["rootfs"] = {"type": "layers", "diff_ids": ids}
    document["history"] = [*_list(document.get("history")), *_history(layers, epoch)]
    return msgspec.json.encode(document, order="sorted")


def manifest(
    config: Descriptor,
    base: Iterable[Descriptor],
    layers: Iterable[NewLayer],
    annotations: Mapping[str, str],
) -> RawManifest:
    """Return the manifest of one platform, with the layers of ``base`` lowest."""
    below = [_as_oci(layer) for layer in base]
    return build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in (*below, *(one.descriptor for one in layers))],
            "annotations": dict(annotations),
        }
    )


def index(children: Iterable[Descriptor], annotations: Mapping[str, str]) -> RawManifest:
    """Return the index of all platforms."""
    return build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_INDEX,
            "manifests": [child.to_json() for child in children],
            "annotations": dict(annotations),
        }
    )


def _inherited(base: ImageConfig) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(base.raw)
    document.pop("variant", None)
    return {key: value for key, value in document.items() if not _is_of_another_build(key)}


def _is_of_another_build(key: str) -> bool:
    return key in _OF_ANOTHER_BUILD or key.startswith("moby.buildkit.")


def _history(layers: Iterable[NewLayer], epoch: int) -> list[dict[str, str]]:
    common = {"created": _time(epoch), "comment": "shipseal layers"}
    return [common | {"created_by": layer.created_by} for layer in layers]


def _settings(
    inherited: object,
    base: ImageConfig | None,
    options: LayersOptions,
    annotations: Mapping[str, str],
) -> dict[str, Any]:
    """Return the ``config`` member: the base's, with what the options say."""
    settings = _object(inherited)
    if options.entrypoint is not None:
        settings.pop("Cmd", None)
    told = {
        "Entrypoint": options.entrypoint,
        "Cmd": options.cmd,
        "User": options.user,
        "WorkingDir": options.workdir,
        "Env": _environment(base.env if base else (), options.env),
        "Labels": _labels(base.labels if base else {}, options.labels, annotations),
        "ExposedPorts": _object(settings.get("ExposedPorts")) | _ports(options.ports),
    }
    settings |= {key: value for key, value in told.items() if value is not None}
    return {key: value for key, value in settings.items() if value not in (None, (), [], {}, "")}


def _environment(base: Iterable[str], added: Mapping[str, str]) -> list[str]:
    """Keep the base's order; a name that is there already gets its new value in its old place."""
    values = dict(entry.partition("=")[::2] for entry in base) | dict(added)
    return [f"{name}={value}" for name, value in values.items()]


def _labels(
    base: Mapping[str, str], added: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, str]:
    """What a base says of itself under the OCI keys (its version, its source) is not true of this image."""
    kept = {key: value for key, value in base.items() if not key.startswith(PREFIX)}
    return kept | dict(added) | dict(annotations)


def _ports(ports: Iterable[str]) -> dict[str, dict[str, str]]:
    return {port if "/" in port else f"{port}/tcp": {} for port in ports}


def _object(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _as_oci(layer: Descriptor) -> Descriptor:
    return Descriptor(_AS_OCI.get(layer.media_type, layer.media_type), layer.digest, layer.size)


def _time(epoch: int) -> str:
    return rfc3339(datetime.fromtimestamp(epoch, UTC))

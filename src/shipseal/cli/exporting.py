"""The work of `shipseal evidence export`: resolve once, collect from everywhere, write out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal.cli.verify_places import opened_place, resolve_place, split_place
from shipseal.errors import Code, ConfigError, ImageError
from shipseal.evidence.collect import collect
from shipseal.evidence.export import ExportWish, write_export
from shipseal.evidence.export_place import check_place, place_export
from shipseal.evidence.export_record import ExportRecord
from shipseal.oci import Image, Platform
from shipseal.wiring.evidence import SourcesAsked, evidence_sources, own_sources
from shipseal.wiring.exporting import root_to_export, trust_to_export


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """What the command line says.

    Attributes:
        reference: the image.
        place: where to.
        platforms: whose documents go along; empty for all.
        stores: where evidence is looked for, too.
        config: a configuration.
        policy: a policy that stands alone.
        keys: public keys.
        trusted_root: a file.
        force: whether an earlier export is replaced.
    """

    reference: str
    place: Path
    platforms: tuple[str, ...]
    stores: tuple[str, ...]
    config: Path | None
    policy: Path | None
    keys: tuple[Path, ...]
    trusted_root: Path | None
    force: bool


def export_evidence(asked: ExportAsked, env: Mapping[str, str], clock: Clock) -> ExportRecord:
    """Export the evidence of one image.

    Raises:
        ConfigError: a file, a platform or the place cannot be used.
        ImageError: there is no such image, or none for a platform.
        ShipsealError: the image or a store could not be reached, the place cannot be written.
    """
    check_place(asked.place, force=asked.force)
    platforms = frozenset(map(platform_named, asked.platforms))
    trust = trust_to_export(asked.config, asked.policy, asked.keys, env)
    root = root_to_export(trust.wish, asked.trusted_root, env, clock)
    further = evidence_sources(SourcesAsked(asked.stores, trust.wish.identities), env, clock)
    name, reference = split_place(asked.reference)
    with opened_place(name, trust.hosts, clock) as source:
        digest = resolve_place(source, reference)
        stores = (*own_sources(source), *further)
        collected = collect(source, digest, stores=stores)
        check_platforms(collected.image, platforms)
        wish = ExportWish(
            tag="" if ":" in reference else reference,
            stores=tuple(dict.fromkeys(store.name for store in stores)),
            platforms=platforms or None,
            policy=trust.policy,
            keys=trust.keys,
            root=root,
        )
        fill = partial(write_export, source=source, collected=collected, wish=wish)
        return place_export(asked.place, fill, force=asked.force)


def platform_named(text: str) -> Platform:
    """Return the platform that an option names.

    Raises:
        ConfigError: it names none.
    """
    try:
        return Platform.parse(text)
    except ImageError as error:
        raise ConfigError(f"--platform: {error.message}", hint=error.hint) from error


def check_platforms(image: Image, wanted: frozenset[Platform]) -> None:
    """Make sure that an image has these platforms.

    Raises:
        ImageError: ``image.platform-missing``.
    """
    there = {one.platform for one in image.platforms}
    if missing := sorted(map(str, wanted - there)):
        raise ImageError(
            Code.PLATFORM_MISSING,
            f"{image.digest}: has no image of {', '.join(missing)}",
            hint=f"it has {', '.join(sorted(map(str, there)))}",
        )

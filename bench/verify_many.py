"""Verify 1,000 attestations of 200 images in one process, against cosign's way: a process for each.

From exported evidence against ``cosign verify-blob-attestation``, and from a local registry, fetching included, against
``cosign verify-attestation``. All is signed with one key. cosign is timed on a sample, spread over the whole; more
processes of the same kind take that much longer, so its rate is that of the sample.
"""

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.machine import Meter, Timed, facts, timed_run
from bench.options import Options
from bench.report import Goal, Report
from shipseal._internal.clock import SystemClock
from shipseal.attest.interface import Trust
from shipseal.attest.keys import LocalKey
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.cli.verify_exports import opened_exports
from shipseal.cli.verify_places import look_around
from shipseal.evidence.collect import collect
from shipseal.evidence.export import ExportWish, write_export
from shipseal.evidence.export_place import place_export
from shipseal.evidence.interface import Collected
from shipseal.oci import Image
from shipseal.oci.load import load_image
from shipseal.oci.reference import Reference
from shipseal.registry.layout_target import LayoutTarget
from shipseal.registry.repository import RepositoryTarget
from shipseal.testing.images import SampleImage, Shape, build_layout
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from tests.support.evidence import Piece, Recipe, make_pieces, push_image, put_pieces, resigned
from tests.support.registries import distribution
from tests.support.tools import need

IMAGES, EACH = 200, 5
SAMPLE = 30
ROUNDS = 3
EXPORTED, FETCHED = 20.0, 12.0
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One image with its attestations.

    Attributes:
        sample: where its bytes are.
        image: as a release sees it.
        pieces: its attestations.
    """

    sample: SampleImage
    image: Image
    pieces: tuple[Piece, ...]


def make_images(folder: Path, count: int, key: LocalKey) -> list[Sealed]:
    """Return images for one platform, with five attestations each: those of a release, and another provenance."""
    found = []
    for number in range(count):
        settings = {"Labels": {"number": str(number)}}
        sample = build_layout(folder, platforms=("linux/amd64",), config=settings, shape=Shape.BARE)
        image = load_image(sample.layout, sample.root)
        pieces = make_pieces(image, key, Recipe())
        again = resigned(pieces[0], pieces[0].statement.replace(b'"1.2.3"', b'"1.2.4"'), key)
        found.append(Sealed(sample, image, (*pieces, again)))
    return found


def export_all(images: Sequence[Sealed], folder: Path) -> list[Path]:
    """Export the evidence of each image; return where."""
    places = []
    for number, one in enumerate(images):
        target = LayoutTarget(folder / "layouts" / str(number))
        push_image(target, one.sample, one.image, tag="1.2.3")
        put_pieces(target, one.pieces)
        found = collect(target, one.image.digest)
        wish = ExportWish("1.2.3", (target.name,))
        fill = partial(write_export, source=target, collected=found, wish=wish)
        places.append(folder / "exports" / str(number))
        place_export(places[-1], fill, force=False)
    return places


def judged(found: Collected, trust: Trust) -> int:
    """Return how many attestations of an image are genuine.

    Raises:
        SystemExit: not all of them, or the image is not verified.
    """
    verdict = decide(VerifyPolicy(), [found], trust, now=NOW)
    genuine = sum(one.standing == "present" for one in verdict.looked_at)
    if not verdict.passed or genuine != EACH:
        raise SystemExit(f"{found.target} {verdict.digest}: {genuine} of {EACH} are genuine")
    return genuine


def from_exports(places: Sequence[Path], images: Sequence[Sealed], trust: Trust) -> int:
    """Verify all images from their exports, each opened anew."""
    count = 0
    for place, one in zip(places, images, strict=True):
        with opened_exports([place]) as exports:
            found = exports.look(f"registry.test/app@{one.image.digest}", None)
        count += judged(found.collected, trust)
    return count


def from_registry(name: str, images: Sequence[Sealed], trust: Trust) -> int:
    """Verify all images from a registry, as `shipseal verify REF...` looks at them."""
    texts = [f"{name}@{one.image.digest}" for one in images]
    places = look_around(texts, {}, SystemClock())
    return sum(judged(place.collected, trust) for place in places)


def timed(work: Callable[[], int], rounds: int) -> tuple[list[float], Timed]:
    """Return attestations per second of each round, and what the last one took."""
    rates, all_taken = [], []
    for _ in range(rounds):
        meter = Meter()
        count = work()
        all_taken.append(meter.read())
        rates.append(count / all_taken[-1].seconds)
    return rates, all_taken[-1]


def cosign(commands: Sequence[Sequence[str]], folder: Path) -> tuple[list[float], float]:
    """Run cosign for each and return the seconds of each, and others' load."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    taken = [timed_run(command, environment)[0] for command in commands]
    return [one.seconds for one in taken], statistics.median(one.others for one in taken)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is measured.

    Attributes:
        folder: everything lies below it.
        images: all of them.
        trust: in the key that signed.
        sample: how many times cosign runs.
        rounds: how often shipseal verifies all.
    """

    folder: Path
    images: Sequence[Sealed]
    trust: Trust
    sample: int
    rounds: int

    def chosen(self) -> list[tuple[int, Piece]]:
        """Return pieces that are spread over all images and kinds, with the number of their image."""
        every = [(number, piece) for number, one in enumerate(self.images) for piece in one.pieces]
        step = max(1, len(every) // self.sample)
        # Another kind each time: the step and the number of kinds have no common divisor.
        return every[:: step + (step % EACH == 0)][: self.sample]

    @property
    def key(self) -> str:
        """The file with the public key."""
        return str(self.folder / "release.pub")


@dataclass(frozen=True, slots=True)
class Row:
    """One way to verify.

    Attributes:
        what: its name.
        rates: attestations per second, of each round or run.
        others: others' share of the machine.
    """

    what: str
    rates: Sequence[float]
    others: float

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)


def exported(scene: Scene) -> tuple[Row, Row]:
    """Measure from exports."""
    places = export_all(scene.images, scene.folder)
    work = partial(from_exports, places, scene.images, scene.trust)
    rates, taken = timed(work, scene.rounds)
    commands = []
    for number, piece in scene.chosen():
        blobs = places[number] / "blobs" / "sha256"
        commands.append(
            [
                str(need("cosign")),
                "verify-blob-attestation",
                "--key",
                scene.key,
                "--bundle",
                str(blobs / piece.digest[7:]),
                "--insecure-ignore-tlog=true",
                "--type",
                piece.predicate_type,
                str(blobs / piece.subjects[0].digest[7:]),
            ]
        )
    seconds, load = cosign(commands, scene.folder)
    return (
        Row("shipseal, from exports", rates, taken.others),
        Row("cosign verify-blob-attestation", [1 / one for one in seconds], load),
    )


def fetched(scene: Scene) -> tuple[Row, Row]:
    """Measure from a registry."""
    with distribution(scene.folder / "registry") as registry:
        name = f"{registry.host}/app"
        target = RepositoryTarget(Reference.parse(name))
        for one in scene.images:
            push_image(target, one.sample, one.image)
            put_pieces(target, one.pieces)
        target.close()
        work = partial(from_registry, name, scene.images, scene.trust)
        rates, taken = timed(work, scene.rounds)
        commands = [
            [
                str(need("cosign")), "verify-attestation", "--key", scene.key,
                "--insecure-ignore-tlog=true", "--private-infrastructure=true",
                "--type", piece.predicate_type, "--allow-http-registry",
                f"{name}@{piece.subjects[0].digest}",
            ]
            for _, piece in scene.chosen()
        ]  # fmt: skip
        seconds, load = cosign(commands, scene.folder)
    return (
        Row("shipseal, from a registry", rates, taken.others),
        Row("cosign verify-attestation", [1 / one for one in seconds], load),
    )


def measure(options: Options) -> Report:
    """Measure both ways."""
    count = 8 if options.small else IMAGES
    key = LocalKey.generate()
    with tempfile.TemporaryDirectory(prefix="verify-many-") as name:
        folder = Path(name)
        (folder / "release.pub").write_bytes(key.public.pem())
        images = make_images(folder / "images", count, key)
        sample = 4 if options.small else SAMPLE
        scene = Scene(folder, images, KeyTrust([key.public]), sample, options.rounds or ROUNDS)
        return report(scene, exported(scene), fetched(scene))


def report(scene: Scene, exports: tuple[Row, Row], registry: tuple[Row, Row]) -> Report:
    """Return what came out."""
    rows = [*exports, *registry]
    return Report(
        part="verify_many",
        title=f"{len(scene.images) * EACH:,} attestations of {len(scene.images)} images, signed with a key",
        facts=facts("cosign", "registry"),
        header=("what", "attestations a second", "range", "ms each", "others' load"),
        rows=[
            [
                row.what,
                f"{row.rate:.1f}",
                f"{min(row.rates):.1f} to {max(row.rates):.1f}",
                f"{1000 / row.rate:.2f}",
                f"{row.others * 100:.0f} %",
            ]
            for row in rows
        ],
        goals=[
            Goal(
                "from exports ÷ cosign verify-blob-attestation",
                exports[0].rate / exports[1].rate,
                EXPORTED,
                "x",
                least=True,
            ),
            Goal(
                "from a registry ÷ cosign verify-attestation",
                registry[0].rate / registry[1].rate,
                FETCHED,
                "x",
                least=True,
            ),
        ],
        notes=[
            f"shipseal: all of them in one process, median of {scene.rounds} rounds, with the whole decision "
            "(subjects, SBOMs, seal); each export is opened, and each connection made, within the time",
            f"cosign: one process for each attestation, median of a sample of {scene.sample} spread over all; its rate "
            "for all of them is taken to be that",
            "the registry is distribution, on this machine, which has no referrers API: the fallback tag is read",
        ],
        raw={row.what: list(row.rates) for row in rows},
    )

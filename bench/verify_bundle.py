"""Verify one bundle in one process: with a key against cosign, keyless against importing sigstore-python alone.

Both are fresh processes, as a person or a script starts them, and rounds are interleaved. Keyless, sigstore-python is
asked for a second opinion after our own verdict, so that its import is the floor. A third part verifies many bundles in
one process, as `verify` does for a whole release.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.machine import facts
from bench.options import Options
from bench.report import Goal, Report
from bench.site import Unmeasurable
from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey
from shipseal.attest.patterns import Pattern
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.instance import ISSUER, FakeInstance, raw_of
from tests.support.tools import BUILT

ROUNDS = 21
TIMES_COSIGN = 4.0
ABOVE_IMPORT = 0.15
MANY = 200
CONTENT = b"the artifact\n"
TYPE = "https://slsa.dev/provenance/v1"
_IMPORT = "import sigstore.models, sigstore.verify.verifier"
_SHIPSEAL = Path(sys.prefix) / "bin" / "shipseal"


@dataclass(frozen=True, slots=True)
class Scene:
    """Files to verify.

    Attributes:
        folder: with ``artifact``, ``key.json``, ``keyless.json``, ``release.pub``, ``root.json``.
        instance: that signed the keyless one.
        statement: what is signed.
    """

    folder: Path
    instance: FakeInstance
    statement: bytes


def make_scene(folder: Path) -> Scene:
    """Sign a statement with a key and at an instance, and write all that verifying it needs."""
    key, instance = LocalKey.generate(), FakeInstance("sigstore.dev")
    statement = encode_statement([Subject("artifact", digest_of(CONTENT))], TYPE, {})
    (folder / "artifact").write_bytes(CONTENT)
    (folder / "release.pub").write_bytes(key.public.pem())
    (folder / "key.json").write_bytes(KeySigner(key).sign(statement).raw)
    (folder / "keyless.json").write_bytes(raw_of(instance.attest(statement)))
    (folder / "root.json").write_text(json.dumps(instance.root_document()))
    return Scene(folder, instance, statement)


def commands(scene: Scene) -> Mapping[str, list[str]]:
    """Return what is timed, by name."""
    folder = scene.folder
    ours = [str(_SHIPSEAL), "verify", "bundle", "--artifact", str(folder / "artifact")]
    return {
        "shipseal, key": [*ours, str(folder / "key.json"), "--key", str(folder / "release.pub")],
        "cosign, key": [
            str(BUILT / "cosign"),
            "verify-blob-attestation",
            "--key",
            str(folder / "release.pub"),
            "--private-infrastructure=true",
            "--type",
            TYPE,
            "--bundle",
            str(folder / "key.json"),
            str(folder / "artifact"),
        ],
        "shipseal, keyless": [
            *ours,
            str(folder / "keyless.json"),
            "--trusted-root",
            str(folder / "root.json"),
            "--repo",
            "org/app",
        ],
        "import of sigstore-python": [sys.executable, "-c", _IMPORT],
    }


def time_each(lines: Mapping[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each command in each round; the first round warms the page cache."""
    taken: dict[str, list[float]] = {name: [] for name in lines}
    for number in range(rounds + 1):
        for name, words in lines.items():
            started = time.perf_counter()
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            used = time.perf_counter() - started
            if done.returncode:
                raise Unmeasurable(f"{name} ended with {done.returncode}: {done.stderr[-300:]}")
            if number:
                taken[name].append(used)
    return taken


def in_one_process(scene: Scene) -> tuple[float, float]:
    """Return the seconds of one bundle among many: one certificate for all of them, and one for each."""
    who = Identity(issuer=Pattern(ISSUER), repository=Pattern("org/app"))
    trust = IdentityTrust([who], scene.instance.trust_root())
    leaf = scene.instance.issue()
    same = [raw_of(scene.instance.attest(scene.statement, leaf=leaf)) for _ in range(MANY)]
    each = [raw_of(scene.instance.attest(scene.statement)) for _ in range(MANY)]
    found = []
    for bundles in (same, each):
        started = time.perf_counter()
        for raw in bundles:
            trust.verify(raw)
        found.append((time.perf_counter() - started) / MANY)
    return found[0], found[1]


def measure(options: Options) -> Report:
    """Measure the command and the trust behind it.

    Raises:
        Unmeasurable: cosign is not there.
    """
    if not os.access(BUILT / "cosign", os.X_OK):
        raise Unmeasurable("cosign is not there: run `make tools`")
    rounds = 3 if options.small else options.rounds or ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        scene = make_scene(Path(folder))
        taken = time_each(commands(scene), rounds)
        same, each = in_one_process(scene)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    ratio = medians["shipseal, key"] / medians["cosign, key"]
    above = medians["shipseal, keyless"] - medians["import of sigstore-python"]
    rows = [[name, f"{median * 1000:.0f}"] for name, median in medians.items()]
    rows += [
        ["keyless, one of many by one certificate", f"{same * 1000:.2f}"],
        ["keyless, one of many by many certificates", f"{each * 1000:.2f}"],
    ]
    return Report(
        part="verify_bundle",
        title=f"`verify bundle`, median of {rounds} fresh processes, and {MANY} bundles in one",
        facts=facts(),
        header=("what", "milliseconds"),
        rows=rows,
        goals=[
            Goal("verify bundle --key, times cosign", ratio, TIMES_COSIGN, "times"),
            Goal("verify bundle keyless, above the import", above, ABOVE_IMPORT, "s"),
        ],
        notes=[],
        raw=dict(taken),
    )

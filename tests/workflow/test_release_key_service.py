"""Signatures of key services are never the same twice: what was signed is kept and adopted, not made again."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from shipseal._internal.kms_names import parse_kms_name
from shipseal.attest.interface import SignedBundle
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.kms_key import KmsKey
from shipseal.errors import AttestError, Code, RegistryError
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import Digest
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.result import Status
from tests.support.release_bench import Bench, CountingSigner, signing_key


class ServiceSigner(CountingSigner):
    """Signs with the bench's key as a service does, and fails once after so many statements."""

    def __init__(self, stop_after: int) -> None:
        super().__init__()
        self.stop_after = stop_after
        key = signing_key()
        private = key.private
        assert isinstance(private, ec.EllipticCurvePrivateKey)

        def sign(message: bytes) -> bytes:
            return private.sign(message, ec.ECDSA(hashes.SHA256()))

        self._signer = KeySigner(KmsKey(parse_kms_name("hsm:2"), key.public, sign))

    def sign(self, statement: bytes) -> SignedBundle:
        if len(self.signed) == self.stop_after:
            self.stop_after = -1
            raise AttestError(Code.SERVICE_OUTAGE, "the key service is away", retryable=True)
        return super().sign(statement)


class WithoutTags(LayoutTarget):
    """A target that takes no tag."""

    def put_tag(self, *_words: Any, **_named: Any) -> Any:
        raise RegistryError(Code.SERVICE_OUTAGE, "503", retryable=True)


def bundles_at(target: Target, bench: Bench) -> Counter[Digest]:
    store = ReferrersStore(target, created=bench.clock.now())
    subjects = [bench.sample.digest, *(raw.digest for raw in bench.sample.manifests.values())]
    return Counter(found.digest for subject in subjects for found in store.find(subject))


@pytest.mark.parametrize("fresh", [False, True], ids=["same-runner", "fresh-runner"])
@pytest.mark.parametrize("stop_after", [0, 3, 7, 8])
def test_a_resumed_release_holds_each_statement_once(
    tmp_path: Path, stop_after: int, fresh: bool
) -> None:
    bench = Bench(tmp_path)
    signer = bench.signer = ServiceSigner(stop_after)
    if stop_after == 8:
        bench.targets = (bench.targets[0], WithoutTags(tmp_path / "b"))
    assert bench.run().status == Status.PENDING
    bench.targets = (bench.targets[0], LayoutTarget(tmp_path / "b"))
    if fresh:
        bench.fresh_runner()
    assert bench.run().status == Status.DONE
    found = [bundles_at(target, bench) for target in bench.targets]
    assert found[0] == found[1]
    assert len(found[0]) == 8
    if stop_after == 8 or not fresh:
        assert max(Counter(signer.signed).values()) == 1
        assert len(signer.signed) == 8

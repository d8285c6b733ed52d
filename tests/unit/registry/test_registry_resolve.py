"""What a name means is asked once, and a name that means nothing is told with its place."""

from pathlib import Path

import pytest

from shipseal.errors import Code, ImageError
from shipseal.registry.interface import resolve_or_fail
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.images import build_layout

NOWHERE = f"sha256:{'0' * 64}"


def test_a_tag_and_a_digest_are_resolved(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, ref="1.0")
    target = LayoutTarget(tmp_path)
    assert resolve_or_fail(target, "1.0") == sample.digest
    assert resolve_or_fail(target, sample.digest) == sample.digest


@pytest.mark.parametrize(
    ("reference", "what", "words"),
    [
        ("2.0", "", r"^oci:\S+: there is no tag '2\.0'"),
        ("2.0", "base image", r"^base image oci:\S+: there is no tag '2\.0'"),
        (NOWHERE, "", r"^oci:\S+: there is no digest 'sha256:0+'"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, reference: str, what: str, words: str) -> None:
    build_layout(tmp_path, ref="1.0")
    with pytest.raises(ImageError, match=words) as caught:
        resolve_or_fail(LayoutTarget(tmp_path), reference, what=what)
    assert caught.value.code is Code.IMAGE_NOT_FOUND
    assert reference in caught.value.context.values()

"""Syft's own JSON: owned files, layers, and what is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, SbomError
from shipseal.sbom.native import read_native
from tests.support import spdx as samples


@pytest.mark.shared
def test_a_real_document_knows_which_files_belong_to_packages() -> None:
    document = read_native(samples.native("debian11-nginx-real"), what="nginx")
    owned = document.owned_paths()
    assert {"/usr/sbin/nginx", "/bin/bash", "/usr/sbin/adduser"} <= owned
    assert "/docker-entrypoint.sh" not in owned
    assert len(document.artifacts) == 142


@pytest.mark.shared
@pytest.mark.parametrize("name", [*samples.SMALL, "py-notebook"])
def test_real_documents_of_every_kind_can_be_read(name: str) -> None:
    assert read_native(samples.native(name), what=name).artifacts


def test_layers_come_from_the_source() -> None:
    layers = [{"mediaType": "x", "digest": "sha256:a", "size": 3}]
    value = {"artifacts": [], "source": {"id": "i", "metadata": {"layers": layers}}}
    (layer,) = read_native(json.dumps(value).encode(), what="x").layers()
    assert (layer.digest, layer.size) == ("sha256:a", 3)


def test_a_source_that_is_no_image_has_no_layers() -> None:
    for metadata in ("/a/folder", {"layers": "none"}, {}):
        value = {"artifacts": [], "source": {"id": "i", "metadata": metadata}}
        assert read_native(json.dumps(value).encode(), what="x").layers() == ()


@pytest.mark.parametrize(
    "metadata", [None, "text", [], {"files": 3}, {"files": [[1]]}, {"files": ["x", "/y"]}]
)
def test_metadata_of_any_shape_is_no_error(metadata: object) -> None:
    value = {"artifacts": [{"id": "a", "metadata": metadata}], "source": {}}
    owned = read_native(json.dumps(value).encode(), what="x").owned_paths()
    assert owned == (frozenset({"/y"}) if metadata == {"files": ["x", "/y"]} else frozenset())


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"spdxVersion":"SPDX-2.3"}', b'{"artifacts":3,"source":{}}']
)
def test_something_else_is_refused(raw: bytes) -> None:
    with pytest.raises(SbomError, match=r"app\.json: not Syft's own JSON") as caught:
        read_native(raw, what="app.json")
    assert caught.value.code is Code.CONFIG_INVALID


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_nothing_but_our_error_comes_out(raw: bytes) -> None:
    for text in (raw, b'{"artifacts":[],"source":' + raw + b"}"):
        try:
            read_native(text, what="x").owned_paths()
        except SbomError:
            continue

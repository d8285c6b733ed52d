"""What an image says about its origin is held against git and the release."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.build.annotations import judge, statements
from shipseal.build.materials import BASE_IMAGE, BUILDER, base_image, base_names
from shipseal.build.values import GitFacts, Material, RawBuild
from shipseal.errors import Code, ImageError
from shipseal.oci import Image, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.load import load_image
from shipseal.oci.reference import Reference
from shipseal.testing.images import build_layout
from tests.support.build_requests import COMMIT, FACTS, REMOTE, build_request

OTHER = "0" * 40
UBUNTU = {mt.VERSION: "24.04"}


class Case:
    """An image with annotations and labels, and how it is judged."""

    def __init__(
        self,
        folder: Path,
        *,
        annotations: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        bases: tuple[Mapping[str, str], ...] | None = None,
    ) -> None:
        self.folder = folder
        sample = build_layout(
            folder / "image", annotations=annotations, config={"Labels": dict(labels or {})}
        )
        self.build = RawBuild(sample.layout, sample.digest, base_labels=bases)
        self.image: Image = load_image(sample.layout, sample.digest)

    def judge(self, mode: str = "warn", *, git: GitFacts = FACTS) -> tuple[str, ...]:
        return judge(self.image, self.build, build_request(self.folder, annotations=mode, git=git))

    def refusal(self) -> ImageError:
        with pytest.raises(ImageError) as caught:
            self.judge("refuse")
        return caught.value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (mt.REVISION, COMMIT),
        (mt.REVISION, COMMIT[:7]),
        (mt.REVISION, COMMIT[:12].upper()),
        (mt.SOURCE, REMOTE),
        (mt.SOURCE, "git@git.example.org:org/app.git"),
        (mt.SOURCE, f"{REMOTE}/tree/main/image"),
        (mt.SOURCE, "https://Git.Example.org/Org/App"),
        (mt.VERSION, "1.4.0"),
        (mt.VERSION, "v1.4.0"),
        (mt.CREATED, "2024-05-01T10:00:00Z"),
        (mt.CREATED, "2024-05-01T10:00:00.123456789+02:00"),
        (mt.CREATED, "1970-01-01T00:00:00Z"),
        (mt.BASE_NAME, "docker.io/library/debian:12"),
        (mt.BASE_DIGEST, f"sha256:{'a' * 64}"),
    ],
)
def test_what_agrees_with_git_and_the_release_is_silent(
    tmp_path: Path, key: str, value: str
) -> None:
    case = Case(tmp_path, annotations={key: value}, labels={key: value}, bases=())
    assert case.judge("refuse") == ()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (mt.REVISION, OTHER, f"HEAD is {COMMIT}"),
        (mt.REVISION, COMMIT[:6], f"HEAD is {COMMIT}"),
        (mt.SOURCE, "https://git.example.org/org/other", f"the repository is {REMOTE}"),
        (mt.SOURCE, f"{REMOTE}-fork", f"the repository is {REMOTE}"),
        (mt.VERSION, "1.3.9", "the release is 1.4.0"),
        (mt.CREATED, "2023-01-01T00:00:00Z", "before the commit"),
        (mt.CREATED, "yesterday", "must be an RFC 3339 time"),
    ],
)
@pytest.mark.parametrize("as_label", [False, True])
def test_each_disagreement_is_told_with_both_sides_and_refused_when_that_is_asked(
    tmp_path: Path, key: str, value: str, expected: str, *, as_label: bool
) -> None:
    said = {key: value}
    case = Case(
        tmp_path,
        annotations=None if as_label else said,
        labels=said if as_label else None,
        bases=(),
    )
    warnings = case.judge()
    assert warnings
    assert all(key in one and repr(value) in one and expected in one for one in warnings)
    error = case.refusal()
    assert error.code is Code.FORMAT_UNSUPPORTED
    assert repr(value) in error.message
    assert expected in error.message
    assert case.judge("off") == ()


def test_one_sentence_names_all_platforms_that_share_it(tmp_path: Path) -> None:
    case = Case(tmp_path, labels={mt.VERSION: "1.3.9"}, bases=())
    assert case.judge() == (
        f"linux/amd64, linux/arm64: label {mt.VERSION} says '1.3.9', but the release is 1.4.0",
    )


def test_a_label_that_equals_the_bases_is_told_and_never_refused(tmp_path: Path) -> None:
    case = Case(tmp_path, labels=UBUNTU, bases=({}, UBUNTU))
    assert case.judge("refuse") == case.judge("warn")
    (warning,) = case.judge()
    assert "says '24.04'" in warning
    assert "inherited: the base image has the same label" in warning


def test_a_label_that_differs_from_the_bases_is_this_builds_own(tmp_path: Path) -> None:
    case = Case(tmp_path, labels={mt.VERSION: "1.3.9"}, bases=(UBUNTU,))
    assert "1.3.9" in case.refusal().message


def test_an_annotation_is_never_inherited(tmp_path: Path) -> None:
    case = Case(tmp_path, annotations=UBUNTU, bases=(UBUNTU,))
    assert "annotation" in case.refusal().message


def test_with_an_unknown_base_a_label_is_excused_only_where_an_annotation_is_right(
    tmp_path: Path,
) -> None:
    alone = Case(tmp_path / "alone", labels=UBUNTU, bases=None)
    assert "the base image is not known" in alone.refusal().message
    beside = Case(tmp_path / "beside", labels=UBUNTU, annotations={mt.VERSION: "1.4.0"}, bases=None)
    (warning,) = beside.judge("refuse")
    assert "probably inherited" in warning


def test_outside_a_repository_only_the_version_can_be_judged(tmp_path: Path) -> None:
    case = Case(
        tmp_path,
        annotations={mt.REVISION: OTHER, mt.SOURCE: "https://elsewhere.example", mt.VERSION: "9"},
    )
    assert [mt.VERSION in one for one in case.judge(git=GitFacts())] == [True]


def test_a_dirty_work_tree_is_told_where_the_image_names_its_revision(tmp_path: Path) -> None:
    dirty = replace(FACTS, dirty=True)
    case = Case(tmp_path / "with", annotations={mt.REVISION: COMMIT})
    assert ["does not tell all" in one for one in case.judge("refuse", git=dirty)] == [True]
    assert Case(tmp_path / "without").judge(git=dirty) == ()


def test_a_base_digest_must_be_one_that_the_build_used(tmp_path: Path) -> None:
    used, other = parse_digest(f"sha256:{'1' * 64}"), parse_digest(f"sha256:{'2' * 64}")
    case = Case(tmp_path, annotations={mt.BASE_DIGEST: other}, bases=())
    case.build = replace(case.build, base_digests=frozenset({used}))
    assert f"the build used {used}" in case.refusal().message
    case.build = replace(case.build, base_digests=frozenset({used, other}))
    assert case.judge("refuse") == ()


@pytest.mark.parametrize(
    ("value", "used", "agrees"),
    [
        ("docker.io/library/debian:12", "debian:12", True),
        ("debian:12", "docker.io/library/debian:12", True),
        ("debian", "debian:12", True),
        ("debian:12", "debian", True),
        (f"debian:12@sha256:{'1' * 64}", "debian:12", True),
        ("debian:11", "debian:12", False),
        ("registry.example/debian:12", "debian:12", False),
        ("No Reference", "debian:12", False),
    ],
)
def test_a_base_name_must_be_one_that_the_build_used(
    tmp_path: Path, value: str, used: str, *, agrees: bool
) -> None:
    digest = parse_digest(f"sha256:{'1' * 64}")
    case = Case(tmp_path, annotations={mt.BASE_NAME: value}, bases=())
    # Where not all bases are known, one of them may be the right one.
    case.build = replace(case.build, materials=(base_image(used, digest),))
    assert case.judge("refuse") == ()
    case.build = replace(case.build, base_digests=frozenset({digest}))
    if agrees:
        assert case.judge("refuse") == ()
    else:
        assert f"the build used {Reference.parse(used)}" in case.refusal().message
    nameless = replace(case.build, materials=(*case.build.materials, base_image("", digest)))
    case.build = nameless
    assert case.judge("refuse") == ()


def test_an_inherited_base_name_is_no_fault_of_this_build(tmp_path: Path) -> None:
    digest = parse_digest(f"sha256:{'1' * 64}")
    labels = {mt.BASE_NAME: "docker.io/library/debian:12"}
    case = Case(tmp_path, labels=labels, bases=(labels,))
    materials = (base_image("ruby:3", digest),)
    case.build = replace(case.build, materials=materials, base_digests=frozenset({digest}))
    (sentence,) = case.judge("refuse")
    assert "the build used docker.io/library/ruby:3 (inherited" in sentence


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("pkg:docker/debian@12?platform=linux%2Famd64", "docker.io/library/debian:12"),
        ("pkg:docker/ghcr.io/org/app@1.0", "ghcr.io/org/app:1.0"),
        (f"pkg:docker/debian@sha256:{'1' * 64}", "docker.io/library/debian"),
        (
            f"pkg:oci/app@sha256:{'1' * 64}?repository_url=ghcr.io/org/app&tag=2",
            "ghcr.io/org/app:2",
        ),
        (f"pkg:oci/image@sha256:{'1' * 64}", None),
        ("pkg:docker/UPPER@1", None),
        ("not a package", None),
    ],
)
def test_names_of_bases_are_read_from_every_builders_package_urls(
    uri: str, name: str | None
) -> None:
    base = Material(uri, {"sha256": "1" * 64}, BASE_IMAGE)
    tool = Material("pkg:generic/buildx@1", {}, BUILDER)
    assert [str(one) for one in base_names([tool, base])] == ([name] if name else [])


def test_descriptors_in_the_index_are_read_too(tmp_path: Path) -> None:
    case = Case(tmp_path, annotations={mt.VERSION: "1.4.0"}, labels={mt.SOURCE: REMOTE})
    found = {(one.scope, one.is_label, one.key) for one in statements(case.image)}
    assert ("index", False, mt.VERSION) in found
    assert ("linux/arm64", False, mt.VERSION) in found
    assert ("linux/amd64", True, mt.SOURCE) in found


@given(value=st.text(min_size=1, max_size=40))
def test_no_value_makes_the_judgement_itself_fail(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    keys = (mt.SOURCE, mt.REVISION, mt.VERSION, mt.CREATED, mt.BASE_NAME, mt.BASE_DIGEST)
    try:
        case = Case(folder, labels=dict.fromkeys(keys, value), bases=())
    except ValueError:
        return  # surrogates are no JSON: no image can hold them
    sentences = case.judge()
    assert all(isinstance(one, str) for one in sentences)
    assert any(mt.VERSION in one for one in sentences) == (value.removeprefix("v") != "1.4.0")

"""Which tags may move: the rules a release engineer would state, one test each."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ConfigError
from shipseal.oci import Digest
from shipseal.release.tags import (
    Action,
    Move,
    PlannedTag,
    TagRule,
    decide,
    expand,
    plan_tags,
    version_tags,
)
from shipseal.release.version import Version

NEW = Digest("sha256:" + "a" * 64)
OLD = Digest("sha256:" + "b" * 64)


def planned(template: str, version: str, move: Move | None = None) -> PlannedTag:
    return plan_tags([TagRule(template, move)], version)[0]


def act(
    template: str,
    version: str,
    before: Digest | None = None,
    *published: str,
    move: Move | None = None,
) -> Action:
    tag = planned(template, version, move)
    return decide(tag, version=version, digest=NEW, before=before, published=published).action


def test_latest_is_written_last_and_the_immutable_tag_first() -> None:
    rules = [
        TagRule("latest"),
        TagRule("{major}"),
        TagRule("{version}"),
        TagRule("{major}.{minor}"),
    ]
    assert [tag.name for tag in plan_tags(rules, "1.4.2")] == ["1.4.2", "1.4", "1", "latest"]


def test_a_new_version_creates_its_tag() -> None:
    assert act("{version}", "1.0.0") is Action.CREATE


def test_a_public_version_is_never_replaced() -> None:
    assert act("{version}", "1.0.0", OLD) is Action.REFUSE


def test_the_same_digest_again_is_kept() -> None:
    assert act("{version}", "1.0.0", NEW) is Action.KEEP


def test_latest_moves_to_a_higher_version() -> None:
    assert act("latest", "1.5.0", OLD, "1.4.9") is Action.MOVE


def test_a_hotfix_of_an_old_line_does_not_move_latest() -> None:
    assert act("latest", "1.4.9", OLD, "2.0.0", "1.4.8") is Action.HOLD


def test_a_hotfix_of_an_old_line_moves_the_tag_of_its_line() -> None:
    assert act("{major}.{minor}", "1.4.9", OLD, "2.0.0", "1.4.8") is Action.MOVE


def test_a_late_rebuild_of_an_older_patch_does_not_move_its_line_back() -> None:
    assert act("{major}.{minor}", "1.4.7", OLD, "1.4.8") is Action.HOLD


def test_a_prerelease_does_not_move_latest_even_when_it_is_the_highest() -> None:
    assert act("latest", "2.0.0-rc.1", OLD, "1.9.0") is Action.HOLD


def test_a_public_prerelease_does_not_hold_the_final_version_back() -> None:
    assert act("latest", "1.9.0", OLD, "2.0.0-rc.1") is Action.MOVE


def test_always_moves_whatever_is_public() -> None:
    assert act("edge", "nightly", OLD, "2.0.0", move=Move.ALWAYS) is Action.MOVE


def test_never_makes_any_tag_immutable() -> None:
    assert act("stable", "1.0.0", OLD, move=Move.NEVER) is Action.REFUSE


def test_a_version_without_order_cannot_move_a_tag_by_order() -> None:
    with pytest.raises(
        ConfigError, match=r"'latest' moves only to a higher version.*nightly"
    ) as caught:
        plan_tags([TagRule("latest")], "nightly")
    assert caught.value.code is Code.CONFIG_INVALID


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{verison}", r"unknown field \{verison\}"),
        ("{version} rc", "no legal tag"),
        ("-{version}", "no legal tag"),
        ("{prerelease}", "has no prerelease"),
        ("", "no legal tag"),
    ],
)
def test_a_template_that_gives_no_tag_is_refused_with_its_reason(
    template: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        expand(template, "1.0.0")


def test_two_templates_that_give_one_tag_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"both give '1\.0\.0'"):
        plan_tags([TagRule("{version}"), TagRule("{major}.{minor}.{patch}")], "1.0.0")


def test_published_versions_are_read_from_tags_by_their_template_the_highest_first() -> None:
    tags = ["v1.2.3", "v1.3.0-rc.1", "latest", "sha256-abc", "1.9.9", "vnext", "v1.10.0"]
    rules = [TagRule("v{version}"), TagRule("latest")]
    assert list(version_tags(rules, tags)) == ["1.10.0", "1.3.0-rc.1", "1.2.3"]


def test_a_tag_that_moves_is_no_version_that_holds_another_back() -> None:
    rules = [TagRule("{version}"), TagRule("{major}.{minor}"), TagRule("{major}")]
    assert version_tags(rules, ["1.4.2", "1.4", "1", "2.0"]) == {"1.4.2": "1.4.2"}


def test_versions_order_as_semver_says() -> None:
    ordered = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1"
    versions = [Version.parse(text) for text in ordered.split()]
    assert all(a and b and a < b for a, b in pairwise(versions))


@given(st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_parsing_a_version_never_fails(text: str) -> None:
    version = Version.parse(text)
    assert version is None or version.text == text


_NUMBER = st.integers(0, 40)
_VERSION = st.builds(lambda a, b, c: f"{a}.{b}.{c}", _NUMBER, _NUMBER, _NUMBER)


@given(_VERSION, st.lists(_VERSION, max_size=8))
@settings(max_examples=200, deadline=None)
def test_latest_never_moves_below_what_is_public(version: str, published: list[str]) -> None:
    action = act("latest", version, OLD, *published)
    own = Version.parse(version)
    higher = [text for text in published if (other := Version.parse(text)) and own and own < other]
    assert action is (Action.HOLD if higher else Action.MOVE)


@given(st.text(max_size=30), _VERSION)
@settings(max_examples=300, deadline=None)
def test_a_template_gives_a_legal_tag_or_a_clear_refusal(template: str, version: str) -> None:
    try:
        name = expand(template, version)
    except ConfigError:
        return
    assert 0 < len(name) <= 128
    assert not name.startswith(("-", "."))

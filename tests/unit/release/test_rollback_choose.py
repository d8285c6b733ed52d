"""Which release a rollback goes to, and which tags follow: decisions on names and versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.errors import ConfigError
from shipseal.oci import Digest, digest_of
from shipseal.release.rollback.choose import Choice, choose_for, choose_previous
from shipseal.release.rollback.values import Point
from shipseal.release.tags import Move, TagRule, moving_tags, version_tags
from shipseal.release.version import Version

RULES = [TagRule(text) for text in ("{version}", "{major}.{minor}", "{major}", "latest")]


def image(version: str) -> Digest:
    return digest_of(version.encode())


@dataclass
class Record:
    told: str = "rolled back to 1.0.0 at night by ann"


@dataclass
class Places:
    """Two targets that agree, unless a test says otherwise."""

    tags: dict[str, str | None]
    rules: Sequence[TagRule] = tuple(RULES)
    other: dict[str, str | None] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)

    @property
    def versions(self) -> Mapping[str, str]:
        return version_tags(self.rules, self.tags)

    def named(self, tag: str) -> Mapping[str, Digest | None]:
        texts = [self.tags.get(tag), {**self.tags, **self.other}.get(tag)]
        return {name: image(text) if text else None for name, text in zip("ab", texts, strict=True)}

    def digests(self, version: str) -> Mapping[str, Digest | None]:
        return self.named(self.versions[version])

    def version_of(self, digest: Digest) -> str:
        return next((text for text in self.versions if image(text) == digest), "")

    def departure(self, version: str, tag: str) -> Record | None:
        return Record() if (version, tag) in self.gone else None


def places(*versions: str, **moving: str | None) -> Places:
    """Return targets with ``versions``; ``latest`` and the others name the highest of their line, or what is said."""
    tags: dict[str, str | None] = {version: version for version in versions}
    for version in sorted(versions, key=lambda text: Version.parse(text) or text):
        tags |= {tag.name: version for tag in moving_tags(RULES, version) if "-" not in version}
    return Places(tags | {name.replace("_", "."): text for name, text in moving.items()})


def told(choice: Choice) -> tuple[list[str], str]:
    return [tag.name for tag in choice.tags], choice.to


def test_tags_go_from_the_newest_version_to_the_one_before_latest_last() -> None:
    choice = choose_previous(RULES, places("1.4.0", "1.4.1", "1.4.2"), ())
    assert told(choice) == (["1.4", "1", "latest"], "1.4.1")


def test_what_a_rollback_left_already_is_left_alone() -> None:
    there = places("1.4.1", "1.4.2", latest="1.4.1", **{"1_4": "1.4.1", "1": "1.4.1"})
    there.gone = {("1.4.2", "latest")}
    choice = choose_previous(RULES, there, ())
    assert told(choice) == ([], "")
    assert choice.nothing == (
        "latest names 1.4.1 already: 1.4.2 was rolled back to 1.0.0 at night by ann"
    )


def test_one_target_that_was_left_behind_is_enough_to_go_on() -> None:
    there = places("1.4.1", "1.4.2", latest="1.4.1", **{"1_4": "1.4.1", "1": "1.4.1"})
    there.other = {"latest": "1.4.2"}
    assert told(choose_previous(RULES, there, ())) == (["1.4", "1", "latest"], "1.4.1")


def test_a_version_that_was_rolled_back_is_passed_over_and_said() -> None:
    there = places("1.4.1", "1.4.2", "1.4.3")
    there.gone = {("1.4.2", "latest")}
    choice = choose_previous(RULES, there, ())
    assert choice.to == "1.4.1"
    assert choice.passed_over == (("1.4.2", "rolled back to 1.0.0 at night by ann"),)


def test_the_same_bytes_under_another_version_are_no_way_back() -> None:
    there = places("1.4.0", "1.4.1", "1.4.2")
    there.tags["1.4.1"] = "1.4.2"
    choice = choose_previous(RULES, there, ())
    assert (choice.to, choice.passed_over) == ("1.4.0", (("1.4.1", "it is the same image"),))


def test_tags_of_a_line_that_has_no_earlier_release_stay_and_are_named() -> None:
    choice = choose_previous(RULES, places("1.4.9", "2.0.0"), ())
    assert told(choice) == (["latest"], "1.4.9")
    assert [name for name, _ in choice.staying] == ["2.0", "2"]


def test_a_pre_release_is_neither_rolled_back_nor_gone_back_to() -> None:
    choice = choose_previous(RULES, places("1.4.1", "1.5.0-rc.1", "1.5.0", "1.6.0-rc.1"), ())
    assert choice.to == "1.4.1"


def test_named_tags_are_rolled_back_within_their_line() -> None:
    there = places("1.4.8", "1.4.9", "2.0.0", "2.0.1")
    assert told(choose_previous(RULES, there, ["1.4"])) == (["1.4"], "1.4.8")


def test_tags_without_a_line_in_common_are_refused() -> None:
    with pytest.raises(ConfigError, match="no version belongs to all of"):
        choose_previous(RULES, places("1.4.9", "2.0.1"), ["1.4", "2.0"])


def test_a_tag_that_names_no_release_goes_to_the_newest() -> None:
    there = places("1.4.1", "1.4.2", latest="pushed by hand")
    choice = choose_previous(RULES, there, ["latest"])
    assert told(choice) == (["latest"], "1.4.2")


def test_a_first_release_has_nothing_before_it() -> None:
    with pytest.raises(ConfigError, match="no earlier release") as caught:
        choose_previous(RULES, places("1.0.0"), ())
    assert "--to DIGEST" in caught.value.hint


def test_without_versions_there_is_nothing_to_choose_from() -> None:
    with pytest.raises(ConfigError, match="no version is public"):
        choose_previous(RULES, Places({"latest": "x"}), ())


def test_a_configuration_without_moving_tags_says_so() -> None:
    with pytest.raises(ConfigError, match="no tag of the configuration moves"):
        choose_previous([TagRule("{version}")], places("1.0.0", "1.1.0"), ())


@pytest.mark.parametrize("tag", ["1.4.2", "stable"])
def test_only_tags_that_move_can_be_named(tag: str) -> None:
    with pytest.raises(ConfigError, match=tag):
        choose_previous(RULES, places("1.4.1", "1.4.2"), [tag])
    with pytest.raises(ConfigError, match=tag):
        choose_for(RULES, places("1.4.1", "1.4.2"), Point("1.4.1", image("1.4.1")), [tag])


def test_a_named_release_takes_its_own_tags() -> None:
    to = Point("1.4.0", image("1.4.0"))
    choice = choose_for(RULES, places("1.4.0", "1.4.1", "1.4.2"), to, ())
    assert told(choice) == (["1.4", "1", "latest"], "1.4.0")


def test_a_named_release_of_another_line_leaves_the_tags_of_the_bad_one_and_names_them() -> None:
    choice = choose_for(RULES, places("1.4.9", "2.0.0"), Point("1.4.9", image("1.4.9")), ())
    assert [name for name, _ in choice.staying] == ["2.0", "2"]


def test_tags_that_name_several_releases_are_asked_about() -> None:
    there = places("1.4.8", "1.4.9", "2.0.1")
    with pytest.raises(ConfigError, match=r"latest names 2\.0\.1") as caught:
        choose_for(RULES, there, Point("1.4.8", image("1.4.8")), ())
    assert "1.4 names 1.4.9" in caught.value.message
    choice = choose_for(RULES, there, Point("1.4.8", image("1.4.8")), ["1.4", "1"])
    assert told(choice) == (["1.4", "1"], "1.4.8")


def test_a_digest_without_a_version_needs_tags() -> None:
    to = Point("", image("x"))
    with pytest.raises(ConfigError, match="which tags belong to sha256:"):
        choose_for(RULES, places("1.0.0"), to, ())
    assert told(choose_for(RULES, places("1.0.0"), to, ["latest"])) == (["latest"], "")


def test_moving_tags_that_look_like_versions_are_none() -> None:
    found = version_tags(RULES, ["1.4.2", "1.4", "1", "latest", "v1.4.1", "1.5.0-rc.1"])
    assert list(found) == ["1.5.0-rc.1", "1.4.2", "v1.4.1"]


def test_a_version_tag_is_found_by_its_template() -> None:
    rules = [TagRule("app-{version}-{short_commit}"), TagRule("latest", Move.ALWAYS)]
    assert version_tags(rules, ["app-1.4.2-abcdef0", "latest"]) == {"1.4.2": "app-1.4.2-abcdef0"}


_VERSIONS = st.builds("{}.{}.{}".format, *[st.integers(0, 3)] * 3)


@given(st.sets(_VERSIONS, min_size=2, max_size=12), st.sets(_VERSIONS, max_size=4))
def test_a_rollback_goes_down_to_the_highest_that_was_not_left_and_never_out_of_line(
    versions: set[str], left: set[str]
) -> None:
    there = places(*versions)
    there.gone = {(version, "latest") for version in left}
    order = sorted(versions, key=lambda text: Version.parse(text) or text, reverse=True)
    remaining = [version for version in order[1:] if version not in left]
    if not remaining:
        with pytest.raises(ConfigError, match="no earlier release"):
            choose_previous(RULES, there, ())
        return
    choice = choose_previous(RULES, there, ())
    assert choice.to == remaining[0]
    assert {tag.name for tag in choice.tags} <= {tag.name for tag in moving_tags(RULES, choice.to)}
    assert choice.tags[-1].name == "latest"
    assert not {tag.name for tag in choice.tags} & versions

"""Scopes of tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.registry.scopes import merged, reaches, repository_scope

_NAMES = st.sampled_from(["a", "org/app", "host:5000/x"])
_ACTIONS = st.lists(st.sampled_from(["pull", "push", "delete"]), min_size=1, unique=True)
_SCOPES = st.lists(
    st.builds(lambda name, actions: repository_scope(name, *actions), _NAMES, _ACTIONS)
)


def test_actions_of_one_repository_go_together() -> None:
    wanted = ("repository:a:pull", "repository:b:pull", "repository:a:push,pull", "aws")
    assert merged(wanted) == ("repository:a:pull,push", "repository:b:pull", "aws")


@pytest.mark.parametrize(
    ("granted", "wanted", "expected"),
    [
        (["repository:a:pull,push"], ["repository:a:pull"], True),
        (["repository:a:pull"], ["repository:a:pull,push"], False),
        (["repository:a:pull", "repository:a:push"], ["repository:a:push,pull"], True),
        (["repository:a:pull"], ["repository:a:pull", "repository:b:pull"], False),
        (["repository:h:5000/a:pull"], ["repository:h:5000/a:pull"], True),
        (["repository:a:pull", "aws"], ["repository:a:pull"], True),
        ([], [], True),
        (["repository:a:pull"], ["aws"], False),
    ],
)
def test_a_token_reaches_what_it_was_asked_for(
    granted: list[str], wanted: list[str], expected: bool
) -> None:
    assert reaches(granted, wanted) is expected


@given(_SCOPES, _SCOPES)
@settings(max_examples=100, deadline=None)
def test_merging_loses_and_adds_nothing(first: list[str], second: list[str]) -> None:
    both = merged((*first, *second))
    assert reaches(both, first)
    assert reaches(both, second)
    assert reaches((*first, *second), both)
    assert merged(both) == both

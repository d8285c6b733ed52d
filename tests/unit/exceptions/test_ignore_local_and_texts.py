"""The file in the work tree, and the words at GitHub: checked before anything is made, and never too long."""

import re
from pathlib import Path

import pytest

from shipseal.cli.ignore_add import write_after_proposal
from shipseal.errors import ConfigError, Exit
from shipseal.exceptions.local_file import LocalFile
from shipseal.exceptions.propose import Proposed
from shipseal.exceptions.prune import Over, Reason, closed_by_merge, prune_body
from shipseal.exceptions.texts import branch_name
from shipseal.github.project import MOST_BODY, Ticket
from shipseal.ignores.rules import IgnoreRule

WEB = "https://github.com/org/app"


def test_a_file_that_is_protected_from_writing_is_told_before_anything_is_made(
    tmp_path: Path,
) -> None:
    path = tmp_path / ".grype.yaml"
    path.write_text("ignore: []\n")
    LocalFile.read(path).check_writable()
    LocalFile.read(tmp_path / "new" / "file").check_writable()
    path.chmod(0o444)
    with pytest.raises(ConfigError, match="is protected from writing") as caught:
        LocalFile.read(path).check_writable()
    assert caught.value.exit is Exit.USAGE
    assert "chmod u+w" in caught.value.hint


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_gets_what_is_added(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".grype.yaml"
    path.write_text(text)
    assert LocalFile.read(path).write(lambda before: f"{before}ignore: []\n")
    assert path.read_text() == f"{text}ignore: []\n"


def test_what_was_opened_before_the_disk_refused_is_told(tmp_path: Path) -> None:
    path = tmp_path / ".grype.yaml"
    file = LocalFile.read(path)
    path.mkdir()
    made = Proposed(Ticket(1, f"{WEB}/issues/1"), Ticket(2, f"{WEB}/pull/2"), "b", "main")
    with pytest.raises(ConfigError) as caught:
        write_after_proposal(file, lambda text: f"{text}x", made)
    told = f"opened before: issue {WEB}/issues/1 and pull request {WEB}/pull/2"
    assert told in caught.value.message
    assert "the same command again" in caught.value.hint


def test_two_changes_have_two_branches_however_many_names_they_begin_with() -> None:
    names = [f"CVE-2026-{number:04}" for number in range(50)]
    first, second = branch_name("prune", names), branch_name("prune", names[:-1])
    assert first != second
    assert first == branch_name("prune", names)
    assert len(first) < 110
    assert branch_name("ignore", ["CVE-2026-0001"]) == "shipseal/ignore-cve-2026-0001"


def ended(count: int) -> tuple[Over, ...]:
    return tuple(
        Over(
            IgnoreRule(vulnerability=f"CVE-2026-{n}", issue=f"{WEB}/issues/{n}"),
            Reason.EXPIRED,
            "it ended 2026-01-01T00:00:00Z",
            1,
            (f"pip install p{n}==2",),
        )
        for n in range(1, count + 1)
    )


def test_the_body_for_thousands_of_entries_closes_what_it_has_room_for() -> None:
    many = ended(5000)
    body = prune_body(many, WEB)
    assert len(body) < MOST_BODY
    closed = re.findall(r"^Closes #(\d+)$", body, re.MULTILINE)
    assert [f"{WEB}/issues/{number}" for number in closed] == [*closed_by_merge(many, WEB)]
    assert len(closed) > 1000
    assert body.count(" more\n") == 2


def test_the_body_for_some_entries_is_whole() -> None:
    body = prune_body(ended(3), WEB)
    assert body.endswith("Closes #1\nCloses #2\nCloses #3\n")
    assert "more" not in body

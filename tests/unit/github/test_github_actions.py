"""What a job is told, and that nothing which it is told can say more than was meant."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal.redact import register_secret
from shipseal.errors import Code, ShipsealError
from shipseal.github.actions import (
    SUMMARY_LIMIT,
    ActionsEnvironment,
    Annotation,
    fit_summary,
)


def runner_reads(text: str) -> dict[str, str]:
    """Read an outputs file as GitHub's runner does: lines, delimiters compared exactly."""
    outputs: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        value = []
        for content in lines:
            if content == delimiter:
                break
            value.append(content)
        outputs[name] = "\n".join(value)
    return outputs


@pytest.fixture
def job(tmp_path: Path) -> ActionsEnvironment:
    return ActionsEnvironment.from_env(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }
    )


def test_outside_of_actions_nothing_is_written(tmp_path: Path) -> None:
    env = ActionsEnvironment.from_env({"GITHUB_OUTPUT": str(tmp_path / "output")})
    assert not env.active
    env.set_output("digest", "x")
    env.add_summary("x")
    assert list(tmp_path.iterdir()) == []


def test_outputs_are_added_and_keep_their_lines(job: ActionsEnvironment, tmp_path: Path) -> None:
    job.set_output("digest", "sha256:abc")
    job.set_output("tags", "1.0.0\nlatest")
    text = (tmp_path / "output").read_text()
    assert runner_reads(text) == {"digest": "sha256:abc", "tags": "1.0.0\nlatest"}


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_no_value_can_write_another_output(value: str) -> None:
    folder = Path(os.environ["HOME"])
    path = folder / "output"
    path.unlink(missing_ok=True)
    env = ActionsEnvironment(True, path)
    env.set_output("first", f"{value}\nevil<<EOF\nx\nEOF")
    env.set_output("second", "2")
    read = runner_reads(path.read_bytes().decode())
    assert read.keys() == {"first", "second"}
    assert read["first"].startswith(value)


def test_a_secret_is_no_output(job: ActionsEnvironment, tmp_path: Path) -> None:
    register_secret("hunter2hunter2")
    job.set_output("note", "password hunter2hunter2")
    job.add_summary("password hunter2hunter2")
    assert "hunter2" not in (tmp_path / "output").read_text() + (tmp_path / "summary").read_text()


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a<<b", "1a", "a=b"])
def test_what_is_no_name_is_refused(job: ActionsEnvironment, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of an output"):
        job.set_output(name, "x")


def test_a_summary_is_added_with_its_line_end(job: ActionsEnvironment, tmp_path: Path) -> None:
    job.add_summary("# one")
    job.add_summary("two\n")
    assert (tmp_path / "summary").read_text() == "# one\ntwo\n"


def test_a_summary_never_passes_its_limit(job: ActionsEnvironment, tmp_path: Path) -> None:
    line = "| package | version | é |\n"
    for _ in range(3):
        job.add_summary(line * 20_000)
    data = (tmp_path / "summary").read_bytes()
    assert len(data) <= SUMMARY_LIMIT
    assert data.decode().count("Cut here") == 1
    assert data.decode().rstrip().endswith("hold the rest.*")


@given(st.text(max_size=400), st.integers(-10, 500))
def test_what_is_kept_of_a_summary_fits_and_ends_with_a_line(text: str, room: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    kept = fit_summary(text, room)
    assert len(kept.encode()) <= max(0, room)
    assert kept == "" or kept.endswith("\n")
    if kept and "Cut here" not in kept:
        assert kept.rstrip("\n") == text.rstrip("\n")


def test_a_file_that_cannot_be_written_is_an_error_with_a_code(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root writes everywhere but to a device without room.
        env = ActionsEnvironment(True, Path("/dev/full"))
        with pytest.raises(ShipsealError, match="no space left") as caught:
            env.set_output("a", "b")
        assert caught.value.code is Code.DISK_FULL
    else:
        tmp_path.chmod(0o500)
        with pytest.raises(ShipsealError, match="cannot be written") as caught:
            ActionsEnvironment(True, tmp_path / "output").set_output("a", "b")
        assert caught.value.code is Code.CONFIG_INVALID


def test_an_annotation_names_file_and_line() -> None:
    line = Annotation("error", "wrong", "config.invalid", "shipseal.yaml", 4).render()
    assert line == "::error title=config.invalid,file=shipseal.yaml,line=4::wrong\n"
    assert Annotation("notice", "hello").render() == "::notice::hello\n"


@given(st.text(), st.text(), st.text())
def test_nothing_in_an_annotation_can_start_another_command(
    message: str, title: str, file: str
) -> None:
    line = Annotation("warning", message, title, file).render()
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    assert "\r" not in line
    head = line.removeprefix("::warning").split("::")[0]
    # A property's value holds neither the comma that ends it nor the colons that end the head.
    assert head.count(",") <= 1
    assert ":" not in head

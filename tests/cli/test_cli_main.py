"""The entry point: commands are found without being imported, and every ending has its status and its words."""

import errno
import importlib.machinery
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import jsonschema
import pytest
import typer

from shipseal import __version__
from shipseal._internal.redact import register_secret
from shipseal.cli import main as entry
from shipseal.cli.main import COMMANDS, Entry, installed, load, main
from shipseal.config.problems import ConfigProblems, Problem
from shipseal.errors import Code, ConfigError, Exit, ImageError, InterruptedReleaseError
from tests.support.schemas import check_shape


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Make `shipseal probe` a command that does what the test says."""

    def install(action: Callable[[], object]) -> None:
        command = typer.Typer()

        @command.command()
        def run(
            *,
            number: Annotated[int, typer.Option("--number")] = 0,
            as_json: Annotated[bool, typer.Option("--json")] = False,
        ) -> None:
            """Do it."""
            action()

        module = ModuleType("shipseal_probe")
        module.__spec__ = importlib.machinery.ModuleSpec("shipseal_probe", None)
        module.app = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "shipseal_probe", module)
        monkeypatch.setitem(COMMANDS, "probe", Entry("shipseal_probe", "Probe."))

    return install


Probe = Callable[[Callable[[], object]], None]


def raising(error: BaseException) -> Callable[[], object]:
    def action() -> None:
        raise error

    return action


def commands(prefix: tuple[str, ...], command: Any) -> Iterator[tuple[str, ...]]:
    yield prefix
    for name, child in getattr(command, "commands", {}).items():
        yield from commands((*prefix, name), child)


def all_commands() -> Iterator[tuple[str, ...]]:
    for name in installed():
        try:
            yield from commands((name,), load(name))
        except ImportError:
            yield (name,)  # the tests below fail for it, and for it alone


EVERY = list(all_commands())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_wrong_option_is_wrong_usage_for_every_command(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--no-such-option"]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "error config.invalid: No such option: --no-such-option" in err
    assert f"see shipseal {' '.join(words)} --help" in err


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_explains_itself(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == Exit.OK
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: shipseal {' '.join(words)} ")
    assert "completion" not in out
    assert "\x1b" not in out
    assert "Raises:" not in out
    assert err == ""


def test_help_lists_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == Exit.OK
    out = " ".join(capsys.readouterr().out.split())
    for name in installed():
        assert f"{name} {COMMANDS[name].help}" in out


def test_the_table_says_what_the_commands_say() -> None:
    assert set(installed()) <= set(COMMANDS)
    for name in installed():
        text = (load(name).help or "").split("\n\n")[0]
        assert COMMANDS[name].help.endswith("."), name
        assert text, name


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == Exit.OK
    assert capsys.readouterr().out == f"shipseal {__version__}\n"


def test_nothing_to_do_is_wrong_usage_and_shows_the_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "what to do is missing" in err
    assert "Commands:" in err


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relaese"]) == Exit.USAGE
    assert "relaese" in capsys.readouterr().err


def test_a_value_of_the_wrong_kind_is_wrong_usage(
    probe: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(lambda: None)
    assert main(["probe", "--number", "many"]) == Exit.USAGE
    assert "'--number'" in capsys.readouterr().err


def test_a_command_that_is_not_installed_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "ghost", Entry("shipseal.cli.ghost", "Boo."))
    assert main(["--help"]) == Exit.OK
    assert "ghost" not in capsys.readouterr().out
    assert main(["ghost"]) == Exit.USAGE
    assert main(["--version"]) == Exit.OK


def test_a_command_that_cannot_be_imported_breaks_itself_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "ghost", Entry("this.that", "Boo."))
    monkeypatch.setattr(entry, "installed", lambda: ["ghost"])
    assert main(["--help"]) == Exit.OK
    assert "ghost" in capsys.readouterr().out
    assert main(["ghost"]) == Exit.DEFECT
    assert "a defect in shipseal: ModuleNotFoundError" in capsys.readouterr().err


def test_an_ending_without_an_error_is_zero(probe: Probe) -> None:
    probe(lambda: None)
    assert main(["probe"]) == 0


@pytest.mark.parametrize("status", [0, 2, 5, 64])
def test_a_command_chooses_its_status(probe: Probe, status: int) -> None:
    probe(raising(typer.Exit(status)))
    assert main(["probe"]) == status


@pytest.mark.parametrize(("code", "status"), [(None, 0), (3, 3), ("words", 1)])
def test_a_library_that_exits_keeps_its_status(probe: Probe, code: object, status: int) -> None:
    probe(raising(SystemExit(code)))
    assert main(["probe"]) == status


def test_an_error_is_a_code_a_message_and_a_hint(
    probe: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(raising(ImageError(Code.PLATFORM_MISSING, "app: no linux/arm64", hint="build it")))
    assert main(["probe"]) == Exit.REFUSED
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error image.platform-missing: app: no linux/arm64\nhint: build it\n"


@pytest.mark.parametrize("code", list(Code))
def test_every_code_ends_with_its_status(probe: Probe, code: Code) -> None:
    probe(raising(ImageError(code, "x")))
    assert main(["probe"]) == ImageError(code, "x").exit


def json_error(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out, err = capsys.readouterr()
    assert err == ""
    value = json.loads(out)
    check_shape(value, "error")
    found: dict[str, Any] = value["error"]
    return found


def test_an_error_under_json_is_one_object_on_standard_output(
    probe: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ImageError(
        Code.DIGEST_MISMATCH, 'got "x"', hint="again", context={"a": "b"}, retryable=True
    )
    probe(raising(error))
    assert main(["probe", "--json"]) == Exit.EVIDENCE
    assert json_error(capsys) == error.to_json()


@pytest.mark.parametrize(
    "words",
    [
        ["probe", "--json", "--nope"],
        ["--json"],
        ["probe", "--number", "x", "--json"],
        ["nope", "--json"],
    ],
)
def test_wrong_usage_under_json_is_an_object_too(
    words: list[str], probe: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(lambda: None)
    assert main(words) == Exit.USAGE
    assert json_error(capsys)["code"] == "config.invalid"


@pytest.mark.parametrize("code", list(Code))
def test_the_schema_knows_every_code(code: Code) -> None:
    check_shape({"error": ConfigError("x", code=code).to_json()}, "error")


@pytest.mark.parametrize(
    "change",
    [
        {"code": "No Code"},
        {"message": ""},
        {"context": {"a": 1}},
        {"retryable": "no"},
        {"extra": 1},
    ],
)
def test_the_schema_can_refuse(change: dict[str, object]) -> None:
    value = {"error": ConfigError("x").to_json() | change}
    with pytest.raises(jsonschema.ValidationError):
        check_shape(value, "error")


def test_json_after_the_end_of_options_is_an_argument(
    probe: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(lambda: None)
    assert main(["probe", "--", "--json"]) == Exit.USAGE
    assert capsys.readouterr().out == ""


def test_a_defect_asks_for_a_report_and_shows_no_traceback(
    probe: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    register_secret("hunter2hunter2")
    probe(raising(ZeroDivisionError("hunter2hunter2 by zero")))
    assert main(["probe"]) == Exit.DEFECT
    err = capsys.readouterr().err
    assert err.startswith(
        "error unknown: a defect in shipseal: ZeroDivisionError: [redacted] by zero"
    )
    assert "SHIPSEAL_DEBUG=1" in err
    assert "Traceback" not in err


def test_a_traceback_is_shown_on_request_without_secrets(
    probe: Probe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    register_secret("hunter2hunter2")
    monkeypatch.setenv("SHIPSEAL_DEBUG", "1")
    probe(raising(ZeroDivisionError("hunter2hunter2")))
    assert main(["probe"]) == Exit.DEFECT
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "hunter2" not in err


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), typer.Abort(), InterruptedReleaseError("stopped", hint="resume")]
)
def test_an_interrupt_is_130(
    probe: Probe, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(raising(error))
    assert main(["probe"]) == Exit.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err
    probe(raising(error))
    assert main(["probe", "--json"]) == Exit.INTERRUPTED
    assert json_error(capsys)["retryable"] is True


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), "resource.disk-full"),
        (MemoryError(), "resource.out-of-memory"),
    ],
)
def test_the_machine_is_no_defect(
    probe: Probe, error: BaseException, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(raising(error))
    assert main(["probe"]) == Exit.OUTSIDE
    assert f"error {code}:" in capsys.readouterr().err


def test_a_broken_connection_is_not_taken_for_a_reader_that_has_gone(
    probe: Probe, capfd: pytest.CaptureFixture[str]
) -> None:
    probe(raising(BrokenPipeError(errno.EPIPE, "Broken pipe")))
    assert main(["probe"]) == Exit.DEFECT
    assert "BrokenPipeError" in capfd.readouterr().err


def test_a_job_of_github_actions_gets_an_annotation_that_cannot_be_forged(
    probe: Probe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    probe(raising(ImageError(Code.PLATFORM_MISSING, "a\n::set-env::b", hint="c")))
    assert main(["probe"]) == Exit.REFUSED
    assert capsys.readouterr().err.endswith(
        "::error title=shipseal%3A image.platform-missing::a%0A::set-env::b%0Ac\n"
    )


def test_every_problem_of_a_configuration_is_marked_at_its_line(
    probe: Probe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    problems = [
        Problem("unknown key", "did you mean b?", "a", line=2),
        Problem("unknown environment variable", origin="SHIPSEAL_X"),
    ]
    probe(raising(ConfigProblems(Path("shipseal.yaml"), problems)))
    assert main(["probe"]) == Exit.USAGE
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "::error title=shipseal%3A config.invalid,file=shipseal.yaml,line=2::"
        "a: unknown key%0Adid you mean b?",
        "::error title=shipseal%3A config.invalid::SHIPSEAL_X: unknown environment variable",
    ]


def test_help_takes_less_than_a_third_of_a_second() -> None:
    def seconds() -> float:
        """Return the processor time of a fresh process, which does not depend on what else runs here."""
        process = subprocess.Popen(
            [sys.executable, "-m", "shipseal.cli.main", "--help"], stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    assert min(seconds() for _ in range(3)) < 0.3

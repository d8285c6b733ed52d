"""What a release tells GitHub Actions: outputs, the step summary, and a marked line when it did not end well."""

import sys
from collections.abc import Mapping
from pathlib import Path

from shipseal.cli.given import as_given
from shipseal.cli.output import printable
from shipseal.cli.release_findings import read_summary
from shipseal.cli.release_holds import hold_line
from shipseal.github.actions import ActionsEnvironment, Annotation
from shipseal.release.result import BreakGlassResult, HoldResult, ReleaseResult, Status
from shipseal.report.markdown import summary_markdown
from shipseal.report.text import markdown


def tell_actions(result: ReleaseResult, results: Path, env: Mapping[str, str]) -> None:
    """Write outputs (``release``, ``status``, ``digest``, ``tags``, ``code``), the summary and annotations.

    Args:
        result: what the release came to.
        results: the folder with its results.
        env: the environment; outside a job of GitHub Actions nothing happens.

    Raises:
        ShipsealError: a file of the runner cannot be written.
    """
    job = ActionsEnvironment.from_env(env)
    if not job.active:
        return
    for name, value in _outputs(result).items():
        job.set_output(name, value)
    job.add_summary(_markdown(result, results))
    if result.exit:
        held = f"\n{hold_line(result.holds[-1])}" if result.holds else ""
        text = f"{result.message}\n{as_given(result.hint)}{held}".strip()
        sys.stderr.write(Annotation("error", text, f"shipseal: {result.code}").render())


def _outputs(result: ReleaseResult) -> Mapping[str, str]:
    return {
        "release": result.release,
        "status": result.status,
        "digest": result.digest or "",
        "tags": "\n".join(result.tags),
        "code": result.code or "",
        "attested": "true" if result.attested else "false",
    }


def _markdown(result: ReleaseResult, results: Path) -> str:
    lines = [f"## {printable(result.version)}: {result.status}", ""]
    if result.message:
        lines += [f"`{result.code or 'note'}` {printable(result.message)}", ""]
    lines += [f"- {_hold(hold)}" for hold in result.holds]
    lines += [""] if result.holds else []
    if result.break_glass:
        lines += [_break_glass(result.break_glass), ""]
    if result.digest:
        lines += [f"- digest `{result.digest}`"]
    if result.status == Status.DONE:
        lines += [f"- tags {', '.join(f'`{tag}`' for tag in result.tags)}"]
    lines += [f"- `{target.target}`" for target in result.targets]
    return "\n".join(lines) + "\n\n" + _findings(result, results)


def _hold(hold: HoldResult) -> str:
    return markdown(hold_line(hold))


def _break_glass(glass: BreakGlassResult) -> str:
    found = markdown(", ".join(glass.findings))
    who, why = markdown(glass.person), markdown(glass.reason)
    return f"**Break-glass**: the gate is overridden by {who} until {glass.until}: {why} (in spite of {found})"


def _findings(result: ReleaseResult, results: Path) -> str:
    summary = read_summary(results)
    return summary_markdown(summary, title=result.version) if summary else ""

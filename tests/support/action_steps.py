"""Runs the ``run:`` lines of a composite action with bash, as the runner of GitHub Actions would."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support.tools import need

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Job:
    """A job that takes one action.

    Attributes:
        action: folder of the action.
        workspace: the checkout, where steps run.
        temp: the runner's folder for temporary files.
        inputs: of the action, those that are not its defaults.
        env: of the job.
        outputs: of each step, by its id.
        ran: names of the steps that ran, with their exit status.
        skipped: names of the steps whose condition did not hold.
        uploads: what steps that use another action were given, by name.
        log: what the steps printed.
    """

    action: Path
    workspace: Path
    temp: Path
    inputs: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    uploads: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""

    def run(self, *, without: tuple[str, ...] = ()) -> int:
        """Run all steps but those ``without``; return the status of the first one that failed, else 0."""
        self.temp.mkdir(parents=True, exist_ok=True)
        document = read_action(self.action)
        defaults = {name: str(one.get("default", "")) for name, one in document["inputs"].items()}
        self._values = {
            f"inputs.{name}": text for name, text in (defaults | dict(self.inputs)).items()
        }
        failed = 0
        for step in document["runs"]["steps"]:
            always = "always()" in step.get("if", "")
            if step["name"] in without or (failed and not always) or not self._holds(step):
                self.skipped.append(step["name"])
            elif "uses" in step:
                self.uploads[step["name"]] = {
                    key: self._filled(str(value)) for key, value in step["with"].items()
                }
            else:
                failed = self._one(step) or failed
        return failed

    def summary(self) -> str:
        """Return the step summary."""
        path = self.temp / "summary"
        return path.read_text() if path.exists() else ""

    def output(self, name: str) -> str:
        """Return an output of the action."""
        return self._filled(read_action(self.action)["outputs"][name]["value"])

    def _holds(self, step: Mapping[str, Any]) -> bool:
        condition = step.get("if", "always()").replace("always() && ", "")
        if condition == "always()":
            return True
        left, sign, right = condition.split()
        same = self._value(left) == right.strip("'")
        return same if sign == "==" else not same

    def _one(self, step: Mapping[str, Any]) -> int:
        output = self.temp / "output"
        output.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.temp / "summary")}
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temp),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTION_PATH": str(self.action),
            **self.env,
            **files,
            **{name: self._filled(value) for name, value in step.get("env", {}).items()},
        }
        script = self.temp / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            [need("bash"), "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.workspace,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        self.log += done.stdout + done.stderr
        self.ran[step["name"]] = done.returncode
        self.outputs[step.get("id", step["name"])] = _outputs(output.read_text())
        return done.returncode

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, name: str) -> str:
        if name.startswith("steps."):
            _, step, _, key = name.split(".")
            return self.outputs.get(step, {}).get(key, "")
        # Whatever is not known is a mistake in the action, or here.
        text: str = self._values[name]
        return "" if text.startswith("${{") else text


def read_action(folder: Path) -> Any:
    """Return the action's document."""
    return YAML(typ="safe").load((folder / "action.yml").read_text("utf-8"))


def _outputs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, mark, end = line.partition("<<")
        if mark:
            value = []
            while (part := next(lines)) != end:
                value.append(part)
            found[name] = "\n".join(value)
        else:
            name, _, plain = line.partition("=")
            found[name] = plain
    return found

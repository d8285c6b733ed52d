"""From a text to a workflow, and what of it GitHub would refuse to run."""

from collections.abc import Iterator, Mapping

from shipseal.workflows.model import Finding, Job, Source, Step, Workflow, WorkflowCode
from shipseal.workflows.vocabulary import (
    EVENTS,
    JOB_KEYS,
    NEW_STEP_KEYS,
    STEP_KEYS,
    TOP_KEYS,
    nearest,
)
from shipseal.workflows.yaml_nodes import Entry, Node, read_yaml

MAX_STEPS = 20_000
"""Steps of all jobs of a file; aliases could make it millions."""


def read_workflow(source: Source) -> Workflow:
    """Return the workflow in ``source``; what is wrong with its form is in its problems."""
    tree = read_yaml(source.data)
    problems = [invalid(source.path, item.line, item.message, item.hint) for item in tree.problems]
    if tree.root is None:
        return Workflow(source, None, problems=tuple(problems))
    if tree.root.get("runs") and not tree.root.get("jobs"):
        line = tree.root.entries["runs"].line
        problems.append(
            invalid(
                source.path, line, "is an action and no workflow", "name the workflows that use it"
            )
        )
        return Workflow(source, None, problems=tuple(problems))
    reader = _Reader(source)
    jobs = reader.jobs(tree.root)
    return Workflow(
        source,
        tree.root,
        events_of(tree.root),
        jobs,
        (*problems, *reader.top(tree.root), *reader.problems, *reader.order(jobs)),
    )


def invalid(path: str, line: int, message: str, fix: str = "") -> Finding:
    """Return the finding that GitHub would refuse this file."""
    return Finding(WorkflowCode.INVALID, path, line, message, fix or "correct this line")


def events_of(root: Node) -> Mapping[str, Node | None]:
    """Return the events of a workflow: ``on: push``, a list, or a map; also where the key became a boolean."""
    node = root.get("on") or root.get("true") or root.get("True")
    if node is None:
        return {}
    if node.kind == "map":
        return {name: entry.value for name, entry in node.entries.items()}
    return {item.text: None for item in node.texts()}


class _Reader:
    """Reads jobs and collects what is wrong with them."""

    def __init__(self, source: Source) -> None:
        self._path = source.path
        self._steps = 0
        self.problems: list[Finding] = []

    def _problem(self, line: int, message: str, fix: str = "") -> None:
        self.problems.append(invalid(self._path, line, message, fix))

    def top(self, root: Node) -> Iterator[Finding]:
        """Yield what is wrong outside of the jobs."""
        if root.kind != "map":
            yield invalid(
                self._path, root.line, "is not a map of keys to values", "on: push\njobs:"
            )
            return
        if not root.get("on"):
            stands = next(
                (root.entries[key] for key in ("true", "True") if key in root.entries), None
            )
            line, what = (
                (stands.line, "the key `on` was written as a boolean")
                if stands
                else (1, "`on` is missing")
            )
            yield invalid(self._path, line, f"{what}: no event starts this workflow", "on: push")
        for entry in root.entries.values():
            if entry.key not in TOP_KEYS and entry.key not in ("true", "True"):
                yield self._unknown(entry, TOP_KEYS, "a workflow")
        for name, node in events_of(root).items():
            if name not in EVENTS and "${{" not in name:
                line = node.line if node else _line_of_event(root, name)
                meant = nearest(name, EVENTS)
                yield invalid(self._path, line, f"{name}: GitHub has no such event", meant)

    def _unknown(self, entry: Entry, known: frozenset[str], where: str) -> Finding:
        meant = nearest(entry.key, known)
        fix = f"{meant}:" if meant else f"remove {entry.key}"
        return invalid(self._path, entry.line, f"{entry.key}: {where} has no such key", fix)

    def jobs(self, root: Node) -> Mapping[str, Job]:
        """Return the jobs."""
        node = root.get("jobs")
        if root.kind != "map":
            return {}
        if node is None or node.kind != "map" or not node.entries:
            self._problem(node.line if node else 1, "has no jobs", "jobs:")
            return {}
        return {entry.key: self._job(entry) for entry in node.entries.values()}

    def _job(self, entry: Entry) -> Job:
        node = entry.value
        if node.kind != "map":
            self._problem(entry.line, f"job {entry.key} is not a map of keys to values")
            return Job(self._path, entry.key, entry)
        for key in node.entries.values():
            if key.key not in JOB_KEYS:
                self.problems.append(self._unknown(key, JOB_KEYS, "a job"))
        self._complete(entry)
        needs = node.get("needs")
        names = tuple(item.text for item in needs.texts()) if needs else ()
        return Job(self._path, entry.key, entry, tuple(self._steps_of(entry)), names)

    def _complete(self, entry: Entry) -> None:
        node = entry.value
        if node.get("uses"):
            if node.get("steps"):
                self._problem(entry.line, f"job {entry.key} has both `uses` and `steps`")
            return
        for key, fix in (("runs-on", "runs-on: ubuntu-latest"), ("steps", "steps:")):
            if node.get(key) is None:
                self._problem(entry.line, f"job {entry.key} has no `{key}`", fix)

    def _steps_of(self, entry: Entry) -> Iterator[Step]:
        steps = entry.value.get("steps")
        if steps is None:
            return
        if steps.kind != "list":
            self._problem(steps.line, f"the steps of job {entry.key} are not a list", "- run: …")
        seen: dict[str, int] = {}
        for node in steps.items:
            self._steps += 1
            if self._steps > MAX_STEPS:
                self._problem(entry.line, f"has more than {MAX_STEPS} steps")
                return
            if self._step(node, seen):
                yield Step(self._path, node, node.line)

    def _step(self, node: Node, seen: dict[str, int]) -> bool:
        if node.kind != "map":
            self._problem(node.line, "a step is not a map of keys to values", "- run: …")
            return False
        for entry in node.entries.values():
            if entry.key not in STEP_KEYS | NEW_STEP_KEYS:
                self.problems.append(self._unknown(entry, STEP_KEYS, "a step"))
        if not NEW_STEP_KEYS & node.entries.keys() and bool(node.get("uses")) == bool(
            node.get("run")
        ):
            both = "both `uses` and `run`" if node.get("uses") else "neither `uses` nor `run`"
            self._problem(node.line, f"a step has {both}", "- run: …")
        name = node.string("id")
        if name in seen:
            self._problem(node.line, f"the id {name} stands twice, first in line {seen[name]}")
        if name:
            seen[name] = node.line
        return True

    def order(self, jobs: Mapping[str, Job]) -> Iterator[Finding]:
        """Yield needs that no job fulfils, and those that wait for each other."""
        for job in jobs.values():
            needs = job.node.get("needs")
            for item in needs.texts() if needs else ():
                if item.text not in jobs and "${{" not in item.text:
                    meant = nearest(item.text, frozenset(jobs))
                    yield invalid(
                        self._path,
                        item.line,
                        f"job {job.id} needs {item.text}, and there is no such job",
                        f"needs: [{meant}]" if meant else f"remove {item.text} from needs",
                    )
        for job in _first_of_circles(jobs):
            yield invalid(
                self._path,
                job.entry.line,
                f"job {job.id} waits for itself, through {', '.join(job.needs)}",
                "take one of these out of `needs`",
            )


def _line_of_event(root: Node, name: str) -> int:
    node = root.get("on")
    return next((item.line for item in node.texts() if item.text == name), 1) if node else 1


def _first_of_circles(jobs: Mapping[str, Job]) -> Iterator[Job]:
    told: set[str] = set()
    for job in jobs.values():
        reached: set[str] = set()
        waiting = list(job.needs)
        while waiting:
            name = waiting.pop()
            if name not in reached and name in jobs:
                reached.add(name)
                waiting += jobs[name].needs
        if job.id in reached and job.id not in told:
            told |= reached
            yield job

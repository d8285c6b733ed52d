"""GitHub Actions in memory on a loopback port: workflows, runs, jobs with steps, annotations, and logs elsewhere.

with ActionsServer() as github:
    run = github.add_run("release.yml", jobs=[served_job("release", ["Attest SBOM"])])
    host = GitHubHost("github.com", github.url, github.web, token="t")

Logs are answered as the real one does: with a redirect to another server, whose address opens them and which gets no
token. Answers in place of the right ones are :class:`~shipseal.testing.github_server.Refusal` in ``refuse``.
"""

import itertools
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipseal.testing.github_answers import answer, not_found, words_of
from shipseal.testing.http_server import Exchange
from shipseal.testing.runs_documents import (
    Document,
    annotation_documents,
    job_document,
    run_document,
    workflow_document,
)
from shipseal.testing.served_runs import ServedJob, ServedRun, log_archive
from shipseal.testing.simulator import NotingSimulator

if TYPE_CHECKING:
    from shipseal.testing.github_server import Refusal

# Of the first workflow; the next ones follow.
_WORKFLOW = 70
_EPOCH = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ActionsServer(NotingSimulator):
    """Serves one repository's Actions until it is closed; a context manager.

    Args:
        repository: ``OWNER/NAME``.
        tokens: who may see; empty for everybody, and logs for every token.
        folder: where a socket file is made, at which gh reaches it; None for none.

    Attributes:
        runs: by number; change them at will.
        states: state of each workflow by its file: ``active``, ``disabled_inactivity``, ….
        refuse: what the next requests to the API get, one each.
        refuse_paths: what all requests get whose target holds the key.
        page_size: entries in a page at most.
        requests: method and target of each request so far.
        seen: the ``Authorization`` header of each request to the API.
        seen_elsewhere: the same of each request to where the logs lie.
        url: address of the API.
        web: address of the pages, where nothing is served.
        socket: the socket file; None when there is none.
    """

    def __init__(
        self,
        repository: str = "org/app",
        *,
        tokens: Iterable[str] = (),
        folder: Path | None = None,
    ) -> None:
        super().__init__()
        self.repository = repository
        self.runs: dict[int, ServedRun] = {}
        self.states: dict[str, str] = {}
        self.refuse: list[Refusal] = []
        self.refuse_paths: dict[str, Refusal] = {}
        self.page_size = 100
        self.seen: list[str] = []
        self.seen_elsewhere: list[str] = []
        self.web = "https://github.com"
        self._tokens = frozenset(tokens)
        self._ids = itertools.count(1000)
        self._lock = threading.RLock()
        self._files = self._serve(self._serve_logs)
        self.url = self._serve(self._respond).url
        self.socket = folder / "actions.sock" if folder else None
        if self.socket:
            self._serve(self._respond, unix=self.socket)

    def add_run(
        self,
        file: str,
        *,
        jobs: Iterable[ServedJob] = (),
        event: str = "push",
        branch: str = "main",
        status: str = "completed",
        conclusion: str | None = "success",
        created: datetime = _EPOCH,
        head_repository: str | None = "",
    ) -> ServedRun:
        """Add a run of one attempt, and the workflow if it is new."""
        self.states.setdefault(file, "active")
        held = list(jobs)
        for job in held:
            job.id = next(self._ids)
        made = ServedRun(
            next(self._ids),
            file,
            event,
            branch,
            status,
            conclusion,
            created,
            [held],
            head_repository,
        )
        self.runs[made.id] = made
        return made

    def _respond(self, exchange: Exchange) -> None:
        with self._lock:
            self._note(exchange)
            self.seen.append(exchange.headers.get("Authorization") or "")
            refusal = self.refuse.pop(0) if self.refuse else self._refused(exchange.target)
            if refusal is not None and refusal.drops:
                exchange.drop()
            elif refusal is not None:
                answer(exchange, refusal.status, {"message": refusal.message}, refusal.headers)
            else:
                self._route(exchange)

    def _refused(self, target: str) -> "Refusal | None":
        return next((one for part, one in self.refuse_paths.items() if part in target), None)

    def _route(self, exchange: Exchange) -> None:
        words = words_of(exchange)
        if words[0] == "logs":
            # gh sends all that it fetches through the socket file, whatever its address says.
            self._serve_logs(exchange)
            return
        whose = "/".join(words[1:3]).lower()
        hidden = self._tokens and self._token(exchange) not in self._tokens
        if words[0] != "repos" or whose != self.repository.lower() or hidden:
            not_found(exchange)
            return
        match words[3:]:
            case []:
                answer(exchange, 200, {"id": 1, "full_name": self.repository})
            case ["actions", "workflows"]:
                listed = [self._workflow(file) for file in self.states]
                self._page(exchange, "workflows", listed)
            case ["actions", "workflows", file] if self._file_of(file):
                answer(exchange, 200, self._workflow(self._file_of(file)))
            case ["actions", "workflows", file, "runs"] if file in self.states:
                self._list_runs(exchange, file)
            case ["actions", "runs"]:
                self._list_runs(exchange, "")
            case ["actions", "runs", number, *rest] if self._run(number):
                self._about_run(exchange, self._run(number), rest)
            case ["check-runs", number, "annotations"] if self._job(number):
                answer(exchange, 200, annotation_documents(self._job(number)))
            case _:
                not_found(exchange)

    def _file_of(self, word: str) -> str:
        """Return the workflow that a file's name or a number names; empty when there is none."""
        files = {str(_WORKFLOW + place): file for place, file in enumerate(self.states)}
        return files.get(word, word if word in self.states else "")

    def _token(self, exchange: Exchange) -> str:
        return (exchange.headers.get("Authorization") or "").partition(" ")[2]

    def _run(self, number: str) -> Any:
        return self.runs.get(int(number)) if number.isdecimal() else None

    def _job(self, number: str) -> Any:
        jobs = (job for run in self.runs.values() for attempt in run.attempts for job in attempt)
        return next((job for job in jobs if str(job.id) == number), None)

    def _about_run(self, exchange: Exchange, run: ServedRun, rest: list[str]) -> None:
        match rest:
            case []:
                answer(exchange, 200, self._run_of(run))
            case ["jobs"]:
                jobs = [job_document(self._page_of, run, job) for job in run.attempts[-1]]
                self._page(exchange, "jobs", jobs)
            case ["artifacts"]:
                self._page(exchange, "artifacts", [])
            case ["logs"]:
                self._redirect_to_logs(exchange, run, str(len(run.attempts)))
            case ["attempts", number, "jobs"] if _attempt(run, number) is not None:
                jobs = [
                    job_document(self._page_of, run, job) for job in _attempt(run, number) or ()
                ]
                self._page(exchange, "jobs", jobs)
            case ["attempts", number, "logs"] if _attempt(run, number) is not None:
                self._redirect_to_logs(exchange, run, number)
            case _:
                not_found(exchange)

    def _redirect_to_logs(self, exchange: Exchange, run: ServedRun, number: str) -> None:
        if not self._token(exchange):
            answer(exchange, 403, {"message": "Must have admin rights to Repository."})
        elif run.expired:
            answer(exchange, 410, {"message": "Server Error"})
        else:
            where = f"{self._files.url}/logs/{run.id}/{number}?sig=secret-signature"
            exchange.reply(302, b"", {"Location": where})

    def _serve_logs(self, exchange: Exchange) -> None:
        with self._lock:
            self.seen_elsewhere.append(exchange.headers.get("Authorization") or "")
            number, attempt = exchange.path.split("/")[2:4]
            run = self.runs[int(number)]
            jobs = _attempt(run, attempt) or []
        body = run.archive
        if body is None:
            body = log_archive({job.name: job.log for job in jobs})
        exchange.reply(200, body, {"Content-Type": "application/zip"})

    def _list_runs(self, exchange: Exchange, file: str) -> None:
        asked = {key: values[0] for key, values in exchange.query.items()}
        found = [
            self._run_of(run)
            for run in sorted(self.runs.values(), key=lambda one: (one.created, one.id))[::-1]
            if file in ("", run.file)
            and asked.get("event", run.event) == run.event
            and asked.get("branch", run.branch) == run.branch
            and run.created.date().isoformat() >= asked.get("created", ">=")[2:12]
        ]
        self._page(exchange, "workflow_runs", found)

    def _page(self, exchange: Exchange, name: str, found: list[Mapping[str, Any]]) -> None:
        size = min(int(exchange.query.get("per_page", ["30"])[0]), self.page_size)
        first = (int(exchange.query.get("page", ["1"])[0]) - 1) * size
        answer(exchange, 200, {"total_count": len(found), name: found[first : first + size]})

    def _workflow(self, file: str) -> Document:
        number = _WORKFLOW + list(self.states).index(file)
        return workflow_document(self._page_of, file, number, self.states[file])

    def _run_of(self, run: ServedRun) -> Document:
        number = _WORKFLOW + list(self.states).index(run.file)
        return run_document(self._page_of, self.repository, run, number)

    @property
    def _page_of(self) -> str:
        return f"{self.web}/{self.repository}"


def _attempt(run: ServedRun, number: str) -> list[ServedJob] | None:
    known = number.isdecimal() and 1 <= int(number) <= len(run.attempts)
    return run.attempts[int(number) - 1] if known else None

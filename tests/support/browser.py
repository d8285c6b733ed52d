"""A real browser for pages: Chromium of the system, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.missing import missing
from tests.support.tools import need

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page


@contextmanager
def browser() -> Iterator["Browser"]:
    """Start Chromium for the time of a ``with`` block."""
    program = need("chromium")
    if find_spec("playwright") is None:
        missing("playwright is not installed: run `make test`, which installs it")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - skipped where it is not

    with sync_playwright() as driver:
        # The sandbox cannot be set up by root, as which tests run in containers.
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


class Seen:
    """A page that was opened from a file, and what it did that it should not.

    Attributes:
        page: Playwright's page.
        trouble: errors, dialogs, and addresses that were asked for besides the file.
    """

    def __init__(self, page: "Page", file: Path) -> None:
        self.page = page
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("console", lambda line: self._console(line.type, line.text))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._request(request.url, file))
        page.goto(file.as_uri())

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.trouble.append(f"console: {text}")

    def _dialog(self, dialog: "Dialog") -> None:
        self.trouble.append("dialog")
        dialog.dismiss()

    def _request(self, url: str, file: Path) -> None:
        if url.partition("#")[0] != file.as_uri():
            self.trouble.append(f"request: {url}")

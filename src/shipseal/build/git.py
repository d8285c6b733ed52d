"""What git says about the sources, asked of the git program itself.

No git, or no repository, is an answer: all facts are empty then, and provenance says nothing about sources. A
repository that git refuses to read is a fault, because a release without its commit would look like a release from
nowhere.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from shipseal._internal.process import ToolResult, find_tool, run_tool, tool_environment
from shipseal.build.values import GitFacts
from shipseal.errors import Code, ConfigError, ToolError

_TIMEOUT = 60.0
_SCP_FORM = re.compile(
    r"(?:[^/@\s]+@)?(?P<host>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):(?P<path>[^/\\].*)"
)
_VERSION_TAG = re.compile(r"v?\d+\.\d+\.\d+")
_SCHEMES = frozenset({"https", "http", "ssh", "git", "git+https", "git+http", "git+ssh"})
# Ports of these belong to their own protocol and mean nothing behind https://.
_OTHER_PORTS = frozenset({"ssh", "git", "git+ssh"})


def git_facts(folder: Path, *, git: str = "git") -> GitFacts:
    """Return what git says about the work tree that ``folder`` lies in; all empty when it lies in none.

    Args:
        folder: any folder of the work tree.
        git: name or path of the program.

    Raises:
        ConfigError: git refuses the repository because another user owns it (``safe.directory``).
        ToolError: ``tool.crashed`` when git fails in a way that is not "no repository".
    """
    try:
        program = find_tool(git, hint="install git")
    except ToolError:
        return GitFacts()
    ask = Git(program, folder)
    root = ask.root()
    if root is None:
        return GitFacts()
    remote = ask.remote()
    head = ask.head()
    if head is None:
        return GitFacts(remote=remote, root=root)
    commit, committed_at = head
    return GitFacts(
        commit=commit,
        dirty=ask.dirty(),
        ref=ask.ref(),
        remote=remote,
        committed_at=committed_at,
        root=root,
        untracked=ask.untracked(),
    )


def latest_version_tag(folder: Path, *, git: str = "git") -> str:
    """Return the highest tag like ``v1.2.3`` or ``1.2.3`` that HEAD contains; nothing when there is none, or no git.

    Args:
        folder: any folder of the work tree.
        git: name or path of the program.
    """
    try:
        program = find_tool(git, hint="install git")
    except ToolError:
        return ""
    return Git(program, folder).version_tag()


def normal_remote(url: str) -> str:
    """Return ``url`` of a git remote as ``https://host/path``, without credentials, ``.git``, query and fragment.

    ``git@host:org/app.git`` and ``ssh://git@host:22/org/app`` become ``https://host/org/app``. A path on this machine
    is no name that anybody else could use: it becomes the empty text.
    """
    text = url.strip()
    if "://" in text:
        return _from_url(text)
    scp = _SCP_FORM.fullmatch(text)
    return _https(scp["host"], scp["path"]) if scp and not _is_drive(scp["host"]) else ""


def _from_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in _SCHEMES or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    if port and parts.scheme.lower() not in _OTHER_PORTS:
        host = f"{host}:{port}"
    return _https(host, parts.path)


def _https(host: str, path: str) -> str:
    path = path.strip("/").removesuffix(".git").rstrip("/")
    return f"https://{host.lower()}/{path}" if path else ""


def _is_drive(host: str) -> bool:
    return len(host) == 1


class Git:
    """Asks one program about one folder.

    Args:
        program: git itself.
        folder: any folder of the work tree.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        # GIT_CONFIG_* is how people allow a folder for one command (safe.directory); other GIT_* could
        # point to another repository than the one that the release is made from.
        settings = {key: value for key, value in os.environ.items() if key.startswith("GIT_CONFIG")}
        self._env = tool_environment(
            settings | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        )

    def root(self) -> Path | None:
        """Return the work tree, or None when there is none.

        Raises:
            ConfigError: git refuses the repository because another user owns it.
            ToolError: git fails in another way.
        """
        result = self._run("rev-parse", "--show-toplevel")
        if result.status == 0:
            return Path(_text(result))
        if "dubious ownership" in result.stderr or "safe.directory" in result.stderr:
            raise ConfigError(
                f"{self._folder}: git refuses this repository because another user owns it",
                hint=f"allow it: git config --global --add safe.directory {self._folder.resolve()}",
                context={"path": str(self._folder), "git": result.stderr.strip()[-500:]},
            )
        if "not a git repository" in result.stderr or "work tree" in result.stderr:
            return None
        raise _failed(result)

    def head(self) -> tuple[str, int] | None:
        """Return HEAD's id and time in seconds, or None before the first commit."""
        if self._run("rev-parse", "--verify", "--quiet", "HEAD").status:
            return None
        commit, _, seconds = _text(
            self._checked("log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD")
        ).partition(" ")
        return commit, int(seconds)

    def dirty(self) -> bool:
        """Return whether tracked files differ from HEAD."""
        return bool(_text(self._checked("status", "--porcelain", "--untracked-files=no")))

    def untracked(self) -> int:
        """Return how many files of the whole work tree are neither tracked nor ignored."""
        # `:/` is the top of the work tree; -z because a name may hold a line break.
        listed = self._checked("ls-files", "--others", "--exclude-standard", "-z", "--", ":/")
        return listed.stdout.count(b"\0")

    def ref(self) -> str:
        """Return the branch, or when detached the highest tag on HEAD, or nothing."""
        branch = self._run("symbolic-ref", "--quiet", "HEAD")
        if branch.status == 0:
            return _text(branch)
        tags = _text(self._checked("tag", "--points-at", "HEAD", "--sort=-version:refname"))
        return f"refs/tags/{tags.splitlines()[0]}" if tags else ""

    def version_tag(self) -> str:
        """Return the highest version tag that HEAD contains, or nothing."""
        words = ("--list", "v[0-9]*", "[0-9]*", "--merged", "HEAD", "--sort=-version:refname")
        found = _text(self._run("tag", *words)).splitlines()
        return next(filter(_VERSION_TAG.fullmatch, found), "")

    def remote(self) -> str:
        """Return ``origin`` in normal form, or nothing."""
        # The URL as it was written comes first: insteadOf rules name mirrors, and tokens.
        written = normal_remote(_text(self._run("config", "--get", "remote.origin.url")))
        return written or normal_remote(_text(self._run("remote", "get-url", "origin")))

    def text(self, *words: str) -> str:
        """Return what git prints for a command, without white space around it; nothing when it fails."""
        return _text(self._run(*words))

    def _checked(self, *words: str) -> ToolResult:
        result = self._run(*words)
        if result.status:
            raise _failed(result)
        return result

    def _run(self, *words: str) -> ToolResult:
        # A file system monitor is a program that the repository's configuration names: not for us to start.
        argv = ("-C", str(self._folder), "-c", "core.fsmonitor=false", *words)
        return run_tool((self._program, *argv), timeout=_TIMEOUT, env=self._env)


def _text(result: ToolResult) -> str:
    return result.stdout.decode("utf-8", "surrogateescape").strip() if result.status == 0 else ""


def _failed(result: ToolResult) -> ToolError:
    return ToolError(
        Code.TOOL_CRASHED,
        f"git: ended with status {result.status}: {result.stderr.strip()[-500:]}",
        hint="run `git status` in that folder and see what it says",
        context={"tool": "git", "argv": " ".join(result.argv)},
    )

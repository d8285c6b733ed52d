"""Where identity tokens come from.

A source is asked again when a new certificate is needed, so that a release which is longer than a token's life goes on.
"""

import contextlib
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from shipseal._internal.clock import Clock
from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import KIB, Limit, read_file, read_limited
from shipseal._internal.redact import redact, register_secret
from shipseal.attest.oidc import AUDIENCE, IdentityToken, read_token, unusable
from shipseal.attest.web import Ask, Web, check_safe
from shipseal.attest.web_errors import nonsense
from shipseal.errors import AttestError, Code

TOKEN_FILE = Limit("identity token", 64 * KIB, "a token is some kilobytes of text")
VARIABLE = "SIGSTORE_ID_TOKEN"
PERMISSIONS_HINT = (
    "the workflow, or the job in it, needs:\n\n"
    "    permissions:\n"
    "      id-token: write\n"
    "      contents: read\n\n"
    "a reusable workflow gets it from the job that calls it; a fork's pull request never does"
)

GITLAB_HINT = f"the job needs:\n\n    id_tokens:\n      {VARIABLE}:\n        aud: {AUDIENCE}"


class TokenSource(ABC):
    """Gives identity tokens. Safe to use from several threads."""

    @abstractmethod
    def token(self) -> IdentityToken:
        """Return a token that can be used now, the same one again while it lives.

        Raises:
            AttestError: ``auth.oidc-permission`` when there is none or it cannot be used; ``service.outage``,
                ``network.unreachable`` and the like when its issuer does not answer.
        """


class FixedTokens(TokenSource):
    """A token that was handed over, and cannot be renewed.

    Args:
        raw: the token.
        what: where it came from.
        clock: time.
    """

    def __init__(self, raw: str, what: str, clock: Clock) -> None:
        register_secret(raw.strip())
        self._raw, self._what, self._clock = raw, what, clock

    def token(self) -> IdentityToken:
        """Return it.

        Raises:
            AttestError: ``auth.oidc-permission``: it cannot be used, or not any more.
        """
        return read_token(self._raw, now=self._clock.now(), what=self._what)


class FileTokens(TokenSource):
    """A file that somebody else keeps fresh, as Kubernetes does with projected tokens.

    Args:
        path: the file.
        clock: time.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock

    def token(self) -> IdentityToken:
        """Return what the file holds now.

        Raises:
            AttestError: ``auth.oidc-permission``: it cannot be read, or the token not be used.
        """
        try:
            data = read_file(self._path, TOKEN_FILE, code=Code.OIDC_PERMISSION)
        except OSError as error:
            problem = f"it cannot be read: {error.strerror}"
            raise unusable(str(self._path), problem, hint="check the path") from error
        text = data.decode("utf-8", "replace")
        return read_token(text, now=self._clock.now(), what=str(self._path))


class _Renewed(TokenSource):
    """Keeps a token until it ends, then gets the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: IdentityToken | None = None

    def token(self) -> IdentityToken:
        with self._lock:
            if self._held is None or not self._held.lives(self._clock.now()):
                self._held = self._get()
            return self._held

    @abstractmethod
    def _get(self) -> IdentityToken: ...


class ActionsTokens(_Renewed):
    """The token of a job of GitHub Actions.

    Args:
        env: the job's environment.
        web: asks for it.
        clock: time.

    Raises:
        AttestError: ``auth.oidc-permission``: the job may not have one.
    """

    def __init__(self, env: Mapping[str, str], web: Web, clock: Clock) -> None:
        super().__init__(clock)
        self._web = web
        url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if not url or not bearer:
            name = "ACTIONS_ID_TOKEN_REQUEST_" + ("TOKEN" if url else "URL")
            raise AttestError(
                Code.OIDC_PERMISSION,
                f"this job of GitHub Actions may have no identity token: {name} is not set",
                hint=PERMISSIONS_HINT,
            )
        register_secret(bearer)
        self._url, self._bearer = check_safe(url, "ACTIONS_ID_TOKEN_REQUEST_URL"), bearer

    def _get(self) -> IdentityToken:
        service = "GitHub's token service"
        headers = {"Authorization": f"bearer {self._bearer}", "Accept": "application/json"}
        answer = self._web.ask(Ask(service, "GET", _with_audience(self._url), headers))
        try:
            value = msgspec.json.decode(answer.body, type=_Value).value
        except NOT_JSON as error:
            raise nonsense(service, "no token in it") from error
        return read_token(value, now=self._clock.now(), what="GitHub Actions")


class AmbientTokens(_Renewed):
    """The token that another system gives its jobs: GitLab, Buildkite, CircleCI, Google Cloud.

    Args:
        detect: returns the token for an audience, None where there is none; ``id.detect_credential``.
        clock: time.
        deadline: seconds that this may take.
    """

    def __init__(
        self, detect: Callable[[str], str | None], clock: Clock, *, deadline: float
    ) -> None:
        super().__init__(clock)
        self._detect, self._deadline = detect, deadline

    def _get(self) -> IdentityToken:
        found = _within(self._deadline, lambda: self._detect(AUDIENCE))
        if found is None:
            raise AttestError(
                Code.OIDC_PERMISSION,
                "there is no identity token: none was given, and this is no job of a system that hands them out",
                hint=f"give one in {VARIABLE}, name a file in sign.token_file, or sign on a terminal to log in",
            )
        return read_token(found, now=self._clock.now(), what="this job's surroundings")


class InteractiveTokens(_Renewed):
    """A person who logs in with a browser.

    Args:
        log_in: returns the token; blocks until then.
        clock: time.
    """

    def __init__(self, log_in: Callable[[], str], clock: Clock) -> None:
        super().__init__(clock)
        self._log_in = log_in

    def _get(self) -> IdentityToken:
        return read_token(self._log_in(), now=self._clock.now(), what="the login")


class _Value(msgspec.Struct):
    value: str


def standard_input_token(clock: Clock) -> FixedTokens:
    """Return the token on standard input.

    Raises:
        AttestError: ``auth.oidc-permission``: more than a token.
    """
    data = read_limited(
        sys.stdin.buffer, TOKEN_FILE, what="standard input", code=Code.OIDC_PERMISSION
    )
    return FixedTokens(data.decode("utf-8", "replace"), "standard input", clock)


def _with_audience(url: str) -> str:
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, True), ("audience", AUDIENCE)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _within(seconds: float, call: Callable[[], str | None]) -> str | None:
    """Return what ``call`` returns; its own requests and programs know no end that is ours."""
    found: list[str | None] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            found.append(call())
        except Exception as error:  # noqa: BLE001 - raised again by the thread that asked
            failed.append(error)

    thread = threading.Thread(target=work, name="identity-token", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise AttestError(
            Code.OIDC_PERMISSION,
            redact(f"this job's identity token cannot be had: {failed[0]}"),
            hint="see docs/signing.md for what each system wants to be told",
        ) from failed[0]
    if not found:
        raise AttestError(
            Code.SERVICE_OUTAGE,
            f"this job's identity token did not come within {seconds:g} s",
            hint="run the same command again",
            retryable=True,
        )
    return found[0]


def ambient_detector() -> Callable[[str], str | None]:
    """Return the detection of sigstore's ``id`` package; it reads this process's environment."""
    import id as detection  # noqa: PLC0415 - brings an HTTP client, and is rarely needed

    return detection.detect_credential


def log_in(issuer: str) -> str:
    """Return the token of a person who logs in at ``issuer`` with a browser; waits until that is done.

    Raises:
        AttestError: ``auth.oidc-permission``: the instance has no login, or it failed.
    """
    from sigstore.errors import Error as SigstoreError  # noqa: PLC0415 - only people need it
    from sigstore.oidc import Issuer, IssuerError  # noqa: PLC0415

    if not issuer:
        raise unusable("the login", "this instance names no issuer", hint=f"set {VARIABLE}")
    try:
        # What a command prints is for programs; the question is for the person before the terminal.
        with contextlib.redirect_stdout(sys.stderr):
            return str(Issuer(issuer).identity_token())
    except EOFError as error:
        raise unusable(
            "the login", "no code was entered", hint="try again, or set " + VARIABLE
        ) from error
    # An answer without what it must have is a lack in a dictionary there, or a text that is no JSON.
    except (SigstoreError, IssuerError, OSError, ValueError, LookupError) as error:
        problem = redact(f"{issuer}: {str(error) or type(error).__name__}")
        raise unusable("the login", problem, hint="try again, or set " + VARIABLE) from error

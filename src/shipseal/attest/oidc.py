"""Identity tokens (OpenID Connect): who signs, and for how long the token says so.

A token is a secret: whoever has it signs as us until it ends. It is registered for redaction when it is read, and never
shown. Its signature is not checked here: the certificate authority does that, and what it believes stands in the
certificate. What is read from the claims is for people, and for telling early that a token cannot be used.
Sources: RFC 7519 (JSON Web Tokens); GitHub's documentation, "OpenID Connect reference".
"""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal._internal.redact import register_secret
from shipseal.errors import AttestError, Code

AUDIENCE = "sigstore"
"""Every instance of Sigstore wants its tokens made out to this."""
LEAST_LIFE = timedelta(seconds=10)
"""A token that ends sooner may have ended when the authority looks at it."""
_MOST_BYTES = 64 * 1024
_LATEST = 253402300799  # the last second of the year 9999
_MOST_SHOWN = 200


class _Claims(msgspec.Struct):
    iss: str
    sub: str
    exp: int | float
    aud: str | list[str]
    email: str = ""
    repository: str = ""
    job_workflow_ref: str = ""
    workflow_ref: str = ""
    ref: str = ""
    repository_visibility: str = ""
    project_path: str = ""
    ref_path: str = ""
    ci_config_ref_uri: str = ""
    federated_claims: msgspec.Raw | None = None


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token and what it says.

    Attributes:
        raw: the secret; not in the ``repr``.
        issuer: who vouches.
        subject: for whom: ``sub``, or the e-mail address where there is one.
        expires: until when.
        repository: ``owner/name`` where a job has one.
        workflow: what was triggered, with its ref, where a job says so.
        signer: the workflow that the job stands in, with its ref; the same, except for reusable workflows.
        ref: what was triggered on.
        visibility: of the repository: ``public``, ``private``, ``internal``; empty where it is not said.
        federated: whether the issuer speaks for another one, whose name a certificate may have in its place.
    """

    raw: str = field(repr=False)
    issuer: str
    subject: str
    expires: datetime
    repository: str = ""
    workflow: str = ""
    signer: str = ""
    ref: str = ""
    visibility: str = ""
    federated: bool = False

    def lives(self, now: datetime) -> bool:
        """Return whether it can still be used."""
        return now + LEAST_LIFE <= self.expires

    def __str__(self) -> str:
        """Return who it is, in one line: workflow and ref of a job, an address of a person; and who says so."""
        who = self.signer or self.workflow or self.subject
        if self.repository and not who.startswith(f"{self.repository}/"):
            who = f"{who} for {self.repository} {self.ref}".rstrip()
        return f"{who[:_MOST_SHOWN]}, by {self.issuer[:_MOST_SHOWN]}"


def read_token(text: str, *, now: datetime, what: str) -> IdentityToken:
    """Return the token that ``text`` is.

    Args:
        text: it may end with a line feed.
        now: the time.
        what: where it comes from, for messages.

    Raises:
        AttestError: ``auth.oidc-permission``: it is none, for another audience, or has ended.
    """
    raw = text.strip()
    register_secret(raw)
    claims = _claims(raw, what)
    audiences = (claims.aud,) if isinstance(claims.aud, str) else tuple(claims.aud)
    if audiences != (AUDIENCE,):
        got = ", ".join(audiences)[:_MOST_SHOWN]
        raise unusable(what, f"it is for {got!r}, expected {AUDIENCE!r}", hint=_AUDIENCE_HINT)
    token = IdentityToken(
        raw=raw,
        issuer=claims.iss,
        subject=claims.email or claims.sub,
        expires=datetime.fromtimestamp(min(max(claims.exp, 0), _LATEST), UTC),
        repository=claims.repository or claims.project_path,
        workflow=claims.workflow_ref or claims.ci_config_ref_uri,
        signer=claims.job_workflow_ref,
        ref=claims.ref or claims.ref_path,
        visibility=claims.repository_visibility,
        federated=claims.federated_claims is not None,
    )
    if not token.lives(now):
        raise unusable(
            what,
            f"it ended at {rfc3339(token.expires)}, and now it is {rfc3339(now)}",
            hint="get a new one: they live for some minutes; or the clock of this machine is wrong",
        )
    return token


_AUDIENCE_HINT = f"ask the issuer for a token with the audience {AUDIENCE}"


def unusable(what: str, problem: str, *, hint: str) -> AttestError:
    """Return the error for a token that cannot be used."""
    return AttestError(Code.OIDC_PERMISSION, f"identity token from {what}: {problem}", hint=hint)


def _claims(raw: str, what: str) -> _Claims:
    parts = raw.split(".")
    try:
        if len(parts) != 3 or len(raw) > _MOST_BYTES or not raw.isascii():
            raise ValueError("not three parts")
        data = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(data, type=_Claims)
    except (ValueError, RecursionError) as error:
        # The decoder's own words may show a piece of the token.
        raise unusable(
            what,
            "it is no JSON Web Token with the claims iss, sub, aud and exp",
            hint="give the ID token itself, not an access token, without quotes around it",
        ) from error

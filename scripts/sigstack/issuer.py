"""An OpenID Connect issuer whose tokens are shaped as those of GitHub Actions, or name an e-mail address.

It also speaks the protocol that a job of GitHub Actions asks for its token with (``ACTIONS_ID_TOKEN_REQUEST_URL``).
Sources: OpenID Connect Discovery 1.0; RFC 7519 and RFC 7517; GitHub's documentation, "OpenID Connect reference".
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from scripts.sigstack.names import CLIENT_ID
from shipseal.testing.http_server import Exchange

_JSON = {"Content-Type": "application/json"}
LIFE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Job:
    """A job of GitHub Actions, as its token states it.

    Attributes:
        repository: ``owner/name``.
        workflow: path of the workflow file that was triggered.
        signer: ``owner/name/path@ref`` of the workflow that the job stands in; empty for the triggered one.
        ref: what was triggered on.
        sha: its commit.
        event: what triggered.
        runner: ``github-hosted`` or ``self-hosted``.
        visibility: of the repository.
        repository_id: stable number of the repository.
        owner_id: stable number of its owner.
        run_id: number of the run.
        claims: further claims, or others instead of those that follow from the above.
    """

    repository: str = "octo-org/demo"
    workflow: str = ".github/workflows/release.yml"
    signer: str = ""
    ref: str = "refs/heads/main"
    sha: str = "a" * 40
    event: str = "push"
    runner: str = "github-hosted"
    visibility: str = "public"
    repository_id: str = "2002"
    owner_id: str = "1001"
    run_id: str = "4242"
    claims: Mapping[str, object] = field(default_factory=dict)

    def stated(self) -> dict[str, object]:
        """Return the claims of a token of this job."""
        caller = f"{self.repository}/{self.workflow}@{self.ref}"
        owner = self.repository.partition("/")[0]
        return {
            "sub": f"repo:{self.repository}:ref:{self.ref}",
            "repository": self.repository,
            "repository_id": self.repository_id,
            "repository_owner": owner,
            "repository_owner_id": self.owner_id,
            "repository_visibility": self.visibility,
            "workflow": "release",
            "workflow_ref": caller,
            "workflow_sha": self.sha,
            "job_workflow_ref": self.signer or caller,
            "job_workflow_sha": self.sha,
            "ref": self.ref,
            "ref_type": "tag" if self.ref.startswith("refs/tags/") else "branch",
            "sha": self.sha,
            "event_name": self.event,
            "run_id": self.run_id,
            "run_number": "7",
            "run_attempt": "1",
            "runner_environment": self.runner,
            "actor": "octocat",
            "actor_id": "583231",
            **self.claims,
        }


class Issuer:
    """Answers as an issuer does; :attr:`url` is set once it is served.

    Attributes:
        url: its name and address.
        job: whose tokens the Actions protocol hands out.
        life: seconds that those live.
        bearer: what the Actions protocol wants to see.
    """

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""
        self.job = Job()
        self.life: float = LIFE_SECONDS
        self.bearer = secrets.token_urlsafe(16)

    def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        if exchange.path == "/.well-known/openid-configuration":
            self._reply(exchange, self._configuration())
        elif exchange.path == "/keys":
            self._reply(exchange, {"keys": [self._public()]})
        elif exchange.path == "/actions-token":
            self._actions_token(exchange)
        else:
            exchange.reply(404)

    def token(
        self,
        claims: Mapping[str, object],
        *,
        audience: str = CLIENT_ID,
        life: float = LIFE_SECONDS,
    ) -> str:
        """Return a token with ``claims`` that ends in ``life`` seconds."""
        now = int(time.time())
        whole = {
            "iss": self.url,
            "aud": audience,
            "iat": now - 2,
            "nbf": now - 2,
            "exp": now + int(life),
            "jti": secrets.token_hex(8),
            **claims,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": self._public()["kid"]}
        signed = b".".join(_base64(msgspec.json.encode(part)) for part in (head, whole))
        signature = self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return (signed + b"." + _base64(signature)).decode()

    def job_token(self, job: Job | None = None, *, life: float = LIFE_SECONDS) -> str:
        """Return a token of a job of GitHub Actions."""
        return self.token((job or self.job).stated(), life=life)

    def mail_token(self, address: str, *, life: float = LIFE_SECONDS) -> str:
        """Return a token that names an e-mail address."""
        claims = {"sub": address, "email": address, "email_verified": True}
        return self.token(claims, life=life)

    def actions_environment(self) -> dict[str, str]:
        """Return what a job with ``id-token: write`` has in its environment."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/actions-token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer,
        }

    def _actions_token(self, exchange: Exchange) -> None:
        said = exchange.headers.get("Authorization", "")
        if said.lower() != f"bearer {self.bearer}".lower():
            exchange.reply(401)
            return
        audience = exchange.query.get("audience", [CLIENT_ID])[0]
        token = self.token(self.job.stated(), audience=audience, life=self.life)
        self._reply(exchange, {"count": len(token), "value": token})

    def _configuration(self) -> dict[str, object]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _public(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        modulus = _number(numbers.n)
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": hashlib.sha256(modulus).hexdigest()[:16],
            "n": _base64(modulus).decode(),
            "e": _base64(_number(numbers.e)).decode(),
        }

    @staticmethod
    def _reply(exchange: Exchange, answer: object) -> None:
        exchange.reply(200, msgspec.json.encode(answer), _JSON)


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")

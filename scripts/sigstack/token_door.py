"""Where a person gets tokens of a private instance that runs in another process."""

from collections.abc import Mapping

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal.testing.http_server import Exchange
from shipseal.testing.simulator import Simulator

_CLAIMS = frozenset({"repository", "workflow", "signer", "ref", "sha", "visibility"})


class TokenDoor(Simulator):
    """Hands out tokens over HTTP: of a job with the claims of the query, or with ``mail`` of an address.

    Args:
        stack: whose tokens.
    """

    def __init__(self, stack: SigstoreStack) -> None:
        super().__init__()
        self._stack = stack
        self.url = f"{self._serve(self._answer).url}/token"

    def _answer(self, exchange: Exchange) -> None:
        claims = {name: values[-1] for name, values in exchange.query.items()}
        mail = claims.pop("mail", "")
        if exchange.path != "/token" or claims.keys() - _CLAIMS:
            exchange.reply(404)
            return
        jobs = self._stack.issuer
        token = self._stack.mail.mail_token(mail) if mail else jobs.job_token(_job(claims))
        exchange.reply(200, token.encode(), {"Content-Type": "text/plain"})


def _job(claims: Mapping[str, str]) -> Job:
    usual = Job()
    return Job(
        repository=claims.get("repository", usual.repository),
        workflow=claims.get("workflow", usual.workflow),
        signer=claims.get("signer", usual.signer),
        ref=claims.get("ref", usual.ref),
        sha=claims.get("sha", usual.sha),
        visibility=claims.get("visibility", usual.visibility),
    )

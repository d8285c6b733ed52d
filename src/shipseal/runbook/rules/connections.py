"""Connections that do not come about or break, and what signing needs that does not answer."""

from shipseal.errors import Code
from shipseal.runbook.rule import CLEAR, LIKELY, Rule
from shipseal.runbook.rules.places import BROKEN, OWN_HOST, SIGSTORE, URL

_TESTS = r"^\s*(?:at |assert|self\.|raise |expect|e\s{2,}|[-+] |not ok|--- fail|fail:)|_test\."
_IDENTITY = r"(?:id|oidc|identity|openid)[ -]?token|token\.actions|signing ?cert"

RULES = (
    Rule(
        code=Code.SERVICE_OUTAGE,
        needs=("socket hang up", "econn", "etimedout", "timeout", "timed out", "fetch failed", "eof", "reset by peer"),
        pattern=rf"(?:{_IDENTITY}|{SIGSTORE}).*(?:{BROKEN})",
        unless=rf"{_TESTS}|{OWN_HOST}|actions_id_token|enotfound|eai_again|econnrefused",
        cause="the connection to a service that signing needs broke, or it did not answer",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.SERVICE_OUTAGE,
        needs=("network timeout at",),
        pattern=rf"network timeout at:? {URL}",
        unless=rf"{_TESTS}|{OWN_HOST}",
        cause="{host|the service} did not answer in time",
        weight=CLEAR,
    ),
    Rule(
        code=Code.NETWORK_UNREACHABLE,
        needs=("connection attempt failed", "actively refused", "no such host is known", "could not be resolved"),
        pattern=r"a connection attempt failed because the connected party did not(?:.*\((?P<host>[\w.-]+:\d+)\))?"
        r"|target machine actively refused it(?:.*\((?P<host2>[\w.-]+:\d+)\))?"
        r"|no such host is known|the remote name could not be resolved:? ?'?(?P<host3>[\w.-]+)?",
        unless=rf"{_TESTS}|{OWN_HOST}",
        cause="{host|the other side} does not answer, or its name cannot be resolved",
        weight=CLEAR,
    ),
    Rule(
        code=Code.NETWORK_UNREACHABLE,
        needs=("unknownhostexception", "connectexception", "unable to connect to the remote", "could not connect to "),
        pattern=r"java\.net\.unknownhostexception: (?P<host>[\w.-]+)"
        r"|java\.net\.connectexception: connection (?:refused|timed out)|unable to connect to the remote server",
        unless=rf"{_TESTS}|{OWN_HOST}",
        cause="{host|the other side} does not answer, or its name cannot be resolved",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.SERVICE_OUTAGE,
        needs=("forcibly closed", "response ended prematurely"),
        pattern=r"existing connection was forcibly closed by the remote host|response ended prematurely",
        unless=_TESTS,
        cause="the other side broke the connection",
        weight=LIKELY + 10,
    ),
)  # fmt: skip

"""How curl, wget, git, pip, apt, npm, Node and Python tell that a service could not be asked."""

from shipseal.errors import Code
from shipseal.runbook.rule import CLEAR, LIKELY, Rule
from shipseal.runbook.rules.places import HOST, URL

_NETWORK = Code.NETWORK_UNREACHABLE
_OUTAGE = Code.SERVICE_OUTAGE
_TLS = Code.TLS_UNTRUSTED
_PACKAGES = (
    r"failed to fetch|npm err(?:or|!)|urllib3|max retries|wget|cargo|crates|maven|gradle|helm|kubectl"
    r"|dial tcp|read tcp"
)

UNREACHABLE = (
    Rule(
        code=_NETWORK,
        needs=("connection refused", "econnrefused", "i/o timeout"),
        pattern=rf"(?:{_PACKAGES}).*(?:connection refused|econnrefused|i/o timeout)"
        rf"|^connecting to {HOST}(?:\S* )?\S*\.\.\. failed: connection refused",
        unless=r"psycopg|sqlalchemy|mysql|mongo|redis|postgres|amqp|kafka|elastic|docker\.sock|buildkitd",
        cause="nothing answers at {host|the address}",
        weight=CLEAR - 8,
    ),
    Rule(
        code=_NETWORK,
        needs=(
            "connection timed out after",
            "unable to resolve",
            "curl: (6)",
            "error connecting to",
        ),
        pattern=r"curl: \(28\)|wget: unable to resolve host(?: address)?"
        r"|unable to resolve host address|couldn't resolve host"
        rf"|^error connecting to {HOST}$",
        cause="{host|the host} does not answer, or its name cannot be resolved",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_NETWORK,
        needs=("failed to establish a new connection", "nameresolutionerror"),
        pattern=r"failed to establish a new connection|nameresolutionerror",
        unless=r"^E\s",
        cause="the host does not answer, or its name cannot be resolved",
        weight=CLEAR,
    ),
    Rule(
        code=_NETWORK,
        needs=("tunnel failed", "proxy authentication required"),
        pattern=r"connect tunnel failed, response (?P<status>\d+)|proxy authentication required",
        cause="the proxy does not let this pass {status|}",
        weight=CLEAR,
    ),
)

TLS = (
    Rule(
        code=_TLS,
        needs=(
            "curl: (35)",
            "bad certificate",
            "not look like a tls handshake",
            "error: cannot verify ",
        ),
        pattern=r"^curl: \(35\)|tls: bad certificate|first record does not look like a tls handshake"
        r"|error: cannot verify \S+ certificate",
        cause="the certificate of the other side is not trusted, or it does not speak TLS",
        weight=CLEAR,
    ),
)

OUTAGE = (
    Rule(
        code=_OUTAGE,
        needs=("http 5", "error 5", "status code 5", "http error 5"),
        pattern=rf"^(?:gh: )?http 50[0234]: .*\({URL}|^npm err(?:or|!) 50[0234] |unexpected status code 50[0234]"
        r"|^(?:\S+ \S+ )?error 50[0234]: |(?:urllib|httpx|requests).*50[0234]",
        cause="{host|the service} answers with a server error: it is down or overloaded",
        weight=CLEAR,
    ),
    Rule(
        code=_OUTAGE,
        needs=("curl: (52)", "curl: (56)", "curl: (18)", "curl: (92)"),
        pattern=r"curl: \((?:52|56|18|92)\) (?!connect tunnel)",
        cause="the service broke the connection or sent nothing",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.RATE_LIMITED,
        needs=("too many requests to registry", "error 429", "error: 429"),
        pattern=r"too many requests to registry|\berror:? 429\b",
        cause="the other side asks to slow down (429)",
        weight=CLEAR,
    ),
)

PACKAGES = (
    Rule(
        code=Code.DISK_FULL,
        needs=("failure writing output to destination", "client returned error on write"),
        pattern=r"curl: \(23\)",
        cause="what was fetched could not be written: the disk is full, or the folder is not there",
        weight=LIKELY,
    ),
)

RULES = (*UNREACHABLE, *TLS, *OUTAGE, *PACKAGES)

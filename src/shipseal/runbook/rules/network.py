"""The way to a service, and services that do not answer."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule, again
from shipseal.runbook.rules.places import OWN_HOST, SIGSTORE, URL

_UNREACHABLE = Code.NETWORK_UNREACHABLE
_OUTAGE = Code.SERVICE_OUTAGE
_LIMITED = Code.RATE_LIMITED
_TLS = Code.TLS_UNTRUSTED
_TESTS = (
    r"^\s*(?:at |assert|failed \S+::|self\.|raise |expect|received:|e\s{2,}"
    r"|- |\+ |>|\||\d+\)|[\u2715-\u2718\u00d7]|not ok|--- fail|fail:)"
)
_TOOLS = r"/v2/|unexpected http status|fulcio|rekor|unable to access|sigstore|registry|manifest|oauth|/api/v1/"
"""Words of a tool that speaks with a service, which may well run on this machine."""
_LOCAL = rf"^(?!.*(?:{_TOOLS})).*(?:{OWN_HOST})"
_NUMBERS = r"50[0234]"
_WORDS = (
    r"(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)"
)
_NUMBERED = rf"\(?\b{_NUMBERS}\b\)?[\]():,. -]*{_WORDS}"

LIMITED = (
    Rule(
        code=_LIMITED,
        needs=("toomanyrequests",),
        pattern=rf"(?:{URL}.*)?toomanyrequests",
        cause="{host|the registry} asks to slow down: too many requests (429)",
        weight=CERTAIN + 10,
    ),
    Rule(
        code=_LIMITED,
        needs=("rate limit", "ratelimit"),
        pattern=r"(?:reached|exceeded|hit).{0,40}\brate.?limit|rate.?limit.{0,30}(?:exceeded"
        r"|reached)|secondary rate limit",
        unless=rf"{_TESTS}|should|test",
        cause="the other side asks to slow down: a rate limit is reached",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_LIMITED,
        needs=("too many requests",),
        pattern=rf"(?:{URL}.*)?(?:\b429\b.{{0,20}}too many requests|too many requests.{{0,20}}\b429\b)",
        unless=rf"{_TESTS}|{_LOCAL}",
        cause="{host|the other side} asks to slow down (429)",
        weight=CLEAR,
    ),
    Rule(
        code=_LIMITED,
        needs=("status code 429", "received 429", "http 429", "error: 429", "status=429"),
        pattern=r"(?:status code |received |http |error: |status=)429\b",
        unless=rf"{_TESTS}|{_LOCAL}",
        cause="the other side asks to slow down (429)",
        weight=CLEAR,
    ),
)

TLS = (
    Rule(
        code=_TLS,
        needs=("x509:",),
        pattern=rf"(?:{URL}.*)?x509: (?P<why>[^\"]{{5,160}})",
        after="",
        cause="the certificate of {host|the other side} is not trusted: {why|}",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_TLS,
        needs=("certificate signed by unknown authority",),
        pattern=r"^certificate signed by unknown authority",
        cause="the certificate of the other side is not signed by an authority that this machine knows",
        weight=CLEAR,
    ),
    Rule(
        code=_TLS,
        needs=(
            "certificate_verify_failed",
            "certificate verify failed",
            "self signed certificate",
            "self-signed certificate",
            "unable to get local issuer",
            "certificate has expired",
            "server gave http response",
            "alternative certificate subject",
            "certificate verification failed",
            "ssl certificate problem",
            "unable to verify the first certificate",
            "error unable_to_verify",
            "error: unable_to_verify",
        ),
        pattern=r"certificate.verify.failed|no alternative certificate subject|server certificate verification failed"
        r"|ssl certificate problem|self.signed.certificate|unable to get local issuer certificate"
        r"|certificate has expired|unable_to_verify_leaf|unable to verify the first certificate"
        rf"|(?:{URL}.*)?server gave http response to https client",
        unless=_TESTS,
        cause="the certificate of {host|the other side} is not trusted, or it does not speak TLS",
        weight=CLEAR,
    ),
)

UNREACHABLE = (
    Rule(
        code=_UNREACHABLE,
        needs=(
            "no such host",
            "temporary failure in name resolution",
            "could not resolve",
            "enotfound",
            "eai_again",
            "server misbehaving",
            "name or service not known",
            "failed to resolve",
            "temporary failure resolving",
        ),
        pattern=r"lookup (?P<name>[\w.-]+?)\.?(?: on \S+)?: (?:no such host|server misbehaving"
        r"|.*temporary failure|.*i/o timeout)|temporary failure in name resolution"
        r"|could not resolve (?:host|proxy)?:? *'?(?P<host>[\w.-]+)|(?:getaddrinfo|querya) (?:enotfound"
        r"|eai_again) ?(?P<node>[\w.-]+)?|name or service not known|nodename nor servname"
        r"|temporary failure resolving '?(?P<apt>[\w.-]+)|\b(?:enotfound|eai_again)\b.*(?:http"
        r"|npm|registry|fetch|request)|no such host",
        unless=rf"{_TESTS}|could not resolve (?:dependenc|all|\"|module|import|type|entry|symbol|plugin|version)",
        cause="the name {name|}{host|}{node|}{apt|of a host} cannot be resolved",
        weight=CLEAR,
    ),
    Rule(
        code=_UNREACHABLE,
        needs=("connection refused", "timed out", "unreachable"),
        pattern=r"(?:urlopen error|newconnectionerror|httpx\.connecterror|requests\.exceptions\.connectionerror)"
        r".*(?:connection refused|timed out|unreachable)",
        cause="nothing answers at the address",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_UNREACHABLE,
        needs=("econnrefused",),
        pattern=r"^\[cause\]: error: connect econnrefused (?P<node>\S+)",
        cause="nothing listens at {node|the address}: connection refused",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_UNREACHABLE,
        needs=("connection refused", "econnrefused"),
        pattern=r"(?:dial tcp|dialing|connect(?:ion)? (?:to )?|get \"?http|post \"?http|http://"
        r"|https://|proxyconnect).*(?:connection refused)|econnrefused:? (?P<node>[\w.:\[\]-]+)"
        r"|(?<![\w.:-])(?P<host>[\w.:-]+): connection refused"
        r"|failed to connect to (?P<curl>[\w.-]+ port \d+).*refused",
        unless=rf"{_TESTS}|{_LOCAL}|docker\.sock|buildkit|\bping\b.*retry|psycopg|sqlalchemy"
        r"|mysql|mongo|redis|postgres|amqp|kafka|elastic|could not connect to server",
        cause="nothing listens at {node|}{host|}{curl|the address}: connection refused",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_UNREACHABLE,
        needs=("connection refused",),
        pattern=rf"(?:{OWN_HOST})\S*/v2/.*connection refused|proxyconnect.*connection refused",
        unless=_TESTS,
        cause="nothing listens there: connection refused",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_UNREACHABLE,
        needs=(
            "i/o timeout",
            "no route to host",
            "network is unreachable",
            "connection timed out",
            "etimedout",
            "enetunreach",
            "ehostunreach",
            "failed to connect to",
            "tls handshake timeout",
        ),
        pattern=r"net/http: tls handshake timeout|(?:dial tcp|read tcp|http|lookup|connect).*(?:i/o timeout"
        r"|no route to host|network is unreachable|connection timed out)|connect (?:etimedout"
        r"|enetunreach|ehostunreach) ?(?P<node>\S+)?"
        r"|\b(?:etimedout|enetunreach|ehostunreach)\b.*(?:http|npm|registry|fetch|request)"
        r"|failed to connect to (?P<host>[\w.-]+ port \d+).*(?:timed out|timeout|couldn't"
        r"|could not)|network is unreachable",
        unless=rf"{_TESTS}|{_LOCAL}",
        cause="no answer from {node|}{host|the other side}: the network, a firewall or a proxy stands between",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_UNREACHABLE,
        needs=("proxyconnect", "proxy authentication required", "from proxy after connect"),
        pattern=r"proxyconnect tcp|407 proxy authentication required|received http code \d+ from proxy after connect",
        cause="the proxy does not let this pass",
        weight=CLEAR,
    ),
)

OUTAGE = (
    Rule(
        code=_OUTAGE,
        needs=(
            "internal server error",
            "bad gateway",
            "service unavailable",
            "gateway timeout",
            "gateway time-out",
            "service temporarily unavailable",
        ),
        pattern=rf"{URL}.*{_NUMBERED}|(?:response|unexpected|received).*{_NUMBERED}"
        rf"|(?:status(?: code)?[:= ]*|success: |http[ /]?[\d.]* ?|\(|\[){_NUMBERED}|{_WORDS}.*{again(URL)}"
        r"|(?:failed to (?:solve|push|fetch|copy|do request|persist|create|get)|error (?:creating"
        rf"|uploading|fetching|from server|response)|received unexpected http status|httperror).*{_WORDS}",
        unless=rf"{_TESTS}|{_LOCAL}",
        cause="{host|a service} answers with a server error: it is down or overloaded",
        weight=CLEAR,
    ),
    Rule(
        code=_OUTAGE,
        needs=("refused", "i/o timeout"),
        pattern=r"(?:/api/v[12]/(?:log|signingcert|timestamp)|fulcio"
        r"|rekor|timestamp.?authority).*(?:connection refused"
        r"|i/o timeout)",
        unless=_TESTS,
        cause="a service that signing needs does not answer",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_OUTAGE,
        needs=(
            "signing certificate",
            "signingcert",
            "tlog entry",
            "tlog_",
            "tsa_",
            "error uploading entry",
            "rekor",
            "fulcio",
        ),
        pattern=rf"(?:{SIGSTORE}).*(?:[\[( ]{_NUMBERS}[\]), :]|server error|unavailable)",
        unless=rf"{_TESTS}|no such host|connection refused|identity token|resource temporarily unavailable",
        cause="the signing service answers with a server error: it is down or overloaded",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_OUTAGE,
        needs=(
            "requested url returned error: 5",
            "status=50",
            "http 50",
            "status code: 50",
            "status code 50",
            "http status: 50",
            "http error 50",
            "received 50",
            "status 50",
            "returned error: 50",
        ),
        pattern=r"(?:requested url returned error: |http status[:=]? ?|status=|\bhttp:? |status(?: code)?:? "
        rf"|http error |received (?:http )?){_NUMBERS}\b(?:.*?{URL})?",
        unless=rf"{_TESTS}|{_LOCAL}|expect",
        cause="{host|a service} answers with a server error: it is down or overloaded",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_OUTAGE,
        needs=(
            "connection reset by peer",
            "econnreset",
            "exceeded while awaiting",
            "socket hang up",
            "unexpected eof",
            ": eof",
            "stream error",
            "fetch failed",
        ),
        pattern=rf"{URL}.*(?:connection reset by peer|awaiting headers|: eof\b|unexpected eof"
        r"|stream error)|read tcp .*connection reset by peer"
        r"|(?:request to|http\S|npm|fetch|attestation|rekor|fulcio|registry).*(?:\beconnreset\b"
        r"|socket hang up|fetch failed)",
        unless=rf"{_TESTS}|{_LOCAL}",
        cause="{host|a service} broke the connection or went silent",
        weight=LIKELY + 5,
    ),
    Rule(
        code=_OUTAGE,
        needs=("failed to persist attestation",),
        pattern=r"failed to persist attestation: .*(?:server error|\b50[0-4]\b|bad gateway|unavailable"
        r"|timed? ?out|econn|enotfound|fetch failed|socket)",
        cause="GitHub's store of attestations answers with a server error",
        weight=CERTAIN,
    ),
    Rule(
        code=_OUTAGE,
        needs=("no server is currently available", "error: unicorn"),
        pattern=r"no server is currently available|error: unicorn",
        cause="GitHub answers with a server error",
        weight=LIKELY,
    ),
    Rule(
        code=_OUTAGE,
        needs=("tuf_", "tuf mirror", "tuf metadata", "tuf remote mirror", "tuf root"),
        pattern=r"tuf_\w+_error|(?:error|failed) .*(?:\btuf\b.*(?:mirror|metadata|root)|remote mirror)"
        r"|updating tuf metadata",
        unless=r"no such host|connection refused|x509|invalid key|local store|temporarily unavailable|permission denied"
        r"|read-only|no such file|unmarshal|threshold|signature|cache",
        cause="the trust root of the signing service could not be fetched",
        weight=LIKELY,
    ),
)

RULES = (*LIMITED, *TLS, *UNREACHABLE, *OUTAGE)

"""Whole releases to a layout and to a registry that has a fault: what the faults do, and which requests they strike."""

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from shipseal._internal.progress import SilentReporter
from shipseal.build.interface import Builder
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import Digest
from shipseal.registry.credentials import Credentials
from shipseal.registry.transport import Timeouts
from shipseal.release.context import Mode
from shipseal.release.result import ReleaseResult
from shipseal.release.session import Setup
from shipseal.testing import fault_kinds as kinds
from shipseal.testing.credentials import FixedCredentials
from shipseal.testing.faults import Fault, Faults, Rule
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from shipseal.testing.reverse_proxy import ReverseProxy
from shipseal.testing.token_server import Account, TokenServer
from tests.support.clocks import ticking
from tests.support.guards import demand_tokens
from tests.support.release_bench import Bench
from tests.support.simulated import NAME, POLICY, close_all, target_at
from tests.support.target_content import staged

USER, PASSWORD = "releaser", "pass:word"
EVERYTHING = frozenset({"pull", "push", "delete"})
# What one release of the bench signs, by how many subjects of one target each bundle lies at.
SIGNED = 8
BUNDLES = [1, 1, 1, 1, 1, 1, 3, 3]
_SIGNED_BY_PROXY = "X-Test-Signed"
_SILENCE_SECONDS = 1.0
# Calls in all, see tests/support/simulated.py.
TRIES = POLICY.tries


@dataclass(frozen=True, slots=True)
class Step:
    """The request of a release that a fault strikes.

    Attributes:
        phase: beginning of the release's step during which it is made.
        method: of the request.
        target: expression for its path; ``{layer}`` and ``{root}`` are digests of the image.
        has_body: whether its answer has a body.
    """

    phase: str
    method: str
    target: str
    has_body: bool = False


STEPS: Mapping[str, Step] = {
    "may we push": Step("preflight", "POST", "/blobs/uploads/$"),
    "is it there": Step("stage 127.", "HEAD", "/blobs/{layer}"),
    "send a blob": Step("stage 127.", "PUT", "/blobs/uploads/.*{quoted_layer}"),
    "store the image": Step("stage 127.", "PUT", "/manifests/{root}"),
    "list evidence": Step("store evidence", "GET", "/referrers/", has_body=True),
    "store evidence": Step("store evidence", "PUT", "/manifests/sha256:"),
    "read the image": Step("verify", "GET", "/manifests/{root}", has_body=True),
    "read evidence": Step("verify", "GET", "/blobs/", has_body=True),
    "list tags": Step("promote", "GET", "/tags/list", has_body=True),
    "move a tag": Step("promote", "PUT", "/manifests/latest$"),
    "record": Step("record", "PUT", "/manifests/sha256:"),
}


# What the pull of a base image and a verification ask; the latter runs alone, in no step of a release.
READS: Mapping[str, Step] = {
    "base image: resolve": Step("build", "", "/v2/org/base/manifests/stable"),
    "base image: fetch": Step("build", "GET", "/v2/org/base/blobs/", has_body=True),
    "verify: resolve": Step("", "", "/manifests/1.0.0"),
    "verify: read the image": Step("", "GET", "/manifests/{root}", has_body=True),
    "verify: list evidence": Step("", "GET", "/referrers/", has_body=True),
    "verify: read evidence": Step("", "GET", "/blobs/", has_body=True),
}


class PhaseReporter(SilentReporter):
    """Lets a rule strike only while a step of the release runs."""

    def __init__(self, phase: str, rule: Rule) -> None:
        self._phase = phase
        self._rule = rule
        rule.active = not phase

    def step(self, name: str, state: str, detail: str = "") -> None:
        if name.startswith(self._phase):
            self._rule.active = state == "running"


@dataclass
class Scene:
    """A release to two targets: a layout, and a registry that asks for tokens and has faults.

    Attributes:
        bench: the release.
        registry: the second target's.
        faults: what goes wrong there.
        elsewhere: another host that the registry may send clients to.
        leaked: the ``Authorization`` of every request to that host.
        old: what ``latest`` names before, at each target.
        builder: takes the place of the bench's; None for that.
    """

    bench: Bench
    registry: RegistrySimulator
    tokens: TokenServer
    elsewhere: ReverseProxy
    faults: Faults = field(default_factory=Faults)
    leaked: list[str] = field(default_factory=list)
    old: list[Digest] = field(default_factory=list)
    builder: Builder | None = None

    def open(self, timeouts: Timeouts | None = None) -> None:
        """Connect the second target, and give both a tag of an older image."""
        known = {self.registry.host: Credentials("the test", USER, PASSWORD)}
        second = target_at(
            self.registry.host, self.bench.clock, FixedCredentials(known), timeouts=timeouts
        )
        self.bench.targets = (self.bench.targets[0], second)
        for target in self.bench.targets:
            manifest = staged(target, "an older release")
            target.put_tag("latest", manifest)
            self.old.append(manifest.digest)

    def strike(self, fault: Fault, step: Step, *, times: int | None) -> Rule:
        """Let ``fault`` strike the requests of ``step``; returns the rule that counts them."""
        layer = self.bench.sample.layers["linux/amd64"][0].descriptor.digest
        root = self.bench.sample.digest
        words = {"layer": layer, "quoted_layer": quote(layer, safe=""), "root": root}
        target = re.sub(r"\{(\w+)\}", lambda match: re.escape(words[match[1]]), step.target)
        rule = self.faults.add(fault, step.method, target, times=times)
        self.report(PhaseReporter(step.phase, rule))
        return rule

    def report(self, reporter: SilentReporter) -> None:
        """Let the release tell ``reporter``, and do one thing after the other."""

        def adjust(setup: Setup) -> Setup:
            builder = self.builder or setup.parts.builder
            parts = replace(setup.parts, reporter=reporter, builder=builder)
            return replace(setup, parts=parts, rules=replace(setup.rules, parallel=1))

        self.bench.adjust = adjust

    def resume(self) -> ReleaseResult:
        """Let the fault be gone, and do what ``shipseal release resume`` does."""
        self.faults.clear()
        self.bench.mode = Mode(resumed=True)
        return self.bench.run()

    def tags(self) -> list[dict[str, Digest]]:
        """Return the tags of both targets that are no lists of referrers."""
        return [
            {tag: digest for tag, digest in self.bench.tags_at(number).items() if "-" not in tag}
            for number in range(len(self.bench.targets))
        ]

    def moved(self) -> list[str]:
        """Return ``target:tag`` of each tag that names the release."""
        return [
            f"{target.name}:{tag}"
            for target, tags in zip(self.bench.targets, self.tags(), strict=True)
            for tag, digest in tags.items()
            if digest == self.bench.sample.digest
        ]

    def expect_finished(self) -> None:
        """Check that everything is as after an undisturbed release."""
        digest = self.bench.sample.digest
        assert self.tags() == [{"1.0.0": digest, "latest": digest}] * 2
        for target in self.bench.targets:
            store = ReferrersStore(target)
            raws = [self.bench.sample.root, *self.bench.sample.manifests.values()]
            assert all(target.read_manifest(raw.digest).raw == raw.raw for raw in raws)
            subjects = {raw.digest for raw in raws}
            found = Counter(one.digest for subject in subjects for one in store.find(subject))
            assert sorted(found.values()) == BUNDLES
        assert len(set(self.bench.signer.signed)) == len(self.bench.signer.signed) == SIGNED


@contextlib.contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Give a scene in which nothing is wrong yet; :meth:`Scene.open` comes next."""
    account = Account(PASSWORD, {"*": EVERYTHING})
    with (
        RegistrySimulator() as registry,
        TokenServer(folder / "tokens", accounts={USER: account}) as tokens,
        ReverseProxy(f"http://{registry.host}") as elsewhere,
    ):
        made = Scene(Bench(folder / "bench"), registry, tokens, elsewhere)
        demand_tokens(registry, tokens)
        guard = registry.before

        def before(exchange: Exchange) -> bool:
            signed = exchange.headers.get(_SIGNED_BY_PROXY) is not None
            return not signed and (made.faults(exchange) or guard(exchange))

        def signs(exchange: Exchange) -> bool:
            made.leaked.append(exchange.headers.get("Authorization") or "")
            exchange.headers[_SIGNED_BY_PROXY] = "yes"
            return False

        registry.before, elsewhere.before = before, signs
        try:
            yield made
        finally:
            close_all()


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault of the table.

    Attributes:
        make: makes it for a scene.
        times: how many requests it strikes; None for all until it is gone.
        bodies: whether it needs an answer with a body.
        sends: whether it needs a request with a body.
        timeouts: of the client; None for the usual ones.
    """

    make: Callable[[Scene], Fault]
    times: int | None = None
    bodies: bool = False
    sends: bool = False
    timeouts: Timeouts | None = None

    def strikes(self, step: Step) -> bool:
        """Return whether there is such a fault at that request."""
        return not (
            (self.bodies and not step.has_body) or (self.sends and step.method not in ("PUT",))
        )


def _expired(made: Scene) -> Fault:
    scope = f"repository:{NAME}:pull,push"
    return kinds.challenge(made.tokens.realm, made.tokens.service, scope)


def _wrong_digest(_: Scene) -> Fault:
    lie, corrupt = kinds.header("Docker-Content-Digest", "sha256:" + "1" * 64), kinds.corrupt()
    return lambda exchange: lie(exchange) or corrupt(exchange)


def _all(fault: Fault) -> Callable[[Scene], Fault]:
    return lambda _: fault


_IMPATIENT = Timeouts(read=_SILENCE_SECONDS, commit=_SILENCE_SECONDS)
_HOUR = "3600"
RETRY_AFTER = "7"

FAULTS: Mapping[str, Kind] = {
    "503, once": Kind(_all(kinds.refuse(503)), 1),
    "502 with a page, once": Kind(_all(kinds.gateway_page()), 1),
    "429 with Retry-After, once": Kind(
        _all(kinds.refuse(429, "TOOMANYREQUESTS", retry_after=RETRY_AFTER)), 1
    ),
    "429 without Retry-After, once": Kind(_all(kinds.refuse(429)), 1),
    "the token has expired": Kind(_expired, 1),
    "connection cut before the answer, once": Kind(_all(kinds.drop()), 1),
    "connection cut in the request, once": Kind(_all(kinds.cut_request(5)), 1, sends=True),
    "connection cut in the answer, once": Kind(_all(kinds.cut_answer(5)), 1, bodies=True),
    "answer lost after the work, once": Kind(_all(kinds.lose_answer()), 1),
    "redirect to another host": Kind(lambda made: kinds.redirect(made.elsewhere.url)),
    "401": Kind(_all(kinds.refuse(401, "UNAUTHORIZED"))),
    "every token has expired": Kind(_expired),
    "403": Kind(_all(kinds.refuse(403, "DENIED"))),
    "404": Kind(_all(kinds.refuse(404))),
    "405": Kind(_all(kinds.refuse(405, "UNSUPPORTED"))),
    "409": Kind(_all(kinds.refuse(409))),
    "416": Kind(_all(kinds.refuse(416))),
    "429 without Retry-After": Kind(_all(kinds.refuse(429))),
    "429, wait an hour": Kind(_all(kinds.refuse(429, retry_after=_HOUR))),
    "500": Kind(_all(kinds.refuse(500))),
    "502 with a page": Kind(_all(kinds.gateway_page())),
    "connection cut before the answer": Kind(_all(kinds.drop())),
    "connection cut in the request": Kind(_all(kinds.cut_request(5)), sends=True),
    "connection cut in the answer": Kind(_all(kinds.cut_answer(5)), bodies=True),
    "silence": Kind(_all(kinds.silence(1.5 * _SILENCE_SECONDS)), timeouts=_IMPATIENT),
    "one byte at a time": Kind(lambda made: kinds.drip(ticking(made.bench.clock, 30)), bodies=True),
    "one byte of the header at a time": Kind(
        lambda made: kinds.drip_header(ticking(made.bench.clock, 30))
    ),
    "garbage": Kind(_all(kinds.garbage()), bodies=True),
    "Content-Length too long": Kind(_all(kinds.announce(9)), bodies=True),
    "Content-Length too short": Kind(_all(kinds.announce(-9)), bodies=True),
    "another digest": Kind(_wrong_digest),
}

"""Sign keyless on a private instance of Sigstore: the dozen attestations of a release against one of them.

The log answers once a second, whatever the number of requests in flight. So what counts is that a dozen wait together;
what shipseal itself does is measured where nothing has to be waited for, on an instance without a log.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Meter, Timed, facts
from bench.options import Options
from bench.report import Goal, Report
from scripts.sigstack.stack import GITHUB, Kind, SigstoreStack
from shipseal._internal.clock import SystemClock
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc_sources import ActionsTokens
from shipseal.attest.sigstore_instance import instance_from_files
from shipseal.attest.web import Web
from shipseal.release.steps.attest import SIGNATURES
from tests.support.sigstack import stack_programs

DOZEN = 12
ROUNDS = 7
TIMES = 2.0
# What a statement of a release weighs at most, but for SBOMs.
_PREDICATE = {"filler": "x" * 16_384}


@dataclass(frozen=True, slots=True)
class Round:
    """One round on one instance.

    Attributes:
        first: a new signer's first signature: token and certificate are fetched.
        one: one more with the same certificate.
        dozen: twelve, as a release makes them.
    """

    first: Timed
    one: Timed
    dozen: Timed


def statement(number: int) -> bytes:
    """Return a statement like those of a release."""
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "app", "digest": {"sha256": f"{number:064x}"}}],
        "predicateType": "https://example.org/measured",
        "predicate": _PREDICATE,
    }
    return json.dumps(document).encode()


def sign(signer: KeylessSigner, count: int) -> Timed:
    """Sign so many statements, side by side as a release does, and return what it took."""
    meter = Meter()
    with ThreadPoolExecutor(SIGNATURES) as pool:
        list(pool.map(signer.sign, map(statement, range(count))))
    return meter.read()


def measured(stack: SigstoreStack, phase: float = 0.0) -> Round:
    """Measure one round.

    Args:
        stack: signs.
        phase: seconds between the log's last answer and what is measured, from 0 to 1: a release may come at any
            moment of the log's second, and one and a dozen come at the same.
    """
    clock = SystemClock()
    web = Web(clock)
    instance = instance_from_files(stack.files.client_config, None, now=clock.now())
    tokens = ActionsTokens(stack.issuer.actions_environment(), web, clock)
    signer = KeylessSigner(instance, tokens, web, clock)
    try:
        first = sign(signer, 1)
        time.sleep(phase)
        one = sign(signer, 1)
        time.sleep(phase)
        return Round(first, one, sign(signer, DOZEN))
    finally:
        web.close()


def measure(options: Options) -> Report:
    """Measure signing on an instance with a log and on one without."""
    rounds = options.rounds or ROUNDS
    found: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory(prefix="signing-") as place:
        for name, kind in (("log and timestamps", Kind()), ("timestamps alone", GITHUB)):
            with SigstoreStack(Path(place) / name[:3], stack_programs(), kind) as stack:
                measured(stack)  # imports, and what the services do once
                found[name] = [measured(stack, number / rounds) for number in range(rounds)]
    return report(found)


def report(found: dict[str, list[Round]]) -> Report:
    """Return what came out."""
    rows = []
    for name, each in found.items():
        for what, times in (
            ("the first, with token and certificate", [one.first for one in each]),
            ("one more", [one.one for one in each]),
            ("a dozen", [one.dozen for one in each]),
        ):
            rows.append([name, what, *_cells(times)])
    logged = found["log and timestamps"]
    # A dozen may just miss an answer that one has met: sums are compared, over all moments of the log's second.
    ratio = sum(one.dozen.seconds for one in logged) / sum(one.one.seconds for one in logged)
    return Report(
        part="signing",
        title=f"Keyless signatures on a private instance of Sigstore, {len(logged)} rounds",
        facts=facts("fulcio", "rekor-server"),
        header=("instance", "what", "seconds", "range", "others' load"),
        rows=rows,
        goals=[Goal("a dozen ÷ one, with a log", ratio, TIMES, "x")],
        notes=[
            "seconds are medians; the ratio is that of the sums; one and a dozen come at the same moments of the log's "
            "second. A release signs its statements so, and then the seal, which names them by digest",
            "the log answers once a second; without it, what is left is shipseal, the authority and the timestamps",
        ],
        raw={
            name: [
                {"first": one.first.seconds, "one": one.one.seconds, "dozen": one.dozen.seconds}
                for one in each
            ]
            for name, each in found.items()
        },
    )


def _cells(times: Sequence[Timed]) -> list[str]:
    seconds = sorted(one.seconds for one in times)
    others = statistics.median(one.others for one in times)
    return [
        f"{statistics.median(seconds):.3f}",
        f"{seconds[0]:.3f} to {seconds[-1]:.3f}",
        f"{others:.0%}".replace("%", " %"),
    ]

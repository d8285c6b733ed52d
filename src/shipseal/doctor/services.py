"""Outside services: whether they answer, and, when one does not, what its status page says."""

from collections.abc import Callable, Iterator, Sequence

from shipseal.checks import Check, Status
from shipseal.doctor.examination import Examined, passed
from shipseal.status.blame import PASSES
from shipseal.status.outlook import Outlook

SIGSTORE = "sigstore"


def answers_check(name: str, service: str, ask: Callable[[], str]) -> Iterator[Examined]:
    """Ask one service for anything at all: any answer but a failure of its own will do.

    Args:
        name: of the check.
        service: which, for people.
        ask: asks; returns what was seen.
    """
    yield passed(name, service, "answers", evidence=(ask(),))


def status_checks(outlooks: Sequence[Outlook], *, blamed: Sequence[str] = ()) -> Iterator[Examined]:
    """Say what status pages say.

    Args:
        outlooks: the pages as they were read.
        blamed: hosts that did not answer.
    """
    for one in outlooks:
        page = one.interest.page
        evidence = tuple(map(str, one.incidents)) or (
            f"{page.home}: {', '.join(f'{part.name} {part.state}' for part in one.components[:5])}",
        )
        if one.problem:
            told = (
                "it does not answer either: look for the cause on this side: proxy, DNS, firewall"
            )
            yield Examined(
                one.check, (), told if blamed else f"look at {page.home} with a browser", one.code
            )
        elif one.check.status is Status.FAIL:
            wait = "others have it, too: wait, or let the release wait (shipseal release --wait 2h)"
            yield Examined(one.check, evidence, wait)
        elif blamed:
            yield Examined(
                Check(
                    one.check.name,
                    page.name,
                    Status.PASS,
                    one.check.expected,
                    one.check.got,
                    f"{', '.join(blamed)} did not answer here, and the page knows of nothing: the cause may lie on "
                    "this side",
                ),
                evidence,
                "look at proxy variables, DNS and firewall; pages are late by minutes",
            )
        else:
            yield Examined(one.check, evidence)


def why_unasked(found: Sequence[Examined]) -> str:
    """Return why no status page is asked, where nobody else is to blame for what was found.

    A page says nothing about what lies on this side: a name that no name server knows, for example.
    """
    if any(one.check.status is Status.FAIL and one.code in PASSES for one in found):
        return "what did not answer has its cause on this side: see above"
    return "everybody who was asked answered"

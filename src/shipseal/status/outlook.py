"""What a page means for a release: the components that matter there, and the incidents that are about them."""

from dataclasses import dataclass

from shipseal.checks import Check, Status
from shipseal.status.interface import Component, Incident, Page, State
from shipseal.status.services import Interest
from shipseal.status.shape import worst

WHOLE = "the whole service"
CHECK = "status"
"""Name of the check."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a service is, as far as it matters here.

    Attributes:
        interest: which page, and why it matters.
        state: the worst of what matters; unknown when the page could not be read.
        components: what matters; the whole service where the page names nothing that does.
        incidents: about these, the newest first.
        problem: why the page could not be read; empty when it could.
        code: likewise; empty when it could.
    """

    interest: Interest
    state: State
    components: tuple[Component, ...] = ()
    incidents: tuple[Incident, ...] = ()
    problem: str = ""
    code: str = ""

    @property
    def check(self) -> Check:
        """Whether others have trouble, too: a page that says so fails, and one that cannot be read is unknown."""
        page = self.interest.page
        if self.problem:
            return Check(CHECK, page.name, Status.UNKNOWN, reason=self.problem)
        fine = self.state is State.OPERATIONAL and not self.incidents
        status = Status.PASS if fine else Status.FAIL
        if self.state is State.UNKNOWN:
            status = Status.UNKNOWN
        told = "; ".join(map(str, self.incidents))
        return Check(CHECK, page.name, status, str(State.OPERATIONAL), str(self.state), told)


def outlook(page: Page, interest: Interest) -> Outlook:
    """Return what a page means for those who are interested in some of its components."""
    mattering = tuple(one for one in page.components if _matters(one.name, interest.words))
    components = mattering or (Component(WHOLE, page.state),)
    names = {one.name for one in mattering}
    incidents = tuple(
        one
        for one in page.incidents
        if not one.components or not names or names.intersection(one.components)
    )
    return Outlook(interest, worst(components), components, incidents)


def _matters(name: str, words: tuple[str, ...]) -> bool:
    return not words or any(word in name.lower() for word in words)

"""What an examination found, how it is named, and how a command with several of them ends."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shipseal.checks import Check, Outcome, Status, outcome_of
from shipseal.errors import Code, Exit, ShipsealError, exit_for, most_urgent
from shipseal.status.blame import PASSES, blamed_host

# A code of these says no by itself; with any other, what was looked at is simply not as it must be.
_OWN_EXITS = frozenset({Exit.USAGE, Exit.AUTH, Exit.EVIDENCE, Exit.UNDECIDED})


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at.

    Attributes:
        check: what, on which thing, and how it is.
        evidence: what was seen, a sentence each.
        remedy: what to do; empty where nothing needs to be done.
        code: failure code that a release would end with; empty for none.
        host: whom it is about; empty for this machine.
        seconds: how long it took.
    """

    check: Check
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    code: str = ""
    host: str = ""
    seconds: float = 0.0

    @property
    def exit(self) -> Exit:
        """The exit status that it ends a command with, which a release would end with, too, for most things.

        What is a no has 2 where it has no status of its own. Nobody answered: 5, whether that may pass by itself, which
        is unknown, or not (a name that no name server knows), which is a no.
        """
        if self.check.status is Status.UNKNOWN:
            return Exit.DEFECT if self.code == Code.UNKNOWN else Exit.OUTSIDE
        if self.check.status is not Status.FAIL:
            return Exit.OK
        if self.code in PASSES:
            return Exit.OUTSIDE
        own = exit_for(Code(self.code)) if self.code else Exit.REFUSED
        return own if own in _OWN_EXITS else Exit.REFUSED

    @property
    def blames_others(self) -> bool:
        """Whether it could not look, for a reason that may lie with somebody else."""
        return self.check.status is Status.UNKNOWN and self.code in PASSES


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at one thing, or at several of one kind.

    Attributes:
        name: of the check; ``--only`` takes it.
        about: the thing, for progress.
        look: looks; what it raises is a finding, too.
        network: whether it asks others.
        host: whom; empty where that is not one.
    """

    name: str
    about: str
    look: Callable[[], Iterable[Examined]]
    network: bool = False
    host: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was looked at.

    Attributes:
        examined: in the order of the probes.
    """

    examined: tuple[Examined, ...]

    @property
    def outcome(self) -> Outcome:
        """Whether a release would get through, as far as can be seen from here; undecided never passes."""
        return outcome_of(one.check for one in self.examined)

    @property
    def exit(self) -> Exit:
        """The exit status: the most urgent one; nothing that was looked at at all is no pass."""
        urgent = most_urgent(one.exit for one in self.examined)
        if urgent is Exit.OK and self.outcome is not Outcome.PASS:
            return Exit.REFUSED
        return urgent


def passed(
    name: str,
    subject: str,
    got: str,
    *,
    evidence: Sequence[str] = (),
    remark: str = "",
    remedy: str = "",
) -> Examined:
    """Return what is as it must be; ``remark`` is what a person may want to know all the same."""
    check = Check(name, subject, Status.PASS, got=got, reason=remark)
    return Examined(check, tuple(evidence), remedy)


def skipped(name: str, subject: str, reason: str) -> Examined:
    """Return what does not apply here, or was not asked for."""
    return Examined(Check(name, subject, Status.SKIPPED, reason=reason))


def failed(
    name: str,
    subject: str,
    *,
    expected: str,
    got: str,
    remedy: str,
    code: str = "",
    evidence: Sequence[str] = (),
) -> Examined:
    """Return what is not as it must be."""
    check = Check(name, subject, Status.FAIL, expected, got)
    return Examined(check, tuple(evidence), remedy, code)


def of_error(name: str, subject: str, error: ShipsealError, *, host: str = "") -> Examined:
    """Return what an error means: what may pass by itself could not be looked at, everything else is a no."""
    outside = exit_for(error.code) is Exit.OUTSIDE and error.code in PASSES
    unknown = outside and error.retryable
    status = Status.UNKNOWN if unknown else Status.FAIL
    check = Check(
        name,
        subject,
        status,
        got="" if unknown else error.message,
        reason=error.message if unknown else "",
    )
    evidence = tuple(f"{key}: {value}" for key, value in error.context.items() if key == "stderr")
    blamed = host or (blamed_host(error.message) if unknown else "")
    return Examined(check, evidence, error.hint, str(error.code), blamed)

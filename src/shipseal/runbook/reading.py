"""From lines that are worth reading to what each of them proves, with the step that it stands in."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from shipseal.errors import Code
from shipseal.runbook.keys import RULES, following
from shipseal.runbook.lines import COMMAND, LONGEST, Line, cleaned
from shipseal.runbook.rule import LIKELY, OWN, Seen, matched
from shipseal.runbook.run_facts import RunFacts
from shipseal.runbook.sifting import Candidate

_BEFORE = 6
_STEP = re.compile(r"^Run ([\w./@+ -].{0,200})$")
_ACTION = re.compile(
    r"^Run [\w.-]+/[\w./-]+@\S+$|^Run (?:docker|gh|cosign|syft|grype|crane|skopeo|shipseal) \S"
)
_PUSHED = re.compile(r"refers to repository \[([^\]\s]{1,200})\]")
_AGAIN = re.compile(
    r"\bretry(?:ing)?\b|will retry|backing off|\battempt \d+ (?:of|failed)|\(\d+/\d+\)"
    r"|trying again|tries remaining|try again in|falling back",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"^(?:\S+ )?(?:error|fatal|failed|err!?|denied|unauthorized)\b|^e: |\bERROR\b|\bFATAL\b"
    r"|^panic:|^traceback \(most|^[\w.]*(?:error|exception)\b: |: unbound variable|\*\*\* \[?|^exception in thread"
    r"|^unhandled exception|exit code [1-9]|exit status [1-9]",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(r"\b\d+ errors? occurred:?$", re.IGNORECASE)
"""What a tool ends with that told the failure itself as a warning before."""
_NO_FAILURE = re.compile(
    r"\b0 (?:errors?|failed|failures)\b|exit code 0|no errors?\b|continue-on-error|fail-fast|error_log",
    re.IGNORECASE,
)
_SUCCESS = re.compile(
    r"digest: sha256:[0-9a-f]{64} size|tlog entry created|to image destination$|\bsuccessfully (?:pushed"
    r"|tagged|signed|built|uploaded)|^Login Succeeded|\bsuccess(?:ful)?\.?$",
    re.IGNORECASE,
)
_QUIET = frozenset({"warning", "warn", "debug", "notice", "info", "trace"})
_SAID_QUIETLY = re.compile(
    r"^(?:time=\S+ )?(?:\[\d+\] +)?(?:\[?warn(?:ing)?\b|W:|debug\b)", re.IGNORECASE
)
_TESTS_FAILED = re.compile(
    r"^--- FAIL: |^FAIL\s+\S+\s+[\d.]+s|test result: FAILED|\b\d++ failed\b.* in [\d.:]+"
    r"|^Tests:\s+\d+ failed|\b\d++ failing$|^FAILED \((?:failures|errors)="
    r"|Tests run: \d+, Failures: [1-9]|Tests run:.*Errors: [1-9]|\b\d++ examples?, [1-9]\d* failures?"
    r"|There (?:are|were) (?:test )?fail|tests failed out of|^FAILURES!"
    r"|^(?:#|\u2139) fail [1-9]|^not ok \d+|failing tests:|^Result: FAIL"
    r"|\bFAILED \| \d+ passed|^# FAIL: +[1-9]|^FAIL: \S+ "
    r"|\[  FAILED  \]"
    r"|\b\d++ tests? completed, [1-9]\d* failed|^\d++ tests?, [1-9]\d* failures?"
    r"|Failed!  - Failed|^FAIL +\S+\.(?:test|spec)\.|tests? failed$"
    r"|^tests? (?:files +)?\d+ failed|^test files +\d+ failed|\bfailed tests:|\*\*\* \d+ tests? failed"
    r"|^panic: test timed out after|^testing\.\(\*[MTB]\)|^testing\.tRunner"
    r"|^FAILED \S+::|^error: test failed|test suites?: \d+ failed",
    re.IGNORECASE,
)
_NOT_COMPILED = re.compile(
    r"^(?!main\.go:)[\w./@+-]+\.(?:[cm]?[jt]sx?|go|rs|cc?|cpp|hh?|java|kt|cs|py|rb|swift"
    r"|scss)(?:\(\d+,\d+\)|:\d+(?::\d+)?):? "
    r"(?:(?:fatal )?error\b|undefined|cannot |syntax )|^error(?: TS\d+|\[E\d+\]| CS\d+)\b|: error (?:TS|CS)\d+: ",
    re.IGNORECASE,
)
"""What a compiler ends with: what somebody else said before, in the same step, did not stop it."""
_SIDE = re.compile(r"importing cache manifest|registry cache importer", re.IGNORECASE)
"""A cache may be away; the build goes on."""
_USUAL = 400
"""Characters of a line in which its kind shows."""
_ATTEMPT = re.compile(
    r"^[-*] (?:docker|podman|containerd|snap|singularity|oci-dir|oci-archive|docker-archive|local-\w+)(?: error)?: "
    r"(?!.*pull failed)|^\* \"localhost/"
)
"""One of several places where an image was looked for; what the registry itself says decides."""
_OPEN = re.compile(r"^.{40,200}[^.!?;{}]$")
_GOES_ON = re.compile(r"^[a-z0-9'\"(`][^=]{6,}")
_NO_OUTPUT = re.compile(
    r"^\++ |^# |^\[[\u2716\u2717\u2718x]\] |^AssertionError\b|^E {3,}|^[-+][ \t\u00a0]+\w{0,3}\""
    r"|^(?:Actual|Expected|Received)(?: \w+)?: "
    r"|^[<>] |^\d* ?\||^(?:raise|return|throw|assert"
    r"|self\.|await|const|let|var|print\(|printf?|echo"
    r"|console\.)[ (.]"
    r"|^(?!main\.go:)[\w./@+-]+\.(?:py|pyi|m?[jt]sx?|go|rs|cc?|cpp|hh?|java|rb|sh|ya?ml|md|txt|json|toml)[:(]\d+"
)
"""Commands that a shell echoes, differences, and places in somebody's source with what stands there."""
_MOST_HITS = 600
_LIKELY, _LAST = 14, 4


class Hit(msgspec.Struct, frozen=True):
    """A line that matches a rule.

    Attributes:
        rule: number in ``RULES``.
        code: the failure.
        line: the cleaned line.
        caught: what the rule caught, by group.
        weight: how sure it is here.
        step: number of its step, from 0; logs without steps have one.
        soft: whether the line says that it is tried again.
        quiet: whether it is a warning, or less.
    """

    rule: int
    code: Code
    line: Line
    caught: Mapping[str, str]
    weight: int
    step: int
    soft: bool
    quiet: bool = False


class Step(msgspec.Struct):
    """A step of a job.

    Attributes:
        title: how it is called; empty when unknown.
        failed: whether the runner marked an error in it.
        compiled: last line in which a compiler says what it does not take; 0 when none does.
        tested: last line in which a test runner says that tests failed; 0 when none does.
    """

    title: str
    failed: bool = False
    tested: int = 0
    compiled: int = 0


class Reading(msgspec.Struct):
    """What a log holds.

    Attributes:
        hits: lines that match rules, in order.
        steps: the steps.
        marked: whether the log has the runner's marks at all.
        likely: lines that look like an error, the last ones.
        first_likely: the first ones.
        last: the last lines of all, for a log that says nothing of a failure.
        success: line of the last success that a tool told.
        final: line of the last error that anybody told.
        facts: what the log says of the run.
    """

    hits: list[Hit] = msgspec.field(default_factory=list)
    steps: list[Step] = msgspec.field(default_factory=lambda: [Step("")])
    marked: bool = False
    likely: deque[Line] = msgspec.field(default_factory=lambda: deque(maxlen=_LIKELY))
    first_likely: list[Line] = msgspec.field(default_factory=list)
    last: deque[Line] = msgspec.field(default_factory=lambda: deque(maxlen=_LAST))
    success: int = 0
    final: int = 0
    facts: RunFacts = msgspec.field(default_factory=RunFacts)


class Reader:
    """Reads candidates in order."""

    def __init__(self) -> None:
        self.reading = Reading()
        self._before: deque[str] = deque(maxlen=_BEFORE)
        self._pushed = ""
        self._place = ""

    def read(self, candidate: Candidate, raw: bytes) -> None:
        """Take in one line."""
        for line in cleaned(candidate.number, raw[: 2 * LONGEST]):
            self._stand(line)
            if line.mark == COMMAND:
                continue
            self._note(line)
            if "end" in candidate.kinds and line.text:
                self.reading.last.append(line)
            if not self._match(candidate, line):
                self._match_broken(candidate, line)
            if line.text:
                self._before.append(line.text[:LONGEST])

    def _stand(self, line: Line) -> None:
        """Know in which step a line stands."""
        steps = self.reading.steps
        if line.place != self._place:
            self._place = line.place
            steps.append(Step(line.place))
            self._pushed = ""
        begun = _STEP.match(line.text) if line.mark == "group" else _ACTION.match(line.text)
        if begun:
            title = line.text.removeprefix("Run ")
            steps.append(Step(f"{self._place} {title}".strip()))
            self._before.clear()
            self._pushed = ""
        self.reading.marked = self.reading.marked or line.mark == "group" or bool(line.place)
        if line.mark == "error":
            steps[-1].failed = True
        pushed = _PUSHED.search(line.text[:_USUAL])
        if pushed:
            self._pushed = pushed[1]

    def _note(self, line: Line) -> None:
        reading, text = self.reading, line.text[:_USUAL]
        reading.facts.note(line)
        if _TESTS_FAILED.search(text):
            reading.steps[-1].tested = line.number
        if _NOT_COMPILED.search(text):
            reading.steps[-1].compiled = line.number
        if _SUCCESS.search(text):
            reading.success = line.number
        quiet = _is_quiet(line)
        failing = line.mark == "error" or (_FINAL.search(text) and not _NO_FAILURE.search(text))
        if failing and not quiet and line.mark != "group":
            if not _AGAIN.search(text) and not _SAYS_NOTHING.search(text):
                reading.final = line.number
            reading.likely.append(line)
            if len(reading.first_likely) < _LIKELY:
                reading.first_likely.append(line)

    def _match_broken(self, candidate: Candidate, line: Line) -> None:
        """Match a sentence that was broken at the width of a page, together with the line before or after it."""
        if not candidate.rules:
            return
        for front, back in ((candidate.previous, None), (None, candidate.following)):
            first = _plainly(candidate.number, front, line)
            second = _plainly(candidate.number, back, line)
            if not (_OPEN.search(first) and _GOES_ON.match(second)):
                continue
            joined = msgspec.structs.replace(line, text=f"{first} {second}")
            if self._match(candidate, joined, across=len(first)):
                return

    def _match(self, candidate: Candidate, line: Line, across: int = -1) -> bool:
        if len(self.reading.hits) >= _MOST_HITS:
            del self.reading.hits[_MOST_HITS // 2]
        seen = Seen(self.reading.steps[-1].title, "\n".join(self._before))
        if _NO_OUTPUT.match(line.text) or _is_compared(candidate, line):
            return False
        hits = list(self._hits(self._numbers(candidate, line), line, seen, across))
        if hits:
            best = max(hit.weight for hit in hits)
            # Two rules of equal weight may be two readings of one line; the first in the table is the better one.
            kept = [hit for hit in hits if hit.weight == best][:1]
            kept += [hit for hit in hits if _alternative(hit, kept[0])]
            self.reading.hits += kept
        return bool(hits)

    def _hits(self, numbers: Iterable[int], line: Line, seen: Seen, across: int) -> Iterator[Hit]:
        soft, quiet = bool(_AGAIN.search(line.text[:_USUAL])), _is_quiet(line)
        text = line.text[:LONGEST]
        for number in numbers:
            rule = RULES[number]
            caught = matched(rule, text, seen, across)
            if caught is None:
                continue
            if self._pushed and "image" not in caught:
                caught = {**caught, "pushed": self._pushed}
            code = Code(caught["own"]) if rule.weight == OWN else rule.code
            weight = rule.weight + (5 if line.mark == "error" else 0)
            if _ATTEMPT.match(line.text):
                weight = min(weight, LIKELY - 5)
            if _SIDE.search(f"{seen.before}\n{line.text}") and rule.code is not Code.DISK_FULL:
                weight = min(weight, LIKELY - 15)
            yield Hit(number, code, line, caught, weight, len(self.reading.steps) - 1, soft, quiet)

    @staticmethod
    def _numbers(candidate: Candidate, line: Line) -> list[int]:
        if "following" not in candidate.kinds:
            return sorted(candidate.rules)
        lower = line.text.lower().encode()
        fitting = {number for number, needs in following() if any(need in lower for need in needs)}
        return sorted(candidate.rules | fitting)


def _plainly(number: int, raw: bytes | None, line: Line) -> str:
    """Return a neighbour's text, or the line's own where there is none."""
    if raw is None:
        return line.text
    states = cleaned(number, raw)
    return "" if not states or states[-1].mark in {COMMAND, "group"} else states[-1].text


def _is_compared(candidate: Candidate, line: Line) -> bool:
    """Return whether a line is of the difference of two texts."""
    if not re.match(r"[-+][^\s-]", line.text):
        return False
    before = cleaned(candidate.number, candidate.previous)
    return bool(before) and before[-1].text[:1] in {"-", "+", "@"} and before[-1].text != ""


def _is_quiet(line: Line) -> bool:
    return line.mark in _QUIET or bool(_SAID_QUIETLY.match(line.text))


def _alternative(hit: Hit, best: Hit) -> bool:
    """Return whether a line has this second meaning that is told beside the first: hidden, or not allowed."""
    return best.code is Code.IMAGE_NOT_FOUND and hit.code is Code.REGISTRY_DENIED

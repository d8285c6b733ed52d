"""Commands of a ``run:`` script, as far as reading can tell: their words, and what becomes of their exit status.

This is no shell. Quotes, continued lines, comments, here-documents, pipes and lists are understood; loops and
conditions are seen as the commands in them. What is not understood is not found, and then nothing is said of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_OPERATORS = ("&&", "||", ";;", "|&", "|", ";", "&", "\n")
_OPENING = frozenset(
    {"if", "while", "until", "then", "do", "else", "elif", "!", "{", "(", "time", "sudo", "exec"}
)
_CONDITIONS = frozenset({"if", "while", "until", "elif", "!"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_REDIRECT = re.compile(r"\d?>>?|&>>?")


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        words: without quotes and redirections; the first is the program's name.
        line: where it begins in the script, from 0.
        after: the operator behind it: ``&&``, ``||``, ``|``, ``;``, ``&`` or empty.
        next: the words of the command behind that operator.
        tested: whether its status decides something (``if``, ``!``).
        captured: whether its output is kept: ``$( )``, a pipe, a file.
        environment: assignments before it.
    """

    words: tuple[str, ...]
    line: int
    after: str = ""
    next: tuple[str, ...] = ()
    tested: bool = False
    captured: bool = False
    environment: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The name of the program, without its folder."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    def option(self, *names: str) -> str | None:
        """Return the value of an option (``--name value`` or ``--name=value``); None when it is not there."""
        for number, word in enumerate(self.words):
            if word in names:
                follows = self.words[number + 1 : number + 2]
                return follows[0] if follows else ""
            for name in names:
                if word.startswith(f"{name}="):
                    return word[len(name) + 1 :]
        return None

    def options(self, *names: str) -> tuple[str, ...]:
        """Return all values of an option that may stand several times."""
        found: list[str] = []
        for number, word in enumerate(self.words):
            if word in names and number + 1 < len(self.words):
                found.append(self.words[number + 1])
            found += [word[len(name) + 1 :] for name in names if word.startswith(f"{name}=")]
        return tuple(found)


def commands(script: str) -> tuple[Command, ...]:
    """Return the commands of ``script``, those in ``$( )`` too."""
    return tuple(_commands(script, 0, captured=False, depth=0))


def _commands(script: str, line: int, *, captured: bool, depth: int) -> Iterator[Command]:
    pieces = list(_pieces(_without_heredocs(script)))
    for number, (words, inner, at, operator) in enumerate(pieces):
        for text, inner_at in inner if depth < 4 else ():
            yield from _commands(text, line + inner_at, captured=True, depth=depth + 1)
        follows = pieces[number + 1][0] if number + 1 < len(pieces) else []
        made = _command(words, line + at, operator, tuple(follows), captured)
        if made is not None:
            yield made


def _command(
    words: list[str], line: int, operator: str, follows: tuple[str, ...], captured: bool
) -> Command | None:
    kept: list[str] = []
    environment: list[str] = []
    tested = False
    skip = False
    written = False
    for word in words:
        if skip:
            skip = False
        elif _REDIRECT.match(word):
            written = written or not word.startswith("2")
            skip = _REDIRECT.fullmatch(word) is not None
        elif not kept and word in _OPENING:
            tested = tested or word in _CONDITIONS
        elif not kept and _ASSIGNMENT.match(word):
            environment.append(word)
        else:
            kept.append(word)
    if not kept:
        return None
    after = "" if operator == "\n" else operator
    held = captured or written or after in ("|", "|&")
    return Command(tuple(kept), line, after, follows, tested, held, tuple(environment))


def _without_heredocs(script: str) -> str:
    kept: list[str] = []
    end = ""
    for line in script.split("\n"):
        if end:
            kept.append("")
            end = "" if line.strip() == end else end
            continue
        match = None if line.lstrip().startswith("#") else _HEREDOC.search(line)
        end = match[2] if match else ""
        kept.append(line)
    return "\n".join(kept)


_Piece = tuple[list[str], list[tuple[str, int]], int, str]


def _pieces(script: str) -> Iterator[_Piece]:
    """Yield the words of each command, the scripts within them, its line and the operator behind it."""
    reader = _Reader(script)
    while True:
        piece = reader.piece()
        if piece is None:
            return
        yield piece


class _Reader:
    """Walks over a script once."""

    def __init__(self, script: str) -> None:
        self._text = script
        self._at = 0
        self._line = 0
        self._inner: list[tuple[str, int]] = []

    def piece(self) -> _Piece | None:
        """Return the next command; None at the end."""
        words: list[str] = []
        self._inner = []
        began = None
        while self._at < len(self._text):
            self._blank()
            operator = self._operator()
            if operator:
                if words or self._inner:
                    return words, self._inner, began or 0, operator
                continue
            if self._at < len(self._text):
                began = self._line if began is None else began
                words.append(self._word())
        return (words, self._inner, began or 0, "") if words or self._inner else None

    def _blank(self) -> None:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "\\" and self._text[self._at + 1 : self._at + 2] == "\n":
                self._at += 2
                self._line += 1
            elif char in " \t\r":
                self._at += 1
            elif char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _operator(self) -> str:
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                if operator == "&" and self._text.startswith("&>", self._at):
                    return ""
                self._at += len(operator)
                self._line += operator == "\n"
                if operator in ("&&", "||", "|", "|&"):
                    self._lines_after()
                return operator
        return ""

    def _lines_after(self) -> None:
        """Step over line ends behind an operator that needs a command."""
        self._blank()
        while self._text.startswith("\n", self._at):
            self._at += 1
            self._line += 1
            self._blank()

    def _word(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in " \t\r\n;" or (char in "&|" and not self._in_redirect(parts)):
                break
            parts.append(self._part(char))
        return "".join(parts)

    def _in_redirect(self, parts: list[str]) -> bool:
        return (
            (not parts or parts[-1] == ">")
            and self._text[self._at] == "&"
            and (self._text.startswith("&>", self._at) or bool(parts))
        )

    def _part(self, char: str) -> str:
        if char == "'":
            return self._until("'")
        if char == '"':
            return self._double()
        if char == "\\":
            return self._escaped()
        if char == "$":
            return self._dollar()
        if char == "`":
            began = self._line
            text = self._until("`")
            self._inner.append((text, began))
            return f"`{text}`"
        self._at += 1
        return char

    def _escaped(self) -> str:
        char = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        self._line += char == "\n"
        return "" if char == "\n" else char

    def _until(self, quote: str) -> str:
        end = self._text.find(quote, self._at + 1)
        end = len(self._text) if end < 0 else end
        text = self._text[self._at + 1 : end]
        self._line += text.count("\n")
        self._at = end + 1
        return text

    def _double(self) -> str:
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                break
            if char == "\\":
                parts.append(self._escaped())
            elif char == "$":
                parts.append(self._dollar())
            else:
                self._line += char == "\n"
                self._at += 1
                parts.append(char)
        return "".join(parts)

    def _dollar(self) -> str:
        if self._text.startswith("${{", self._at):
            end = self._text.find("}}", self._at)
            end = len(self._text) if end < 0 else end + 2
        elif self._text.startswith("$(", self._at):
            return self._substitution()
        elif self._text.startswith("${", self._at):
            end = self._text.find("}", self._at)
            end = len(self._text) if end < 0 else end + 1
        else:
            end = self._at + 1
        text = self._text[self._at : end]
        self._line += text.count("\n")
        self._at = end
        return text

    def _substitution(self) -> str:
        began, start = self._line, self._at
        depth = 0
        place = self._at + 1
        while place < len(self._text):
            depth += {"(": 1, ")": -1}.get(self._text[place], 0)
            place += 1
            if depth == 0:
                break
        text = self._text[start:place]
        self._inner.append((text[2:-1], began))
        self._line += text.count("\n")
        self._at = place
        return text

"""A page of the documentation as the test sees it: fenced blocks with what is said about them.

What the test is to know stands in comments that readers do not see:

    <!-- test: setup=queue -->          before the first block: where the page's commands run, see world.py
    <!-- test: skip reason="…" -->      before a block, or as the page's setup: not run, and why
    <!-- test: exit=2 -->               the block ends with that code
    <!-- test: background until="…" --> the block goes on running; the page goes on once the command succeeds
    <!-- test: retry -->                the block is repeated until it passes, for a while
    <!-- test: before="…" -->           commands that prepare for the block
    <!-- test: file=mine.lua -->        the block is the content of that file from here on
    <!-- test: wrap=cook -->            the block is a part of a configuration, see snippets.py
"""
import pathlib
import re
import shlex
from dataclasses import dataclass, field

DIRECTIVE = re.compile(r"^\s*<!--\s*test:\s*(.*?)\s*-->\s*$")
FENCE = re.compile(r"^(\s*)(```+)\s*(\S*)\s*$")
KNOWN = {"setup", "skip", "reason", "exit", "background", "until", "retry", "before", "file", "wrap"}


class PageError(Exception):
    """A fault of the page itself: file:line and what is wrong."""


@dataclass
class Block:
    page: pathlib.Path
    line: int             # of the opening fence
    language: str
    text: str
    says: dict = field(default_factory=dict)

    @property
    def place(self):
        return f"{self.page}:{self.line}"


@dataclass
class Page:
    path: pathlib.Path
    says: dict
    blocks: list
    text: str


def directive(text, place):
    """'exit=2 reason="a b"' as a dict; a word without = is True."""
    says = {}
    for word in shlex.split(text):
        name, equals, value = word.partition("=")
        if name not in KNOWN:
            raise PageError(f"{place}: the test's comment says {name!r}, known are {', '.join(sorted(KNOWN))}")
        says[name] = value if equals else True
    if "skip" in says and not says.get("reason"):
        raise PageError(f"{place}: a skip needs a reason=\"…\"")
    return says


def read_page(path, shown):
    blocks, says, pending = [], {}, None
    opening = None
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if opening is not None:
            if fence and fence.group(2) == opening[2] and not fence.group(3):
                begin, indent, _, language = opening
                body = [text[len(indent):] if text.startswith(indent) else text for text in lines[begin:number - 1]]
                blocks.append(Block(shown, begin, language, "\n".join(body) + "\n", pending or {}))
                opening = pending = None
            continue
        found = DIRECTIVE.match(line)
        if found:
            words = directive(found.group(1), f"{shown}:{number}")
            if "setup" in words or ("skip" in words and not blocks and not says and number <= 5):
                says = words
            else:
                pending = words
        elif fence:
            opening = (number, fence.group(1), fence.group(2), fence.group(3))
        elif line.strip() and pending is not None:
            raise PageError(f"{shown}:{number}: a comment for the test stands before no block")
    if opening is not None:
        raise PageError(f"{shown}:{opening[0]}: this block is never closed")
    return Page(shown, says, blocks, "\n".join(lines))

"""The messages that troubleshooting quotes are those of the program: each one is found in the sources."""
import re

from world import ROOT

PAGE = ROOT / "docs/operate/troubleshooting.md"
QUOTE = re.compile(r"`([^`]+)`")
LEAST = 6     # shorter parts between the `…` tell nothing
# What the program puts in, or together: names, numbers, quotes, and a cause behind a colon.
PIECES = re.compile(r"…|\d+|'[^']*'|\"[^\"]*\"|\([A-Z]+\)|; |: ")
# No messages of the program: keys, commands, metrics. And what the system says.
FOREIGN = re.compile(r"^(maitred |--|[a-z_.]+(: \S+)?$|exit code)|FILE:LINE")
SYSTEM = re.compile(r"^(Address already in use|Permission denied|attempt to)$")


def program_text():
    """All strings of the sources, those that are broken over lines in one piece."""
    text = ""
    for top in ("host", "sdk", "plugins"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".cpp", ".h", ".capnp"):
                text += path.read_text(errors="replace") + "\n"
    text = re.sub(r'"\s*\n?\s*"', "", text)
    return text.replace('\\"', '"')


def problems(path):
    if path != PAGE:
        return
    program = program_text()
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if not line.startswith("| `"):
            continue
        first = line.split(" | ")[0]
        for quote in QUOTE.findall(first):
            if FOREIGN.search(quote):
                continue
            for part in PIECES.split(quote):
                part = part.strip(" ;:,'\"")
                if len(part) >= LEAST and part not in program and not SYSTEM.search(part):
                    yield f"{PAGE.relative_to(ROOT)}:{number}", f"no part of the program says {part!r}"

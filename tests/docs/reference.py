#!/usr/bin/env python3
"""The configuration reference, docs/operate/reference/*.md, is what `maitred config-docs` prints. Compares, or writes.

    tests/docs/reference.py [--maitred build/release/bin/maitred] [--write]
"""
import argparse
import difflib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/operate/reference"
NOTE = "<!-- Written by tests/docs/reference.py from the schemas: change those, and run it with --write. -->"
SUBJECTS = {
    "host": "the core process, and what every entry below `plugins` has",
    "cook": "the queue",
    "local": "the local backend",
    "sim": "the simulated backend",
}


def pages(binary):
    """File name and text of each page."""
    index = ["# Configuration reference", "", NOTE, "",
             "Every key, with its type, range and default. `maitred config-docs NAME` prints the same of the version",
             "that you have, and of other plugins; `maitred check --explain KEY` a single key. The rules of the file",
             "stand in [configuration](../configuration.md).", ""]
    for name, what in SUBJECTS.items():
        printed = subprocess.run([binary, "config-docs", name], capture_output=True, text=True, check=True).stdout
        title, _, rest = printed.partition("\n")
        yield f"{name}.md", f"{title}\n\n{NOTE}\n{rest}"
        index.append(f"- [{name}]({name}.md): {what}")
    yield "README.md", "\n".join(index) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maitred", type=pathlib.Path, default=ROOT / "build/release/bin/maitred")
    parser.add_argument("--write", action="store_true", help="writes the pages instead")
    options = parser.parse_args()
    stale = 0
    FOLDER.mkdir(exist_ok=True)
    known = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    for name, text in pages(options.maitred.resolve()):
        before = known.pop(name, "")
        if options.write:
            (FOLDER / name).write_text(text)
        elif before != text:
            stale += 1
            place = f"docs/operate/reference/{name}"
            lines = difflib.unified_diff(before.splitlines(True), text.splitlines(True), place, "schemas")
            sys.stdout.writelines(lines)
    for name in known:
        stale += 1
        print(f"docs/operate/reference/{name}: belongs to nothing")
    if stale:
        print(f"{stale} pages are not what the schemas say: run tests/docs/reference.py --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The tree's own linter, run as a test. Messages are `file:line: error: what, and what to do`.

Checks: line length 100, function length 70, file length 400 (450 for tests), no leftover marks, includes that
point one way (sdk knows nobody; a plugin knows neither host/ nor another plugin), one title per document.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = {".h", ".cpp", ".capnp", ".lua", ".py", ".sh", ".cmake"}
LINE_MAX = 100
SCHEMA_LINE_MAX = 130     # schema comments stand beside their fields
FUNCTION_MAX = 70
FILE_MAX = 400
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
INCLUDE = re.compile(r'^\s*#include\s+["<]([^">]+)[">]')


def sources():
    for top in ("host", "sdk", "plugins", "lua-policies", "examples", "tests", "scripts", "cmake"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and path.suffix in CODE and "corpus" not in path.parts:
                yield path


def check_lines(path, lines, errors):
    limit = SCHEMA_LINE_MAX if path.suffix in (".capnp", ".cmake") else LINE_MAX
    if path.suffix == ".py" or path.suffix == ".sh" or path.suffix == ".lua":
        limit = 120
    for number, line in enumerate(lines, 1):
        if len(line) > limit:
            errors.append((path, number, f"{len(line)} columns, {limit} are allowed: break the line"))
        if MARKS.search(line):
            errors.append((path, number, "a mark that promises work: do it or file it"))
    if path.suffix in (".h", ".cpp") and len(lines) > FILE_MAX + (50 if "tests" in path.parts else 0):
        errors.append((path, 1, f"{len(lines)} lines, {FILE_MAX} are allowed: split it by subject"))


def check_functions(path, lines, errors):
    """A function body starts on a line that ends with `{` and closes with `}` at the same indentation."""
    opening = re.compile(r"^(\s*)(?!.*\b(namespace|class|struct|enum|union|extern)\b)\S.*\)\s*"
                         r"(const|noexcept|override|final|mutable|->\s*[\w:<>,\s&*]+|\s)*\{$")
    number = 0
    while number < len(lines):
        match = opening.match(lines[number])
        if match and not lines[number].lstrip().startswith(
                ("if", "for", "while", "switch", "}", "//", ":", ",")):
            closing = match.group(1) + "}"
            for end in range(number + 1, len(lines)):
                indent = len(lines[end]) - len(lines[end].lstrip())
                if lines[end].strip() and indent < len(match.group(1)):
                    break   # the brace belonged to an initialiser list
                if lines[end].startswith(closing) and len(lines[end].rstrip()) <= len(closing) + 2:
                    if end - number > FUNCTION_MAX:
                        errors.append((path, number + 1,
                                       f"a function of {end - number} lines, {FUNCTION_MAX} are "
                                       "allowed: give a part of it a name"))
                    break
        number += 1


def check_includes(path, lines, errors):
    parts = path.relative_to(ROOT).parts
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        if parts[0] == "sdk" and target.startswith(("host/", "plugins/")):
            errors.append((path, number, f"the sdk includes nobody, but here {target}"))
        if parts[0] == "plugins":
            if target.startswith("host/"):
                errors.append((path, number, f"a plugin does not include the host: {target}"))
            other = re.match(r"plugins/([^/]+)/", target)
            if other and other.group(1) != parts[1]:
                errors.append((path, number, f"a plugin does not include another: {target}"))
        if parts[0] == "host" and target.startswith("plugins/") and not (ROOT / "host" / target).exists():
            errors.append((path, number, f"the host does not include a plugin: {target}"))


def check_documents(errors):
    for path in sorted((ROOT / "docs").rglob("*.md")) + [ROOT / "README.md"]:
        if not path.exists():
            continue
        lines = path.read_text().splitlines()
        fenced = False
        titles = 0
        for line in lines:
            if line.startswith("```"):
                fenced = not fenced
            titles += not fenced and line.startswith("# ")
        if titles != 1:
            errors.append((path, 1, f"{titles} titles, a document has one"))


def main():
    errors = []
    for path in sources():
        lines = path.read_text(errors="replace").splitlines()
        check_lines(path, lines, errors)
        if path.suffix in (".h", ".cpp"):
            check_functions(path, lines, errors)
            check_includes(path, lines, errors)
    check_documents(errors)
    for path, number, text in errors:
        print(f"{path.relative_to(ROOT)}:{number}: error: {text}")
    print(f"tidy: {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

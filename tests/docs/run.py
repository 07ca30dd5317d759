#!/usr/bin/env python3
"""Runs what the documentation shows: every command in README.md and docs/**/*.md, against a system that is prepared
for the page; checks every configuration, policy and JSON; looks up every `maitred …` command in the sentences.

    tests/docs/run.py [--maitred build/release/bin/maitred] [--verbose] [PAGE…]

What the pages may say about their blocks stands in page.py. Blocks that are not run are listed with their reason.
"""
import argparse
import pathlib
import sys
import time

import commands
import messages
import snippets
from page import PageError, read_page
from world import ROOT, World


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maitred", type=pathlib.Path, default=ROOT / "build/release/bin/maitred")
    parser.add_argument("--verbose", action="store_true", help="names each block that passed")
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    return parser.parse_args()


class Run:
    def __init__(self, options):
        self.options = options
        self.binary = options.maitred.resolve()
        self.failures, self.skipped, self.passed = [], [], 0

    def fail(self, place, problem):
        self.failures.append((place, problem))
        print(f"FAILED {place}\n    " + problem.rstrip().replace("\n", "\n    "), flush=True)

    def page(self, path):
        try:
            page = read_page(path, path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
        except PageError as problem:
            self.fail(*str(problem).split(": ", 1))
            return
        runs = any(block.language in ("sh", "console") for block in page.blocks)
        if "skip" in page.says:
            self.skipped.append((page.path, page.says["reason"]))
        elif runs and "setup" not in page.says:
            self.fail(page.path, 'it shows commands and does not say where they run: write <!-- test: setup=none -->, '
                      'setup=queue, or skip reason="…" below its title (see tests/docs/page.py)')
            return
        world = World(page.says.get("setup", "none"), self.binary)
        try:
            for place, problem in commands.Inline(world).problems(page):
                self.fail(place, problem)
            for block in page.blocks if "skip" not in page.says else ():
                if not self.block(block, world) and block.language in ("sh", "console"):
                    break   # what follows builds on it
        finally:
            world.close()

    def block(self, block, world):
        problem = None
        if "skip" in block.says:
            self.skipped.append((block.place, block.says["reason"]))
            return True
        if "before" in block.says:
            code, printed = world.run(block.says["before"] + "\n")
            problem = commands.verdict(code, 0, printed)
            if problem:
                self.fail(block.place, f"what prepares for it failed: {problem}")
                return False
        if "file" in block.says:
            target = world.folder / block.says["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text)
        if block.language in ("sh", "console"):
            problem = commands.run_block(block, world)
        elif block.language in snippets.CHECKS:
            problem = snippets.CHECKS[block.language](block, world)
        elif block.language not in snippets.UNCHECKED:
            problem = (f"a block of {block.language or 'no language'}: name one, of sh, console, text, "
                       + ", ".join([*snippets.CHECKS, *snippets.UNCHECKED]))
        if problem is not None:
            self.fail(block.place, problem)
            return False
        self.passed += 1
        if self.options.verbose:
            print(f"ok     {block.place} {block.language}", flush=True)
        return True


def main():
    options = arguments()
    run = Run(options)
    if not run.binary.exists():
        print(f"{run.binary} is not built", file=sys.stderr)
        return 2
    pages = [page.resolve() for page in options.pages] or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    began = time.monotonic()
    for path in pages:
        run.page(path)
        for place, problem in messages.problems(path):
            run.fail(place, problem)
    for place, reason in run.skipped:
        print(f"not run {place}: {reason}")
    print(f"docs: {len(pages)} pages, {run.passed} blocks passed, {len(run.skipped)} not run, "
          f"{len(run.failures)} faults, {time.monotonic() - began:.0f} s")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())

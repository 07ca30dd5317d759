#!/usr/bin/env python3
"""N times /bin/true end to end: maitred with its local backend and queue, beside `xargs -P … sh -c true` and
Slurm from Debian, in one run on one machine; prints rates, CPU time and ratios.

  scripts/build.sh release maitred maitred-local maitred-cook
  tests/load/true-batch.py --tasks 5000
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # nothing is left in the source tree

from contenders import Figure, Skipped, cpu_of_children
from maitred_load import run_maitred
from slurm_load import run_slurm

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_xargs(options):
    words = ["xargs", "-P", str(options.parallel), "-n", "1", "sh", "-c", "true"]
    lines = "".join(f"{i}\n" for i in range(options.tasks))
    before, started = cpu_of_children(), time.monotonic()
    subprocess.run(words, input=lines, text=True, check=True)
    return Figure("xargs", options.tasks, time.monotonic() - started, cpu_of_children() - before)


def options_from(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tasks", type=int, default=5000, help="jobs for maitred and xargs")
    parser.add_argument("--slurm-tasks", type=int, help="jobs for Slurm; by default 500 or --tasks, if fewer")
    parser.add_argument("--parallel", type=int, default=32, help="tasks at a time, for all three")
    parser.add_argument("--batch", type=int, default=500, help="jobs in one POST")
    parser.add_argument("--rounds", type=int, default=1, help="how often; the medians are compared")
    parser.add_argument("--only", action="append", choices=["maitred", "xargs", "slurm"], help="repeatable")
    parser.add_argument("--build", default=ROOT / "build/release", help="the folder of the build that is run")
    parser.add_argument("--isolation", default="process", choices=["process", "inline"])
    parser.add_argument("--limits", default="auto", help="`limits` of the local backend")
    parser.add_argument("--processes", action="store_true", help="print the CPU time of each process of maitred")
    parser.add_argument("--no-verify", dest="verify", action="store_false",
                        help="do not ask for every job afterwards whether it succeeded")
    parser.add_argument("--install-slurm", action="store_true", help="apt-get install it if it is missing")
    parser.add_argument("--keep", metavar="DIR", help="leave configs, logs and sandboxes there")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    options = parser.parse_args(words)
    if options.slurm_tasks is None:
        options.slurm_tasks = min(500, options.tasks)
    return options


def rounds_of(name, folder, options):
    """The round with the median rate."""
    figures = []
    for number in range(options.rounds):
        place = pathlib.Path(folder) / f"{name}-{number}"
        if name == "xargs":
            figures.append(run_xargs(options))
        elif name == "maitred":
            figures.append(run_maitred(options.build, place, options))
        else:
            figures.append(run_slurm(place, options))
    return sorted(figures, key=lambda figure: figure.rate)[len(figures) // 2]


def show(figures, skipped, options):
    print(f"/bin/true, {options.parallel} at a time")
    for figure in figures.values():
        print(f"  {figure.name:8} {figure.rate:9.1f} tasks/s  {figure.cpu_per_task:7.3f} ms cpu a task  "
              f"({figure.tasks} tasks in {figure.seconds:.2f} s{', ' if figure.note else ''}{figure.note})")
    for name, why in skipped.items():
        print(f"  {name:8} skipped: {why}")
    ratios = {}
    if "maitred" in figures:
        for name in ("xargs", "slurm"):
            if name in figures:
                ratios[name] = round(figures["maitred"].rate / figures[name].rate, 3)
                print(f"  maitred / {name}: {ratios[name]:.3f}")
    return ratios


def main():
    options = options_from(sys.argv[1:])
    figures, skipped = {}, {}
    with tempfile.TemporaryDirectory(prefix="maitred-load-") as temporary:
        for name in ("xargs", "maitred", "slurm"):
            if options.only and name not in options.only:
                continue
            try:
                figures[name] = rounds_of(name, options.keep or temporary, options)
            except Skipped as reason:
                skipped[name] = str(reason)
    ratios = show(figures, skipped, options)
    if options.json:
        record = {"parallel": options.parallel, "ratios": ratios, "skipped": skipped,
                  "figures": {name: figure.as_dict() for name, figure in figures.items()}}
        pathlib.Path(options.json).write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

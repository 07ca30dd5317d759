#!/usr/bin/env python3
"""How evenly the policies share a cluster, measured on traces that run through the queue's own core on a simulated
clock: with and without the rebalancer, for each policy that ships.

    tests/load/fairness/fairness.py --build build/release [--write] [--hours 24] [--only synthetic|nasa]

Without --write it prints the figures and checks that they are sound; with it the plots in docs/policies are drawn anew.
The synthetic trace is made by seed. The other one is read from `workloads/NASA-iPSC-1993-3.1-cln.swf.gz` of the
Parallel Workloads Archive, looked for in --data and in ../shared/data beside the checkout, and left out with a word
where it is missing.

The measure: at each sample every user is entitled to as much as they want of an equal part of the cluster, what some
leave going to the others (max-min). What a user runs below that is their error; the error of a moment is the sum over
all users, a part of the cluster.
"""
import argparse
import gzip
import pathlib
import random
import statistics
import subprocess
import sys
from dataclasses import dataclass

import plots

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOG = "workloads/NASA-iPSC-1993-3.1-cln.swf.gz"
POLICIES = {"drf": "drf.lua", "priority": "priority.lua", "fifo": "fifo.lua"}
PREEMPTIONS = { "dru": "dru.lua", "least-work": "least-work.lua", "priority": "priority.lua"}
# The scores of fifo are times of submission and no parts of a share: thresholds of the rebalancer mean nothing there.
RUNS = [("drf", ""), ("priority", ""), ("fifo", ""), ("drf", "dru"), ("drf", "least-work"), ("drf", "priority"),
        ("priority", "priority")]


@dataclass
class Trace:
    name: str
    title: str
    jobs: list          # (submit_s, user, cpus, mem_mib, run_s, priority)
    nodes: int
    cpus: int
    mem: int
    sample: int


def synthetic(hours):
    """Two users with endless long jobs, four with bursts, ten who ask for little and often."""
    dice = random.Random(20260401)
    end = hours * 3600
    jobs = []
    for user in ("heavy1", "heavy2"):
        at = 0.0 if user == "heavy1" else 600.0
        while at < end:
            jobs.append((at, user, dice.choice([2, 4]), dice.choice([4096, 8192]), dice.gauss(2400, 600)))
            at += dice.expovariate(1 / 60)
    for number in range(4):
        at = dice.uniform(0, 7200)
        while at < end:
            for _ in range(dice.randint(60, 150)):
                jobs.append((at + dice.uniform(0, 60), f"burst{number + 1}", 1, 2048, dice.gauss(900, 300)))
            at += dice.uniform(5400, 10800)
    for number in range(10):
        at = dice.uniform(0, 600)
        while at < end:
            jobs.append((at, f"small{number + 1:02}", 1, 1024, dice.gauss(300, 100)))
            at += dice.expovariate(1 / 120)
    # Every fourth job of those who ask for little is urgent.
    jobs = sorted((at, user, cpus, mem, max(10, run), 80 if user.startswith("small") and dice.random() < 0.25 else 50)
                  for at, user, cpus, mem, run in jobs)
    return Trace("synthetic", f"Synthetic, {hours} h", jobs, 10, 16, 65536, 60)


def nasa(path, squeeze):
    """Processors of one machine; the log has start times for submit times, so they are brought closer together. A job
    of ours stays on one node, so what ran on several processors of that machine is as many jobs here."""
    jobs = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if line.startswith(";"):
                continue
            cells = line.split()
            run, cpus = float(cells[3]), int(cells[4])
            if run > 0 and 0 < cpus <= 128:
                jobs += [(float(cells[1]) / squeeze, f"user{cells[11]}", 1, 1, run, 50)] * cpus
    return Trace("nasa", "NASA iPSC/860, 1993", sorted(jobs), 16, 8, 8, 1800)


def run(binary, trace, fairness, preemption):
    words = [str(binary), "--nodes", trace.nodes, "--cpus", trace.cpus, "--mem", trace.mem, "--sample", trace.sample,
             "--fairness", ROOT / "lua-policies/fairness" / POLICIES[fairness]]
    if preemption:
        words += ["--rebalance", 300, "--preemption", ROOT / "lua-policies/preemption" / PREEMPTIONS[preemption]]
    text = "".join(f"{at},{user},{cpus},{mem},{seconds:.1f},{priority}\n"
                   for at, user, cpus, mem, seconds, priority in trace.jobs)
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stderr}")
    return Result(done.stdout)


class Result:
    def __init__(self, text):
        self.errors = {}    # time -> sum over users
        self.users = {}     # user -> {time: error}
        self.totals = {}
        for line in text.splitlines():
            if line.startswith("#"):
                self.totals = {key: float(value) for key, value in (pair.split("=") for pair in line[1:].split())}
                continue
            at, user, running, entitled = line.split(",")
            error = max(0.0, float(entitled) - float(running))
            assert 0 <= error <= 1, line
            self.errors[int(at)] = self.errors.get(int(at), 0.0) + error
            self.users.setdefault(user, {})[int(at)] = error

    def mean(self):
        return statistics.fmean(self.errors.values()) if self.errors else 0.0

    def worst(self):
        """The user with the largest mean error while they wanted something."""
        means = {user: statistics.fmean(errors.values()) for user, errors in self.users.items()}
        return max(means.items(), key=lambda one: one[1]) if means else ("-", 0.0)

    def lost(self):
        both = self.totals["lost_cpu_s"] + self.totals["done_cpu_s"]
        return self.totals["lost_cpu_s"] / both if both else 0.0


def label(fairness, preemption):
    return fairness + (f" + {preemption}" if preemption else "")


def table(trace, results):
    lines = [f"| {trace.title} | share error | worst user | preempted | work lost |", "| --- | --- | --- | --- | --- |"]
    for (fairness, preemption), result in results.items():
        user, error = result.worst()
        lines.append(f"| {label(fairness, preemption)} | {result.mean():.3f} | {user} {error:.3f} | "
                     f"{result.totals['preempted']:.0f} | {100 * result.lost():.1f} % |")
    return "\n".join(lines)


def check(trace, results):
    """What must hold whatever the figures are."""
    for (fairness, preemption), result in results.items():
        assert result.errors, f"{trace.name}, {fairness}: nothing was measured"
        assert preemption or result.totals["preempted"] == 0, "who does not preempt loses nothing"
        assert result.totals["finished"] > 0, f"{trace.name}, {fairness}: nothing has ended"
    assert results["drf", ""].mean() <= results["fifo", ""].mean(), "the fair order is not fairer than none"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--hours", type=int, default=6)
    parser.add_argument("--squeeze", type=float, default=2.0)
    parser.add_argument("--only", choices=["synthetic", "nasa"])
    parser.add_argument("--write", action="store_true", help="draw docs/policies/fairness-*.svg anew")
    return parser.parse_args()


def main():
    options = arguments()
    traces = [synthetic(options.hours)] if options.only != "nasa" else []
    if options.only != "synthetic":
        log = options.data / LOG
        if log.exists():
            traces.append(nasa(log, options.squeeze))
        else:
            print(f"left out: there is no {log}")
    for trace in traces:
        results = {}
        for fairness, preemption in RUNS:
            results[fairness, preemption] = run(options.build / "bin/fairness-sim", trace, fairness, preemption)
        print(table(trace, results), end="\n\n", flush=True)
        check(trace, results)
        if options.write:
            plots.draw(ROOT / "docs/policies", trace, results, label)


if __name__ == "__main__":
    sys.exit(main())

"""What the load programs have in common: processes that they start and end, CPU time, figures."""
import os
import resource
import signal
import socket
import subprocess
import time


class Skipped(Exception):
    """A contender that cannot be had here; the text says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=60, pause=0.05):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def cpu_of_children():
    """CPU seconds of all ended and reaped children, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_by_process(root):
    """CPU seconds of a living process and its descendants: [(name, own, of its ended children)]."""
    tick = os.sysconf("SC_CLK_TCK")
    found, pids = [], [root]
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as text:
                name, rest = text.read().split("(", 1)[1].rsplit(")", 1)
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as text:
                    pids += [int(child) for child in text.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        times = [int(value) / tick for value in rest.split()[11:15]]
        found.append((name, times[0] + times[1], times[2] + times[3]))
    return found


class Daemon:
    """A process of ours in the foreground of a group of its own; its output goes to a file."""

    def __init__(self, words, log, **more):
        self.log = log
        self.words = words
        with open(log, "ab") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True, **more)

    def check(self):
        if self.process.poll() is not None:
            with open(self.log, errors="replace") as text:
                tail = text.read()[-2000:]
            raise RuntimeError(f"{self.words[0]} has ended with {self.process.returncode}:\n{tail}")
        return True

    def stop(self, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Figure:
    """One contender's result: tasks in so many seconds of wall clock and of CPU."""

    def __init__(self, name, tasks, seconds, cpu, note=""):
        self.name, self.tasks, self.seconds, self.cpu, self.note = name, tasks, seconds, cpu, note

    @property
    def rate(self):
        return self.tasks / self.seconds

    @property
    def cpu_per_task(self):
        """Milliseconds; it moves less than the rate when others use the machine too."""
        return self.cpu / self.tasks * 1000

    def as_dict(self):
        return {"tasks": self.tasks, "seconds": round(self.seconds, 3), "rate": round(self.rate, 1),
                "cpu_ms_per_task": round(self.cpu_per_task, 3), "note": self.note}

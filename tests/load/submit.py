#!/usr/bin/env python3
"""Durable submissions per second by REST: jobs one by one over many connections, and in batches.

  scripts/build.sh release maitred maitred-local maitred-cook
  tests/load/submit.py

A real `maitred run` in a folder of its own; no job fits its node, so that nothing but submission is
measured. Bodies are made beforehand. Each line is one measurement; the last column is the CPU time
that the processes of maitred spent for one job. An answer 201 means that the jobs are on disk: the
folder (--folder, by default $TMPDIR) should be on one.
"""
import argparse
import http.client
import json
import pathlib
import re
import selectors
import socket
import sys
import tempfile
import time
import uuid

from contenders import Daemon, cpu_by_process, free_port, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = """host:
  state: ./state
  isolation: {isolation}
  http: {{ listen: "127.0.0.1:{host}" }}
plugins:
  - name: local
    library: maitred-local
    listen: {{ files: "127.0.0.1:{files}" }}
    config:
      nodes: {{ small: {{ resources: {{ cpus: 1, mem: 64MiB }} }} }}
      run_as: host
      allow_root: true
  - name: cook
    library: maitred-cook
    uses: {{ backends: [local] }}
    listen: {{ rest: "127.0.0.1:{rest}" }}
    config:
      http: {{ auth: {{ one_user: operator }} }}
"""


def job():
    return {"uuid": str(uuid.uuid4()), "command": "sleep 60 && echo a command of usual length",
            "cpus": 1, "mem": 512, "max_retries": 3, "name": "load"}


def request(batch):
    body = json.dumps({"jobs": [job() for _ in range(batch)]}).encode()
    return (b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


class Connection:
    """One request at a time, kept alive."""
    LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)\r\n", re.I)

    def __init__(self, port, requests):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.requests = requests
        self.unsent, self.received = b"", b""

    def begin(self):
        """False: there is nothing left to send."""
        if not self.requests:
            self.socket.close()
            return False
        self.unsent, self.received = memoryview(self.requests.pop()), b""
        self.send()
        return True

    def send(self):
        try:
            while len(self.unsent):
                self.unsent = self.unsent[self.socket.send(self.unsent):]
        except BlockingIOError:
            pass

    def complete(self):
        """True once the whole answer is there."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise RuntimeError("the connection was closed")
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        length = self.LENGTH.search(self.received)
        if end < 0 or not length or len(self.received) < end + 4 + int(length[1]):
            return False
        if not self.received.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(f"refused: {self.received[:500]!r}")
        return True


def submit(port, requests, connections):
    """Sends all of them; returns the seconds that it took."""
    selector = selectors.DefaultSelector()
    alive = [Connection(port, requests) for _ in range(min(connections, len(requests)))]
    started = time.monotonic()
    left = 0
    for one in alive:
        if one.begin():
            left += 1
            selector.register(one.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, one)
    while left:
        ready = selector.select(60)
        if not ready:
            raise RuntimeError("no answer for 60 s")
        for key, events in ready:
            one = key.data
            if events & selectors.EVENT_WRITE:
                one.send()
                if not len(one.unsent):
                    selector.modify(one.socket, selectors.EVENT_READ, one)
            if events & selectors.EVENT_READ and one.complete():
                if not one.requests:
                    selector.unregister(one.socket)
                if not one.begin():
                    left -= 1
                elif len(one.unsent):
                    selector.modify(one.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, one)
    return time.monotonic() - started


def cpu(daemon):
    return {name: own for name, own, _ in cpu_by_process(daemon.process.pid)}


def measure(daemon, port, what, jobs, batch, connections):
    requests = [request(batch) for _ in range(jobs // batch)]
    count = len(requests) * batch
    before = sum(cpu(daemon).values())
    took = submit(port, requests, connections)
    used = sum(cpu(daemon).values()) - before
    print(f"{what:7} batch {batch:4}  connections {connections:4}  jobs {count:7}  "
          f"{count / took:9.0f} jobs/s  {1e6 * used / count:7.1f} us CPU a job", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000, help="in batches")
    parser.add_argument("--singles", type=int, default=20_000, help="one by one")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--connections", type=int, default=64, help="of single submissions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--isolation", default="process", choices=["process", "inline"])
    parser.add_argument("--build", default=ROOT / "build/release", help="the build that is run")
    parser.add_argument("--folder", help="where the store is; by default a temporary folder")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="maitred-submit-", dir=options.folder) as folder:
        rest, host = free_port(), free_port()
        config = pathlib.Path(folder) / "maitred.yaml"
        config.write_text(CONFIG.format(isolation=options.isolation, host=host, rest=rest,
                                        files=free_port()))
        daemon = Daemon([f"{options.build}/bin/maitred", "run", "--config", str(config)],
                        pathlib.Path(folder) / "log")

        def ready():
            daemon.check()
            connection = http.client.HTTPConnection("127.0.0.1", host, timeout=10)
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except OSError:
                return False
            finally:
                connection.close()

        try:
            wait_for("maitred is ready", ready)
            for _ in range(options.rounds):
                measure(daemon, rest, "single", options.singles, 1, options.connections)
                measure(daemon, rest, "batch", options.jobs, options.batch, 8)
        finally:
            daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A whole maitred, with a configuration that ships, and Cook's own clients beside it."""
import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PACKAGES = ["cook-client==3.9.5", "cook-client-api==0.3.5"]
ROOT = pathlib.Path(__file__).resolve().parents[3]


def clients(folder):
    """Sees to it that the clients are in that virtual environment; the reason if they cannot be."""
    if (folder / "bin" / "cs").exists() and (folder / "complete").exists():
        return None
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check",
                        "--retries", "0", "--timeout", "20", *PACKAGES],
                       check=True, capture_output=True, text=True, timeout=240)
    except subprocess.CalledProcessError as problem:
        lines = str(problem.stderr or problem).strip().splitlines()
        return lines[-1] if lines else "the installation failed"
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    (folder / "complete").write_text("")
    return None


def free_ports(count):
    """For hosts that start later: not of those that the system gives to clients, as a connection might have them."""
    found = []
    for port in random.sample(range(29_600, 30_900), 1000):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


class Maitred:
    """A host with the queue for HTTP Basic as it ships, on free ports and with a folder of its own."""

    def __init__(self, program, folder):
        self.folder = folder
        rest, files, host = free_ports(3)
        self.url, self.host = f"http://127.0.0.1:{rest}", f"http://127.0.0.1:{host}"
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [program, "run", str(ROOT / "examples/cook/http-basic.yaml"), f"--set=host.state={folder}/state",
                 f"--set=host.http.listen=127.0.0.1:{host}", f"--set=plugins.local.listen.files=127.0.0.1:{files}",
                 f"--set=plugins.cook.listen.rest=127.0.0.1:{rest}", "--set=plugins.local.config.run_as=host",
                 "--set=plugins.local.config.allow_root=true"], stdout=log, stderr=log)
        until("the host is ready", self.ready)

    def ready(self):
        try:
            with urllib.request.urlopen(self.host + "/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return False

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def until(what, condition, seconds=60):
    """Polls; fails if it does not become true in time. The condition's value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"in vain waited for: {what}"
        time.sleep(0.05)


class Interop(unittest.TestCase):
    options = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="maitred-interop-")
        path = pathlib.Path(cls.folder.name)
        cls.maitred = Maitred(cls.options.maitred, path)
        (path / "cs.json").write_text(
            '{"clusters": [{"name": "here", "url": "%s"}], "metrics": {"disabled": true}, "http": {"auth": '
            '{"type": "basic", "basic": {"user": "ana", "pass": "any"}}}}' % cls.maitred.url)

    @classmethod
    def tearDownClass(cls):
        cls.maitred.end()
        cls.folder.cleanup()

    def cs(self, *words, code=0, given=""):
        program = str(self.options.venv / "bin" / "cs")
        done = subprocess.run([program, "-C", f"{self.folder.name}/cs.json", *words], input=given, text=True,
                              capture_output=True, timeout=120, cwd=self.folder.name,
                              env={**os.environ, "USER": "ana"})
        self.assertEqual(done.returncode, code, f"cs {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stdout + done.stderr

    def submit(self, *words):
        return self.cs("submit", *words).split()[-1]

    def python(self, program):
        done = subprocess.run([str(self.options.venv / "bin" / "python"), "-c", program, self.maitred.url],
                              text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

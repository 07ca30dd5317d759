"""Where a page's commands run: a folder of its own, on ports of its own, and one shell for the whole page.

    setup=none     an empty folder; `maitred` is found
    setup=queue    a running host in the folder, with the configuration in queue.yaml: the queue and four cpus of
                   local processes; the user `operator` may do everything

In each folder, `examples` and `lua-policies` lead to those of the source tree.
"""
import os
import pathlib
import re
import shutil
import random
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PORTS = {"12321": "cook.listen.rest", "5051": "local.listen.files", "12380": ""}
BLOCK_SECONDS = 30
MARK = "maitred-docs-block-is-done"


def free_ports(count):
    """For hosts that start later: not of those that the system gives to clients, as any connection might have them."""
    found = []
    for port in random.sample(range(29_600, 30_900), 1000):
        if len(found) == count:
            break
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(str(port))
    return found


# In front of the page's commands: `run` and `check` of the configuration that the page has made itself get the
# page's ports, and the rights of a host that runs as an ordinary account.
WRAPPER = """
maitred() {
  case "$1" in
    check) shift
       command maitred check $(grep -qs maitred-local maitred.yaml && [ $# = 0 ] && echo "%(rights)s") "$@" ;;
    run) shift; command maitred run --set host.http.listen=127.0.0.1:%(12380)s \\
           --set plugins.local.listen.files=127.0.0.1:%(5051)s \\
           --set plugins.cook.listen.rest=127.0.0.1:%(12321)s %(rights)s "$@" ;;
    *) command maitred "$@" ;;
  esac
}
sudo() { "$@"; }
"""


class World:
    def __init__(self, setup, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="maitred-docs-"))
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
        for name in ("examples", "lua-policies"):
            (self.folder / name).symlink_to(ROOT / name)
        self.environment = dict(
            os.environ, HOME=str(self.folder), PATH=f"{binary.parent}:{os.environ['PATH']}", LC_ALL="C.UTF-8",
            MAITRED_COOK_URL=f"http://127.0.0.1:{self.ports['12321']}", TZ="UTC")
        self.host = None
        if setup == "queue":
            self.start_host(binary)
        self.shell = subprocess.Popen(
            ["bash", "--norc", "-s"], cwd=self.folder, env=self.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.shell.stdout.fileno(), False)
        rights = "--set plugins.local.config.run_as=host --set plugins.local.config.allow_root=true"
        words = dict(self.ports, rights=rights if os.geteuid() == 0 else "")
        self.run(WRAPPER % words)

    def start_host(self, binary):
        text = self.here((HERE / "queue.yaml").read_text())
        if os.geteuid() == 0:
            text = text.replace("config: { resources", "config: { run_as: host, allow_root: true, resources")
        (self.folder / "maitred.yaml").write_text(text)
        self.host = subprocess.Popen([binary, "run"], cwd=self.folder, env=self.environment,
                                     stdout=open(self.folder / "host.log", "wb"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + BLOCK_SECONDS
        while subprocess.run([binary, "cook", "list", "--of", "operator"], env=self.environment,
                             capture_output=True).returncode != 0:
            if self.host.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the page's host does not run:\n" + (self.folder / "host.log").read_text())
            time.sleep(0.1)

    def present_folder(self):
        """Where the page's shell stands."""
        return pathlib.Path(os.readlink(f"/proc/{self.shell.pid}/cwd"))

    def here(self, text):
        """The text with this page's ports in place of those that the documentation names."""
        return re.sub(r"\b(12321|5051|12380)\b", lambda port: self.ports[port.group(1)], text)

    def there(self, text):
        """What was printed, with the documentation's ports again."""
        for documented, used in self.ports.items():
            text = text.replace(f":{used}", f":{documented}")
        return text

    def run(self, commands):
        """Runs the lines in the page's shell: exit code (None: no end in time) and all that was printed."""
        script = self.folder / ".block"
        script.write_text(self.here(commands))
        line = f"source {script} </dev/null; printf '\\n{MARK} %d\\n' $?\n"
        try:
            self.shell.stdin.write(line.encode())
            self.shell.stdin.flush()
        except BrokenPipeError:
            return None, "the page's shell has ended"
        return self.wait()

    def wait(self):
        printed, deadline = b"", time.monotonic() + BLOCK_SECONDS
        pattern = re.compile(rb"\n" + MARK.encode() + rb" (\d+)\n")
        while time.monotonic() < deadline:
            chunk = self.shell.stdout.read()
            if chunk:
                printed += chunk
                found = pattern.search(printed)
                if found:
                    return int(found.group(1)), self.there(printed[:found.start()].decode(errors="replace"))
            elif self.shell.poll() is not None:
                return None, printed.decode(errors="replace") + "\n(the shell has ended)"
            else:
                time.sleep(0.005)
        return None, printed.decode(errors="replace")

    def close(self):
        self.shell.stdin.close()
        if self.host is not None:
            self.host.send_signal(signal.SIGTERM)
            try:
                self.host.wait(15)
            except subprocess.TimeoutExpired:
                self.host.kill()
                self.host.wait()
        self.end_what_is_left()
        self.shell.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end_what_is_left(self):
        """Tasks outlive their host on purpose; here they must not outlive the page. All that stands in its folder
        was started by the page."""
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                place = os.readlink(entry / "cwd")
                if place == str(self.folder) or place.startswith(f"{self.folder}/"):
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                pass   # it has ended, or is not ours

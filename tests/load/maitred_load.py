"""A real `maitred run` with local backend and queue, loaded through REST."""
import http.client
import json
import pathlib
import re
import time
import uuid

from contenders import Daemon, Figure, cpu_by_process, cpu_of_children, free_port, wait_for

CONFIG = """host:
  state: ./state
  isolation: {isolation}
  http: {{ listen: "127.0.0.1:{host_port}" }}
plugins:
  - name: local
    library: maitred-local
    listen: {{ files: "127.0.0.1:{files_port}" }}
    config:
      nodes: {{ kitchen: {{ resources: {{ cpus: {parallel}, mem: {mem}MiB }} }} }}
      run_as: host
      allow_root: true
      limits: {limits}
  - name: cook
    library: maitred-cook
    uses: {{ backends: [local] }}
    listen: {{ rest: "127.0.0.1:{rest_port}" }}
    config:
      http: {{ auth: {{ one_user: operator }} }}
      admins: [operator]
"""
COMPLETED = re.compile(r'^maitred_cook_jobs\{[^}]*state="completed"[^}]*\} ([0-9.e+]+)$', re.M)
JOB_MEM = 16  # MiB


class Maitred:
    def __init__(self, binaries, folder, options):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.rest_port, self.host_port = free_port(), free_port()
        config = self.folder / "maitred.yaml"
        config.write_text(CONFIG.format(
            host_port=self.host_port, rest_port=self.rest_port, files_port=free_port(),
            parallel=options.parallel, mem=max(1024, options.parallel * JOB_MEM),
            isolation=options.isolation, limits=options.limits))
        self.daemon = Daemon([f"{binaries}/bin/maitred", "run", "--config", str(config)],
                             self.folder / "log")
        self.rest = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=120)
        self.host = http.client.HTTPConnection("127.0.0.1", self.host_port, timeout=30)
        wait_for("maitred is ready", self.ready)

    def ready(self):
        self.daemon.check()
        try:
            return self.get(self.host, "/readyz")[0] == 200
        except OSError:
            self.host.close()
            return False

    @staticmethod
    def get(connection, path):
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def submit(self, bodies):
        for body in bodies:
            self.rest.request("POST", "/jobs", body, {"Content-Type": "application/json"})
            response = self.rest.getresponse()
            text = response.read().decode(errors="replace")
            if response.status != 201:
                raise RuntimeError(f"POST /jobs: {response.status} {text[:500]}")

    def completed(self):
        self.daemon.check()
        found = COMPLETED.search(self.get(self.host, "/metrics")[1])
        return float(found.group(1)) if found else 0

    def failures(self, ids):
        """Ids of those that did not end in success."""
        bad = []
        for at in range(0, len(ids), 100):
            query = "&".join("uuid=" + one for one in ids[at:at + 100])
            status, text = self.get(self.rest, "/jobs?" + query)
            if status != 200:
                raise RuntimeError(f"GET /jobs: {status} {text[:500]}")
            bad += [job["uuid"] for job in json.loads(text) if job["state"] != "success"]
        return bad

    def stop(self):
        self.rest.close()
        self.host.close()
        self.daemon.stop()


def bodies_of(count, batch):
    """Made before the clock runs: a client's own work is not what is measured."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    job = {"command": "/bin/true", "cpus": 1, "mem": JOB_MEM, "max_retries": 1}
    bodies = [json.dumps({"jobs": [{"uuid": one, **job} for one in ids[at:at + batch]]})
              for at in range(0, count, batch)]
    return ids, bodies


def run_maitred(binaries, folder, options):
    ids, bodies = bodies_of(options.tasks, options.batch)
    before = cpu_of_children()
    system = Maitred(binaries, folder, options)
    try:
        started = time.monotonic()
        system.submit(bodies)
        submitted = time.monotonic() - started
        most = 60 + options.tasks / 10
        wait_for("all jobs are completed", lambda: system.completed() >= options.tasks, most, 0.1)
        seconds = time.monotonic() - started
        if options.processes:
            for name, own, ended in cpu_by_process(system.daemon.process.pid):
                print(f"  {name:15} {own / options.tasks * 1000:7.3f} ms cpu a task, "
                      f"its ended children {ended / options.tasks * 1000:7.3f}")
        if options.verify and (bad := system.failures(ids)):
            raise RuntimeError(f"{len(bad)} of {len(ids)} jobs did not succeed, e.g. {bad[0]}; "
                               f"see {system.daemon.log}")
    finally:
        system.stop()
    note = f"submitted within {submitted:.2f} s"
    return Figure("maitred", options.tasks, seconds, cpu_of_children() - before, note)

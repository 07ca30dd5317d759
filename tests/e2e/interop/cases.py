"""What Cook's clients are made to do."""
import json

from base import Interop, until


class CommandLine(Interop):
    def test_submits_waits_and_shows(self):
        group = "5b1f8d7e-5b10-4c3c-9d57-000000000001"
        uuid = self.submit("-n", "pick", "--max-retries", "2", "--ports", "5", "-e", "FRUIT=pear", "-l", "a=b",
                           "-g", group, "-G", "fruit", "--constraint", "HOSTNAME=kitchen", "--checkpoint",
                           "echo $FRUIT; exit 0")
        self.cs("wait", "--timeout", "60", "--interval", "1", uuid)
        shown = self.cs("show", uuid)
        for part in (uuid, "Success", "HOSTNAME", "kitchen", "pick", "default"):
            self.assertIn(part, shown)
        job = json.loads(self.cs("show", "--json", uuid))["clusters"]["here"]["jobs"][0]
        self.assertEqual(job["groups"], [group])
        self.assertEqual(len(job["instances"][0]["ports"]), 5)
        self.assertIn("Job Instance: " + job["instances"][0]["task_id"],
                      self.cs("show", job["instances"][0]["task_id"]))
        self.assertIn("(fruit)", self.cs("show", group))
        self.assertIn(uuid, self.cs("show", f"{self.maitred.url}/jobs/{uuid}"))
        self.cs("wait", "--timeout", "60", group)

    def test_tells_why_something_is_refused(self):
        for words, text in ((["-c", "11"], "Requested 11.0 cpus, but only allowed to use 10.0"),
                            (["-P", "retired"], "retired is not accepting job submissions."),
                            (["-P", "nowhere"], "nowhere is not a valid pool name.")):
            self.assertIn(text, self.cs("submit", *words, "ls", code=1))
        self.assertIn("No matching data found", self.cs("show", "00000000-0000-4000-8000-000000000000", code=1))

    def test_submits_many_from_standard_input(self):
        out = self.cs("submit", "-P", "second", given="echo one\necho two\n")
        uuids = out.split()[-2:]
        self.cs("wait", "--timeout", "60", "--interval", "1", *uuids)
        raw = self.cs("submit", "--raw", given=json.dumps([{"command": "true", "cpus": 0.5}])).split()[-1]
        self.cs("wait", "--timeout", "60", "--interval", "1", raw)

    def test_reads_the_sandbox(self):
        uuid = self.submit("mkdir d; echo x > d/f; i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done")
        self.cs("wait", "--timeout", "60", "--interval", "1", uuid)
        self.assertEqual(self.cs("ls", uuid).split(), ["d", "stderr", "stdout"])
        self.assertIn("drwx", self.cs("ls", "-l", uuid))
        self.assertTrue(json.loads(self.cs("ls", "--json", uuid, "d"))[0]["path"].endswith("/d/f"))
        self.assertEqual(len(self.cs("cat", uuid, "stdout").splitlines()), 2000)
        self.assertEqual(self.cs("tail", "-n", "2", uuid), "line 1998\nline 1999\n")
        self.assertEqual(self.cs("tail", "-n", "5000", uuid).split("\n")[0], "line 0")
        self.assertEqual(self.cs("tail", uuid, "stderr"), "")
        for words in (("ls", uuid, "nothing"), ("cat", uuid, "d"), ("cat", uuid, "nothing"), ("tail", uuid, "d")):
            self.cs(*words, code=1)

    def test_lists_counts_and_kills(self):
        running = self.submit("-n", "list.me", "-P", "second", "-g", "5b1f8d7e-5b10-4c3c-9d57-000000000009",
                              "sleep 600")
        single = self.submit("-n", "list.me", "sleep 600")
        until("both run", lambda: len(self.cs("jobs", "-1", "-r", "-n", "list*").split()) == 2)
        self.assertIn(running, self.cs("jobs", "-r", "-P", "second"))
        self.assertNotIn(single, self.cs("jobs", "-r", "-P", "second"))
        self.assertIn(single, self.cs("jobs", "-w", "-r", "-c", "--exclude-custom-executor"))
        pools = json.loads(self.cs("usage", "--json"))["clusters"]["here"]["pools"]
        self.assertEqual(set(pools), {"default", "second", "retired"})
        self.assertEqual(pools["second"]["count"], 1)
        self.assertIn("(inactive)", self.cs("usage"))
        self.assertIn("Successful: 1, Failed: 0", self.cs("kill", "5b1f8d7e-5b10-4c3c-9d57-000000000009"))
        self.assertIn("Killed job " + single, self.cs("kill", single))
        until("they are over", lambda: "Failed" in self.cs("show", running) and "Failed" in self.cs("show", single))


class JobClient(Interop):
    def test_submits_queries_and_kills(self):
        out = self.python(JOB_CLIENT)
        self.assertEqual(out.splitlines()[-3:], ["SUCCESS 0:03:00 ana second", "FAILED", "2"])


JOB_CLIENT = r'''
import contextlib, io, sys, time
from datetime import timedelta
from cookclient import JobClient
from cookclient.jobs import Application, State, Status
from requests.auth import HTTPBasicAuth

def quietly(call, *args, **more):
    with contextlib.redirect_stdout(io.StringIO()):
        return call(*args, **more)

def until(uuid, wanted):
    for _ in range(600):
        job = quietly(client.query, uuid)
        if job.state == wanted:
            return job
        time.sleep(0.1)
    raise SystemExit(f"{uuid} is {job.state}")

client = JobClient(sys.argv[1], auth=HTTPBasicAuth("ana", "any"))
first = quietly(client.submit, command="true", cpus=0.5, mem=64.0, max_retries=2, name="py", env={"A": "B"},
                labels={"x": "y"}, max_runtime=timedelta(minutes=3), application=Application("a", "1"),
                priority=60, pool="second")
job = until(first, State.SUCCESS)
assert job.status == Status.COMPLETED and job.instances[0].end_time is not None
print(job.state, job.max_runtime, job.user, job.pool)
second = quietly(client.submit, command="sleep 600", cpus=1.0, mem=64.0)
quietly(client.kill, second)
print(until(second, State.FAILED).state)
both = quietly(client.submit_all, [{"command": "true", "cpus": 1, "mem": 64}] * 2)
print(len(quietly(client.query_all, both)))
'''

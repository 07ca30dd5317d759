"""Slurm from Debian on loopback, with everything that it writes below one folder."""
import getpass
import os
import pathlib
import shutil
import subprocess
import time

from contenders import Daemon, Figure, Skipped, cpu_of_children, free_port, wait_for

PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge"]
PROGRAMS = ["slurmctld", "slurmd", "munged", "sbatch", "squeue", "sinfo"]
# Tuned as Slurm's own guide for high throughput advises: short intervals, no accounting, no prolog.
CONFIG = """ClusterName=load
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldDebug=error
SlurmdDebug=error
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
MaxJobCount=200000
MaxArraySize=200001
MinJobAge=300
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=1000,sched_max_job_start=0,default_queue_depth=10000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={parallel} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def path_of(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def install():
    """Debian's packages; their services stay off, since the programs here run with a config of their own."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Skipped("installing " + " ".join(PACKAGES) + " needs root and apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["apt-get", "update"],
                  ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(words, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise Skipped(f"{' '.join(words[:2])} failed: {done.stderr.strip()[-300:]}")


class Slurm:
    def __init__(self, folder, parallel):
        self.folder = pathlib.Path(folder)
        self.daemons = []
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        host = os.uname().nodename.split(".")[0]
        config = self.folder / "slurm.conf"
        config.write_text(CONFIG.format(host=host, folder=self.folder, user=getpass.getuser(),
                                        parallel=parallel, ctld_port=free_port(),
                                        slurmd_port=free_port()))
        (self.folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        self.environment = {**os.environ, "SLURM_CONF": str(config)}
        try:
            self.start(host)
        except BaseException:
            self.stop()
            raise

    def start(self, host):
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self.folder.chmod(0o755)
        munge = self.folder / "munge.socket"
        self.run([path_of("munged"), "--foreground", "--force", f"--key-file={key}",
                  f"--socket={munge}", f"--pid-file={self.folder}/munge.pid",
                  f"--seed-file={self.folder}/munge.seed",
                  f"--log-file={self.folder}/munge.log"], "munged")
        wait_for("munged answers", lambda: self.alive() and munge.exists())
        self.run([path_of("slurmctld"), "-D", "-i"], "slurmctld")
        self.run([path_of("slurmd"), "-D", "-N", host], "slurmd")
        wait_for("Slurm's node is idle", lambda: self.alive() and "idle" in self.ask("sinfo", "-h", "-o", "%t"))

    def run(self, words, name):
        self.daemons.append(Daemon(words, self.folder / f"{name}.out", env=self.environment))

    def alive(self):
        return all(daemon.check() for daemon in self.daemons)

    def ask(self, *words):
        return subprocess.run([path_of(words[0]), *words[1:]], env=self.environment, text=True,
                              capture_output=True).stdout

    def submit(self, count):
        words = [path_of("sbatch"), f"--array=1-{count}", "--output=/dev/null", "--ntasks=1",
                 "--wrap=/bin/true"]
        done = subprocess.run(words, env=self.environment, text=True, capture_output=True,
                              cwd=self.folder)
        if done.returncode != 0:
            raise RuntimeError(f"sbatch: {done.stderr.strip()}")

    def waiting(self):
        return self.alive() and self.ask("squeue", "-h", "-o", "%i %t").strip() != ""

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()


def run_slurm(folder, options):
    missing = [name for name in PROGRAMS if path_of(name) is None]
    if missing and options.install_slurm:
        install()
        missing = [name for name in PROGRAMS if path_of(name) is None]
    if missing:
        raise Skipped(f"not installed: {', '.join(missing)} (Debian packages {' '.join(PACKAGES)}; "
                      "--install-slurm installs them)")
    before = cpu_of_children()
    system = Slurm(folder, options.parallel)
    try:
        started = time.monotonic()
        system.submit(options.slurm_tasks)
        wait_for("Slurm's jobs are completed", lambda: not system.waiting(),
                 60 + options.slurm_tasks, 0.2)
        seconds = time.monotonic() - started
        states = system.ask("squeue", "-h", "-r", "--states=all", "-o", "%T").split()
        bad = [one for one in states if one != "COMPLETED"]
        if bad or len(states) != options.slurm_tasks:
            raise RuntimeError(f"Slurm shows {len(states)} jobs, of which {len(bad)} did not complete")
    finally:
        system.stop()
    return Figure("slurm", options.slurm_tasks, seconds, cpu_of_children() - before, "one job array")

"""Load on a server, and what it costs the server."""
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SERVER_CORE, CLIENT_CORE = 0, 1  # on a machine with one core both are on it


@dataclass
class Sample:
    """One round."""
    seconds: float
    requests: int
    bytes: int  # with headers
    p50: float  # milliseconds
    p99: float
    errors: int
    cpu: float  # seconds of the worker
    memory: float  # of the worker, MiB

    @property
    def per_second(self):
        return self.requests / self.seconds

    @property
    def megabytes(self):
        return self.bytes / self.seconds / 1e6

    @property
    def cpu_per_gigabyte(self):
        return self.cpu / self.bytes * 1e9

    @property
    def cpu_per_request(self):
        return self.cpu / self.requests * 1e6  # µs

    @property
    def busy(self):
        return self.cpu / self.seconds


REAL_TIME = []  # or what makes a command run before all others


def use_real_time():
    """For a machine that others use: wake-ups that wait for their turn would be measured. False without the right to."""
    command = ["chrt", "--fifo", "1"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        return False
    REAL_TIME[:] = command
    return True


def core(which):
    """The number of SERVER_CORE or CLIENT_CORE."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[which % len(cores)]


def pinned(which, command):
    return [*REAL_TIME, "taskset", "-c", str(core(which)), *map(str, command)]


def cpu_seconds(pid):
    """Of all threads of a process, as the scheduler counts them (nanoseconds; /proc/PID/stat has hundredths only)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass  # it has ended
    return total / 1e9


class Background:
    """`with`: wrk asks for the paths all the time; nothing is measured."""

    def __init__(self, server, paths, connections):
        listed = server.folder / "background"
        listed.write_text("\n".join(paths) + "\n")
        self.command = ["wrk", "-t1", f"-c{connections}", "-d600s", "--timeout", "30s", "-s", HERE / "wrk.lua",
                        server.origin(), "--", listed]

    def __enter__(self):
        self.process = subprocess.Popen(pinned(CLIENT_CORE, self.command), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def run_wrk(server, origin, paths, connections, seconds, headers=None):
    """Asks for the paths in turn, over so many connections, for so many seconds (whole ones)."""
    listed = server.folder / "paths"
    listed.write_text("\n".join(paths) + "\n")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", HERE / "wrk.lua"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    command += [origin, "--", listed]
    before = cpu_seconds(server.worker)
    done = subprocess.run(pinned(CLIENT_CORE, command), capture_output=True, text=True)
    cpu = cpu_seconds(server.worker) - before
    line = next((line for line in done.stdout.splitlines() if line.startswith("JSON ")), None)
    if line is None:
        raise RuntimeError(f"wrk failed: {done.stderr or done.stdout}")
    told = json.loads(line[5:])
    if told["requests"] == 0:
        raise RuntimeError(f"no request for {paths[0]} was answered in {seconds} s")
    return Sample(cpu=cpu, memory=server.memory()[0], **told)

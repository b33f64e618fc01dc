"""Instructions of the worker for a request, counted by callgrind: what a busy machine does not change.

Only user space is counted, so what the kernel does for a send or a read is not in it.
"""
import http.client
import shutil
import subprocess
from pathlib import Path

from cases import prepare
from server import Server

WARM, COUNTED = 24, 48


def available():
    return shutil.which("valgrind") is not None


class Counted:
    """An nginx under callgrind; each profile stays in the folder `profiles`, for callgrind_annotate."""

    def __init__(self, folder, root, profiles, **options):
        self.profiles = Path(profiles)
        shutil.rmtree(self.profiles, ignore_errors=True)
        self.profiles.mkdir(parents=True)
        command = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={self.profiles}/end"]
        self.server = Server(folder, root, command=command, alone=True, connections=500, **options)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def count(self, name, paths):
        """(instructions, bytes of the bodies) for one request, once all is warm."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        try:
            ask(connection, paths, WARM)
            self._control("--zero")
            size = ask(connection, paths, COUNTED)
            self._control(f"--dump={name}")
        finally:
            connection.close()
        newest = max(self.profiles.glob("end.*"), key=lambda p: int(p.suffix[1:]))
        kept = self.profiles / f"{name}.callgrind"
        newest.rename(kept)
        return totals(kept) / COUNTED, size / COUNTED

    def _control(self, option):
        done = subprocess.run(["callgrind_control", option, str(self.server.process.pid)], capture_output=True, text=True)
        if done.returncode != 0 or "Error" in done.stdout:
            raise RuntimeError(f"callgrind_control {option}: {done.stderr or done.stdout}")


def ask(connection, paths, count):
    size = 0
    for i in range(count):
        connection.request("GET", paths[i % len(paths)])
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{paths[i % len(paths)]}: {answer.status}")
        size += len(body)
    return size


def totals(profile):
    with open(profile, errors="replace") as lines:
        for line in lines:
            if line.startswith(("summary:", "totals:")):
                return int(line.split()[1])
    raise RuntimeError(f"{profile} has no total")


def measure(counted, case):
    """Rows of one case."""
    pair = prepare(counted.server, case)
    ours, size = counted.count(f"{case.name}-ours", pair.ours)
    baseline, _ = counted.count(f"{case.name}-baseline", pair.baseline)
    return {"case": case.name, "connections": 1, "ours": round(ours), "baseline": round(baseline),
            "ratio": round(ours / baseline, 3), "unit": "instructions/request", "bytes": round(size)}

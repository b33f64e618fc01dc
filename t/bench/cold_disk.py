"""What viewers of warm titles notice of others who ask for titles that a slow disk has to give."""
import ctypes
import mmap
import multiprocessing
import os
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import load
import slow_disk
from cases import Urls
from clients import SlowClient, run_viewers
from stats import interval
from titles import MINUTE, TWO_HOURS

SPEED = 8 << 20  # bytes a second
READERS = 64  # more than nginx's own thread pool has threads
VIEWERS, PACE, SECONDS = 1000, 1, 4  # each asks so often, in seconds, for so long
HEAD_START = 3  # seconds that the readers of cold titles have: the kernel lets them read more than SPEED at first


@contextmanager
def kept_in_memory(path):
    """A kernel that reclaims ahead of need may take a page of a warm title otherwise, which then waits for the disk, too."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
        begin = (ctypes.c_char * len(pages)).from_buffer(pages)
        if ctypes.CDLL(None, use_errno=True).mlock(begin, ctypes.c_size_t(len(pages))) != 0:
            raise OSError(ctypes.get_errno(), "mlock")
        try:
            yield
        finally:
            del begin


def drop_from_memory(folder):
    for path in folder.glob("*.mp4"):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)


def read_cold(port, folder, paths, stop):
    """Clients of titles that are in nobody's memory, until told to stop. A process of its own."""
    # Neither the server nor those who are measured shall wait for it.
    os.sched_setaffinity(0, {load.core(load.CLIENT_CORE)})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    def read(first):
        number = first
        while not stop.is_set():
            drop_from_memory(folder)
            client = SlowClient(port, paths[number % len(paths)])
            client.socket.settimeout(0.5)
            number += READERS
            while not client.ended and not stop.is_set():
                client.take(1 << 20)
            client.socket.close()

    threads = [threading.Thread(target=read, args=(i,)) for i in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class ColdTraffic:
    """`with`: the readers run."""

    def __init__(self, server, folder, paths):
        self.stop = multiprocessing.Event()
        self.process = multiprocessing.Process(target=read_cold, args=(server.port, folder, paths, self.stop))

    def __enter__(self):
        self.process.start()
        time.sleep(HEAD_START)

    def __exit__(self, *_):
        self.stop.set()
        self.process.join(30)


def settle(server):
    """Until the disk has given what those who have left asked for."""
    before, deadline = -1, time.monotonic() + 20
    while before != (now := slow_disk.bytes_from_disk(server.worker)) and time.monotonic() < deadline:
        before = now
        time.sleep(0.3)


def p99(values):
    return sorted(values)[len(values) * 99 // 100]


def main_thread(pid):
    """Seconds that an nginx worker's event loop has run, and that it has waited for a core, so far."""
    ran, waited, _ = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9


@dataclass
class Watched:
    """What viewers of warm titles saw in one go."""
    p99: float  # milliseconds
    ran: float  # of a second, by the event loop
    waited: float  # of a second, by it for a core

    @classmethod
    def watch(cls, server, paths):
        before = main_thread(server.worker)
        latencies, failed, _ = run_viewers(server, paths, VIEWERS, PACE, SECONDS, first=True)
        ran, waited = (b - a for a, b in zip(before, main_thread(server.worker)))
        if failed:
            raise RuntimeError(f"cold-disk: {failed} failures; {server.last_error()}")
        return cls(p99(latencies), ran / SECONDS, waited / SECONDS)


def as_static_files(server, paths):
    """What the paths answer, as files of nginx's own: (their folder, their paths)."""
    folder = server.folder / "static" / "cold"
    folder.mkdir(exist_ok=True)
    for number, path in enumerate(paths):
        (folder / f"{number}.mp4").write_bytes(server.get(path))
    os.sync()  # pages that are not on the disk yet cannot be dropped
    return folder, [f"/static/cold/{number}.mp4" for number in range(len(paths))]


def row(what, watched, alone):
    ratio, low, high = interval([a.p99 / b.p99 for a, b in zip(watched, alone)])
    return {"case": f"cold-disk: {what}", "connections": VIEWERS, "ours": round(median(w.p99 for w in watched), 3),
            "baseline": round(median(w.p99 for w in alone), 3), "ratio": round(ratio, 3), "low": round(low, 3),
            "high": round(high, 3), "unit": "ms", "rounds": len(watched),
            "event loop ran": [round(median(w.ran for w in side), 4) for side in (watched, alone)],
            "event loop waited": [round(median(w.waited for w in side), 4) for side in (watched, alone)]}


def cold_disk(stage):
    """p99 of warm titles beside cold ones, CMAF or TS, that a disk of 8 MiB a second has to give, by p99 without; and beside static files."""
    if not slow_disk.available():
        return [{"case": "cold-disk", "connections": VIEWERS, "ours": None, "baseline": None, "ratio": None,
                 "unit": "not measured: needs root and a controller of I/O"}]
    with stage.start() as server:
        urls = Urls(server)
        warm = urls.segments(MINUTE, "cmaf", "240p", MINUTE.segments())
        ts, cmaf = ([path for rendition in ("1080p", "720p")
                     for path in urls.segments(TWO_HOURS, format, rendition, TWO_HOURS.segments())] for format in ("hls", "cmaf"))
        folder = stage.root / TWO_HOURS.name
        cold = {"CMAF": (folder, cmaf), "TS": (folder, ts), "static files": as_static_files(server, cmaf), "none": None}
        seen = {name: [] for name in cold}
        with kept_in_memory(stage.root / MINUTE.name / "240p.mp4"), slow_disk.SlowDisk(server.worker, stage.root, SPEED):
            Watched.watch(server, warm)
            begun, before = time.monotonic(), slow_disk.bytes_from_disk(server.worker)
            for number in range(stage.rounds):
                for name in list(cold)[::1 if number % 2 == 0 else -1]:
                    settle(server)
                    with ColdTraffic(server, *cold[name]) if cold[name] else nullcontext():
                        seen[name].append(Watched.watch(server, warm))
            read = (slow_disk.bytes_from_disk(server.worker) - before) / (time.monotonic() - begun)
    rows = [row(f"p99 beside cold {name}", watched, seen["none"]) for name, watched in seen.items() if name != "none"]
    for ours in rows[:2]:
        ours.update({"target": "<= 1.2", "met": ours["ratio"] <= 1.2})
    return [*rows,
            {"case": "cold-disk: read from it", "connections": READERS, "ours": round(read / 1e6, 3),
             "baseline": None, "ratio": None, "unit": "MB/s"}]

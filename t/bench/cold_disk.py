"""What viewers of warm titles notice of others who ask for titles that a slow disk has to give."""
import ctypes
import mmap
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import load
import page_cache
import slow_disk
from cases import Urls
from clients import SlowClient, run_viewers
from stats import interval
from titles import MINUTE

SPEED = 8 << 20  # bytes a second
COPIES = 10  # of a title
READERS = 64  # more than nginx's own thread pool has threads
MEMORY = 128 << 20  # bytes, for files among others: what a reader asks for was never read before, or is long gone
VIEWERS, PACE, SECONDS = 1000, 1, 6  # each asks so often, in seconds, for so long
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


def read_cold(port, paths, number, stop):
    """Clients of titles that are in nobody's memory, until told to stop. A process of its own."""
    # Neither the server nor those who are measured shall wait for it.
    os.sched_setaffinity(0, {load.core(load.CLIENT_CORE)})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    def next_path():
        with number.get_lock():
            number.value += 1
            return paths[number.value % len(paths)]

    def read():
        while not stop.is_set():
            client = SlowClient(port, next_path())
            client.socket.settimeout(0.5)
            while not client.ended and not stop.is_set():
                client.take(1 << 20)
            client.socket.close()

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class ColdTraffic:
    """`with`: the readers run. They go on with the paths behind those that the readers before them had: `number`."""

    def __init__(self, server, paths, number):
        self.stop = multiprocessing.Event()
        self.process = multiprocessing.Process(target=read_cold, args=(server.port, paths, number, self.stop))

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


@contextmanager
def copies(root):
    """A folder of titles of their own bytes: more than MEMORY, so that what is asked for once more is not there any more."""
    folder = Path(tempfile.mkdtemp(prefix="cold-", dir=root))
    try:
        for number in range(COPIES):
            shutil.copytree(root / MINUTE.name, folder / str(number))
        yield folder
    finally:
        shutil.rmtree(folder)


def as_static_files(server, folder, paths):
    """What the paths answer, as files of nginx's own: their paths."""
    for number, path in enumerate(paths):
        (folder / f"{number}.mp4").write_bytes(server.get(path))
    return [f"/{folder.name}/{number}.mp4" for number in range(len(paths))]


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
                 "unit": "not measured: needs root and the kernel's controllers of I/O and memory"}]
    with copies(stage.root) as folder:
        with stage.start(locations=f"location /{folder.name}/ {{ root {stage.root}; }}") as server:
            seen, read = measure(server, stage, folder)
    rows = [row(f"p99 beside cold {name}", watched, seen["none"]) for name, watched in seen.items() if name != "none"]
    for ours in rows[:2]:
        ours.update({"target": "<= 1.2", "met": ours["ratio"] <= 1.2})
    return [*rows,
            {"case": "cold-disk: read from it", "connections": READERS, "ours": round(read / 1e6, 3),
             "baseline": None, "ratio": None, "unit": "MB/s"}]


def measure(server, stage, folder):
    """({what is cold: what was Watched in each round}, bytes a second that came from the disk beside cold titles)."""
    urls = Urls(server)
    warm = urls.segments(MINUTE, "cmaf", "240p", MINUTE.segments())
    ts, cmaf = ([path for copy in range(COPIES) for rendition in ("1080p", "720p") for path in
                 urls.segments(f"{folder.name}/{copy}", format, rendition, MINUTE.segments())] for format in ("hls", "cmaf"))
    cold = {"CMAF": cmaf, "TS": ts, "static files": as_static_files(server, folder, cmaf), "none": None}
    seen, number, bytes_read, seconds = {name: [] for name in cold}, multiprocessing.Value("L", 0), 0, 0
    page_cache.drop(folder)
    with kept_in_memory(stage.root / MINUTE.name / "240p.mp4"), \
         slow_disk.slow_disk(server.worker, stage.root, SPEED, MEMORY):
        with ColdTraffic(server, cmaf, number):
            time.sleep(MEMORY / SPEED)  # memory that has never been used takes the kernel longer
        for turn in range(stage.rounds):
            for name in list(cold)[::1 if turn % 2 == 0 else -1]:
                settle(server)
                with ColdTraffic(server, cold[name], number) if cold[name] else nullcontext():
                    begun, before = time.monotonic(), slow_disk.bytes_from_disk(server.worker)
                    seen[name].append(Watched.watch(server, warm))
                    if cold[name]:
                        bytes_read += slow_disk.bytes_from_disk(server.worker) - before
                        seconds += time.monotonic() - begun
    return seen, bytes_read / seconds

"""What viewers of warm titles notice of others who ask for titles that a slow disk has to give."""
import ctypes
import mmap
import multiprocessing
import os
import threading
import time
from contextlib import contextmanager, nullcontext
from statistics import median

import slow_disk
from cases import Urls
from clients import SlowClient, run_viewers
from stats import interval
from titles import MINUTE, TWO_HOURS

SPEED = 8 << 20  # bytes a second
READERS = 64  # more than nginx's own thread pool has threads
VIEWERS, PACE, SECONDS = 1000, 1, 2  # each asks so often, in seconds, for so long
HEAD_START = 1.5  # seconds that the readers of cold titles have, so that their beginning is not what is measured


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
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # so that it does not itself delay those that are measured

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


def watch(server, paths):
    """The slowest hundredth of the answers to viewers of warm titles, ms."""
    latencies, failed, _ = run_viewers(server, paths, VIEWERS, PACE, SECONDS)
    if failed:
        raise RuntimeError(f"cold-disk: {failed} failures; {server.last_error()}")
    return p99(latencies)


def cold_disk(stage):
    """Warm titles beside cold ones that a disk of 8 MiB a second has to give: p99 with / without them."""
    if not slow_disk.available():
        return [{"case": "cold-disk", "connections": VIEWERS, "ours": None, "baseline": None, "ratio": None,
                 "unit": "not measured: needs root and a controller of I/O"}]
    with stage.start() as server:
        urls = Urls(server)
        warm = urls.segments(MINUTE, "cmaf", "240p", MINUTE.segments())
        cold = [path for rendition in ("1080p", "720p") for format in ("hls", "cmaf")
                for path in urls.segments(TWO_HOURS, format, rendition, TWO_HOURS.segments())]
        with kept_in_memory(stage.root / MINUTE.name / "240p.mp4"), slow_disk.SlowDisk(server.worker, stage.root, SPEED):
            watch(server, warm)
            begun = time.monotonic()
            before, beside, alone = slow_disk.bytes_from_disk(server.worker), [], []
            for number in range(stage.rounds):
                for with_others in (False, True) if number % 2 == 0 else (True, False):
                    traffic = ColdTraffic(server, stage.root / TWO_HOURS.name, cold) if with_others else nullcontext()
                    settle(server)
                    with traffic:
                        (beside if with_others else alone).append(watch(server, warm))
            read = (slow_disk.bytes_from_disk(server.worker) - before) / (time.monotonic() - begun)
    ratio, low, high = interval([a / b for a, b in zip(beside, alone)])
    return [{"case": "cold-disk: p99 of warm titles", "connections": VIEWERS, "ours": round(median(beside), 3),
             "baseline": round(median(alone), 3), "ratio": round(ratio, 3), "low": round(low, 3), "high": round(high, 3),
             "unit": "ms", "rounds": stage.rounds, "target": "<= 1.2", "met": ratio <= 1.2},
            {"case": "cold-disk: read from it", "connections": READERS, "ours": round(read / 1e6, 3),
             "baseline": None, "ratio": None, "unit": "MB/s"}]

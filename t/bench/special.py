"""What is not a rate: memory of indexes, cold titles, slow clients, many viewers."""
import functools
import http.client
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Callable

from cases import Urls
from clients import SlowClient, run_viewers
from cold_disk import cold_disk
from services_cases import pictures, stream
from titles import MINUTE, TWO_HOURS

KIB = 1024


@dataclass
class Stage:
    """What a case is run with."""
    start: Callable  # start(**options): a Server that serves the titles, for `with`
    root: Path  # of the titles
    rounds: int
    seconds: int
    connections: list = None  # or each case's own


def row(case, connections, ours, unit, target, met):
    return {"case": case, "connections": connections, "ours": round(ours, 3), "baseline": None, "ratio": None,
            "unit": unit, "target": target, "met": met}


def fresh_copies(root, title, count):
    """Titles that no index knows, of the same files."""
    folder = Path(tempfile.mkdtemp(prefix="copies-", dir=root))
    for i in range(count):
        if (root / title).is_dir():
            shutil.copytree(root / title, folder / str(i), copy_function=os.link)
        else:
            os.link(root / title, folder / f"{i}.mp4")
    return folder


def memory(server, root):
    """Shared memory that the indexes of two-hour titles take, for each rendition and for an ordinary MP4."""
    rows = []
    for title, renditions, limit, what in ((TWO_HOURS.name, 5, 64, "a two-hour rendition"),
                                           ("plain-two-hours.mp4", 1, 1024, "an ordinary two-hour MP4")):
        copies = fresh_copies(root, title, 8)
        try:
            before = server.zone_used()
            for copy in sorted(copies.iterdir()):
                server.get(f"/built/{copies.name}/{copy.name}/cmaf/master.m3u8")
            used = (server.zone_used() - before) / 8 / renditions / KIB
        finally:
            shutil.rmtree(copies)
        rows.append(row(f"memory: {what}", 1, used, "KiB shared", f"<= {limit} KiB", used <= limit))
    return rows


def first_byte(server, path):
    """Milliseconds until the first byte of an answer came, over a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.connect()
        begun = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        took = (time.perf_counter() - begun) * 1e3
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}; {server.last_error()}")
        return took
    finally:
        connection.close()


def cold(server, root, count=21):
    """A title of two hours that was never asked for, its files in the page cache."""
    rows = []
    for title, path, what, limit in ((TWO_HOURS.name, "cmaf/1080p.m3u8", "worker-made", 5),
                                     ("plain-two-hours.mp4", "cmaf/240p.m3u8", "ordinary MP4", None)):
        copies = fresh_copies(root, title, count)
        try:
            names = sorted(p.name for p in copies.iterdir())
            times = [first_byte(server, f"/built/{copies.name}/{name}/{path}") for name in names]
        finally:
            shutil.rmtree(copies)
        took = median(times)
        rows.append(row(f"cold: two hours, {what}", 1, took, "ms to the first byte", f"<= {limit} ms" if limit else "",
                        took <= limit if limit else None))
    return rows


def slow(server, root, count=1000, rate=640 * KIB):
    """Clients that take a 1080p TS segment slowly, all at once."""
    del root
    paths = Urls(server).segments(MINUTE, "hls", "1080p", MINUTE.segments())
    before, _ = server.memory()
    clients = [SlowClient(server.port, paths[i % len(paths)]) for i in range(count)]
    tick, highest, deadline = 0.1, before, time.monotonic() + 300
    while any(not c.ended for c in clients) and time.monotonic() < deadline:
        begun = time.monotonic()
        for client in clients:
            client.take(int(rate * tick))
        highest = max(highest, server.memory()[0])
        time.sleep(max(0.0, begun + tick - time.monotonic()))
    failed = sum(not (c.answer.whole and c.answer.status == 200) for c in clients)
    for client in clients:
        client.socket.close()
    each = (highest - before) * KIB / count
    return [row("slow: TS to slow clients", count, highest, "MiB of the worker", "<= 600 MiB", highest <= 600),
            row("slow: memory a request", count, each, "KiB", "<= 512 KiB", each <= 512),
            row("slow: failures", count, failed, "requests", "0", failed == 0)]


def viewers(server, root, count=10000, seconds=30):
    """Viewers with a connection of their own, each of whom takes a 240p segment every 6 s."""
    del root
    paths = Urls(server).segments(MINUTE, "cmaf", "240p", MINUTE.segments())
    latencies, failed, busy = run_viewers(server, paths, count, 6, seconds)
    p99 = sorted(latencies)[len(latencies) * 99 // 100]
    return [row("viewers: errors", count, failed, "requests", "0", failed == 0),
            row("viewers: p99", count, p99, "ms", "< 50 ms", p99 < 50),
            row("viewers: requests", count, len(latencies) / seconds, "requests/s", "", None),
            row("viewers: worker", count, busy, "CPU s/s", "", None),
            row("viewers: memory", count, server.memory()[0], "MiB of the worker", "", None)]


def reads(server, root):
    """System calls that read a file, for a cold title's media playlist; nothing where strace is missing."""
    if shutil.which("strace") is None:
        return []
    copies = fresh_copies(root, TWO_HOURS.name, 1)
    trace = server.folder / "strace"
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=pread64,preadv2,preadv", "-o", trace, "-p",
                               str(server.worker)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        first_byte(server, f"/built/{copies.name}/0/cmaf/1080p.m3u8")
        time.sleep(0.5)
    finally:
        tracer.terminate()
        tracer.wait(20)
        shutil.rmtree(copies)
    count = sum("pread" in line and "unfinished" not in line for line in trace.read_text().splitlines())
    each = count / 5  # the title's files are all indexed, each with its own reads
    return [row("cold: reads a rendition", 1, each, "reads", "<= 2", each <= 2)]


def with_server(case):
    """A case for a server that has just been started."""
    @functools.wraps(case)
    def run(stage):
        with stage.start() as server:
            return case(server, stage.root)
    return run


ALL = {"memory": with_server(memory), "cold": with_server(cold), "reads": with_server(reads), "slow": with_server(slow),
       "viewers": with_server(viewers), "cold-disk": cold_disk, "pictures": pictures, "stream": stream}

WITHOUT_TARGET = {"stream"}

# About how long each takes.
SECONDS = {"memory": lambda options: 3, "cold": lambda options: 3, "reads": lambda options: 4, "slow": lambda options: 25,
           "viewers": lambda options: 40, "cold-disk": lambda options: 40 * options.rounds + 40,
           "pictures": lambda options: 25,
           "stream": lambda options: 2 * options.rounds * (options.seconds + 0.1) + 8}

#!/usr/bin/python3
"""Measures the ingest worker: one ffmpeg command against it, two workers against one, and what more would give.

usage: ingest.py [--seconds N] [--long N] [--chunk S] [--preset P] [--size WxH]

1. transcoding: wall time of `ingest_worker transcode` over that of a single ffmpeg command that decodes once and makes the
   same renditions with the same settings of x264, for a source of --seconds.
2. scaling: wall time from the job to `ready` for a source of --long seconds, by one worker on one processor and by two on
   one each; efficiency is t1 / (2 * t2). Needs two processors that nobody else uses.
3. simulation: the times that the chunks took, handed to W workers in the order of the queue; efficiency is
   t1 / (W * tW).
Prints one line for each figure. Uses a PostgreSQL and a Redis of its own.
"""
import argparse
import heapq
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
import worker  # noqa: E402
from queue_station import Station  # noqa: E402
from services import Postgres, Redis, wait_until  # noqa: E402

RUNGS = [(1080, 5500), (720, 3000), (480, 1400), (360, 800), (240, 400)]


def ladder(options):
    height = int(options.size.split("x")[1])
    return [{"name": f"{h}p", "height": h, "max_kbps": kbps, "crf": 23, "preset": options.preset}
            for h, kbps in RUNGS if h <= height]


def source(folder, options, seconds):
    """Moving detail with noise; H.264 with AAC, as a camera would give."""
    return worker.make(folder / f"source-{seconds}.mp4", "-f", "lavfi", "-i",
                       f"testsrc2=size={options.size}:rate=30:duration={seconds},noise=alls=12:allf=t", "-f", "lavfi", "-i",
                       f"sine=440:duration={seconds}", "-c:v", "libx264", "-preset", "ultrafast", "-g", 60, "-crf", 20,
                       "-pix_fmt", "yuv420p", "-c:a", "aac")


def ffmpeg_seconds(path, folder, rungs):
    """The same renditions: closed GOPs of 2 s, the same caps and lookahead, no frame threads (as the plan has none)."""
    graph = f"[0:v]split={len(rungs)}" + "".join(f"[s{i}]" for i in range(len(rungs)))
    graph += "".join(f";[s{i}]scale=-2:{r['height']}:flags=bicubic[v{i}]" for i, r in enumerate(rungs))
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", 2, "-i", path, "-filter_complex", graph]
    for i, rung in enumerate(rungs):
        kbps = rung["max_kbps"]
        command += ["-map", f"[v{i}]", "-c:v", "libx264", "-preset", rung["preset"], "-crf", rung["crf"], "-maxrate",
                    f"{kbps}k", "-bufsize", f"{2 * kbps}k", "-threads", 1, "-x264-params",
                    "keyint=60:min-keyint=60:scenecut=0:open-gop=0:force-cfr=1:rc-lookahead=30:lookahead-threads=1",
                    folder / f"{rung['name']}.mp4"]
    command += ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", folder / "audio.mp4"]
    return timed(lambda: subprocess.run([*map(str, command)], check=True))


def timed(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def worker_seconds(path, folder, rungs):
    (folder / "ladder.json").write_text(json.dumps(rungs))
    result = []
    seconds = timed(lambda: result.append(worker.run(path, folder / "title", "--ladder", folder / "ladder.json",
                                                     timeout=36000)))
    assert result[0].ready, result[0].json
    return seconds


def queue_run(servers, path, rungs, options, count):
    """Seconds from the job to ready, and those of each job in the order in which they were begun."""
    postgres, redis = servers
    postgres.rows("TRUNCATE uploads, videos, transcoding_jobs")
    redis.client().flushall()
    with tempfile.TemporaryDirectory(prefix="mezz-bench-") as folder:
        station = Station(folder, postgres, redis)
        try:
            for number in range(count):
                started = station.worker("--chunk", options.chunk, "--decoder-threads", 1)
                subprocess.run(["taskset", "-a", "-p", "-c", str(number), str(started.process.pid)], check=True,
                               capture_output=True)
                started.until("worker_started")
            start = time.monotonic()
            video = station.submit(path, ladder=rungs)

            def ended():
                status = station.video(video)["status"]
                assert status != "failed", station.video(video)["reason"]
                return status == "ready"
            wait_until(ended, "the video is ready", 36000)
            seconds = time.monotonic() - start
            rows = station.postgres.rows(
                "SELECT kind, extract(epoch FROM finished_at - started_at)::float AS seconds FROM transcoding_jobs "
                "ORDER BY started_at")
            return seconds, [(row["kind"], row["seconds"]) for row in rows]
        finally:
            station.close()


def simulate(jobs, count):
    """Seconds until the last of the jobs has ended: title, then chunks and sound as workers are free, then the join."""
    first = sum(seconds for kind, seconds in jobs if kind == "title")
    last = sum(seconds for kind, seconds in jobs if kind == "finish")
    free = [first] * count
    for seconds in (s for kind, s in jobs if kind in ("chunk", "sound")):
        heapq.heapreplace(free, free[0] + seconds)
    return max(free) + last


def show(name, value):
    print(f"{name:<44} {value:.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--long", type=int, default=300)
    parser.add_argument("--chunk", type=int, default=30)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--size", default="1920x1080")
    options = parser.parse_args()
    rungs = ladder(options)
    with tempfile.TemporaryDirectory(prefix="mezz-bench-") as name:
        folder = Path(name)
        (folder / "ffmpeg").mkdir()
        short = source(folder, options, options.seconds)
        theirs = ffmpeg_seconds(short, folder / "ffmpeg", rungs)
        ours = worker_seconds(short, folder, rungs)
        show(f"ffmpeg, {options.seconds} s of {options.size}, seconds", theirs)
        show("ingest_worker transcode, seconds", ours)
        show("ratio", ours / theirs)
        long = source(folder, options, options.long)
        with Postgres() as postgres, Redis() as redis:
            one, jobs = queue_run((postgres, redis), long, rungs, options, 1)
            two, _ = queue_run((postgres, redis), long, rungs, options, 2)
    show(f"one worker, {options.long} s of {options.size}, seconds", one)
    show("two workers, seconds", two)
    show("efficiency of two", one / (2 * two))
    for count in (8, 32, 100, 1000):
        # A film of so many chunks that each worker has four: longer films keep more workers busy.
        parts = [job for job in jobs if job[0] == "chunk"]
        film = [job for job in jobs if job[0] in ("title", "finish")] + parts * (4 * count // len(parts) + 1)
        show(f"efficiency of {count} (simulated)", simulate(film, 1) / (count * simulate(film, count)))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Measures the ingest worker beside ffmpeg, and how it scales.

usage: scripts/bench ingest [--seconds N] [--long N] [--chunk S] [--preset P] [--size WxH] [--long-size WxH] [--rounds N] [--by-cpu] [PART…]

transcode   wall time of the video stage of `ingest_worker transcode`, per-title analysis off, over that of a single ffmpeg
            command that decodes once and makes the same renditions with the same settings of x264, and over one that leaves the
            number of threads to x264; for each rendition PSNR and bit rate beside the former's
ready       from the end of an upload, through the API, to `ready` with everything (copy, analysis, sound, loudness, pictures),
            by a worker for each processor; over the same two commands, in --rounds rounds
scaling     from the job to `ready` for --long seconds, by one worker on one processor and by two on one each; efficiency is
            t1 / (2 * t2). Then the times that its jobs took, given to W workers: one video alone, and four for each worker
Without PART all. A source of --seconds of --size is made, for scaling one of --long-size. Prints one line a figure. Uses a
PostgreSQL, a Redis and an nginx of its own. Wall times need a machine that nobody else uses; ratios of processor time do not, nor does
the simulation with --by-cpu, which takes jobs' processor seconds.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "integration")]
import schedule  # noqa: E402
import transcode  # noqa: E402
import upload_to_ready  # noqa: E402
import worker  # noqa: E402
from queue_station import Station  # noqa: E402
from services import Postgres, Redis, wait_until  # noqa: E402

RUNGS = [(1080, 5500), (720, 3000), (480, 1400), (360, 800), (240, 400)]
PARTS = ("transcode", "ready", "scaling")


def ladder(options):
    height = int(options.long_size.split("x")[1])
    return [{"name": f"{h}p", "height": h, "max_kbps": kbps, "crf": 23, "preset": options.preset}
            for h, kbps in RUNGS if h <= height]


def long_source(folder, options):
    """Moving detail with noise; H.264 with AAC, at a rate as a camera would give."""
    width, height = map(int, options.long_size.split("x"))
    kbps = 20000 * width * height // (1920 * 1080)
    return worker.make(folder / "long.mp4", "-f", "lavfi", "-i",
                       f"testsrc2=size={options.long_size}:rate=30:duration={options.long},noise=alls=12:allf=t", "-f", "lavfi",
                       "-i", f"sine=440:duration={options.long}", "-c:v", "libx264", "-preset", "ultrafast", "-g", 60, "-crf", 20,
                       "-maxrate", f"{kbps}k", "-bufsize", f"{kbps}k", "-pix_fmt", "yuv420p", "-c:a", "aac")


class CpuLog(threading.Thread):
    """What a process and those that it has seen to their ends have used, again and again."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.ended, self.seen = pid, threading.Event(), []
        self.start()

    def look(self):
        self.seen.append((time.time(), upload_to_ready.cpu_seconds(self.pid)))

    def run(self):
        while not self.ended.wait(0.1):
            self.look()

    def stop(self):
        self.ended.set()
        self.join()
        self.look()

    def at(self, moment):
        return next((cpu for when, cpu in self.seen if when >= moment), self.seen[-1][1])


def queue_run(servers, path, options, count, chunk):
    """Seconds from the job to ready; (kind, wall seconds, processor seconds) of each job, the latter if there is one worker."""
    postgres, redis = servers
    postgres.rows("TRUNCATE uploads, videos, transcoding_jobs")
    redis.client().flushall()
    with tempfile.TemporaryDirectory(prefix="mezz-bench-") as folder:
        station = Station(folder, postgres, redis)
        try:
            for number in range(count):
                started = station.worker("--chunk", chunk, "--decoder-threads", 1)
                subprocess.run(["taskset", "-a", "-p", "-c", str(number), str(started.process.pid)], check=True,
                               capture_output=True)
                started.until("worker_started")
            wait_until(lambda: redis.client().zcard("mezz:workers") == count, "the workers are known")
            log = CpuLog(station.workers[0].process.pid)
            video = station.submit(path, ladder=ladder(options))
            _, seconds = upload_to_ready.until_processed(postgres, video)
            log.stop()
            rows = station.postgres.rows(
                "SELECT kind, extract(epoch FROM started_at)::float8 AS began, extract(epoch FROM finished_at)::float8 AS ended "
                "FROM transcoding_jobs ORDER BY started_at")
            nexts = [row["began"] for row in rows[1:]] + [time.time()]
            return seconds, [(row["kind"], row["ended"] - row["began"], log.at(after) - log.at(row["began"]))
                             for row, after in zip(rows, nexts)]
        finally:
            station.close()


def show(name, value):
    print(f"{name:<60} {value:.3f}", flush=True)


def show_transcode(source, options, folder):
    figures = transcode.measure(source, worker.BINARY, options.preset, "off", folder)
    for rendition in figures.pop("renditions"):
        show(f"transcode: {rendition['name']}, dB better than ffmpeg", rendition["psnr_gain"])
        show(f"transcode: {rendition['name']}, bit rate by ffmpeg's", rendition["bit_rate_ratio"])
    for key, value in figures.items():
        show(f"transcode: {key.replace('_', ' ')}", value)


def show_ready(source, options):
    for key, value in upload_to_ready.measure(source, options.preset, options.rounds).items():
        show(f"ready: {key.replace('_', ' ')}", value)


def show_scaling(folder, options):
    path = long_source(folder, options)
    with Postgres() as postgres, Redis() as redis:
        one, jobs = queue_run((postgres, redis), path, options, 1, options.chunk)
        short, short_jobs = queue_run((postgres, redis), path, options, 1, 10)
        two, _ = queue_run((postgres, redis), path, options, 2, options.chunk)
    show(f"scaling: one worker, {options.long} s, seconds", one)
    show("scaling: the same in chunks of 10 s", short)
    show("scaling: two workers, seconds", two)
    show("scaling: efficiency of two", one / (2 * two))
    measured = measured_jobs(jobs, short_jobs, options)
    for name in ("head", "sound", "each_chunk", "each_second", "tail"):
        show(f"scaling: {name.replace('_', ' ')}, seconds", getattr(measured, name))
    show_simulation(measured, options)


def measured_jobs(jobs, short_jobs, options):
    column = 2 if options.by_cpu else 1
    seconds = {}
    for job in jobs:
        seconds[job[0]] = seconds.get(job[0], 0) + job[column]
    chunks = {sum(job[0] == "chunk" for job in run): sum(job[column] for job in run if job[0] == "chunk")
              for run in (jobs, short_jobs)}
    return schedule.fit(seconds, chunks, options.long)


def show_simulation(measured, options):
    def planned(length, share):
        return measured.video(schedule.chunk_lengths(length, share, options.chunk))

    for count in (2, 4, 8):
        alone = schedule.efficiency([planned(options.long, count)], [planned(options.long, 1)], count)
        show(f"simulated: {count} workers, one video of {options.long} s", alone)
    for count in (8, 32, 100, 1000):
        # Of one video alone: as long as gives each worker four chunks.
        length = 4 * count * options.chunk
        film = schedule.efficiency([planned(length, count)], [planned(length, 1)], count)
        show(f"simulated: {count} workers, one film of {length / 3600:.1f} h", film)
        many = [planned(options.long, 1)] * (4 * count)
        show(f"simulated: {count} workers, {4 * count} videos of {options.long} s", schedule.efficiency(many, many, count))


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench ingest", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--long", type=int, default=300)
    parser.add_argument("--chunk", type=int, default=30)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--long-size", default="1280x720")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--by-cpu", action="store_true")
    parser.add_argument("--source", type=Path, help="instead of the one that is made")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {' or '.join(sorted(unknown))}")
    options.parts = options.parts or PARTS
    return options


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="mezz-bench-") as name:
        folder = Path(name)
        if set(options.parts) & {"transcode", "ready"}:
            source = options.source or folder / "source.mp4"
            if not options.source:
                transcode.make_source(source, options.size, options.seconds)
        if "transcode" in options.parts:
            show_transcode(source, options, folder)
        if "ready" in options.parts:
            show_ready(source, options)
        if "scaling" in options.parts:
            show_scaling(folder, options)


if __name__ == "__main__":
    main()

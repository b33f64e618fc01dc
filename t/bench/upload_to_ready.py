"""From the end of an upload to `ready` with everything: through the API, by a worker for each processor."""
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import mezz
import stack
import transcode
import worker
from services import wait_until

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Of a process and of those that it has seen to their ends."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


def until_processed(postgres, video):
    """The asset, and the seconds that it took by PostgreSQL's clock: who asks seldom takes no time from the workers."""
    while True:
        time.sleep(1)
        (row,) = postgres.rows("SELECT reason, asset, extract(epoch FROM processed_at - uploaded_at)::float8 AS seconds "
                               "FROM videos WHERE video_id = %s", video)
        if row["reason"]:
            raise RuntimeError(row["reason"])
        if row["seconds"] is not None:
            return row["asset"], row["seconds"]


class Service:
    """nginx with the API, PostgreSQL, Redis and the workers."""

    def __init__(self, folder, workers, preset):
        self.folder = Path(folder)
        self.nginx = None
        self.stack = stack.Stack(self.start_nginx, {"2026-11": mezz.Key(self.folder, "2026-11")}, workers=0)
        self.workers = [self.start_worker(number, preset) for number in range(workers)]
        wait_until(lambda: self.stack.redis.client().zcard("mezz:workers") == workers, "the workers are known")

    def start_nginx(self, root, **settings):
        self.nginx = mezz.Nginx(self.folder / "nginx", root, mezz.certificate(self.folder), **settings)
        return self.nginx.start()

    def start_worker(self, number, preset):
        with open(self.folder / f"worker-{number}.log", "ab") as log:
            return subprocess.Popen(
                [*map(str, [worker.BINARY, "run", "--postgres", self.stack.postgres.conninfo, "--redis", self.stack.redis.address,
                            "--raw", self.stack.raw, "--processed", self.stack.processed, "--preset", preset])],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def close(self):
        for process in self.workers:
            process.terminate()
        for process in self.workers:
            process.wait(30)
        if self.nginx:
            self.nginx.stop()
        self.stack.close()

    def cpu(self):
        return sum(cpu_seconds(process.pid) for process in self.workers)

    def made(self, source):
        """One upload: its asset, seconds from its end on, those of the processor, and its jobs' times."""
        upload = self.stack.upload(source)
        cpu = self.cpu()
        answer = self.stack.call("POST", "videos", json={"upload_id": upload, "title": "Bench"})
        video = answer.json()["video_id"]
        asset, seconds = until_processed(self.stack.postgres, video)
        jobs = self.stack.postgres.rows("SELECT extract(epoch FROM started_at)::float8 AS began, extract(epoch FROM finished_at)::float8 "
                                        "AS ended FROM transcoding_jobs WHERE video_id = %s", video)
        return asset, seconds, self.cpu() - cpu, [(j["began"], j["ended"]) for j in jobs]


@contextmanager
def service(preset):
    with tempfile.TemporaryDirectory(prefix="mezz-bench-", dir="/tmp") as folder, ExitStack() as after:
        running = Service(folder, len(os.sched_getaffinity(0)), preset)
        after.callback(running.close)
        yield running


def seconds_of(jobs, least, most):
    """How long that many jobs were in work at once, from the first one's start to the last one's end."""
    changes = sorted([(began, 1) for began, _ in jobs] + [(ended, -1) for _, ended in jobs])
    total, running = 0.0, 0
    for (time_now, change), (time_next, _) in zip(changes, changes[1:]):
        running += change
        if least <= running <= most:
            total += time_next - time_now
    return total


def measure(source, preset, rounds):
    """Rounds of ours and of both ffmpeg commands, in turn; medians."""
    seen = {}

    def note(name, value):
        seen.setdefault(name, []).append(value)

    with service(preset) as running, tempfile.TemporaryDirectory(prefix="mezz-bench-") as name:
        for _ in range(rounds):
            asset, seconds, cpu, jobs = running.made(source)
            note("ready_seconds", seconds)
            note("ready_cpu_seconds", cpu)
            note("no_job_seconds", seconds_of(jobs, 0, 0))
            note("one_job_seconds", seconds_of(jobs, 1, 1))
            for kind, threads in (("same_settings", 1), ("own_threads", 0)):
                folder = Path(name) / kind
                folder.mkdir(exist_ok=True)
                _, theirs, their_cpu = transcode.timed(transcode.ffmpeg_command(source, asset, preset, folder, threads))
                note(f"ready_ratio_{kind}", seconds / theirs)
                note(f"ready_cpu_ratio_{kind}", cpu / their_cpu)
    return {key: median(values) for key, values in seen.items()}

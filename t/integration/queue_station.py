"""What the tests of the queue worker do as the API would: uploads, videos, jobs; and workers of their own."""
import json
import os
import signal
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

import mezz
import worker
from services import Postgres, Redis, wait_until

QUICK = [{"name": "240p", "height": 240, "max_kbps": 400, "preset": "ultrafast"}]


class Worker:
    """A running `ingest_worker run`, its log in a file."""

    def __init__(self, station, name, *options):
        self.name = name
        self.log_file = station.folder / f"{name}.log"
        command = [worker.BINARY, "run", "--postgres", station.postgres.conninfo, "--redis", station.redis.address,
                   "--raw", station.raw, "--processed", station.processed, "--worker-id", name, "--log-level", "debug",
                   *options]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def events(self, name):
        """Log lines of an event: "time level event key=value …"."""
        return [line for line in self.log.splitlines() if line.split()[2:3] == [name]]

    def until(self, event, times=1):
        return wait_until(lambda: len(self.events(event)) >= times, f"{event} in the log of {self.name}\n{self.log}")

    def send(self, number):
        os.kill(self.process.pid, number)

    def ended(self, within=60):
        return self.process.wait(within)

    def stop(self):
        self.send(signal.SIGTERM)
        return self.ended()

    def close(self):
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
            self.send(signal.SIGCONT)
            self.process.wait(30)

    @contextmanager
    def held(self):
        """Stops the process that reads the file, so that the job is and stays under way."""
        child = worker.child_of(self.process, within=60)
        os.kill(child, signal.SIGSTOP)
        try:
            yield child
        finally:
            try:
                os.kill(child, signal.SIGCONT)
            except ProcessLookupError:
                pass


class Station:
    """Storage, a database and a queue, and the workers that a test starts."""

    def __init__(self, folder, postgres, redis):
        self.folder, self.postgres, self.redis = Path(folder), postgres, redis
        self.raw, self.processed = self.folder / "raw", self.folder / "processed"
        self.raw.mkdir()
        self.processed.mkdir()
        self.workers = []

    def worker(self, *options, name=None):
        started = Worker(self, name or f"w{len(self.workers)}", *options)
        self.workers.append(started)
        return started

    def close(self):
        for each in self.workers:
            each.close()

    def command(self, name, *options):
        """What another subcommand prints."""
        done = subprocess.run([*map(str, [worker.BINARY, name, "--postgres", self.postgres.conninfo, "--redis",
                                          self.redis.address, *options])], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run_once(self, *options):
        """Lets one worker do all that is open."""
        one = self.worker("--once", *options)
        assert one.ended(120) == 0, one.log
        return one

    def upload(self, source=None, filename="film.mp4", expires="1 day", uploader="u"):
        """A finished upload; its id."""
        upload = str(uuid.uuid4())
        if source is not None:
            mezz.place(Path(source), self.raw / upload / filename)
        self.postgres.rows("INSERT INTO uploads (upload_id, uploader_id, filename, size, content_type, expires_at) "
                           "VALUES (%s, %s, %s, 1, 'video/mp4', now() + %s::interval)", upload, uploader, filename, expires)
        return upload

    def submit(self, source, title="A title", ladder=QUICK, path=None, announce=True, uploader="u"):
        """What POST /videos does; the video's id. `path` replaces "{upload_id}/{filename}"."""
        upload = self.upload(source, uploader=uploader)
        video, job = str(uuid.uuid4()), str(uuid.uuid4())
        self.postgres.rows(
            "WITH v AS (INSERT INTO videos (video_id, upload_id, uploader_id, title, status) "
            "           VALUES (%s, %s, %s, %s, 'processing')) "
            "INSERT INTO transcoding_jobs (job_id, video_id, source, ladder, queued_at) "
            "VALUES (%s, %s, %s, %s, CASE WHEN %s THEN now() END)",
            video, upload, uploader, title, job, video, path or f"{upload}/film.mp4", ladder and json.dumps(ladder), announce)
        if announce:
            self.redis.client().xadd("mezz:jobs", {"job_id": job, "video_id": video})
        return video

    def take_down(self, video, ago="0 seconds"):
        self.postgres.rows("UPDATE videos SET deleted_at = now() - %s::interval WHERE video_id = %s", ago, video)

    def job(self, video):
        (row,) = self.postgres.rows("SELECT * FROM transcoding_jobs WHERE video_id = %s", video)
        return row

    def video(self, video):
        (row,) = self.postgres.rows("SELECT * FROM videos WHERE video_id = %s", video)
        return row

    def until(self, video, status, within=90):
        """Waits for a job's status; its row."""
        def reached():
            row = self.job(video)
            return row if row["status"] == status else None
        return wait_until(reached, f"{status}:\n" + "\n".join(w.log for w in self.workers), within)

    def until_drained(self):
        """Waits until no message is left."""
        wait_until(lambda: self.redis.client().xlen("mezz:jobs") == 0, "the stream is empty")

    def asset(self, video):
        return json.loads((self.processed / video / "asset.json").read_text())

    def entry(self, video):
        text = self.redis.client().get(f"mezz:asset:{video}")
        return text and json.loads(text)

    def check_ready(self, video, revision=1, leftovers=0, forgotten=False):
        """Database, storage and (once it is there, or if not `forgotten`) Redis say the same of a finished video."""
        row = self.video(video)
        assert (row["status"], row["progress"], row["revision"]) == ("ready", 100, revision), row
        assert row["asset"] == self.asset(video) and row["asset"]["revision"] == revision
        assert row["s3_manifest_key"] == f"{video}/asset.json" and row["processed_at"] and row["reason"] is None
        assert row["duration"] == row["asset"]["duration_ms"] > 0
        for rendition in row["asset"]["renditions"]:
            assert (self.processed / video / rendition["file"]).stat().st_size > 0
        assert len(list((self.processed / video).glob(".ingest-*"))) == leftovers

        # The one before is forgotten sooner or later.
        wait_until(lambda: self.entry(video) in ([None] if forgotten else []) + [
            {"video_id": video, "status": "ready", "revision": revision, "title": row["title"], "asset": row["asset"],
             "previous": self.video(video)["previous"]}], "Redis has the entry")


@pytest.fixture(scope="module")
def servers():
    with Postgres() as postgres, Redis() as redis:
        yield postgres, redis


@pytest.fixture
def station(servers, tmp_path):
    """An empty one; whatever a test has done to the servers before."""
    for server in servers:
        if not server.running:
            server.start()
    postgres, redis = servers
    # A worker that was killed may have left a statement under way, which takes its locks in another order.
    postgres.rows("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() "
                  "AND pid <> pg_backend_pid()")
    postgres.rows("TRUNCATE uploads, videos, transcoding_jobs")
    redis.client().flushall()
    made = Station(tmp_path, postgres, redis)
    yield made
    for server in servers:
        if server.running:
            server.resume()
    made.close()

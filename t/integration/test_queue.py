"""Queue workers with a real PostgreSQL and a real Redis, each of which dies, stops and loses what it knew."""
import json
import os
import signal
import time
import uuid

import pytest

import worker
from services import needs_postgres, needs_redis, wait_until

pytestmark = [worker.needs_worker, needs_postgres, needs_redis]

SHORT_LEASE = ("--lease", 3)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """10 s; a test that wants a job to be under way stops the process that reads it."""
    return worker.make(tmp_path_factory.mktemp("film") / "film.mp4", "-f", "lavfi", "-i",
                       "testsrc2=size=320x240:rate=25:duration=10", "-f", "lavfi", "-i", "sine=duration=10",
                       "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
                       "-metadata", "title=In the file")


def test_a_job_becomes_a_title(station, film):
    listener = station.redis.client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe("mezz:invalidate")
    video = station.submit(film, title="Çiçek & \"more\"")
    station.run_once()
    station.check_ready(video)
    assert station.asset(video)["title"] == "Çiçek & \"more\"" and station.asset(video)["video_id"] == video
    job = station.job(video)
    assert (job["status"], job["attempts"], job["worker_id"], job["progress"]) == ("done", 1, "w0", 100)
    assert job["detail"]["stage"] == "ready" and job["detail"]["renditions"] == {"240p": 100.0}
    assert job["finished_at"] >= job["started_at"] and job["lease_until"] is None
    wait_until(lambda: (listener.get_message(timeout=1) or {}).get("data") == video, "an invalidate message")
    assert station.redis.client().xlen("mezz:jobs") == 0
    assert station.redis.client().keys("mezz:worker:*") == []
    assert 0 < station.redis.client().ttl(f"mezz:asset:{video}") <= 300


def test_progress_is_seen_while_it_runs(station, film):
    one = station.worker()
    video = station.submit(film)
    with one.held():
        first = station.until(video, "running")
        wait_until(lambda: station.job(video)["lease_until"] > first["lease_until"], "the lease is renewed")
        seen = json.loads(wait_until(lambda: station.redis.client().get("mezz:worker:w0"), "the worker is shown"))
        assert seen["worker_id"] == "w0" and seen["pid"] == one.process.pid
        row = station.job(video)
        assert 0 <= row["progress"] < 100 and row["detail"]["stage"] in ("probe", "video")
        assert station.video(video)["progress"] == row["progress"] and station.video(video)["status"] == "processing"
        assert worker.visible(station.processed) == []
    station.until(video, "done")
    assert one.stop() == 0
    station.check_ready(video)
    assert station.redis.client().xinfo_consumers("mezz:jobs", "workers") == []


def test_a_broken_file_fails_for_good_and_says_why(station, tmp_path):
    source = tmp_path / "broken"
    source.write_bytes(b"no video" * 1000)
    video = station.submit(source)
    station.run_once()
    job, row = station.job(video), station.video(video)
    assert (job["status"], job["attempts"], row["status"]) == ("failed", 1, "failed")
    assert job["reason"] == row["reason"] and row["reason"].endswith(".")
    ((_, letter),) = station.redis.client().xrange("mezz:dead")
    assert letter["job_id"] == job["job_id"] and letter["video_id"] == video and letter["reason"] == row["reason"]
    assert station.entry(video)["status"] == "failed" and station.redis.client().xlen("mezz:jobs") == 0
    assert list(station.processed.iterdir()) == []


@pytest.mark.parametrize("path", ["../../etc/passwd", "{id}/../film.mp4", "{id}/a/b", "film.mp4", "{id}/..", ""])
def test_paths_that_a_database_must_not_give(station, film, path):
    video = station.submit(film, path=path.format(id=uuid.uuid4()) or "/")
    station.run_once()
    assert station.job(video)["status"] == "failed"
    assert "name that cannot be used" in station.video(video)["reason"]


def test_a_link_out_of_the_raw_storage_is_not_followed(station, film):
    upload = str(uuid.uuid4())
    (station.raw / upload).mkdir()
    (station.raw / upload / "film.mp4").symlink_to(film)
    video = station.submit(film, path=f"{upload}/film.mp4")
    one = station.worker()
    one.until("job_will_be_retried")
    assert "symbolic" in station.job(video)["error"]


def test_a_ladder_that_is_none(station, film):
    video = station.submit(film, ladder=[{"name": "240p"}])
    station.run_once()
    assert station.job(video)["status"] == "failed" and "height" in station.job(video)["error"]


def test_a_crash_is_tried_again_later(station, film):
    one = station.worker()
    video = station.submit(film)
    with one.held() as child:
        os.kill(child, signal.SIGKILL)
    one.until("job_will_be_retried")
    job = station.job(video)
    assert (job["status"], job["attempts"], job["queued_at"]) == ("queued", 1, None) and "killed" in job["reason"]
    assert (job["run_after"] - job["started_at"]).total_seconds() > 5
    assert station.video(video)["status"] == "processing"
    station.postgres.rows("UPDATE transcoding_jobs SET run_after = now()")
    assert station.until(video, "done")["attempts"] == 2
    station.check_ready(video, revision=2)
    station.until_drained()


def test_another_worker_takes_over_from_a_killed_one(station, film):
    first = station.worker(*SHORT_LEASE)
    video = station.submit(film)
    with first.held():
        station.until(video, "running")
        first.send(signal.SIGKILL)
        first.ended()
    second = station.worker(*SHORT_LEASE)
    job = station.until(video, "done")
    assert (job["attempts"], job["worker_id"]) == (2, "w1") and second.events("job_taken_over")
    station.check_ready(video, revision=2)


def test_a_worker_that_was_stopped_too_long_discards_its_work(station, film):
    first = station.worker(*SHORT_LEASE)
    video = station.submit(film)
    with first.held():
        station.until(video, "running")
        first.send(signal.SIGSTOP)
        second = station.worker(*SHORT_LEASE)
        station.until(video, "done")
    station.check_ready(video, revision=2, leftovers=1)  # the stopped worker holds its own
    made = (station.processed / video / "240p.r2.mp4").stat()
    first.send(signal.SIGCONT)
    first.until("job_lost")
    assert first.stop() == 0 and second.stop() == 0
    now = (station.processed / video / "240p.r2.mp4").stat()
    assert (now.st_ino, now.st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    station.check_ready(video, revision=2)
    assert station.job(video)["worker_id"] == "w1" and not first.events("job_ready")


def test_a_worker_that_nobody_replaced_goes_on(station, film):
    one = station.worker(*SHORT_LEASE)
    video = station.submit(film)
    with one.held():
        station.until(video, "running")
        one.send(signal.SIGSTOP)
        wait_until(lambda: station.postgres.rows("SELECT 1 FROM transcoding_jobs WHERE lease_until < now()"), "lease ends")
        one.send(signal.SIGCONT)
        station.until(video, "running")
    assert station.until(video, "done")["attempts"] == 1
    station.check_ready(video)


GONE = "status = 'running', worker_id = 'gone', lease_until = now() - interval '1 second'"


def test_the_tenth_death_is_the_last(station, film):
    video = station.submit(film)
    station.postgres.rows(f"UPDATE transcoding_jobs SET {GONE}, attempts = 10, deaths = 9")
    leftover = station.processed / video / ".ingest-gone"
    leftover.mkdir(parents=True)
    station.run_once()
    assert (station.job(video)["attempts"], station.job(video)["deaths"], station.job(video)["status"]) == (10, 10, "failed")
    assert "died ten times" in station.video(video)["reason"] and station.entry(video)["status"] == "failed"
    assert len(station.redis.client().xrange("mezz:dead")) == 1 and not leftover.exists()


def test_deaths_of_workers_are_no_failures_of_the_job(station, film):
    """After eight of them it still may fail twice and be done at the third try."""
    video = station.submit(film)
    station.postgres.rows(f"UPDATE transcoding_jobs SET {GONE}, attempts = 8, deaths = 7")
    one = station.worker()
    for failures in (1, 2):
        with one.held() as child:
            os.kill(child, signal.SIGKILL)
        one.until("job_will_be_retried", failures)
        station.postgres.rows("UPDATE transcoding_jobs SET run_after = now()")
    job = station.until(video, "done")
    assert (job["attempts"], job["deaths"]) == (11, 8)
    station.check_ready(video, revision=3)


def test_sigterm_hands_the_job_back(station, film):
    first = station.worker()
    video = station.submit(film)
    with first.held():
        station.until(video, "running")
        assert first.stop() == 0
    job = station.job(video)
    assert (job["status"], job["attempts"], job["worker_id"]) == ("queued", 0, None)
    assert first.events("job_handed_back") and station.redis.client().xlen("mezz:jobs") == 1
    assert list(station.processed.iterdir()) == []
    station.run_once()
    assert station.job(video)["attempts"] == 1
    station.check_ready(video, revision=2)


def test_a_flushed_redis_loses_no_job(station, film):
    one = station.worker()
    videos = [station.submit(film)]
    with one.held():
        station.until(videos[0], "running")
        videos += [station.submit(film) for _ in range(2)]
        station.redis.client().flushall()
    for video in videos:
        assert station.until(video, "done")["attempts"] == 1
        station.check_ready(video)
    station.until_drained()


def test_a_change_that_nobody_told_redis_of_is_told(station, film):
    """As when whoever made it died before, or Redis was away."""
    station.worker()
    video = station.submit(film)
    station.until(video, "done")
    station.check_ready(video)
    wait_until(lambda: station.video(video)["untold_since"] is None, "what was told is noted")
    station.take_down(video)
    wait_until(lambda: station.entry(video)["status"] == "gone", "the takedown is told")
    wait_until(lambda: station.video(video)["untold_since"] is None, "that is noted, too")


@pytest.mark.parametrize("how", ["stop", "pause"])
def test_without_redis_jobs_are_done_all_the_same(station, film, how):
    one = station.worker()
    videos = [station.submit(film)]
    with one.held():
        station.until(videos[0], "running")
        getattr(station.redis, how)()
        videos.append(station.submit(film, announce=False))
    for video in videos:
        assert station.until(video, "done")["attempts"] == 1
    one.until("backend_lost")
    station.redis.resume() if how == "pause" else station.redis.start()
    for video in videos:
        station.check_ready(video)
    one.until("backend_back")
    station.until_drained()
    assert one.stop() == 0


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_a_job_goes_on_without_postgresql_and_is_reported_later(station, film, how):
    workers = [station.worker(*SHORT_LEASE) for _ in range(2)]
    video = station.submit(film)
    station.until(video, "running")
    (busy,) = [w for w in workers if w.events("job_claimed")]
    with busy.held():
        getattr(station.postgres, how)()
        busy.until("backend_lost")
    time.sleep(4)  # the lease ends, and the file is done
    assert worker.visible(station.processed) == []  # nobody could say that it is still ours
    station.postgres.resume() if how == "pause" else station.postgres.start()
    job = station.until(video, "done")
    assert (job["attempts"], job["worker_id"]) == (1, busy.name)
    station.check_ready(video)
    busy.until("backend_back")


def test_a_worker_starts_before_its_servers(station, film):
    video = station.submit(film)
    station.postgres.stop()
    station.redis.stop()
    one = station.worker("--once")
    one.until("backend_lost", times=2)
    station.postgres.start()
    station.until(video, "done")
    station.redis.start()
    assert one.ended() == 0
    station.check_ready(video)


@pytest.mark.parametrize("busy", [False, True])
def test_sigterm_ends_a_worker_whose_servers_hang(station, film, busy):
    one = station.worker()
    if busy:
        video = station.submit(film)
        with one.held():
            station.until(video, "running")
            station.postgres.pause()
            station.redis.pause()
            assert one.stop() == 0
    else:
        one.until("worker_started")
        station.postgres.pause()
        station.redis.pause()
        assert one.stop() == 0


def test_two_workers_share_ten_jobs(station, film):
    workers = [station.worker(), station.worker()]
    videos = [station.submit(film) for _ in range(10)]
    for video in videos:
        assert station.until(video, "done")["attempts"] == 1
        station.check_ready(video)
    assert {station.job(v)["worker_id"] for v in videos} == {"w0", "w1"}
    assert sum(len(w.events("job_ready")) for w in workers) == 10
    station.until_drained()


def test_a_takedown_ends_the_job(station, film):
    one = station.worker()
    video, other = station.submit(film), station.submit(film)
    with one.held():
        station.until(video, "running")
        station.take_down(video)
        one.until("job_ended_by_takedown")
    job = station.job(video)
    assert job["status"] == "failed" and job["reason"] == "The video was taken down."
    station.until(other, "done")
    station.until_drained()
    assert [p.name for p in station.processed.iterdir()] == [other]
    assert station.redis.client().xlen("mezz:dead") == 0


def test_a_queued_job_of_a_video_taken_down_is_not_begun(station, film):
    video = station.submit(film)
    station.take_down(video)
    one = station.worker()
    station.until(video, "failed")
    station.until_drained()
    assert not one.events("job_claimed")


def test_files_of_videos_taken_down_go_after_a_while(station, film):
    old, fresh = station.submit(film), station.submit(film)
    station.run_once()
    station.take_down(old, ago="2 hours")
    station.take_down(fresh)
    raw = {v: station.raw / str(station.video(v)["upload_id"]) for v in (old, fresh)}
    station.worker("--purge-after", 3600)
    wait_until(lambda: station.video(old)["purged_at"], "the old one is purged")
    assert not (station.processed / old).exists() and not raw[old].exists()
    assert (station.processed / fresh).exists() and raw[fresh].exists() and not station.video(fresh)["purged_at"]


def test_uploads_that_nobody_used_go(station, film):
    used = station.submit(film)
    unused, fresh = station.upload(film, expires="-25 hours"), station.upload(film, expires="-23 hours")
    station.postgres.rows("UPDATE uploads SET expires_at = now() - interval '3 days' "
                          "WHERE upload_id = (SELECT upload_id FROM videos)")
    incoming = station.raw / ".incoming"
    incoming.mkdir()
    (incoming / "old").write_bytes(b"x")
    (incoming / "new").write_bytes(b"x")
    os.utime(incoming / "old", (time.time() - 90000,) * 2)
    station.worker()
    wait_until(lambda: not (station.raw / unused).exists(), "the unused upload is gone")
    wait_until(lambda: not station.postgres.rows("SELECT 1 FROM uploads WHERE upload_id = %s", unused), "and its row")
    station.until(used, "done")
    assert (station.raw / fresh).exists() and (station.raw / str(station.video(used)["upload_id"])).exists()
    assert [p.name for p in incoming.iterdir()] == ["new"]


@pytest.mark.parametrize("options", [["--redis", "nowhere"], ["--lease", 0], ["--raw", "/nonexistent"],
                                     ["--worker-id", "a b"], ["--preset", "slowest"]])
def test_options_that_make_no_sense(station, options):
    one = station.worker(*options)
    assert one.ended() == 2
    assert one.log


# Reads an entry and keeps it back as long as somebody holds the lock 7.
SLOW_ENTRY = """
ALTER FUNCTION mezz_catalog_entry RENAME TO mezz_entry_at_once;
CREATE FUNCTION mezz_catalog_entry(id uuid) RETURNS json LANGUAGE plpgsql AS $$
DECLARE entry json := mezz_entry_at_once(id);
BEGIN
    PERFORM pg_advisory_lock_shared(7), pg_advisory_unlock_shared(7);
    RETURN entry;
END $$"""
AT_ONCE = "DROP FUNCTION mezz_catalog_entry; ALTER FUNCTION mezz_entry_at_once RENAME TO mezz_catalog_entry"


def test_a_takedown_while_an_entry_is_on_its_way(station, tmp_path):
    """A worker that has read what was right before does not bring the video back."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    redis = station.redis.client()
    station.postgres.rows(SLOW_ENTRY)
    lock = station.postgres.connect()
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(7)")
        station.worker()
        video = station.submit(broken)
        wait_until(lambda: station.postgres.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 "
                                                 "AND NOT granted"), "the worker has read the entry")
        station.take_down(video)
        redis.set(f"mezz:asset:{video}", json.dumps({"video_id": video, "status": "gone", "revision": 1}), ex=300)
        listener = redis.pubsub(ignore_subscribe_messages=True)
        listener.subscribe("mezz:invalidate")
    finally:
        lock.close()
    try:
        wait_until(lambda: (listener.get_message(timeout=1) or {}).get("data") == video, "the worker tells what it read")
        wait_until(lambda: station.entry(video)["status"] == "gone", "the worker tells what is right", 30)
    finally:
        station.postgres.rows(AT_ONCE)

"""A video can be watched as it was uploaded until its qualities are made, if players know its codecs."""
import json
import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

import worker
from queue_station import QUICK
from services import needs_postgres, needs_redis, wait_until

pytestmark = [worker.needs_worker, needs_postgres, needs_redis]

LADDER = [{"name": name, "height": height, "max_kbps": 900, "preset": "ultrafast"} for name, height in
          (("720p", 720), ("240p", 240))]


def film(folder, *codec):
    return worker.make(folder / "film.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=6", "-f",
                       "lavfi", "-i", "sine=440:duration=6", *codec, "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac")


def submit(station, source, ladder=QUICK):
    """As POST /videos does: the title's job waits for that of the copy."""
    upload, video = station.upload(source), str(uuid.uuid4())
    station.postgres.rows(
        "WITH v AS (INSERT INTO videos (video_id, upload_id, uploader_id, title, status) "
        "           VALUES (%s, %s, 'u', 'A title', 'processing')) "
        "INSERT INTO transcoding_jobs (video_id, kind, source, ladder, status, pending, cost) VALUES "
        "(%s, 'remux', %s, %s, 'queued', 0, 1), (%s, 'title', %s, %s, 'waiting', 1, 10)",
        video, upload, video, f"{upload}/film.mp4", json.dumps(ladder), video, f"{upload}/film.mp4", json.dumps(ladder))
    return video


def job(station, video, kind, resolution="all"):
    (row,) = station.postgres.rows("SELECT * FROM transcoding_jobs WHERE video_id = %s AND kind = %s AND resolution = %s", video,
                                   kind, resolution)
    return row


def pictures(path):
    return int(subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of",
                               "csv=p=0", path], check=True, capture_output=True).stdout)


def drafted(folder):
    """Of a codec that cannot be copied, with an index, and large enough for a draft to pay; 8 s, 200 pictures."""
    return worker.make(folder / "film.mkv", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=8", "-f", "lavfi",
                       "-i", "sine=440:duration=8", "-c:v", "mpeg4", "-q:v", 6, "-g", 25, "-c:a", "aac")


def test_the_copy_comes_first_and_stays_for_its_viewers(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"))
    metrics = tmp_path / "metrics.prom"
    log = station.run_once("--metrics-file", metrics).log
    values = dict(line.rsplit(" ", 1) for line in metrics.read_text().splitlines() if not line.startswith("#"))
    assert values['mezz_ingest_jobs_total{outcome="done"}'] == "2" and "mezz_ingest_failures_total" not in values
    assert (values["mezz_ingest_video_seconds_count"], values["mezz_ingest_content_seconds_total"]) == ("1", "6")
    assert 0 < float(values["mezz_ingest_video_seconds_sum"]) < 120
    assert all(float(values[f'mezz_ingest_job_seconds_total{{kind="{kind}"}}']) > 0 for kind in ("remux", "title"))
    assert values["mezz_ingest_oldest_job_seconds"] == "0" and "mezz_ingest_jobs{" not in metrics.read_text()
    assert log.index("title_copied") < log.index("job_ready")
    station.check_ready(video, revision=2)
    copy = station.video(video)["previous"]
    assert copy["revision"] == 1 and [r["name"] for r in copy["renditions"]] == ["source", "audio-und-source"]
    for rendition in copy["renditions"]:
        assert (station.processed / video / rendition["file"]).stat().st_size > 0
    assert [r["name"] for r in station.asset(video)["renditions"]] == ["240p", "audio-und"]


def test_what_players_do_not_know_has_a_draft_first(station, tmp_path):
    workers = [station.worker("--chunk", 4, "--per-title", "off") for _ in range(2)]
    wait_until(lambda: station.redis.client().zcard("mezz:workers") == 2, "both are known")
    video = submit(station, drafted(tmp_path), LADDER)
    seen = wait_until(lambda: (row := station.video(video))["status"] == "ready" and row, "it can be watched", 60)
    assert seen["processed_at"] is None and [r["height"] for r in seen["asset"]["renditions"][:1]] == [360]
    wait_until(lambda: station.entry(video) and station.entry(video)["asset"], "Redis has the draft")
    wait_until(lambda: job(station, video, "title")["status"] == "done" and station.video(video)["processed_at"], "all is made", 90)
    station.check_ready(video, revision=3)
    draft = station.video(video)["previous"]
    assert draft["revision"] == 2 and [r["name"] for r in draft["renditions"]] == ["draft", "audio-und-draft"]
    assert draft["duration_ms"] == station.asset(video)["duration_ms"] == 8000 and draft["thumbs"] == {"poster": "thumbs/poster.jpg"}
    folder = station.processed / video
    assert pictures(folder / draft["renditions"][0]["file"]) == 200
    assert [r["name"] for r in station.asset(video)["renditions"]] == ["720p", "240p", "audio-und"]
    parts = station.postgres.rows("SELECT kind, status FROM transcoding_jobs WHERE resolution = 'draft' ORDER BY kind, chunk")
    assert [p["kind"] for p in parts] == ["chunk", "chunk", "finish", "sound", "title"] and {p["status"] for p in parts} == {"done"}
    assert job(station, video, "remux")["error"] and all(w.stop() == 0 for w in workers)


def test_no_draft_where_the_title_is_there_as_soon(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "mpeg4"))
    station.run_once()
    station.check_ready(video, revision=3)
    assert station.video(video)["previous"] is None
    copy = job(station, video, "remux")
    assert copy["status"] == "done" and copy["error"].endswith("A draft would be no quicker.")
    assert not list((station.processed / video).glob("source*"))


def children(process):
    """Of all its threads."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def test_what_makes_a_title_watchable_does_not_wait_for_long_jobs(station, tmp_path):
    """The place for any job is taken, then that for drafts, too. What is much work is found out and waits for its place."""
    long_draft = worker.make(tmp_path / "long.avi", "-f", "lavfi", "-i", "color=size=1280x720:rate=1:duration=210", "-c:v", "mpeg4")
    slow_copy = worker.make(tmp_path / "slow.mkv", "-f", "lavfi", "-i", "color=size=64x36:rate=1:duration=120", "-f", "lavfi", "-i",
                            "sine=duration=120:sample_rate=8000", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                            "-g", 2, "-c:a", "pcm_s16le")
    undrafted = film(tmp_path, "-c:v", "mpeg4").rename(tmp_path / "undrafted.mp4")
    plain = film(tmp_path, "-c:v", "libx264", "-preset", "ultrafast")
    one = station.worker("--per-title", "off")
    long = station.submit(plain)
    with one.held() as held:
        station.until(long, "running")
        draft = submit(station, long_draft, LADDER)
        wait_until(lambda: (row := station.postgres.rows("SELECT * FROM transcoding_jobs WHERE resolution = 'draft'"))
                   and round(row[0]["cost"]) == 21 and row[0]["status"] == "running" and children(one.process) - {held},
                   "the draft is made as what it is")
        (drafting,) = children(one.process) - {held}
        os.kill(drafting, signal.SIGSTOP)
        copied, slow = submit(station, plain), submit(station, slow_copy)
        wait_until(lambda: station.video(copied)["status"] == "ready", "a copy is there", 60)
        wait_until(lambda: job(station, slow, "remux")["cost"] > 2, "this copy is too much work for its place")
        station.redis.stop()
        late = submit(station, plain)
        wait_until(lambda: station.video(late)["status"] == "ready", "a copy is there without Redis", 60)
        assert {job(station, v, "remux")["worker_id"] for v in (copied, late)} == {"w0.copies"}
        assert job(station, slow, "remux")["status"] == "queued" and job(station, draft, "title", "draft")["status"] == "running"
        clip = submit(station, undrafted)
        os.kill(drafting, signal.SIGCONT)
        for video in (draft, slow, clip):
            wait_until(lambda v=video: station.video(v)["status"] == "ready", "it can be watched", 60)
        assert job(station, slow, "remux")["worker_id"] == job(station, clip, "title")["worker_id"] == "w0.express"
        assert station.job(long)["status"] == "running" and job(station, copied, "title")["status"] == "queued"
    station.redis.start()
    wait_until(lambda: job(station, copied, "title")["status"] == "done", "the ladder follows", 90)
    assert one.stop() == 0


def test_not_copied_where_that_is_off(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"))
    station.run_once("--remux", "off")
    station.check_ready(video, revision=2)
    assert station.video(video)["previous"] is None


def test_workers_that_die_of_the_copy_or_the_draft_do_not_end_the_video(station, tmp_path):
    source = film(tmp_path, "-c:v", "libx264", "-preset", "ultrafast")
    copied, drafted_one = submit(station, source), submit(station, source)
    dead = "status = 'running', attempts = 3, worker_id = 'dead', lease_until = now() - interval '1 minute'"
    station.postgres.rows(f"UPDATE transcoding_jobs SET {dead} WHERE kind = 'remux' AND video_id = %s", copied)
    station.postgres.rows(f"UPDATE transcoding_jobs SET {dead}, kind = 'title', resolution = 'draft' "
                          "WHERE kind = 'remux' AND video_id = %s", drafted_one)
    station.worker()
    for video in (copied, drafted_one):
        wait_until(lambda v=video: job(station, v, "title")["status"] == "done", "the title is made", 60)
        station.check_ready(video, revision=1)
    assert "died" in job(station, copied, "remux")["error"]
    assert not station.postgres.rows("SELECT FROM transcoding_jobs WHERE resolution = 'draft'")


def test_a_title_waits_for_the_memory_that_it_needs(station, tmp_path):
    """It is looked at, and begun by who has set enough aside."""
    clip = worker.make(tmp_path / "clip.mkv", "-f", "lavfi", "-i", "color=size=2560x1440:rate=25:duration=0.2", "-c:v", "mpeg4")
    video = station.submit(clip, ladder=[{"name": "1440p", "height": 1440, "max_kbps": 900, "preset": "ultrafast"}])
    log = station.run_once().log
    assert "job_needs_more" in log and station.job(video)["memory_mib"] > 1024 and station.job(video)["attempts"] == 1
    assert station.video(video)["status"] == "ready"


def test_a_ladder_that_fails_leaves_the_copy(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"), ladder=[{"name": "240p"}])
    station.run_once()
    row = station.video(video)
    assert row["status"] == "ready" and "not valid" in row["reason"] and row["processed_at"] is None
    assert job(station, video, "title")["status"] == "failed"
    assert station.entry(video)["asset"]["renditions"][0]["name"] == "source"

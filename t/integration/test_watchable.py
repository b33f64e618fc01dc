"""A video can be watched as it was uploaded until its qualities are made, if players know its codecs."""
import json
import uuid

import pytest

import worker
from queue_station import QUICK
from services import needs_postgres, needs_redis, wait_until

pytestmark = [worker.needs_worker, needs_postgres, needs_redis]


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


def job(station, video, kind):
    (row,) = station.postgres.rows("SELECT * FROM transcoding_jobs WHERE video_id = %s AND kind = %s", video, kind)
    return row


def test_the_copy_comes_first_and_stays_for_its_viewers(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"))
    log = station.run_once().log
    assert log.index("title_copied") < log.index("job_ready")
    station.check_ready(video, revision=2)
    copy = station.video(video)["previous"]
    assert copy["revision"] == 1 and [r["name"] for r in copy["renditions"]] == ["source", "audio-und-source"]
    for rendition in copy["renditions"]:
        assert (station.processed / video / rendition["file"]).stat().st_size > 0
    assert [r["name"] for r in station.asset(video)["renditions"]] == ["240p", "audio-und"]


def test_what_players_do_not_know_waits(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "mpeg4"))
    station.run_once()
    station.check_ready(video, revision=2)
    assert station.video(video)["previous"] is None
    copy = job(station, video, "remux")
    assert copy["status"] == "done" and copy["error"]
    assert not list((station.processed / video).glob("source*"))


def test_not_copied_where_that_is_off(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"))
    station.run_once("--remux", "off")
    station.check_ready(video, revision=2)
    assert station.video(video)["previous"] is None


def test_workers_that_die_of_the_copy_do_not_end_the_video(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"))
    station.postgres.rows("UPDATE transcoding_jobs SET status = 'running', attempts = 3, worker_id = 'dead', "
                          "lease_until = now() - interval '1 minute' WHERE video_id = %s AND kind = 'remux'", video)
    station.worker()
    wait_until(lambda: job(station, video, "title")["status"] == "done", "the title is made", 60)
    station.check_ready(video, revision=1)
    assert "died" in job(station, video, "remux")["error"]


def test_a_ladder_that_fails_leaves_the_copy(station, tmp_path):
    video = submit(station, film(tmp_path, "-c:v", "libx264", "-preset", "veryfast"), ladder=[{"name": "240p"}])
    station.run_once()
    row = station.video(video)
    assert row["status"] == "ready" and "not valid" in row["reason"] and row["processed_at"] is None
    assert job(station, video, "title")["status"] == "failed"
    assert station.entry(video)["asset"]["renditions"][0]["name"] == "source"

"""Long videos are split into chunks that several workers make: the result is that of one go, whoever does what."""
import hashlib
import json
import os
import re
import signal
import subprocess

import pytest

import worker
from services import needs_postgres, needs_redis, small_disk, wait_until

pytestmark = [worker.needs_worker, needs_postgres, needs_redis]

# Without loss, so that pictures can be compared; and one as usual, at half the frame rate.
LADDER = [{"name": "240p", "height": 240, "max_kbps": 40000, "crf": 1, "preset": "ultrafast"},
          {"name": "120p", "height": 120, "max_kbps": 400, "crf": 28, "preset": "superfast"}]
CHUNKS = ("--chunk", 6)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """26.4 s with open GOPs, B pictures, keyframes at odd places and sound that is longer than the pictures."""
    return worker.make(tmp_path_factory.mktemp("film") / "film.mp4", "-f", "lavfi", "-i",
                       "testsrc2=size=320x240:rate=25:duration=26.4", "-f", "lavfi", "-i", "sine=440:duration=28",
                       "-c:v", "libx264", "-preset", "veryfast", "-x264-params", "keyint=47:open-gop=1:bframes=3",
                       "-pix_fmt", "yuv420p", "-c:a", "aac")


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory):
    """What one go makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "ladder").write_text(json.dumps(LADDER))
    result = worker.run(film, folder / "title", "--ladder", folder / "ladder")
    assert result.ready, result.json
    return result


def jobs(station, video):
    rows = station.postgres.rows("SELECT * FROM transcoding_jobs WHERE video_id = %s ORDER BY kind, chunk", video)
    return {(row["kind"], row["chunk"]): row for row in rows}


def until_ready(station, video, within=120):
    def ended():
        row = station.video(video)
        assert row["status"] != "failed", (row, [w.log for w in station.workers])
        return row if row["status"] == "ready" else None
    return wait_until(ended, "ready:\n" + "\n".join(w.log for w in station.workers), within)


def made(folder):
    """By name, whatever the revision."""
    return {re.sub(r"\.r\d+", "", p.name): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*")
            if p.is_file() and p.name != "asset.json"}


def leftovers(station):
    return [str(p) for p in station.processed.rglob("*") if any(part.startswith(".") for part in
                                                                p.relative_to(station.processed).parts)]


def test_chunks_join_to_what_one_go_makes(station, film, whole):
    workers = [station.worker(*CHUNKS) for _ in range(2)]
    video = station.submit(film, ladder=LADDER)
    until_ready(station, video)
    rows = jobs(station, video)
    assert [kind for kind, _ in rows].count("chunk") == 4 and all(r["status"] == "done" for r in rows.values())
    assert len({r["worker_id"] for r in rows.values()}) == 2
    station.check_ready(video)
    folder = station.processed / video
    asset = station.asset(video)
    for member in ("duration_ms", "frame_rate", "thumbs", "notes", "subtitles"):
        assert asset[member] == whole.asset[member]
    for name in ("240p", "120p"):
        there = worker.Result(folder, 0, "{}")
        expected, found = whole.track(name), there.track(name)
        assert [(s.pts, s.duration, s.sync) for s in found.samples] == [(s.pts, s.duration, s.sync) for s in expected.samples]
    (audio,) = (r["name"] for r in asset["renditions"] if "height" not in r)
    assert (folder / f"{audio}.mp4").read_bytes() == whole.data(audio)
    assert (folder / "thumbs" / "poster.jpg").exists()  # of the first chunk, which is longer in earnest
    for picture in ("storyboard_0.jpg", "storyboard.vtt"):
        assert (folder / "thumbs" / picture).read_bytes() == (whole.folder / "thumbs" / picture).read_bytes()
    assert not list(folder.glob("thumbs/*.raw"))
    wait_until(lambda: not leftovers(station) or leftovers(station) == [str(station.processed / ".parts")], "no part remains")
    again = station.submit(film, ladder=LADDER)
    workers[0].close()
    until_ready(station, again)
    assert made(station.processed / again) == made(folder)


def test_no_picture_is_lost_or_doubled_at_the_joints(station, tmp_path):
    """Each picture shows its number in large blocks, which no encoder gets wrong. Of MP4 files test_chaos.py has the same."""
    numbered = worker.make(tmp_path / "numbered", "-f", "lavfi", "-i",
                           "color=black:size=320x240:rate=25:duration=20,geq=lum='if(mod(floor(N/pow(2,floor(X/20))),2),235,16)'"
                           ":cb=128:cr=128", "-c:v", "libx264", "-preset", "veryfast", "-x264-params",
                           "keyint=33:bframes=4", "-pix_fmt", "yuv420p", "-f", "mpegts")
    video = station.submit(numbered, ladder=LADDER[:1])
    station.run_once("--chunk", 5)
    assert [kind for kind, _ in jobs(station, video)].count("chunk") == 3
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", station.processed / video / "240p.mp4", "-f", "rawvideo", "-pix_fmt",
                          "gray", "-"], check=True, capture_output=True).stdout
    size = 320 * 240
    assert len(raw) == 500 * size
    for number in range(500):
        row = raw[number * size + 120 * 320:][:320]
        assert sum((row[20 * bit + 10] > 128) << bit for bit in range(16)) == number


def test_a_dead_workers_chunk_is_done_again_and_no_other(station, film):
    first = station.worker(*CHUNKS, "--lease", 3)
    video = station.submit(film, ladder=LADDER)
    wait_until(lambda: [r for r in jobs(station, video).values() if r["kind"] == "chunk" and r["status"] == "done"],
               "one chunk is done", 60)
    first.send(signal.SIGKILL)
    first.ended()
    done = {key: r["finished_at"] for key, r in jobs(station, video).items() if r["status"] == "done"}
    assert ("finish", 0) not in done
    station.worker(*CHUNKS, "--lease", 3)
    until_ready(station, video)
    rows = jobs(station, video)
    assert {key: rows[key]["finished_at"] for key in done} == done
    assert sum(r["attempts"] for r in rows.values()) <= len(rows) + 1
    station.check_ready(video)


def test_one_failed_chunk_fails_the_video_and_requeue_resumes_it(station, film):
    video = station.submit(film, ladder=LADDER)
    one = station.worker(*CHUNKS)
    wait_until(lambda: ("finish", 0) in jobs(station, video), "the video is split", 60)
    station.postgres.rows("UPDATE transcoding_jobs SET attempts = 2 WHERE kind = 'chunk' AND chunk = 2")
    wait_until(lambda: jobs(station, video)["chunk", 2]["status"] == "running", "the chunk runs", 60)
    with one.held() as child:
        if jobs(station, video)["chunk", 2]["status"] == "running":
            os.kill(child, signal.SIGKILL)
    wait_until(lambda: station.video(video)["status"] == "failed", "the video fails", 30)
    rows = jobs(station, video)
    assert rows["chunk", 2]["status"] == "failed" and "killed" in station.video(video)["reason"]
    assert not [r for r in rows.values() if r["status"] in ("queued", "running", "waiting")]
    done = {key for key, r in rows.items() if r["status"] == "done"}
    assert one.stop() == 0
    listed = station.command("jobs", "--dead-letters")
    assert rows["chunk", 2]["job_id"] in listed and video in listed
    station.command("jobs", "--requeue", video)
    station.run_once(*CHUNKS)
    station.check_ready(video)
    assert all(jobs(station, video)[key]["attempts"] == 1 for key in done)


def test_a_takedown_ends_all_chunks(station, film):
    one = station.worker(*CHUNKS)
    video = station.submit(film, ladder=LADDER)
    wait_until(lambda: [r for r in jobs(station, video).values() if r["kind"] == "chunk" and r["status"] == "done"],
               "one chunk is done", 60)
    station.take_down(video)
    wait_until(lambda: all(r["status"] in ("done", "failed") for r in jobs(station, video).values()), "all jobs have ended", 60)
    wait_until(lambda: not (station.processed / ".parts" / video).exists(), "no part remains", 60)
    assert not (station.processed / video).exists() and one.stop() == 0


def test_a_file_whose_clock_jumps_is_made_in_one_go(station, tmp_path):
    source = worker.make(tmp_path / "jump.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=24", "-c:v",
                         "libx264", "-preset", "ultrafast", "-g", 25, "-vf", "setpts='PTS+gt(N,300)*400/TB'", "-vsync",
                         "passthrough", "-t", 460)
    video = station.submit(source, ladder=LADDER[:1])
    part = worker.make(tmp_path / "part.ts", "-f", "lavfi", "-i", "color=size=320x240:rate=25:duration=13", "-c:v", "libx264",
                       "-preset", "ultrafast", "-g", 25)
    (tmp_path / "twice.ts").write_bytes(2 * part.read_bytes())
    twice = station.submit(tmp_path / "twice.ts", ladder=LADDER[1:])
    one = station.worker(*CHUNKS)
    for each in (video, twice):
        until_ready(station, each)
        assert set(jobs(station, each)) == {("title", 0)}
        station.check_ready(each, revision=station.video(each)["revision"])
    assert station.video(twice)["duration"] > 25000
    assert one.stop() == 0


def test_a_short_video_passes_a_long_one(station, film, tmp_path):
    """And many videos of one uploader do not keep another's waiting."""
    clip = worker.make(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2", "-c:v",
                       "libx264", "-preset", "ultrafast")
    station.worker("--chunk", 3)
    long = [station.submit(film, ladder=LADDER) for _ in range(3)]
    wait_until(lambda: any(("finish", 0) in jobs(station, v) for v in long), "one is split", 60)
    short = station.submit(clip, ladder=LADDER, uploader="another")
    until_ready(station, short)
    assert [station.video(v)["status"] for v in long] == ["processing"] * 3


def test_several_jobs_at_once_in_one_worker(station, film):
    one = station.worker(*CHUNKS, "--cpus", 3, "--memory", 6144)
    video = station.submit(film, ladder=LADDER)
    wait_until(lambda: sum(r["status"] == "running" for r in jobs(station, video).values()) >= 2, "two jobs run at once", 60)
    until_ready(station, video)
    assert len({r["worker_id"] for r in jobs(station, video).values()}) > 1
    assert one.stop() == 0


@pytest.fixture
def small(station):
    """The processed storage on a disk of its own of 256 KiB."""
    with small_disk(station.processed, "256k") as folder:
        yield folder
        station.close()


def test_a_full_disk_costs_an_attempt_and_leaves_nothing(station, film, small):
    """And what was done before is not done again once there is room."""
    one = station.worker(*CHUNKS)
    video = station.submit(film, ladder=LADDER[:1])
    one.until("job_will_be_retried")
    assert 'reason="The disk is full."' in one.events("job_will_be_retried")[0]
    wait_until(lambda: not list(small.rglob(".ingest-*/*.mp4")), "the room is free again")
    subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
    done = {key: r["finished_at"] for key, r in jobs(station, video).items() if r["status"] == "done"}
    station.postgres.rows("UPDATE transcoding_jobs SET run_after = now() WHERE status = 'queued'")
    until_ready(station, video)
    rows = jobs(station, video)
    assert {key: rows[key]["finished_at"] for key in done} == done and max(r["attempts"] for r in rows.values()) > 1
    station.check_ready(video)


def test_files_of_a_replaced_revision_remain_for_a_while(station, film):
    video = station.submit(film, ladder=LADDER[:1])
    station.run_once("--chunk", 0)
    station.postgres.rows("UPDATE transcoding_jobs SET status = 'queued', attempts = 0, queued_at = NULL, run_after = now()")
    station.run_once("--chunk", 0)
    folder = station.processed / video
    assert station.video(video)["status"] == "ready" and station.asset(video)["renditions"][0]["file"] == "240p.r2.mp4"
    assert (folder / "240p.mp4").exists() and (folder / "240p.r2.mp4").exists()
    one = station.worker("--keep-replaced", 0)
    wait_until(lambda: not (folder / "240p.mp4").exists(), "the replaced file is removed")
    assert (folder / "240p.r2.mp4").exists() and one.stop() == 0

"""Workers are killed at random moments, Redis loses what it knew, PostgreSQL restarts: every video becomes ready, with every
picture. MEZZ_CHAOS=1 for many more of each, MEZZ_CHAOS_SEED to have the same moments again."""
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

import worker
from queue_station import Station
from services import Postgres, Redis, needs_postgres, needs_redis, wait_until

pytestmark = [worker.needs_worker, needs_postgres, needs_redis]

LONG = bool(os.environ.get("MEZZ_CHAOS"))
UPLOADS, KILLS, PAUSE = (20, 50, (0.2, 2.0)) if LONG else (6, 8, (0.1, 0.8))
REDIS, POSTGRES = ({10: "kill", 30: "restart"}, {20, 40}) if LONG else ({2: "kill"}, {5})
SECONDS = 12
LADDER = [{"name": "240p", "height": 240, "max_kbps": 8000, "crf": 1, "preset": "ultrafast"},
          {"name": "120p", "height": 120, "max_kbps": 4000, "crf": 1, "preset": "ultrafast"}]
OPTIONS = ("--chunk", 4, "--lease", 2, "--keep-replaced", 0)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """Each picture shows its number as bars."""
    return worker.make(tmp_path_factory.mktemp("film") / "film.mp4", "-f", "lavfi", "-i",
                       f"color=black:size=320x240:rate=25:duration={SECONDS},"
                       "geq=lum='if(mod(floor(N/pow(2,floor(X/32))),2),235,16)':cb=128:cr=128", "-f", "lavfi", "-i",
                       f"sine=duration={SECONDS}", "-c:v", "libx264", "-preset", "veryfast", "-x264-params",
                       "keyint=33:open-gop=1", "-pix_fmt", "yuv420p", "-c:a", "aac")


def numbers(path, width, height):
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True,
                         capture_output=True).stdout
    bar = width // 10
    lines = (raw[at + height // 2 * width:][:width] for at in range(0, len(raw), width * height))
    return [sum((line[bar * bit + bar // 2] > 128) << bit for bit in range(10)) for line in lines]


def test_chaos(numbered, tmp_path):
    seed = int(os.environ.get("MEZZ_CHAOS_SEED", time.time_ns() % 10**6))
    print(f"MEZZ_CHAOS_SEED={seed}")
    dice = random.Random(seed)
    with Postgres() as postgres, Redis() as redis:
        station = Station(tmp_path, postgres, redis)
        try:
            chaos(station, numbered, dice)
        finally:
            station.close()


def chaos(station, numbered, dice):
    alive = [station.worker(*OPTIONS) for _ in range(3)]
    videos = [station.submit(numbered, ladder=LADDER) for _ in range(UPLOADS)]
    for kill in range(KILLS):
        time.sleep(dice.uniform(*PAUSE))
        victim = alive.pop(dice.randrange(3))
        victim.send(signal.SIGKILL)
        victim.ended()
        if kill in REDIS:
            station.redis.kill() if REDIS[kill] == "kill" else station.redis.stop()
            station.redis.start()
        if kill in POSTGRES:
            station.postgres.stop()
            station.postgres.start()
        alive.append(station.worker(*OPTIONS))

    def ended():
        rows = station.postgres.rows("SELECT status, reason FROM videos")
        assert all(row["status"] != "failed" for row in rows), rows
        return all(row["status"] == "ready" for row in rows)
    wait_until(ended, "all are ready", 900 if LONG else 180)
    for video in videos:
        revision = station.video(video)["revision"]
        station.check_ready(video, revision=revision, forgotten=True)
        files = {r["name"]: station.processed / video / r["file"] for r in station.asset(video)["renditions"]}
        assert numbers(files["240p"], 320, 240) == numbers(files["120p"], 160, 120) == list(range(25 * SECONDS))
        expected = {"asset.json", "thumbs", *(path.name for path in files.values())}

        def tidy():
            return {p.name for p in (station.processed / video).iterdir()} == expected
        wait_until(tidy, f"no other file in {sorted((station.processed / video).rglob('*'))}")
    doubled = station.postgres.rows("SELECT video_id FROM transcoding_jobs GROUP BY video_id, kind, chunk HAVING count(*) > 1 "
                                    "UNION SELECT video_id FROM transcoding_jobs WHERE status <> 'done'")
    assert not doubled
    wait_until(lambda: not any(p.is_file() for p in Path(station.processed / ".parts").rglob("*")), "no part remains")
    station.until_drained()

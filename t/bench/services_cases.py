"""Cases that need more than nginx: the picture service, or the API's PostgreSQL and Redis."""
import json
import shutil
import tempfile
import time
from pathlib import Path

import jwt

import load
import mezz
import services
import throughput
from cases import Case, Urls
from clients import run_viewers
from picture_service import PictureService
from titles import MINUTE

RULES = mezz.REPO / "lua" / "mezz"


def pictures(stage):
    """Pictures of the nearest key frame, 1080p, by a service with one process on one core; and who waits for them."""
    service = PictureService("--processes", 1, "--queue", 64)
    try:
        with stage.start(mezz=f"mezz_pictures unix:{service.socket} timeout=30s;") as server:
            return measure_pictures(server, service)
    finally:
        service.remove()


def measure_pictures(server, service):
    paths = [f"/mezz/{MINUTE.name}/thumbs/key_{second * 1000}.jpg" for second in range(0, 70, 2)]
    warm = Urls(server).segments(MINUTE, "cmaf", "240p", MINUTE.segments())
    for path in paths:
        server.get(path)
    (decoder,) = service.processes()
    cpu, begun = load.cpu_seconds(decoder), time.monotonic()
    sample = load.run_wrk(server, server.origin(), paths, 4, 10)
    cpu = load.cpu_seconds(decoder) - cpu
    each, rate = sample.requests / (cpu + sample.cpu), sample.requests / (time.monotonic() - begun)
    latencies, failed, _ = run_viewers(server, warm, 200, 1, 3)
    alone = sorted(latencies)[len(latencies) * 99 // 100]
    with load.Background(server, paths, 4):
        latencies, more_failed, _ = run_viewers(server, warm, 200, 1, 6)
    beside = sorted(latencies)[len(latencies) * 99 // 100]
    if failed + more_failed:
        raise RuntimeError(f"pictures: {failed + more_failed} failures; {server.last_error()}")

    def row(case, connections, ours, baseline, unit, **more):
        return {"case": case, "connections": connections, "ours": round(ours, 3), "baseline": baseline,
                "ratio": None if baseline is None else round(ours / baseline, 3), "unit": unit, **more}

    return [row("pictures", 4, each, None, "pictures/CPU s", target=">= 60", met=each >= 60),
            row("pictures: rate", 4, rate, None, "pictures/s"),
            row("pictures: p99 of segments", 200, beside, round(alone, 3), "ms")]


def stream(stage):
    """GET /stream: a video from PostgreSQL, the rules, and signed URLs, beside a static file."""
    if services.POSTGRES is None or not Path(services.REDIS_SERVER).exists():
        return [{"case": "stream", "connections": 16, "ours": None, "baseline": None, "ratio": None,
                 "unit": "not measured: needs PostgreSQL and Redis"}]
    raw = Path(tempfile.mkdtemp(prefix="mezz-bench-raw-", dir="/tmp"))
    try:
        with services.Postgres() as postgres, services.Redis() as redis:
            http = (f'mezz_redis {redis.address} timeout=500ms; mezz_postgres "{postgres.conninfo}" timeout=3s; '
                    f"mezz_policy {RULES};")
            api = f"location /api/v1/ {{ mezz_api; mezz_raw_storage file {raw}; }}"
            with stage.start(http=http, locations=api) as server:
                case = Case("stream", "GET /stream", [f"/api/v1/videos/{ready_video(postgres)}/stream"],
                            headers={"Authorization": f"Bearer {api_token(server.key)}"})
                return [row for connections in stage.connections or case.connections
                        for row in throughput.measure(server, case, connections, stage.rounds, stage.seconds)]
    finally:
        shutil.rmtree(raw)


def ready_video(postgres):
    """The id of a video that the catalog says can be watched."""
    asset = {"version": 1, "revision": 1, "title": "Bench", "duration_ms": 72000,
             "renditions": [{"name": "360p", "file": "360p.mp4"}]}
    (row,) = postgres.rows(
        "INSERT INTO videos (title, uploader_id, status, progress, revision, asset, duration, s3_manifest_key, processed_at) "
        "VALUES ('Bench', 'alice', 'ready', 100, 1, %s, 72000, 'asset.json', now()) RETURNING video_id::text", json.dumps(asset))
    return row["video_id"]


def api_token(key):
    return jwt.encode({"exp": int(time.time()) + 86400, "sub": "alice", "scope": "view"}, key.secret, algorithm="HS256",
                      headers={"kid": key.kid})

"""PostgreSQL, Redis and workers are killed or stop answering while titles are played and made."""
import concurrent.futures
import os
import signal
import time

import pytest

import mezz
import services
import stack
import walk
import worker
from services import wait_until

pytestmark = [worker.needs_worker, services.needs_postgres, services.needs_redis,
              pytest.mark.skipif(mezz.ASAN, reason="test_catalog_away.py shows the module's part with sanitizers"),
              pytest.mark.allows_errors("PostgreSQL", "Redis", "catalog")]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return worker.make(tmp_path_factory.mktemp("source") / "clip.mp4", "-f", "lavfi", "-i",
                       "testsrc2=size=426x240:rate=25:duration=6", "-f", "lavfi", "-i", "sine=440:duration=6",
                       "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")


@pytest.fixture(scope="module")
def long_source(tmp_path_factory):
    """Takes a worker some seconds."""
    return worker.make(tmp_path_factory.mktemp("source") / "long.mp4", "-f", "lavfi", "-i",
                       "testsrc2=size=1280x720:rate=50:duration=40", "-c:v", "libx264", "-preset", "ultrafast")


@pytest.fixture(scope="module")
def service(nginx_for_module, keys):
    whole = stack.Stack(nginx_for_module, keys, workers=2, worker_options=["--lease", "5", "--chunk", "0"])
    yield whole
    whole.close()


@pytest.fixture(scope="module")
def known(service, source):
    """A title that plays, and all that it serves."""
    video_id = service.create(source)
    service.wait_for(video_id)
    query = "?" + service.stream(video_id)["hls_url"].partition("?")[2]
    get = service.nginx.client()
    paths = set()
    for kind in ("hls", "cmaf"):
        title = walk.hls_title(get, f"/v/{video_id}", kind, query)
        paths.add(title.path)
        for playlist in title.playlists:
            paths.update([playlist.path, *playlist.uris, *([playlist.map] if playlist.map else [])])
    return get, sorted(paths)


def play(known):
    """Asks for everything of the title; nothing may fail."""
    get, paths = known
    return {path: get(path).status for path in paths if get(path).status != 200}


def unknown(service):
    """The answer to a title that nobody has asked for before."""
    video_id = f"00000000-0000-4000-8000-{time.monotonic_ns() % 10 ** 12:012}"
    token = service.key.token(path="/v/")
    start = time.monotonic()
    answer = service.nginx.client()(f"/v/{video_id}/hls/master.m3u8?token={token}")
    return answer, time.monotonic() - start


def is_back(service):
    return unknown(service)[0].status == 404 and service.call("GET", "videos").status_code == 200


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_known_titles_play_while_both_backends_are_away(service, known, how):
    assert play(known) == {}
    for backend in (service.postgres, service.redis):
        getattr(backend, how)()
    try:
        for _ in range(3):
            assert play(known) == {}
        answer, seconds = unknown(service)
        assert answer.status == 503 and answer.headers["retry-after"]
        assert seconds < 10, "a prompt answer"
        assert service.call("GET", "videos").status_code == 503
    finally:
        for backend in (service.postgres, service.redis):
            backend.resume() if how == "pause" else backend.start()
    wait_until(lambda: is_back(service), "the backends are used again")
    assert play(known) == {}


def progresses(service, video_id):
    return lambda: service.postgres.rows("SELECT worker_id FROM transcoding_jobs WHERE video_id = %s AND kind = 'title' AND status = 'running'"
                                         " AND progress > 2", video_id)


@pytest.mark.parametrize("how", ["kill", "pause"])
@pytest.mark.parametrize("victim", ["postgres", "redis"])
def test_ingest_goes_on_after_a_backend_was_away(service, long_source, victim, how):
    video_id = service.create(long_source)
    wait_until(progresses(service, video_id), "the job runs")
    backend = getattr(service, victim)
    getattr(backend, how)()
    time.sleep(2)  # so long that somebody wants to use it
    backend.resume() if how == "pause" else backend.start()
    wait_until(lambda: is_back(service), f"{victim} is used again")
    assert service.wait_for(video_id, within=180)["progress"] == 100


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_another_worker_takes_over(service, long_source, how):
    video_id = service.create(long_source)
    (row,) = wait_until(progresses(service, video_id), "the job runs")
    (victim,) = [w for w in service.workers if w.running and row["worker_id"] in w.log.read_text()
                 and f"test-{service.workers.index(w)}" == row["worker_id"]]
    os.kill(victim.process.pid, how)
    try:
        service.wait_for(video_id, within=180)
        (job,) = service.postgres.rows("SELECT worker_id, attempts, status FROM transcoding_jobs WHERE video_id = %s AND kind = 'title'", video_id)
        assert job["attempts"] == 2 and job["worker_id"] != row["worker_id"] and job["status"] == "done"
    finally:
        if how == signal.SIGSTOP:
            os.kill(victim.process.pid, signal.SIGCONT)
        else:
            victim.process.wait(10)
            service.add_worker()
    before = (service.processed / video_id / "asset.json").read_bytes()
    time.sleep(2)  # the first worker, if it lives, has learnt that the job is not its own any more
    assert (service.processed / video_id / "asset.json").read_bytes() == before
    assert service.video(video_id)["status"] == "ready"


def test_an_upload_is_watchable_while_all_workers_are_busy(service, source, long_source):
    """With long transcodes, which go on."""
    alive = [w for w in service.workers if w.running]
    long = [service.create(long_source) for _ in alive]
    running = "SELECT job_id, attempts FROM transcoding_jobs WHERE status = 'running' AND kind = 'title' ORDER BY job_id"
    wait_until(lambda: len(service.postgres.rows(running)) == len(alive), "all are busy", 60)
    children = [worker.child_of(w.process) for w in alive]
    for child in children:
        os.kill(child, signal.SIGSTOP)  # so that they are for as long as this takes
    before, video_id = service.postgres.rows(running), service.create(source)
    try:
        video = wait_until(lambda: (v := service.video(video_id))["status"] == "ready" and v, "it can be watched", 60)
        assert video["processed_at"] is None and [r["name"] for r in video["renditions"]][0] == "source"
        address = service.stream(video_id)["hls_url"]
        path = "/" + address.split("/", 3)[3]
        title = walk.hls_title(service.nginx.client(), path.partition("/hls/")[0], "hls", "?" + path.partition("?")[2])
        assert title.playlists
        assert service.postgres.rows(running) == before and len(before) == len(alive)
    finally:
        for child in children:
            os.kill(child, signal.SIGCONT)
        for each in (*long, video_id):
            service.call("DELETE", f"videos/{each}")


def test_redis_loses_its_queue(service, source):
    """Jobs that only Redis knew to be waiting are found in PostgreSQL."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        videos = list(pool.map(lambda _: service.create(source), range(6)))
    service.redis.client().flushall()
    for video_id in videos:
        service.wait_for(video_id, within=180)
    wait_until(lambda: service.redis.client().xlen("mezz:jobs") == 0, "no message is left")

"""The catalog while Redis or PostgreSQL are away: killed, paused, restarted; and that it comes back by itself."""
import json
import threading
import time

import pytest

import services
from api import Api, no_id, ready_video
from services import wait_until
from stack import Stack
from test_catalog import get, playlist, status, title_of
from upload import descriptors

pytestmark = [services.needs_postgres, services.needs_redis]

PROMPT = 5  # seconds


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def edge(stack):
    """A second nginx over the same backends."""
    return stack.another_nginx()


@pytest.fixture(autouse=True)
def restored(stack, edge):
    """Both backends are there again, and nginx knows it."""
    yield
    for service in (stack.postgres, stack.redis):
        service.resume() if service.running else service.start()
    for nginx in (stack.nginx, edge):
        wait_until(lambda: is_well(nginx, stack), "nginx uses both backends again")


def is_well(nginx, stack):
    video_id = no_id()
    return status(nginx, stack, video_id) == 404 and stack.redis.client().exists(f"mezz:asset:{video_id}")


def plays(nginx, stack, video_id):
    wait_until(lambda: status(nginx, stack, video_id) == 200, "it plays", 30)


def unavailable(stack, video_id, nginx=None):
    """A prompt 503 that says when to come again."""
    nginx = nginx or stack.nginx
    begun = time.monotonic()
    answer = nginx.client()(f"/v/{video_id}/cmaf/master.m3u8?token={stack.key.token(f'/v/{video_id}')}")
    taken = time.monotonic() - begun
    assert answer.status == 503, answer
    assert int(answer.headers["retry-after"]) > 0
    assert taken < PROMPT, f"{taken} s"


def doubt(stack):
    """Redis comes back empty: each entry in memory must be asked for again."""
    subscribed = stack.nginx.log.read_text().count("subscribed to messages")
    stack.redis.kill()
    stack.redis.start()
    wait_until(lambda: stack.nginx.log.read_text().count("subscribed to messages") > subscribed, "subscribed again")


def test_without_redis(stack):
    known = ready_video(stack)
    plays(stack.nginx, stack, known)
    stack.redis.kill()
    new = ready_video(stack, tell=False)
    for _ in range(3):
        assert status(stack.nginx, stack, new) == 200 and status(stack.nginx, stack, known) == 200
        assert status(stack.nginx, stack, no_id()) == 404
    stack.redis.start()
    later = ready_video(stack)
    assert status(stack.nginx, stack, later) == 200


def test_with_redis_paused(stack):
    stack.redis.pause()
    new = ready_video(stack, tell=False)
    begun = time.monotonic()
    assert status(stack.nginx, stack, new) == 200
    assert time.monotonic() - begun < PROMPT
    assert status(stack.nginx, stack, no_id()) == 404
    stack.redis.resume()
    assert status(stack.nginx, stack, ready_video(stack)) == 200


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_without_postgres(stack, how):
    """What Redis knows plays, in an nginx that has never seen it; what it does not know is a 503."""
    in_redis, elsewhere = ready_video(stack), ready_video(stack, tell=False)
    getattr(stack.postgres, how)()
    assert status(stack.nginx, stack, in_redis) == 200
    media, segment = playlist(stack.nginx, stack, in_redis)
    assert status(stack.nginx, stack, in_redis, segment) == 200
    for _ in range(4):
        unavailable(stack, elsewhere)
        unavailable(stack, no_id())
    stack.postgres.start() if how == "kill" else stack.postgres.resume()
    plays(stack.nginx, stack, elsewhere)
    wait_until(lambda: status(stack.nginx, stack, no_id()) == 404, "unknown ones are known to be so", 30)


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_without_both(stack, how):
    """Known titles go on, their segments and playlists too, even when their entries are doubted, as they are called now."""
    known, unknown = ready_video(stack), ready_video(stack, tell=False)
    Api(stack).ok("PATCH", f"videos/{known}", {"title": "Renamed"})
    leaves = ["cmaf/master.m3u8", "hls/master.m3u8", "cmaf/manifest.mpd", "thumbs/poster.jpg",
              *playlist(stack.nginx, stack, known)]
    getattr(stack.postgres, how)()
    doubt(stack)
    for leaf in leaves:
        assert status(stack.nginx, stack, known, leaf) == 200, f"{leaf}, without PostgreSQL"
    getattr(stack.redis, how)()
    for _ in range(2):
        for leaf in leaves:
            begun = time.monotonic()
            assert status(stack.nginx, stack, known, leaf) == 200, leaf
            assert time.monotonic() - begun < PROMPT
        assert title_of(get(stack.nginx, stack, known, "cmaf/master.m3u8")) == "Renamed"
        unavailable(stack, unknown)
        unavailable(stack, no_id())
    for service in (stack.postgres, stack.redis):
        service.start() if how == "kill" else service.resume()
    plays(stack.nginx, stack, unknown)
    plays(stack.nginx, stack, known)
    assert Api(stack)("DELETE", f"videos/{known}").status == 204
    wait_until(lambda: status(stack.nginx, stack, known) == 404, "takedowns work again", 30)


def test_api_without_postgres(stack):
    """503 with Retry-After, as a problem, for each call; and it comes back."""
    video_id, api = ready_video(stack), Api(stack)
    told = api.ok("POST", "videos/upload", {"filename": "a.mp4", "size": 3, "content_type": "video/mp4"}, 201)
    for how, back in (("kill", "start"), ("pause", "resume")):
        getattr(stack.postgres, how)()
        for method, path, body in (("GET", "videos", None), ("GET", f"videos/{video_id}", None),
                                   ("GET", f"videos/{video_id}/stream", None), ("DELETE", f"videos/{video_id}", None),
                                   ("PATCH", f"videos/{video_id}", {"title": "x"}),
                                   ("POST", "videos", {"upload_id": told["upload_id"]}),
                                   ("POST", "videos/upload", {"filename": "a", "size": 1, "content_type": "video/mp4"})):
            begun = time.monotonic()
            answer = api(method, path, body)
            assert answer.status == 503 and int(answer.headers["retry-after"]) > 0, answer
            assert answer.json["type"] == "urn:mezz:problem:unavailable"
            assert time.monotonic() - begun < PROMPT, (how, method, path)
        api.problem(401, "unauthorized", "GET", "videos", token="x")
        api.problem(422, "invalid-field", "PATCH", f"videos/{video_id}", {"title": ""})
        getattr(stack.postgres, back)()
        wait_until(lambda: api("GET", "videos").status == 200, "it is back", 30)
    stack.postgres.kill()  # an upload asks nothing of it
    assert api.client(told["upload_url"], "PUT", {"Content-Type": "video/mp4"}, b"abc").status == 201
    stack.postgres.start()
    wait_until(lambda: api("POST", "videos", {"upload_id": told["upload_id"]}).status == 201, "the upload counts", 30)


def test_api_without_redis(stack):
    """A video is made all the same; its job says that it is not in the queue."""
    api = Api(stack)
    for how, back in (("kill", "start"), ("pause", "resume")):
        told = api.ok("POST", "videos/upload", {"filename": "a.mp4", "size": 3, "content_type": "video/mp4"}, 201)
        assert api.client(told["upload_url"], "PUT", {"Content-Type": "video/mp4"}, b"abc").status == 201
        getattr(stack.redis, how)()
        video_id = api.ok("POST", "videos", {"upload_id": told["upload_id"]}, 201)["video_id"]
        (job,) = stack.postgres.rows("SELECT status, queued_at FROM transcoding_jobs WHERE video_id = %s AND kind = 'remux'", video_id)
        assert job == {"status": "queued", "queued_at": None}
        assert api("DELETE", f"videos/{video_id}").status == 204
        getattr(stack.redis, back)()
        wait_until(lambda: stack.redis.client().ping(), "Redis is back")


def test_redis_restarted_while_an_entry_changes(stack, edge):
    """No message tells of the change: what was in memory is not believed any more."""
    video_id = ready_video(stack)
    for nginx in (stack.nginx, edge):
        plays(nginx, stack, video_id)
    stack.redis.kill()
    assert Api(stack)("DELETE", f"videos/{video_id}").status == 204
    stack.redis.start()
    for nginx in (stack.nginx, edge):
        wait_until(lambda: status(nginx, stack, video_id) == 404, "refused", 30)


def test_change_while_postgres_is_asked(stack, edge):
    """Who waits in vain for PostgreSQL and hears of a takedown meanwhile does not give out what was known before."""
    video_id = ready_video(stack)
    plays(stack.nginx, stack, video_id)
    doubt(stack)
    stack.postgres.pause()
    seen = []
    asking = threading.Thread(target=lambda: seen.append(status(stack.nginx, stack, video_id)))
    asking.start()
    time.sleep(0.1)
    gone = {"video_id": video_id, "status": "gone", "revision": 1, "asset": None}
    stack.redis.client().set(f"mezz:asset:{video_id}", json.dumps(gone), ex=300)
    stack.redis.client().publish("mezz:invalidate", video_id)
    time.sleep(0.2)
    told_in_time = asking.is_alive()  # if not, this machine is too busy to tell
    asking.join()
    assert not told_in_time or seen == [404]
    wait_until(lambda: status(stack.nginx, stack, video_id) == 404, "refused", PROMPT)


@pytest.mark.parametrize("times", [1, 3])
def test_takedown_while_redis_is_paused(stack, edge, times):
    """Redis comes back with what it held before: the takedown must reach it all the same."""
    videos = [ready_video(stack) for _ in range(times)]
    for video_id in videos:
        for nginx in (stack.nginx, edge):
            plays(nginx, stack, video_id)
    stack.redis.pause()
    for video_id in videos:
        for _ in range(3):
            assert status(stack.nginx, stack, no_id()) == 404  # Redis is found to be away
        assert Api(stack)("DELETE", f"videos/{video_id}").status == 204
        assert status(stack.nginx, stack, video_id) == 404
    stack.redis.resume()
    for video_id in videos:
        for nginx in (stack.nginx, edge):
            wait_until(lambda: status(nginx, stack, video_id) == 404, "refused", 30)


def test_reload_keeps_the_catalog(stack):
    """Titles that are known play on in new workers, with both backends gone."""
    video_id = ready_video(stack)
    media, segment = playlist(stack.nginx, stack, video_id)
    stack.postgres.kill()
    stack.redis.kill()
    stack.nginx.reload()
    for leaf in ("cmaf/master.m3u8", media, segment):
        assert status(stack.nginx, stack, video_id, leaf) == 200
    unavailable(stack, no_id())
    stack.postgres.start()
    stack.redis.start()
    plays(stack.nginx, stack, ready_video(stack))


def test_flapping_redis(stack):
    """Restarted again and again: no entry is lost or wrong, no descriptor leaks."""
    (pid,) = stack.nginx.workers()
    video_id = ready_video(stack)
    plays(stack.nginx, stack, video_id)
    before = descriptors(pid)
    for _ in range(5):
        doubt(stack)
        assert status(stack.nginx, stack, video_id) == 200
    assert descriptors(pid) <= before + 4
    assert stack.nginx.workers() == [pid]

"""`mezz_catalog postgres`: what is found where, how often it is asked for, and how fast a takedown is obeyed."""
import json
import shutil
import socket
import threading
import time
import uuid

import pytest

import services
from api import JPEG, Api, announce, insert_video, make_ready, no_id, place_files, ready_video
from services import wait_until
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]

PROMPT = 5  # seconds; what is to happen within one, on a machine that is busy


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    made.postgres.psql("-d", "postgres", "-c", "ALTER SYSTEM SET log_statement = 'all'", "-c", "SELECT pg_reload_conf()")
    wait_until(lambda: made.postgres.rows("SHOW log_statement")[0]["log_statement"] == "all", "statements are logged")
    yield made
    made.close()


@pytest.fixture(scope="module")
def edge(stack):
    """A second nginx over the same backends."""
    return stack.another_nginx()


def queries(stack, video_id):
    """How often PostgreSQL was asked for an entry."""
    return stack.postgres.log.read_text(errors="replace").count(f"parameters: $1 = '{video_id}'")


def get(nginx, stack, video_id, leaf, protocol="h1"):
    token = stack.key.token(f"/v/{video_id}")
    return nginx.client(protocol)(f"/v/{video_id}/{leaf}?token={token}")


def status(nginx, stack, video_id, leaf="cmaf/master.m3u8"):
    return get(nginx, stack, video_id, leaf).status


def playlist(nginx, stack, video_id):
    """Leaves of a media playlist, of its first segment and of its init segment, under their revision."""
    master = get(nginx, stack, video_id, "cmaf/master.m3u8")
    assert master.status == 200, master
    (first, *_) = [line for line in master.text.splitlines() if line and not line.startswith("#")]
    leaf = "cmaf/" + first.split("?")[0]
    media = get(nginx, stack, video_id, leaf)
    assert media.status == 200, media
    (segment, *_) = [line for line in media.text.splitlines() if line and not line.startswith("#")]
    return leaf, leaf.rsplit("/", 1)[0] + "/" + segment.split("?")[0]


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_plays(stack, protocol):
    video_id = ready_video(stack)
    media, segment = playlist(stack.nginx, stack, video_id)
    for leaf, kind in (("hls/master.m3u8", "application/vnd.apple.mpegurl"), ("cmaf/manifest.mpd", "application/dash+xml"),
                       (media, "application/vnd.apple.mpegurl"), (segment, None), ("thumbs/poster.jpg", "image/jpeg"),
                       ("thumbs/storyboard_0.jpg", "image/jpeg"), ("thumbs/storyboard.vtt", "text/vtt")):
        answer = get(stack.nginx, stack, video_id, leaf, protocol)
        assert answer.status == 200, (leaf, answer)
        assert kind is None or answer.headers["content-type"].startswith(kind)
        assert int(answer.headers["content-length"]) == len(answer.body)
    for leaf in ("thumbs/storyboard_1.jpg", "thumbs/asset.json", "thumbs/../asset.json", "asset.json", "thumbs/", "hls/x.m3u8"):
        assert get(stack.nginx, stack, video_id, leaf, protocol).status == 404, leaf


def test_token_is_carried_into_the_storyboard(stack):
    video_id = ready_video(stack)
    client, token = stack.nginx.client(), stack.key.token(f"/v/{video_id}")
    board = client.ok(f"/v/{video_id}/thumbs/storyboard.vtt?token={token}")
    lines = [line for line in board.text.splitlines() if ".jpg" in line]
    assert len(lines) == 2
    for line in lines:
        picture, fragment = line.split("#")
        assert picture == f"storyboard_0.jpg?token={token}" and fragment.startswith("xywh=")
        assert client.ok(f"/v/{video_id}/thumbs/{picture}").body == JPEG
    assert "token" not in client(f"/v/{video_id}/thumbs/storyboard.vtt", headers={"Authorization": f"Bearer {token}"}).text


def test_unknown_is_asked_for_once(stack):
    video_id = no_id()
    for _ in range(5):
        assert status(stack.nginx, stack, video_id) == 404
    assert queries(stack, video_id) == 1
    redis = stack.redis.client()
    assert json.loads(redis.get(f"mezz:asset:{video_id}")) == {"status": "unknown"}
    assert 0 < redis.ttl(f"mezz:asset:{video_id}") <= 5


def test_known_is_asked_for_once(stack, edge):
    video_id = ready_video(stack, tell=False)
    for nginx in (stack.nginx, edge, stack.nginx, edge):
        assert status(nginx, stack, video_id) == 200
    assert queries(stack, video_id) == 1, "the second nginx finds it in Redis"
    redis = stack.redis.client()
    assert json.loads(redis.get(f"mezz:asset:{video_id}"))["status"] == "ready"
    assert 0 < redis.ttl(f"mezz:asset:{video_id}") <= 300


def test_names_that_are_no_ids(stack):
    video_id = ready_video(stack)
    for name in (video_id.upper(), "{" + video_id + "}", video_id.replace("-", ""), video_id + "0", "x", "a%00", "%2e", "-",
                 "." + video_id, video_id + "%20", "x/%2e%2e/" + video_id.upper(), "%ff", "*"):
        answer = stack.nginx.client()(f"/v/{name}/cmaf/master.m3u8?token={stack.key.token('/')}")
        assert answer.status in (400, 403, 404), (name, answer)
    assert status(stack.nginx, stack, video_id) == 200


@pytest.mark.parametrize("state", ["uploading", "processing", "failed"])
def test_not_ready(stack, state):
    video_id = insert_video(stack, status=state)
    place_files(stack, video_id)
    for leaf in ("cmaf/master.m3u8", "hls/master.m3u8", "cmaf/manifest.mpd", "thumbs/poster.jpg", "thumbs/storyboard.vtt"):
        assert status(stack.nginx, stack, video_id, leaf) == 404, leaf


def test_ready_at_once(stack, edge):
    """What was asked for too early plays as soon as the worker has said so."""
    video_id = insert_video(stack)
    for nginx in (stack.nginx, edge):
        assert status(nginx, stack, video_id) == 404
    make_ready(stack, video_id)
    for nginx in (stack.nginx, edge):
        wait_until(lambda: status(nginx, stack, video_id) == 200, "it plays", PROMPT)


def test_ready_before_redis_is_told(stack, edge):
    """Redis lags behind PostgreSQL for a moment: a first viewer of that moment is not refused."""
    video_id = insert_video(stack)
    announce(stack, video_id)
    make_ready(stack, video_id, tell=False)
    for nginx in (stack.nginx, edge):
        assert status(nginx, stack, video_id) == 200


def test_a_new_revision(stack, edge):
    """Processed again: the top playlists name the new revision, the old one's URLs last as long as its files."""
    video_id = ready_video(stack)
    old = {nginx: playlist(nginx, stack, video_id) for nginx in (stack.nginx, edge)}
    assert len(set(old.values())) == 1, "both make the same URLs"
    stack.postgres.rows("UPDATE videos SET revision = revision + 1, previous = asset, asset = jsonb_set(asset, '{revision}', "
                        "to_jsonb(revision + 1)) WHERE video_id = %s", video_id)
    announce(stack, video_id)
    for nginx, leaves in old.items():
        wait_until(lambda: playlist(nginx, stack, video_id) != leaves, "the new one is named", PROMPT)
        assert [status(nginx, stack, video_id, leaf) for leaf in leaves] == [200, 200]
    stack.postgres.rows("UPDATE videos SET previous = NULL WHERE video_id = %s", video_id)
    announce(stack, video_id)
    for nginx, leaves in old.items():
        wait_until(lambda: status(nginx, stack, video_id, leaves[0]) == 404, "the old one is gone", PROMPT)
        assert status(nginx, stack, video_id, leaves[1]) == 404


def title_of(playlist):
    (line,) = [line for line in playlist.text.splitlines() if line.startswith("#EXT-X-SESSION-DATA:")]
    return line.removeprefix('#EXT-X-SESSION-DATA:DATA-ID="com.apple.hls.title",VALUE="').removesuffix('"')


def test_a_new_title(stack, edge):
    """Players are told it by every edge, and nothing else changes: no URL, no other text."""
    video_id = ready_video(stack, "Before")
    servers = (stack.nginx, edge)
    leaves = {nginx: playlist(nginx, stack, video_id) for nginx in servers}
    masters = [get(nginx, stack, video_id, "cmaf/master.m3u8") for nginx in servers * 3]  # the third one is kept
    assert {title_of(master) for master in masters} == {"Before"} and len({m.headers["etag"] for m in masters}) == 1
    others = [get(stack.nginx, stack, video_id, leaf) for leaf in (leaves[edge][0], "cmaf/manifest.mpd")]
    title = 'Nach dem "Umbenennen" ' + "\N{BEACH WITH UMBRELLA}" * 478
    assert Api(stack).ok("PATCH", f"videos/{video_id}", {"title": title})["title"] == title
    (row,) = stack.postgres.rows("SELECT untold_since FROM videos WHERE video_id = %s", video_id)
    assert row["untold_since"], "a worker tells it once more"
    for nginx in servers:
        wait_until(lambda: title_of(get(nginx, stack, video_id, "cmaf/master.m3u8")) == title.replace('"', "'"), "it is told",
                   PROMPT)
        renamed = get(nginx, stack, video_id, "cmaf/master.m3u8")
        assert renamed.headers["etag"] != masters[0].headers["etag"] and "last-modified" not in renamed.headers
        assert renamed.text.replace(title_of(renamed), "Before") == masters[0].text
        assert playlist(nginx, stack, video_id) == leaves[nginx]
    for before, leaf in zip(others, (leaves[edge][0], "cmaf/manifest.mpd")):
        after = get(stack.nginx, stack, video_id, leaf)
        assert after.body == before.body and after.headers["etag"] == before.headers["etag"]


def test_an_entry_of_before(stack):
    """Redis holds what an older version wrote, which says no title: the files' is told."""
    video_id = ready_video(stack, "Of the files", tell=False)
    entry = json.loads(stack.postgres.rows("SELECT mezz_catalog_entry(%s::uuid)::text AS entry", video_id)[0]["entry"])
    assert entry.pop("title") == "Of the files"
    stack.redis.client().set(f"mezz:asset:{video_id}", json.dumps(entry), ex=300)
    assert title_of(get(stack.nginx, stack, video_id, "hls/master.m3u8")) == "Of the files"
    assert queries(stack, video_id) == 0, "Redis said it"


@pytest.mark.parametrize("rounds", range(3))
def test_takedown(stack, edge, rounds):
    """Every edge refuses within a second, whatever it has in memory and whichever URL is asked for."""
    video_id = ready_video(stack)
    leaves = [*playlist(stack.nginx, stack, video_id), "cmaf/master.m3u8", "hls/master.m3u8", "cmaf/manifest.mpd",
              "thumbs/poster.jpg", "thumbs/storyboard.vtt", "thumbs/storyboard_0.jpg"]
    servers = (stack.nginx, edge)
    for nginx in servers:
        assert all(status(nginx, stack, video_id, leaf) == 200 for leaf in leaves)
    assert Api(stack)("DELETE", f"videos/{video_id}").status == 204
    for nginx in servers:
        wait_until(lambda: all(status(nginx, stack, video_id, leaf) == 404 for leaf in leaves), "all refused", PROMPT)
    assert json.loads(stack.redis.client().get(f"mezz:asset:{video_id}"))["status"] == "gone"


def test_takedown_while_it_is_watched(stack, edge):
    """No late reader brings it back."""
    video_id, over = ready_video(stack, tell=False), threading.Event()
    seen = []

    def watch(nginx):
        while not over.is_set():
            begun = time.monotonic()
            seen.append((begun, status(nginx, stack, video_id)))

    threads = [threading.Thread(target=watch, args=(nginx,)) for nginx in (stack.nginx, edge) * 3]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(seen) > 50, "it is watched")
    assert Api(stack)("DELETE", f"videos/{video_id}").status == 204
    for nginx in (stack.nginx, edge):
        wait_until(lambda: status(nginx, stack, video_id) == 404, "refused", PROMPT)
    refused, after = time.monotonic(), len(seen)
    wait_until(lambda: len(seen) > after + 200, "many more have asked")
    over.set()
    for thread in threads:
        thread.join()
    assert {answer for begun, answer in seen if begun > refused} == {404}
    assert {answer for _, answer in seen} == {200, 404}


def test_many_first_requests_make_one_query(nginx, keys):
    """Of a hundred at once, one asks in each worker."""
    stack = Stack(nginx, keys, workers=0, main="worker_rlimit_nofile 4096;")
    try:
        stack.postgres.psql("-d", "postgres", "-c", "ALTER SYSTEM SET log_statement = 'all'", "-c",
                            "SELECT pg_reload_conf()")
        wait_until(lambda: stack.postgres.rows("SHOW log_statement")[0]["log_statement"] == "all", "statements are logged")
        for video_id, expected in ((ready_video(stack, tell=False), b"200"), (no_id(), b"404")):
            token = stack.key.token(f"/v/{video_id}")
            request = (f"GET /v/{video_id}/cmaf/master.m3u8?token={token} HTTP/1.1\r\nHost: localhost\r\n"
                       "Connection: close\r\n\r\n").encode()
            sockets = [socket.create_connection(("127.0.0.1", stack.nginx.port), 30) for _ in range(100)]
            for s in sockets:
                s.sendall(request)
            assert {s.makefile("rb").readline().split()[1] for s in sockets} == {expected}
            for s in sockets:
                s.close()
            assert 1 <= queries(stack, video_id) <= len(stack.nginx.workers())
    finally:
        stack.close()


def poisons(video_id, other):
    entry = {"video_id": video_id, "status": "ready", "revision": 1, "asset": None}
    outside = {"version": 1, "revision": 1, "renditions": [{"name": "720p", "file": "../../etc/passwd"}]}
    return {
        "garbage": b"\x00\xff garbage", "empty object": b"{}", "a list": b"[1]", "cut": json.dumps(entry).encode()[:20],
        "another video's": other, "2 MB": b'{"status": "unknown", "x": "' + b"x" * 2_000_000 + b'"}',
        "no asset": json.dumps(entry).encode(), "another status": json.dumps({**entry, "status": "fine"}).encode(),
        "negative revision": json.dumps({**entry, "revision": -1}).encode(),
        "outside": json.dumps({**entry, "asset": outside}).encode(),
        "deep": b'{"status": "ready", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    }


POISONS = list(poisons("", b""))


@pytest.mark.allows_errors("Redis holds a catalog entry that cannot be used")
@pytest.mark.parametrize("name", POISONS)
def test_poisoned_redis(stack, name):
    """Ignored, told in error.log, and PostgreSQL asked instead."""
    redis = stack.redis.client()
    other = ready_video(stack)
    video_id = ready_video(stack, tell=False)
    redis.set(f"mezz:asset:{video_id}", poisons(video_id, redis.get(f"mezz:asset:{other}").encode())[name])
    before = stack.nginx.log.stat().st_size
    assert status(stack.nginx, stack, video_id) == 200
    assert "Redis holds a catalog entry that cannot be used" in stack.nginx.log.read_text()[before:]
    assert queries(stack, video_id) == 1


@pytest.mark.allows_errors("WRONGTYPE")
def test_another_kind_of_value(stack):
    video_id = ready_video(stack, tell=False)
    stack.redis.client().rpush(f"mezz:asset:{video_id}", "a", "b")
    assert status(stack.nginx, stack, video_id) == 200


def test_messages_that_are_no_ids(stack):
    """On the channel: whatever it is, nothing happens."""
    video_id, redis = ready_video(stack), stack.redis.client()
    assert status(stack.nginx, stack, video_id) == 200
    for message in ("", "x", video_id.upper(), "*", "\u0000", "ü" * 1000, "x" * 100_000, str(uuid.uuid4())):
        redis.publish("mezz:invalidate", message)
    assert status(stack.nginx, stack, video_id) == 200


@pytest.mark.allows_errors("asset|open|file")
def test_files_that_are_missing(stack):
    """The catalog says that it is ready and the storage has nothing: refused, for that title alone."""
    video_id = ready_video(stack)
    shutil.rmtree(stack.processed / video_id)
    for leaf in ("cmaf/master.m3u8", "thumbs/poster.jpg"):
        assert status(stack.nginx, stack, video_id, leaf) in (404, 422)
    assert status(stack.nginx, stack, ready_video(stack)) == 200

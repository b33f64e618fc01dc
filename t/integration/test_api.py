"""Every call of the REST API and every way in which it can end, over HTTP/1.1 and HTTP/2."""
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

import services
from api import JPEG, Api, insert_video, make_ready, no_id, problem_of, ready_video
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]

# Texts that must come back as they are.
TEXTS = ["It's \"quoted\" \\ back\\slash", "<script>alert('x')</script> &amp; <!-- -->", "'; DROP TABLE videos; --",
         "\u202egpj.4pm \u2067עברית\u2069 العربية", "🎬👩‍👩‍👧 𝕄𝕖𝕫𝕫 𠜎", "e\u0301 is not \u00e9", "%s %00 %d {} ${x} $1 :name",
         "{\"json\": [1]}", "a" * 500, "𠜎" * 500, "\u00a0non-breaking\u00a0", "null", "0"]
# Of a title only: no tabs and line breaks.
LINES = ["two\nlines\r\nand\ttab", ""]


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0, http="client_max_body_size 1k;")
    yield made
    made.close()


@pytest.fixture(scope="module", params=["h1", "h2"])
def api(stack, request):
    return Api(stack, request.param)


@pytest.fixture
def admin(stack):
    return stack.token("admin", sub="root")


def upload(api, name="film.mp4", data=b"0123456789", **more):
    """An upload that is complete; its id."""
    told = api.ok("POST", "videos/upload", {"filename": name, "size": len(data), "content_type": "video/mp4"}, 201,
                  **more)
    assert told["method"] == "PUT"
    assert told["headers"] == {"Content-Type": "video/mp4", "Content-Length": str(len(data))}
    stored = api.client(told["upload_url"], "PUT", {"Content-Type": "video/mp4"}, data)
    assert stored.status == 201, stored
    assert stored.json == {"upload_id": told["upload_id"], "size": len(data)}
    return told["upload_id"]


def create(api, **fields):
    """A video of an upload; its id."""
    return api.ok("POST", "videos", {"upload_id": upload(api), **fields}, 201)["video_id"]


def test_from_upload_to_takedown(api, stack):
    """The whole walk of a client."""
    upload_id = upload(api, "My film.mp4", b"x" * 512)
    assert (stack.raw / upload_id / "My film.mp4").read_bytes() == b"x" * 512
    answer = api("POST", "videos", {"upload_id": upload_id})
    assert answer.status == 201, answer
    video_id = answer.json["video_id"]
    assert answer.json == {"video_id": video_id, "status": "processing"}
    assert urlsplit(answer.headers["location"]).path == f"/api/v1/videos/{video_id}"

    video = api.ok("GET", f"videos/{video_id}")
    assert set(video) == {"video_id", "title", "description", "status", "progress", "reason", "duration_ms",
                          "uploader_id", "uploaded_at", "processed_at", "poster_url", "stage", "renditions",
                          "thumbnails", "notes", "access", "available_from", "available_until", "updated_at"}
    assert video["title"] == "My film" and video["description"] == "" and video["uploader_id"] == "alice"
    assert video["status"] == "processing" and video["progress"] == 0 and video["duration_ms"] is None
    assert video["thumbnails"] == {"poster_url": None, "storyboard_url": None}
    assert (video["access"], video["notes"], video["renditions"]) == ({}, [], [])

    answer = api("GET", f"videos/{video_id}/stream")
    problem_of(answer, "not-ready")
    assert answer.status == 409 and int(answer.headers["retry-after"]) > 0

    make_ready(stack, video_id)
    video = api.ok("GET", f"videos/{video_id}")
    assert video["status"] == "ready" and video["progress"] == 100 and video["duration_ms"] == 24000
    assert {"audio-eng", "audio-deu"} < {r["name"] for r in video["renditions"]}
    poster = api.client(video["thumbnails"]["poster_url"])
    assert poster.status == 200 and poster.body == JPEG

    stream = api.ok("GET", f"videos/{video_id}/stream")
    assert set(stream) == {"url", "hls_url", "cmaf_url", "dash_url", "poster_url", "storyboard_url", "expires_at"}
    assert stream["url"] == stream["hls_url"]
    for name, leaf in (("hls_url", "hls/master.m3u8"), ("cmaf_url", "cmaf/master.m3u8"),
                       ("dash_url", "cmaf/manifest.mpd"), ("poster_url", "thumbs/poster.jpg"),
                       ("storyboard_url", "thumbs/storyboard.vtt")):
        assert urlsplit(stream[name]).path == f"/v/{video_id}/{leaf}"
        assert api.client(stream[name]).status == 200, name

    assert api("DELETE", f"videos/{video_id}").status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/stream")):
        api.problem(404, "not-found", method, f"videos/{video_id}{path}")
    api.problem(404, "not-found", "PATCH", f"videos/{video_id}", {"title": "x"})
    assert api.client(stream["hls_url"]).status == 404


def test_a_video_becomes_a_job(api, stack):
    upload_id = upload(api, "a b.mkv")
    before = stack.redis.client().xlen("mezz:jobs")
    video_id = api.ok("POST", "videos", {"upload_id": upload_id}, 201)["video_id"]
    (job,) = stack.postgres.rows("SELECT job_id::text, source, status, ladder, attempts, queued_at FROM "
                                 "transcoding_jobs WHERE video_id = %s AND kind = 'remux'", video_id)
    assert job["source"] == f"{upload_id}/a b.mkv" and job["status"] == "queued" and job["ladder"] is None
    assert job["attempts"] == 0 and job["queued_at"] is not None
    redis = stack.redis.client()
    assert redis.xlen("mezz:jobs") == before + 1
    (_, fields), = redis.xrevrange("mezz:jobs", count=1)
    assert fields == {"job_id": job["job_id"], "video_id": video_id}


def test_the_same_upload_twice(api):
    upload_id = upload(api)
    video_id = api.ok("POST", "videos", {"upload_id": upload_id}, 201)["video_id"]
    for _ in range(2):
        problem = api.problem(409, "upload-used", "POST", "videos", {"upload_id": upload_id})
        assert problem["video_id"] == video_id


def test_an_upload_that_is_not_complete(api):
    told = api.ok("POST", "videos/upload", {"filename": "a.mp4", "size": 10, "content_type": "video/mp4"}, 201)
    api.problem(409, "upload-incomplete", "POST", "videos", {"upload_id": told["upload_id"]})


def test_an_upload_that_is_not_there(api):
    api.problem(404, "not-found", "POST", "videos", {"upload_id": no_id()})


def test_an_upload_that_expired(api, stack):
    upload_id = upload(api)
    stack.postgres.rows("UPDATE uploads SET created_at = now() - interval '4 h', expires_at = now() - interval '2 h' "
                        "WHERE upload_id = %s", upload_id)
    api.problem(409, "upload-expired", "POST", "videos", {"upload_id": upload_id})


def test_a_failed_video(api, stack):
    video_id = insert_video(stack, status="failed", reason="The file has no picture.")
    problem = api.problem(409, "failed", "GET", f"videos/{video_id}/stream")
    assert problem["reason"] == "The file has no picture."
    assert api.ok("GET", f"videos/{video_id}")["reason"] == "The file has no picture."


def test_progress_of_a_job(api, stack):
    video_id = insert_video(stack, progress=41.5)
    stack.postgres.rows("INSERT INTO transcoding_jobs (video_id, source, status, detail) VALUES (%s, 'x', 'running', %s)",
                        video_id, json.dumps({"stage": "video", "renditions": {"720p": 42.0}}))
    video = api.ok("GET", f"videos/{video_id}")
    assert video["progress"] == 41.5 and video["stage"] == "video"
    (rendition,) = video["renditions"]
    assert rendition["name"] == "720p" and rendition["progress"] == 42.0


@pytest.mark.parametrize("path", ["videos/upload/", "videos/", "video", "", "videos/x", "uploads", "videos//stream",
                                  "videos/{id}/", "videos/{id}/stream/", "videos/{id}/streams", "videos/{id}x",
                                  "uploads/x", "videos/%7Bid%7D"])
def test_no_such_call(api, path):
    api.problem(404, "not-found", "GET", path.format(id=no_id()))


@pytest.mark.parametrize("path,allow", [("videos", "GET, HEAD, POST"), ("videos/upload", "POST"),
                                        ("videos/{id}", "GET, HEAD, PATCH, DELETE"),
                                        ("videos/{id}/stream", "GET, HEAD"), ("uploads/{id}", "PUT")])
def test_methods(api, path, allow):
    path = path.format(id=no_id())
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"):
        if method in allow.split(", "):
            continue
        answer = api(method, path, b"{}" if method in ("POST", "PUT", "PATCH") else None)
        assert answer.status == 405 and answer.headers["allow"] == allow, (method, answer)
        problem_of(answer, "method-not-allowed")


def test_head(api, stack):
    video_id = ready_video(stack)
    for path in ("videos", f"videos/{video_id}"):
        whole, head = api("GET", path), api("HEAD", path)
        assert head.status == 200 and head.body == b""
        assert int(head.headers["content-length"]) == len(whole.body)
        assert head.headers["content-type"] == "application/json" and head.headers["cache-control"] == "no-store"
    head = api("HEAD", f"videos/{video_id}/stream")
    assert head.status == 200 and head.body == b""
    missing = api("HEAD", f"videos/{no_id()}")
    assert missing.status == 404 and missing.body == b""


def test_ids_in_upper_case(api, stack):
    """RFC 9562: they are read in either case."""
    video_id = insert_video(stack)
    assert api.ok("GET", f"videos/{video_id.upper()}")["video_id"] == video_id


def test_text_is_data(api, stack):
    """Byte for byte the same in answers, whatever it looks like."""
    for text in TEXTS:
        video_id = create(api, title=text, description=text, access={text: [text], "n": {"x": text}})
        video = api.ok("GET", f"videos/{video_id}")
        assert (video["title"], video["description"]) == (text, text)
        assert video["access"] == {text: [text], "n": {"x": text}}
    video_id = create(api)
    for text in TEXTS + LINES:
        video = api.ok("PATCH", f"videos/{video_id}", {"description": text})
        assert video["description"] == text and api.ok("GET", f"videos/{video_id}") == video
    (row,) = stack.postgres.rows("SELECT count(*) FROM videos")
    assert row["count"] > 0


def test_names_are_titles(api):
    """Without a title, the file's name is one, without what comes after its last dot."""
    for name, title in (("a.b.mp4", "a.b"), (".htaccess", ".htaccess"), ("Ünï 字幕.webm", "Ünï 字幕"), ("none", "none"),
                        ("it's.mp4", "it's"), ("a\\1&.mp4", "a\\1&")):
        video_id = api.ok("POST", "videos", {"upload_id": upload(api, name)}, 201)["video_id"]
        assert api.ok("GET", f"videos/{video_id}")["title"] == title


def test_edit(api, stack):
    video_id = create(api, title="Before", description="words", access={"subscription": ["gold"]},
                      available_from="2026-01-01T00:00:00Z", available_until="2100-01-01T00:00:00+01:00")
    video = api.ok("GET", f"videos/{video_id}")
    assert video["available_from"].startswith("2026-01-01T00:00:00")
    assert video["available_until"].startswith("2099-12-31T23:00:00")
    changed = api.ok("PATCH", f"videos/{video_id}", {"title": "After"})
    assert changed["title"] == "After" and changed["updated_at"] > video["updated_at"]
    same = ("description", "access", "available_from", "available_until", "uploaded_at")
    assert all(changed[name] == video[name] for name in same)
    cleared = api.ok("PATCH", f"videos/{video_id}",
                     {"description": None, "access": None, "available_from": None, "available_until": None})
    assert (cleared["description"], cleared["access"]) == ("", {})
    assert cleared["available_from"] is None and cleared["available_until"] is None
    assert api.ok("PATCH", f"videos/{video_id}", {})["title"] == "After"


def test_edit_of_one_end_of_the_window(api):
    """The other end is the one that was set before."""
    video_id = create(api, available_from="2026-03-01T00:00:00Z", available_until="2026-06-01T00:00:00Z")
    for fields in ({"available_from": "2026-06-01T00:00:00Z"}, {"available_from": "2026-07-01T00:00:00Z"},
                   {"available_until": "2026-03-01T00:00:00Z"}, {"available_until": "2025-03-01T00:00:00Z"},
                   {"available_from": "2027-01-01T00:00:00Z", "available_until": "2026-01-01T00:00:00Z"}):
        problem = api.problem(422, "invalid-field", "PATCH", f"videos/{video_id}", {**fields, "title": "no"})
        assert problem["field"] in fields or problem["field"] == "available_until"
    assert api.ok("GET", f"videos/{video_id}")["title"] != "no"
    moved = api.ok("PATCH", f"videos/{video_id}", {"available_from": "2026-07-01T00:00:00.5Z", "available_until": None})
    assert moved["available_from"].startswith("2026-07-01T00:00:00.5") and moved["available_until"] is None


def test_posters_in_the_list(api, stack, admin):
    video_id = ready_video(stack, "With a poster")
    bare = ready_video(stack, "Without", pictures=False)
    listed = {v["video_id"]: v for v in api.ok("GET", "videos?limit=100", token=admin)["videos"]}
    assert api.client(listed[video_id]["poster_url"]).body == JPEG
    assert listed[bare]["poster_url"] is None
    assert "renditions" not in listed[video_id]
    stream = api.ok("GET", f"videos/{bare}/stream")
    assert stream["poster_url"] is None and stream["storyboard_url"] is None


def test_health(api):
    assert api.client("/healthz").status == 200


def together(count, call):
    """The answers of so many calls at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(call) for _ in range(count)]]


@pytest.mark.parametrize("rounds", range(5))
def test_one_upload_at_the_same_time(stack, rounds):
    """One makes the video, the others are told which."""
    api = Api(stack)
    upload_id = upload(api)
    answers = together(16, lambda: api("POST", "videos", {"upload_id": upload_id}))
    assert sorted(a.status for a in answers) == [201] + [409] * 15
    (video_id,) = [a.json["video_id"] for a in answers if a.status == 201]
    for answer in answers:
        if answer.status == 409:
            assert problem_of(answer, "upload-used")["video_id"] == video_id
    (row,) = stack.postgres.rows("SELECT count(*) FROM transcoding_jobs WHERE video_id = %s AND kind = 'remux'", video_id)
    assert row["count"] == 1


def test_takedown_at_the_same_time(stack):
    api, video_id = Api(stack), ready_video(stack)
    answers = together(16, lambda: api("DELETE", f"videos/{video_id}"))
    assert sorted(a.status for a in answers) == [204] + [404] * 15


def test_takedown_ends_the_job(api, stack):
    video_id = create(api)
    assert api("DELETE", f"videos/{video_id}").status == 204
    jobs = stack.postgres.rows("SELECT status, reason, lease_until FROM transcoding_jobs WHERE video_id = %s", video_id)
    assert len(jobs) == 2 and all(job == {"status": "failed", "reason": "taken down", "lease_until": None} for job in jobs)
    assert json.loads(stack.redis.client().get(f"mezz:asset:{video_id}"))["status"] == "gone"

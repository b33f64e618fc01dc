"""The REST API as a client sees it, over one protocol; and videos that are ready without a worker."""
import json
import uuid

import media
from mezz import place

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
STORYBOARD = ("WEBVTT\n\n00:00.000 --> 00:10.000\nstoryboard_0.jpg#xywh=0,0,160,90\n\n"
              "00:10.000 --> 00:20.000\nstoryboard_0.jpg#xywh=160,0,160,90\n")


class Api:
    """api("POST", "videos", {...}) as alice, unless `token` is another one; "" sends none."""

    def __init__(self, stack, protocol="h1"):
        self.stack, self.protocol = stack, protocol
        self.client = stack.nginx.client(protocol)

    def __call__(self, method, path, body=None, token=None, headers=()):
        """`body` is what JSON is made of, or bytes as they stand."""
        token = self.stack.token() if token is None else token
        sent = dict(headers)
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return self.client("/api/v1/" + path, method, sent, body)

    def ok(self, method, path, body=None, status=200, **more):
        answer = self(method, path, body, **more)
        assert answer.status == status, answer
        assert answer.headers["content-type"] == "application/json"
        return answer.json

    def problem(self, status, slug, method, path, body=None, **more):
        """The problem that a call ends with, whose form is checked."""
        answer = self(method, path, body, **more)
        assert answer.status == status, answer
        return problem_of(answer, slug)


def problem_of(answer, slug):
    assert answer.headers["content-type"] == "application/problem+json", answer
    assert answer.headers["cache-control"] == "no-store", answer
    assert int(answer.headers["content-length"]) == len(answer.body), answer
    problem = answer.json
    assert problem["type"] == f"urn:mezz:problem:{slug}", problem
    assert problem["status"] == answer.status and problem["title"], problem
    assert all(isinstance(problem.get(name, ""), str) for name in ("detail", "field", "reason", "video_id")), problem
    return problem


def insert_video(stack, title="A title", uploader_id="alice", status="processing", **columns):
    """A row of videos; its id."""
    values = {"title": title, "uploader_id": uploader_id, "status": status, **columns}
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    (row,) = stack.postgres.rows(f"INSERT INTO videos ({names}) VALUES ({marks}) RETURNING video_id::text",
                                 *values.values())
    return row["video_id"]


def asset(title, files, pictures=True):
    """What the worker tells of a title with these track files."""
    renditions = [{"name": file.stem, "file": file.name} for file in files]
    described = {"version": 1, "revision": 1, "title": title, "duration_ms": 24000, "renditions": renditions}
    if pictures:
        described["thumbs"] = {"poster": "thumbs/poster.jpg", "storyboard": "thumbs/storyboard.vtt", "sheets": 1}
    return described


def place_files(stack, video_id, pictures=True):
    """Track files and pictures where the worker puts them; the files' paths."""
    folder = stack.processed / video_id
    files = [place(file, folder / file.name) for file in sorted(media.cmaf_tracks().glob("*.mp4"))]
    if pictures:
        (folder / "thumbs").mkdir()
        (folder / "thumbs" / "poster.jpg").write_bytes(JPEG)
        (folder / "thumbs" / "storyboard_0.jpg").write_bytes(JPEG)
        (folder / "thumbs" / "storyboard.vtt").write_text(STORYBOARD)
    return files


def announce(stack, video_id):
    """Tells the edges of a change, as the worker does."""
    (row,) = stack.postgres.rows("SELECT mezz_catalog_entry(%s::uuid)::text AS entry", video_id)
    redis = stack.redis.client()
    redis.set(f"mezz:asset:{video_id}", row["entry"], ex=300)
    redis.publish("mezz:invalidate", video_id)


def make_ready(stack, video_id, title="A title", pictures=True, tell=True):
    """What the end of a job does."""
    files = place_files(stack, video_id, pictures)
    stack.postgres.rows(
        "UPDATE videos SET status = 'ready', progress = 100, revision = revision + 1, asset = %s, duration = 24000, "
        "s3_manifest_key = video_id || '/asset.json', processed_at = now(), updated_at = now() WHERE video_id = %s",
        json.dumps(asset(title, files, pictures)), video_id)
    if tell:
        announce(stack, video_id)
    return video_id


def ready_video(stack, title="A title", pictures=True, tell=True, **columns):
    """A video that can be watched; its id."""
    return make_ready(stack, insert_video(stack, title, **columns), title, pictures, tell)


def no_id():
    """The id of nothing."""
    return str(uuid.uuid4())

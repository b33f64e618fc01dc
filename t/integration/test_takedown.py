"""Takedowns reach every node, whatever happens at that moment."""
import json
import shutil
import socket

import pytest
import requests

import services
import stack as stacks
from api import insert_video, ready_video
from services import wait_until
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]


@pytest.fixture
def stack(nginx, keys, monkeypatch):
    """PostgreSQL may take its time."""
    monkeypatch.setattr(stacks, "HTTP", stacks.HTTP.replace("timeout=3s", "timeout=30s"))
    made = Stack(nginx, keys, workers=0)
    yield made
    made.close()


def status_in_redis(stack, video_id):
    return json.loads(stack.redis.client().get(f"mezz:asset:{video_id}") or "{}").get("status")


def watch(stack, video_id):
    """The path of a playlist that plays."""
    path = stack.stream(video_id)["hls_url"].partition(f":{stack.nginx.port}")[2]
    assert stack.nginx.client().ok(path)
    return path


def send_delete(stack, video_id):
    """A connection on which a takedown has been asked for."""
    connection = socket.create_connection(("127.0.0.1", stack.nginx.port))
    connection.sendall(f"DELETE /api/v1/videos/{video_id} HTTP/1.1\r\nHost: x\r\n"
                       f"Authorization: Bearer {stack.token()}\r\n\r\n".encode())
    return connection


def is_gone(server, path):
    return server.client()(path).status == 404


def test_a_client_that_leaves(stack):
    """It does not wait for the answer; the takedown is made all the same, and told to the other nodes."""
    video_id = ready_video(stack)
    edge = stack.another_nginx()
    path = watch(stack, video_id)
    assert edge.client().ok(path)
    locker = stack.postgres.connect()
    locker.autocommit = False
    with locker.cursor() as cursor:
        cursor.execute("SELECT FROM videos WHERE video_id = %s FOR UPDATE", (video_id,))
        connection = send_delete(stack, video_id)
        wait_until(lambda: stack.postgres.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"),
                   "the takedown waits for the row")
        connection.close()
        wait_until(lambda: " 499 " in stack.nginx.log.read_text(errors="replace")
                   or "499 DELETE" in (stack.nginx.folder / "access.log").read_text(), "nginx sees that it has left")
    locker.rollback()
    locker.close()
    for server in (stack.nginx, edge):
        wait_until(lambda: is_gone(server, path), "the video is gone", 30)
    assert status_in_redis(stack, video_id) == "gone"


def test_redis_is_away(stack):
    """It still holds what was right before; it is told when it is back."""
    video_id = ready_video(stack)
    edge = stack.another_nginx()
    path = watch(stack, video_id)
    assert edge.client().ok(path)
    stack.redis.pause()
    try:
        wait_until(lambda: stack.nginx.client()("/readyz").json["redis"] == "down" or watch_unknown(stack),
                   "nginx notices")
        assert stack.call("DELETE", f"videos/{video_id}").status_code == 204
    finally:
        stack.redis.resume()
    wait_until(lambda: status_in_redis(stack, video_id) == "gone", "Redis is told", 30)
    for server in (stack.nginx, edge):
        wait_until(lambda: is_gone(server, path), "the video is gone", 30)


def watch_unknown(stack):
    """Makes nginx ask Redis for something."""
    token = stack.key.token(path="/")
    stack.nginx.client()(f"/v/{insert_video(stack)}/hls/master.m3u8?token={token}")
    return False


def test_a_takedown_that_was_not_told(stack):
    """Asking again tells it again."""
    video_id = ready_video(stack)
    path = watch(stack, video_id)
    stack.postgres.rows("UPDATE videos SET deleted_at = now() WHERE video_id = %s", video_id)
    assert stack.call("DELETE", f"videos/{video_id}").status_code == 404
    wait_until(lambda: is_gone(stack.nginx, path), "the video is gone", 30)


def test_workers_may_remove_an_upload(stack, tmp_path):
    """They are of the folder's group, not its owner."""
    source = tmp_path / "film.mp4"
    source.write_bytes(b"film")
    folder = stack.raw / stack.upload(source)
    assert folder.stat().st_mode & 0o777 == 0o770
    assert (stack.raw / ".incoming").stat().st_mode & 0o777 == 0o770


def test_an_upload_does_not_come_back(stack, tmp_path):
    """The URL is still signed, but what was removed with the video stays away."""
    source = tmp_path / "film.mp4"
    source.write_bytes(b"film")
    upload = stack.announce("film.mp4", 4)

    def put():
        return requests.put(upload["upload_url"], data=source.read_bytes(), headers=upload["headers"], timeout=30)

    assert put().status_code == 201
    video_id = stack.call("POST", "videos", json={"upload_id": upload["upload_id"]}).json()["video_id"]
    assert stack.call("DELETE", f"videos/{video_id}").status_code == 204
    shutil.rmtree(stack.raw / upload["upload_id"])  # as the worker does a day later
    answer = put()
    assert answer.status_code == 409 and answer.json()["type"] == "urn:mezz:problem:upload-used"
    assert not (stack.raw / upload["upload_id"]).exists()

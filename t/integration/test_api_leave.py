"""Clients of the REST API that leave while it waits, for each call and for each backend. Run under AddressSanitizer
too (MEZZ_ASAN=1)."""
import json
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

import services
from api import Api, no_id, ready_video
from services import wait_until
from stack import Stack
from upload import descriptors, path_of

pytestmark = [services.needs_postgres, services.needs_redis]


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def restored(stack):
    yield
    for service in (stack.postgres, stack.redis):
        service.resume()
    wait_until(lambda: Api(stack)("GET", "videos").status == 200, "it is back")


def stored_upload(stack):
    told = stack.announce("a.mp4", 3)
    answer = stack.nginx.client()(path_of(told["upload_url"]), "PUT", {"Content-Type": "video/mp4"}, b"abc")
    assert answer.status == 201
    return told["upload_id"]


def calls(stack):
    """(method, path, body) of every call that waits for a backend."""
    video_id = ready_video(stack)
    return [("GET", "/api/v1/videos", None), ("GET", "/api/v1/videos?q=title", None),
            ("GET", f"/api/v1/videos/{video_id}", None), ("GET", f"/api/v1/videos/{video_id}/stream", None),
            ("PATCH", f"/api/v1/videos/{video_id}", {"title": "x"}), ("DELETE", f"/api/v1/videos/{video_id}", None),
            ("POST", "/api/v1/videos/upload", {"filename": "a", "size": 1, "content_type": "video/mp4"}),
            ("POST", "/api/v1/videos", {"upload_id": stored_upload(stack)}),
            ("GET", f"/v/{no_id()}/cmaf/master.m3u8?token={stack.key.token('/v/')}", None),
            ("GET", f"/v/{ready_video(stack, tell=False)}/thumbs/poster.jpg?token={stack.key.token('/v/')}", None)]


def message(stack, method, path, body):
    body = b"" if body is None else json.dumps(body).encode()
    token = "" if path.startswith("/v/") else f"Authorization: Bearer {stack.token()}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{token}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("away", ["postgres", "redis", "both"])
def test_while_a_backend_is_paused(stack, away):
    """At once, soon, and when the time limit is near: nothing crashes, nothing stays open."""
    (pid,) = stack.nginx.workers()
    chance = random.Random(11)
    todo = [call for _ in range(3) for call in calls(stack)]
    Api(stack).ok("GET", "videos")
    before = descriptors(pid)
    paused = [getattr(stack, name) for name in (["postgres", "redis"] if away == "both" else [away])]
    for service in paused:
        service.pause()
    for call in todo:
        s = socket.create_connection(("127.0.0.1", stack.nginx.port), 30)
        s.sendall(message(stack, *call))
        time.sleep(chance.choice([0, 0.01, 0.1, 0.4]))
        if chance.random() < 0.5:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    for service in paused:
        service.resume()
    wait_until(lambda: Api(stack)("GET", "videos").status == 200, "it is back")
    assert stack.nginx.workers() == [pid]
    wait_until(lambda: descriptors(pid) <= before + 12, f"descriptors: {descriptors(pid)}, {before} before")


def test_over_http2(stack):
    (pid,) = stack.nginx.workers()
    todo = calls(stack)
    stack.postgres.pause()
    running = []
    for method, path, body in todo:
        sent = ["--data-binary", json.dumps(body)] if body else []
        running.append(subprocess.Popen(
            ["curl", "-k", "-s", "--http2", "--globoff", "-o", "/dev/null", "-X", method, *sent, "-H",
             f"Authorization: Bearer {stack.token()}", f"https://127.0.0.1:{stack.nginx.tls_port}{path}"]))
    time.sleep(0.3)
    for number, process in enumerate(running):
        process.send_signal(signal.SIGKILL if number % 2 else signal.SIGTERM)
        process.wait(30)
    stack.postgres.resume()
    wait_until(lambda: Api(stack)("GET", "videos").status == 200, "it is back")
    assert stack.nginx.workers() == [pid]


def test_while_the_answer_is_on_its_way(stack):
    """In any moment of calls that go well."""
    (pid,) = stack.nginx.workers()
    chance = random.Random(12)
    for call in [call for _ in range(15) for call in calls(stack)[:5]]:
        s = socket.create_connection(("127.0.0.1", stack.nginx.port), 30)
        s.sendall(message(stack, *call))
        time.sleep(chance.random() * 0.02)
        s.close()
    Api(stack).ok("GET", "videos")
    assert stack.nginx.workers() == [pid]


def test_reload_and_kills_under_load(stack):
    """No call is lost in a reload; a backend killed in between gives 503s and nothing worse."""
    api, video_id = Api(stack), ready_video(stack)
    over, seen = threading.Event(), []

    def load(path):
        while not over.is_set():
            seen.append(api("GET", path).status)

    paths = ["videos?limit=100", f"videos/{video_id}", f"videos/{video_id}/stream", "videos?q=title"]
    threads = [threading.Thread(target=load, args=(path,)) for path in paths * 2]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(seen) > 50, "it is under way")
    for _ in range(3):
        stack.nginx.reload()
    after = len(seen)
    wait_until(lambda: len(seen) > after + 50, "it goes on")
    assert set(seen) == {200}
    stack.postgres.kill()
    wait_until(lambda: 503 in seen, "PostgreSQL is missed")
    stack.postgres.start()
    after = len(seen)
    wait_until(lambda: 200 in seen[after:], "it is back")
    over.set()
    for thread in threads:
        thread.join()
    assert set(seen) == {200, 503}

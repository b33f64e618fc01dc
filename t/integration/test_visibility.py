"""What of a video others may read, who may not change it."""
import pytest

import services
from api import Api, insert_video, ready_video
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]


@pytest.fixture
def stack(nginx, keys):
    made = Stack(nginx, keys, workers=0)
    yield made
    made.close()


def test_who_may_read_what(stack):
    api = Api(stack)
    ready = ready_video(stack, "Ready", uploader_id="ana")
    hidden = [insert_video(stack, "Being made", "ana"), insert_video(stack, "Failed", "ana", "failed"),
              ready_video(stack, "Later", uploader_id="ana", available_from="2100-01-01T00:00:00Z"),
              ready_video(stack, "Over", uploader_id="ana", available_until="2000-01-01T00:00:00Z")]
    viewer, uploader = stack.token("view", sub="ben"), stack.token("upload", sub="ben")
    owner, admin = stack.token("upload", sub="ana"), stack.token("admin", sub="root")
    assert api.ok("GET", f"videos/{ready}", token=viewer)["title"] == "Ready"
    for video_id in hidden:
        api.problem(403, "denied", "GET", f"videos/{video_id}", token=viewer)
        for token in (owner, admin):
            assert api.ok("GET", f"videos/{video_id}", token=token)["video_id"] == video_id
    for query in ("videos?limit=100", "videos?limit=100&q=Ready"):
        for token, shown in ((viewer, True), (uploader, False), (owner, True), (admin, True)):
            listed = {video["video_id"] for video in api.ok("GET", query, token=token)["videos"]}
            assert (ready in listed) == shown
            assert listed.isdisjoint(hidden) or token in (owner, admin)
    api.problem(403, "denied", "GET", f"videos/{ready}", token=uploader)


def test_the_uploader_watches_outside_the_window(stack):
    for window in ({"available_until": "2000-01-01T00:00:00Z"}, {"available_from": "2100-01-01T00:00:00Z"}):
        video_id = ready_video(stack, **window)
        assert stack.nginx.client().ok(stack.stream(video_id)["hls_url"])
        assert stack.call("GET", f"videos/{video_id}/stream", stack.token("view", sub="ben")).status_code == 403

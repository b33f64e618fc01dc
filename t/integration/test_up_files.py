"""scripts/up FILE: uploaded through the API, transcoded, played. And the tokens that scripts/token makes for the API."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

import media
import mezz
import worker
from instance import fetch, lines_of, skip_with_asan

pytestmark = [skip_with_asan, worker.needs_worker]

NAMES = ["-i", "$(id).mp4", "a%2e%2e%2fb.mp4", "naïve ünïcode 字幕.mp4", "x" * 251 + ".mp4", "a\nb.mp4", "\udcff\udcfe.mp4", "no ending"]


@pytest.fixture(scope="module")
def clips(place):
    """Small videos, none like another: clip(NAME) makes the file of that name, 2 s of 160x90."""
    folder = place / "clips"
    folder.mkdir(exist_ok=True)
    source = media.generated("one_segment.mp4")
    made = 0

    def clip(name):
        nonlocal made
        made += 1
        # A box of a player's own makes it another content.
        extra = f"{os.getpid()} {made}".encode()
        path = folder / name
        path.write_bytes(source.read_bytes() + (8 + len(extra)).to_bytes(4, "big") + b"free" + extra)
        return path
    return clip


def api(instance, method, path, scope="upload,view,admin", value=None):
    headers = {"Authorization": "Bearer " + instance.token("--scope", scope)}
    data = None
    if value is not None:
        headers["Content-Type"], data = "application/json", json.dumps(value).encode()
    status, _, body = fetch(f"{instance.url}/api/v1/{path}", method, headers, data)
    return status, json.loads(body) if body else {}


def ids(done):
    return [url.split("/v/")[1].split("/")[0] for kind, url in lines_of(done) if kind == "hls"]


def test_a_file_plays_from_the_urls_that_up_prints(instance, clips):
    path = clips("first.mp4")
    done = instance.up(path)
    urls = dict(lines_of(done))
    assert [kind for kind in urls if kind != "page"] == ["hls", "cmaf", "dash"]
    (video,) = ids(done)
    for kind, what in (("hls", "hls/master.m3u8"), ("cmaf", "cmaf/master.m3u8"), ("dash", "cmaf/manifest.mpd")):
        assert urls[kind].startswith(f"{instance.url}/v/{video}/{what}?token=")
        assert fetch(urls[kind])[0] == 200
        assert fetch(urls[kind].partition("?")[0])[0] == 403
    if "page" in urls:
        assert urls["page"].endswith(video) and fetch(urls["page"])[0] == 200
    assert api(instance, "GET", f"videos/{video}")[1]["title"] == "first"
    assert urls["hls"].partition("token=")[2] not in (instance.state / "logs" / "access.log").read_text()
    # The same content again, under another name, is the same title.
    raw = sorted((instance.state / "raw").iterdir())
    again = path.rename(path.with_name("renamed.mp4"))
    done = instance.up(again)
    assert ids(done) == [video] and "uploaded before" in done.stderr
    assert sorted((instance.state / "raw").iterdir()) == raw
    # Unless it was taken down.
    assert api(instance, "DELETE", f"videos/{video}")[0] == 204
    assert ids(instance.up(again)) not in ([], [video])


def test_several_files_one_of_them_no_video(instance, clips):
    text = clips("text.mp4")
    text.write_text("This is not a video.\n" * 100)
    one, two = clips("one.mp4"), clips("two.mp4")
    done = instance.run("up", one, text, two)
    assert done.returncode == 1
    reason = re.search(r"up: video failed: '.*text\.mp4': (.+)", done.stderr)
    assert reason and "HTTP" not in reason[1], done.stderr
    titles = [api(instance, "GET", f"videos/{video}")[1]["title"] for video in ids(done)]
    assert titles == ["one", "two"]
    status = instance.run("status")
    assert reason[1] in status.stdout


def test_names_that_break_careless_code(instance, clips):
    paths = [clips(name) for name in NAMES]
    done = instance.up("--", *[path.name for path in paths], cwd=paths[0].parent)
    assert len(set(ids(done))) == len(NAMES)
    for _, url in lines_of(done):
        assert fetch(url)[0] == 200, url


def test_an_empty_file(instance, place):
    (place / "empty.mp4").touch()
    done = instance.run("up", place / "empty.mp4")
    assert done.returncode == 1 and "the file is empty" in done.stderr and done.stdout == ""


def test_down_hands_a_job_back_and_up_goes_on(instance, place):
    path = worker.make(place / "long.mkv", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=120", "-c:v", "libx264",
                       "-preset", "ultrafast", "-g", 250)
    upload = subprocess.Popen([mezz.REPO / "scripts/up", "--state", instance.state, path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, start_new_session=True,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # who runs the tests may ignore it
    try:
        deadline = time.monotonic() + 120
        while not (job := instance.sql("SELECT job_id FROM transcoding_jobs WHERE kind IN ('title', 'chunk') AND status = 'running' AND progress > 0")):
            assert time.monotonic() < deadline and upload.poll() is None
            time.sleep(0.05)
        done = instance.run("down")
        assert done.returncode == 0, done.stderr
    finally:
        # As Ctrl-C in a terminal does.
        os.killpg(upload.pid, signal.SIGINT)
        output, errors = upload.communicate(timeout=60)
    assert output == "" and "the same command asks for it again" in errors
    done = instance.up(path)
    assert "uploaded before" in done.stderr and len(ids(done)) == 1
    # It was not counted as a failure of the worker.
    assert instance.sql("SELECT status, attempts FROM transcoding_jobs WHERE job_id = %s", *job[0]) == [("done", 1)]


def test_tokens_for_the_api(started):
    assert api(started, "GET", "videos", "view")[0] == 200
    assert api(started, "POST", "videos/upload", "view", {"filename": "a.mp4", "size": 1, "content_type": "video/mp4"})[0] == 403
    playback = started.token()
    assert fetch(f"{started.url}/api/v1/videos", headers={"Authorization": f"Bearer {playback}"})[0] in (401, 403)
    for arguments, reason in ((["--scope", "view", "--path", "/v/"], "make two tokens"), (["--scope", "root"], "not one of"),
                              (["--scope", "view", "--claim", "a"], "NAME=JSON"), (["--claim", "exp=1"], "of its own")):
        done = started.run("token", *arguments)
        assert done.returncode == 2 and reason in done.stderr


def test_a_claim_reaches_the_rules(started):
    headers = {"Authorization": "Bearer " + started.token("--scope", "upload", "--claim", "max_upload_bytes=1000"),
               "Content-Type": "application/json"}
    for size, expected in ((1000, 201), (1001, 403)):
        wanted = json.dumps({"filename": "a.mp4", "size": size, "content_type": "video/mp4"}).encode()
        assert fetch(f"{started.url}/api/v1/videos/upload", "POST", headers, wanted)[0] == expected

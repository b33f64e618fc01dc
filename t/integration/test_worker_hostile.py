"""Files that attack, and processes that die: the worker fails with a reason, and nothing half-made is seen."""
import http.server
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import worker
from mezz import HOSTILE

pytestmark = worker.needs_worker

SMALL = [*worker.FAST, "--memory", "1024", "--max-duration", "7200", "--max-wall", "60"]
# These hold nothing that harms; they may become a title.
HARMLESS = {"a21_dref_not_self_contained.mp4", "z_sibling_of_other_user.mp4"}


def hostile_files():
    return sorted(p.name for p in HOSTILE.glob("*") if p.suffix not in (".tsv", ".json")) if HOSTILE.exists() else []


class Canary:
    """A server that must not be asked, and a file that must not be read."""

    def __init__(self, folder):
        self.requests = []
        canary = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                canary.requests.append(self.path)
                self.send_error(404)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.file = Path(folder) / "secret.txt"
        self.file.write_text("CANARY-7d1f")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def canary(tmp_path):
    canary = Canary(tmp_path)
    yield canary
    canary.close()


def attacks(canary):
    """name: contents."""
    file, url = canary.file, canary.url
    return {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{file}\n#EXT-X-ENDLIST\n",
        "hls_http.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{file}'\n",
        "dash.mp4": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
                    f'mediaPresentationDuration="PT4S"><Period><AdaptationSet mimeType="video/mp4"><Representation '
                    f'id="1" bandwidth="1"><BaseURL>{url}/x.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "sdp.mp4": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video "
                   f"{url.rsplit(':', 1)[1]} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    }


@pytest.mark.parametrize("name", ["hls.mp4", "hls_http.mp4", "concat.mp4", "dash.mp4", "sdp.mp4"])
def test_a_file_that_names_others_reads_and_connects_to_nothing(canary, tmp_path, name):
    (tmp_path / name).write_text(attacks(canary)[name])
    result = worker.run(tmp_path / name, tmp_path / "title", *SMALL)
    assert not result.ready and result.json["retry"] is False
    assert "CANARY" not in str(result.json) and not canary.requests
    assert not (tmp_path / "title").exists()


def small_mp4(path):
    return worker.make(path, "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=1", "-c:v", "libx264", "-preset",
                       "ultrafast")


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar"])
def test_an_archive_is_refused_by_its_content(tmp_path, kind):
    (tmp_path / "in").mkdir()
    small_mp4(tmp_path / "in" / "v.mp4")
    packed = Path(shutil.make_archive(tmp_path / "packed", kind, tmp_path / "in")).rename(tmp_path / "v.mp4")
    result = worker.run(packed, tmp_path / "title", *SMALL)
    assert result.reason == "This is an archive, not a video." and result.json["kind"] == "source"


def test_a_codec_that_nothing_here_decodes_is_named(tmp_path):
    data = small_mp4(tmp_path / "v.mp4").read_bytes()
    (tmp_path / "vvc.mp4").write_bytes(data.replace(b"avc1" + bytes(7), b"vvc1" + bytes(7)).replace(b"avcC", b"vvcC"))
    result = worker.run(tmp_path / "vvc.mp4", tmp_path / "title", *SMALL)
    assert result.reason == "There is no decoder for this video's format, H.266 / VVC."


@pytest.mark.parametrize("name", hostile_files())
def test_a_hostile_file_fails_with_a_reason_or_is_harmless(tmp_path, name):
    began = time.monotonic()
    result = worker.run(HOSTILE / name, tmp_path / "title", *SMALL)
    assert time.monotonic() - began < 60
    if result.ready:
        assert not name.startswith("a") or name in HARMLESS
        for rendition in result.names():
            assert result.track(rendition).samples
        return
    assert result.reason[0].isupper() and result.reason.endswith(".") and "internal" not in result.json["kind"]
    assert result.json["kind"] in ("source", "limit"), result.json
    assert worker.visible(tmp_path) == []


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A source that takes seconds."""
    return worker.make(tmp_path_factory.mktemp("slow") / "slow.mp4", "-f", "lavfi", "-i",
                       "testsrc2=size=1280x720:rate=50:duration=60", "-c:v", "libx264", "-preset", "ultrafast", "-g",
                       "500", "-pix_fmt", "yuv420p")


def test_a_killed_child_is_a_failed_job_and_leaves_nothing(slow, tmp_path):
    process = worker.start(slow, tmp_path / "title", "--preset", "slow")
    os.kill(worker.child_of(process), signal.SIGKILL)
    output, _ = process.communicate(timeout=20)
    result = worker.Result(tmp_path / "title", process.returncode, output)
    assert (result.code, result.json["kind"], result.json["retry"]) == (1, "crash", True)
    assert not (tmp_path / "title").exists()


def test_a_killed_worker_takes_its_child_along_and_the_next_one_cleans_up(slow, tmp_path):
    process = worker.start(slow, tmp_path / "title", "--preset", "slow")
    child = worker.child_of(process)
    time.sleep(1)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()
    assert worker.visible(tmp_path) == []
    assert list((tmp_path / "title").iterdir()), "a killed worker cannot clean up"
    result = worker.run(slow, tmp_path / "title", "--max-duration", "10")
    assert not result.ready and list((tmp_path / "title").iterdir()) == []


def test_a_signal_hands_the_job_back(slow, tmp_path):
    process = worker.start(slow, tmp_path / "title", "--preset", "slow")
    worker.child_of(process)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    output, _ = process.communicate(timeout=20)
    result = worker.Result(tmp_path / "title", process.returncode, output)
    assert time.monotonic() - began < 5
    assert (result.code, result.json["kind"], result.json["retry"]) == (75, "interrupted", True)
    assert not (tmp_path / "title").exists()


@pytest.mark.parametrize("options, words", [
    (["--max-duration", "10"], "10 s"),
    (["--max-wall", "1", "--preset", "slow"], "1 s"),
    (["--max-cpu", "1", "--preset", "slow"], "1 s of CPU"),
    (["--memory", "256"], "memory"),
    (["--max-width", "640", "--max-height", "480"], "640x480"),
    (["--max-file", "1", "--preset", "ultrafast"], "larger"),
])
def test_limits_are_named_in_the_reason(slow, tmp_path, options, words):
    result = worker.run(slow, tmp_path / "title", *options)
    assert not result.ready and result.json["kind"] == "limit" and words in result.reason, result.json
    assert not (tmp_path / "title").exists()


def test_other_mistakes(slow, tmp_path):
    missing = worker.run(tmp_path / "nothing.mp4", tmp_path / "title")
    assert missing.json["kind"] == "system" and not (tmp_path / "title").exists()
    assert worker.run(tmp_path, tmp_path / "title").reason == "The upload is not a file."
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert worker.run(fifo, tmp_path / "title").reason == "The upload is not a file."
    for arguments in ([], ["transcode"], ["transcode", slow, tmp_path / "t", "--nonsense"],
                      ["transcode", slow, tmp_path / "t", "--ladder", tmp_path / "nothing.json"],
                      ["transcode", slow, tmp_path / "t", "--preset", "placebo"]):
        done = subprocess.run([*map(str, [worker.BINARY, *arguments])], capture_output=True, text=True)
        assert done.returncode == 2 and done.stdout == "", arguments
    assert subprocess.run([worker.BINARY, "transcode", "--help"], capture_output=True).returncode == 0

"""The web page in Chromium, on the whole service: t/browser/page.mjs plays a person, scenario by scenario."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid

import pytest

import media
import mezz
import services
import worker
from mezz import BUILD, REPO
from services import wait_until
from stack import Stack
from test_players import BROWSER, CHROMIUM

PAGE = REPO / "conf" / "html"
INSTALL = REPO / "scripts" / "lib" / "page.py"
SERVER = """
    root %s;
    location / {
        index index.html;
        include %s;
    }
    location = /demo-token.json {
        add_header Cache-Control no-store always;
        try_files $uri @no_demo;
    }
    location @no_demo { return 204; }
"""
# What the page promises to get along with; conf/nginx.conf sends the same.
HEADERS = """
    add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
media-src 'self' blob: data:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; \
frame-ancestors 'none'" always;
    add_header X-Content-Type-Options nosniff always;
    add_header Referrer-Policy same-origin always;
    add_header Cache-Control no-cache always;
"""
TWO_MINUTES = 130  # seconds of the title that is watched at length

# One process has them all: the service, its titles and the long sessions are there once.
pytestmark = [
    pytest.mark.xdist_group("page"),
    pytest.mark.skipif(not (CHROMIUM and shutil.which("node") and shutil.which("npm")
                            and (BROWSER / "node_modules" / "axe-core").exists()),
                       reason="needs chromium, node, npm, and `npm ci` in t/browser"),
    worker.needs_worker, services.needs_postgres, services.needs_redis]


def long_title():
    """A title of two minutes with two audio tracks; made once."""
    seconds = TWO_MINUTES
    tones = ("sine=frequency=440:sample_rate=48000", "sine=frequency=880:sample_rate=48000")
    path = media.CACHE / "page_long.mp4"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        media.ffmpeg(media.source(size="426x240", rate="12", seconds=seconds, audio=tones) + media.h264(gop=24) + media.AAC +
                     ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-metadata:s:a:0", "language=eng",
                      "-metadata:s:a:1", "language=deu"], path)
    return path


class Site:
    """The service with the page, and what the scenarios look at."""

    def __init__(self, start, keys, folder):
        self.keys = keys
        self.folder = folder
        html = folder / "html"
        subprocess.run([sys.executable, INSTALL, PAGE, BUILD / "test" / "page-libraries", html], check=True)
        (folder / "headers.conf").write_text(HEADERS)
        # A token's life of 20 s: in every scenario that takes longer URLs are renewed.
        self.stack = Stack(start, keys, workers=2, stream_ttl="20s", server=SERVER % (html, folder / "headers.conf"))
        (html / "demo-token.json").write_text(json.dumps({"token": self.stack.token(sub="demo", ttl=3600)}))
        self.long = self.stack.create(long_title(), title="Two minutes")
        self.short = self.stack.create(media.generated("faststart.mp4"), title="Short")

    def options(self, **more):
        return {"base": self.stack.nginx.url(""), "token": self.stack.token(ttl=3600), "folder": str(self.folder), **more}

    def begin(self, scenario, **more):
        return subprocess.Popen(["node", "page.mjs", scenario, json.dumps(self.options(**more))], cwd=BROWSER,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, scenario, **more):
        return self.end(self.begin(scenario, **more))

    def end(self, process):
        """The report of a scenario, which must have no failures."""
        output, errors = process.communicate(timeout=400)
        assert output.strip(), errors
        report = json.loads(output.splitlines()[-1])
        assert report["failures"] == [], "\n".join(report["failures"]) + "\n" + self.stack.worker_logs()
        return report


@pytest.fixture(scope="module")
def site(nginx_for_module, keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    folder.chmod(0o755)
    site = Site(nginx_for_module, keys, folder)
    try:
        yield site
    finally:
        site.stack.close()


@pytest.fixture(scope="module")
def sessions(site):
    """Long sessions that go on while the other scenarios run."""
    site.stack.wait_for(site.long)
    running = {engine: site.begin("session", video=site.long, engine=engine) for engine in ("hls", "dash")}
    yield running
    for process in running.values():
        if process.poll() is None:
            process.kill()
            process.communicate()


def junk(folder):
    """A file that is no video, whatever its name says."""
    path = folder / "Broken.mp4"
    path.write_bytes(b"This is not a video. " * 2000)
    return path


def test_publish(site, sessions):
    files = [mezz.place(media.generated(name), site.folder / f"{title}.mp4")
             for name, title in (("two_audio.mp4", "First film"), ("video_only.mp4", "Second film"))]
    site.run("publish", token=None, sign_in=site.stack.token(sub="publisher"), files=[str(file) for file in files],
             bad_file=str(junk(site.folder)))


def test_player(site, sessions):
    site.run("player", video=site.long)


def test_subtitles(site):
    words = site.folder / "words.srt"
    words.write_text("1\n00:00:02,000 --> 00:00:50,000\nHello there\n")
    film = worker.make(site.folder / "subtitled.mkv", "-f", "lavfi", "-i", "testsrc2=size=426x240:rate=12:duration=60", "-i", words,
                       "-c:v", "libx264", "-preset", "ultrafast", "-metadata:s:s:0", "language=eng")
    video = site.stack.create(film)
    site.stack.wait_for(video)
    site.run("subtitles", video=video)


@pytest.mark.parametrize("engine", ["hls", "dash"])
def test_network_cut(site, sessions, engine):
    site.run("network", video=site.long, engine=engine)


def test_sign_in_ends(site, sessions):
    site.run("expiry", token=site.stack.token(scope="view", ttl=10), again=site.stack.token(scope="view"), video=site.long)


def stop_workers(stack):
    for process in stack.workers:
        process.stop()


@pytest.fixture(scope="module")
def copied(site):
    """A title of two minutes, quickly made, as it was uploaded; no worker is there to make more of it."""
    film = worker.make(site.folder / "silent.mp4", "-f", "lavfi", "-i", "testsrc2=size=426x240:rate=6:duration=120",
                       "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "12")
    stop_workers(site.stack)
    video = site.stack.create(film, title="Better and better")
    site.stack.add_worker()
    wait_until(lambda: site.stack.video(video)["status"] == "ready", "the copy is there", 60)
    stop_workers(site.stack)
    return video


def test_better_qualities_while_it_plays(site, copied):
    """The ladder is made once both viewers watch the copy."""
    stack = site.stack
    scenario = site.begin("better", video=copied)
    wait_until(lambda: stack.video(copied)["description"] == "Go on" or scenario.poll() is not None, "both watch", 200)
    stack.add_worker()
    site.end(scenario)


def waiting_video(stack):
    """A video that no worker gets to see."""
    stop_workers(stack)
    return stack.create(media.generated("faststart.mp4"), title="Waits")


def test_states(site, sessions, copied):
    stack = site.stack
    stack.add_worker()
    failed = stack.create(junk(site.folder), title="Broken")
    forbidden = stack.create(media.generated("faststart.mp4"), title="For some", access={"subscription": "gold"})
    stack.wait_for(failed, "failed")
    stack.wait_for(forbidden)
    now = int(time.time())
    processing = waiting_video(stack)
    try:
        site.run("states", token=stack.token(scope="view", sub="viewer"), owner=stack.token(), processing=processing, failed=failed,
                 forbidden=forbidden, watched=copied, gone=str(uuid.uuid4()), expired=stack.token(exp=now - 10),
                 foreign=site.keys["unknown"].token(path=None, scope="view", ttl=3600))
        site.run("accessible", video=site.long, processing=processing)
    finally:
        stack.add_worker()
    stack.wait_for(processing)


@pytest.mark.parametrize("engine", ["hls", "dash"])
def test_long_session(site, sessions, engine):
    report = site.end(sessions[engine])
    assert report["stalls"] == []


def imported(path, found=None):
    """The module and all that it imports at once, as paths from the site's root."""
    found = {} if found is None else found
    if path not in found:
        text = (PAGE / path).read_text()
        found[path] = True
        for name in re.findall(r"^(?:import|export) .*?from '([^']+)'", text, re.MULTILINE):
            file = PAGE / name.lstrip("/") if name.startswith("/") else (PAGE / path).parent / name
            place = os.path.relpath(file, PAGE)
            if place.startswith("lib/"):
                found[place] = True
            else:
                imported(place, found)
    return found


def named(page, rel):
    return sorted(re.findall(rf'<link rel="{rel}" href="/([^"]+\.js)"', (PAGE / f"{page}.html").read_text()))


@pytest.mark.parametrize("page", ["catalogue", "upload"])
def test_modules_are_preloaded(page):
    """A module that is only found once another was read costs a round trip."""
    assert named("index" if page == "catalogue" else page, "modulepreload") == sorted(imported(f"js/{page}.js"))


def test_first_frame_waits_for_nothing_else():
    """The watch page loads what opens a video in one wave, and all the rest in another, later."""
    first = imported("js/player/head_start.js")
    assert named("watch", "modulepreload") == sorted(first)
    assert named("watch", "later") == sorted(set(imported("js/watch.js")) - set(first))
    ahead = re.findall(r"'/([^']+\.js)'", (PAGE / "js" / "ahead.js").read_text())
    assert ahead == ["lib/dash.js", "js/player/engine_dash.js", "lib/hls.js", "js/player/engine_hls.js"]
    for engine in ("dash", "hls"):
        assert set(imported(f"js/player/engine_{engine}.js")) - set(first) <= set(ahead)


def test_page_has_no_inline_code():
    """The policy would stop it, but only where somebody looks."""
    for path in PAGE.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"\s(style|on\w+)=|<style|<script>", text), path
    for path in PAGE.glob("js/**/*.js"):
        assert "innerHTML" not in path.read_text() and "insertAdjacentHTML" not in path.read_text(), path

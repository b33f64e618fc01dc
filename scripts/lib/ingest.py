#!/usr/bin/python3
"""Uploads videos through the API of a running instance, waits until they are transcoded and prints their URLs.

usage: ingest.py --state DIR --base http://HOST:PORT -- FILE...

Standard output has four lines for each file that plays: `page URL` (if the page is installed), `hls URL`, `cmaf URL`,
`dash URL`. What fails says why on standard error, and the exit code is 1. A file whose content was uploaded before is not
uploaded again.
"""
import argparse
import fcntl
import hashlib
import http.client
import json
import mimetypes
import os
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

from progress import Screen, bar
from publish import Refused, open_regular

SCRIPTS = Path(__file__).resolve().parent.parent
API = "/api/v1/"
PAGE = "/watch.html?v="
PAGE_FILE = "watch.html"
LONGEST_NAME = 255
BLOCK = 1 << 20
# How long the server may be away before we give up, in seconds; and how long one token is used.
AWAY, TOKEN_AGE = 120, 1800
TYPES = {".mkv": "video/x-matroska", ".ts": "video/mp2t", ".mts": "video/mp2t", ".m2ts": "video/mp2t", ".mxf":
         "application/mxf", ".flv": "video/x-flv", ".m4v": "video/x-m4v", ".mka": "audio/x-matroska"}


class Away(Exception):
    """The server does not answer."""


class Service:
    """The API, as a client on the same machine sees it."""

    def __init__(self, state, base):
        self.state, self.base = state, base
        self.token, self.made = "", None

    def bearer(self):
        if self.made is None or time.monotonic() - self.made > TOKEN_AGE:
            done = subprocess.run([SCRIPTS / "token", "--state", self.state, "--scope", "upload,view,admin"],
                                  check=True, stdout=subprocess.PIPE, text=True)
            self.token, self.made = done.stdout.strip(), time.monotonic()
        return f"Bearer {self.token}"

    def exchange(self, method, target, body=None, headers=None):
        """(status, the answer's JSON or {}). The target is a path, or a URL whose host is passed over: it may be a
        public name that this machine does not reach."""
        parts = urllib.parse.urlsplit(target)
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.base).netloc, timeout=120, blocksize=BLOCK)
        try:
            try:
                connection.request(method, path, body, headers or {})
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may have answered before it had read everything
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"the server does not answer ({error or type(error).__name__})") from None
        finally:
            connection.close()
        try:
            value = json.loads(text)
        except ValueError:
            value = {}
        return answer.status, value if isinstance(value, dict) else {}

    def call(self, method, path, value=None):
        headers = {"Authorization": self.bearer()}
        body = None
        if value is not None:
            body, headers["Content-Type"] = json.dumps(value).encode(), "application/json"
        return self.exchange(method, API + path, body, headers)

    def plays(self, url):
        return self.exchange("GET", url)[0]


def refuse(doing, status, problem):
    """What a problem document says, for the person who gave the file."""
    text = problem.get("detail") or problem.get("title") or "no reason was given"
    raise Refused(f"{doing}: {text} (HTTP {status})")


def upload_name(path):
    """The file's name as the API takes it: UTF-8, no control characters, at most so long; its ending is kept."""
    name = os.fsencode(path.name).decode("utf-8", "replace")
    name = "".join(c if c.isprintable() else "_" for c in name)
    stem, ending = os.path.splitext(name)
    if len(ending.encode()) > 16:
        stem, ending = name, ""
    room = LONGEST_NAME - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + ending


def content_type(name):
    ending = os.path.splitext(name)[1].lower()
    return TYPES.get(ending) or mimetypes.guess_type("x" + ending)[0] or "application/octet-stream"


class Remembered:
    """Which title a content became: DIR/ingested.json, {SHA-256: video_id}."""

    def __init__(self, state):
        self.path = state / "ingested.json"

    def read(self):
        try:
            return json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def add(self, digest, video_id):
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            aside = self.path.with_suffix(".new")
            aside.write_text(json.dumps(self.read() | {digest: video_id}, indent=0))
            aside.rename(self.path)


class Reading:
    """A file that is read from its beginning, and says how far it is."""

    def __init__(self, file, size, tell):
        self.file, self.size, self.tell, self.done = file, size, tell, 0

    def read(self, count=BLOCK):
        block = self.file.read(count)
        self.done += len(block)
        self.tell(100 * self.done / self.size if self.size else 100)
        return block


class Video:
    """One of the files that were given, and what became of it."""

    def __init__(self, path):
        self.path = path
        self.name = upload_name(path)
        self.id = self.error = self.urls = None
        self.watchable = False
        self.shown = {"status": "processing"}

    @property
    def finished(self):
        return self.error is not None or self.urls is not None

    def lines(self):
        """How it is drawn while it is worked on."""
        stage = self.shown.get("stage") or "waits for a worker"
        yield f"{'video':<9} {self.name}: {stage}, {self.shown.get('progress') or 0:.0f} %"
        for rendition in self.shown.get("renditions") or []:
            if isinstance(rendition.get("progress"), (int, float)):
                yield f"{'':<9} {rendition.get('name', ''):<14} {bar(rendition['progress'])}"


class Ingest:
    def __init__(self, state, base):
        self.state, self.service = state, Service(state, base)
        self.remembered, self.screen = Remembered(state), Screen()

    def progress_of(self, video, stage):
        def tell(percent):
            self.screen.draw([f"{stage:<9} {bar(percent)} {video.name}"])
            self.screen.step((video.path, stage), stage, video.name, "read" if stage == "file" else "sent", percent)
        return throttled(tell)

    def digest(self, video, file, size):
        found = hashlib.sha256()
        reading = Reading(file, size, self.progress_of(video, "file") if size > 1 << 30 else lambda percent: None)
        while block := reading.read():
            found.update(block)
        file.seek(0)
        return found.hexdigest()

    def known(self, digest):
        """The title that has this content already, unless it failed or was taken down."""
        video_id = self.remembered.read().get(digest)
        if video_id is None:
            return None
        status, shown = self.service.call("GET", f"videos/{video_id}")
        return video_id if status == 200 and shown.get("status") in ("processing", "ready") else None

    def upload(self, video, file, size):
        wanted = {"filename": video.name, "size": size, "content_type": content_type(video.name)}
        status, offer = self.service.call("POST", "videos/upload", wanted)
        if status != 201:
            refuse("it may not be uploaded", status, offer)
        headers = {**offer.get("headers", {}), "Content-Length": str(size)}
        status, done = self.service.exchange(offer.get("method", "PUT"), offer["upload_url"],
                                             Reading(file, size, self.progress_of(video, "upload")), headers)
        if status != 201:
            refuse("the upload failed", status, done)
        status, made = self.service.call("POST", "videos", {"upload_id": offer["upload_id"]})
        if status != 201:
            refuse("no title was made of it", status, made)
        return made["video_id"]

    def begin(self, video):
        """Uploads the file, or finds the title that it is already."""
        with open_regular(video.path) as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                raise Refused("the file is empty")
            digest = self.digest(video, file, size)
            video.id = self.known(digest)
            if video.id:
                self.screen.say("video", f"{video.name} was uploaded before: {video.id}")
                return
            video.id = self.upload(video, file, size)
        self.remembered.add(digest, video.id)
        self.screen.say("video", f"{video.name} was uploaded: {video.id}")

    def look(self, video):
        """Asks how it is; ends it when all of it is made, or it failed."""
        status, video.shown = self.service.call("GET", f"videos/{video.id}")
        if status >= 500:
            raise Away(f"the server has trouble (HTTP {status}; {self.service.base}/readyz says with what)")
        if status != 200:
            refuse("it cannot be asked for", status, video.shown)
        if video.shown.get("status") == "failed":
            raise Refused(video.shown.get("reason") or "it could not be processed")
        ready = video.shown.get("status") == "ready"
        if ready and video.shown.get("processed_at"):
            video.urls = self.urls(video)
            return
        if ready and not video.watchable:
            video.watchable = True
            urls = self.urls(video)
            self.screen.say("video", f"{video.name} can be watched: {urls.get('page', urls['hls'])}; its qualities follow")
        self.screen.step(video.path, "video", video.name, video.shown.get("stage") or "waits for a worker",
                         video.shown.get("progress") or 0)

    def urls(self, video):
        status, stream = self.service.call("GET", f"videos/{video.id}/stream")
        if status != 200:
            refuse("its URLs are not given out", status, stream)
        answer = self.service.plays(stream["cmaf_url"])
        if answer != 200:
            raise Refused(f"it is ready, and the server does not play it: HTTP {answer}, see error.log")
        found = {kind: urllib.parse.urljoin(self.service.base, stream[f"{kind}_url"]) for kind in ("hls", "cmaf", "dash")}
        if (self.state / "html" / PAGE_FILE).is_file():
            found = {"page": urllib.parse.urljoin(found["hls"], PAGE + video.id), **found}
        return found

    def guarded(self, step, video):
        try:
            step(video)
        except (Refused, subprocess.CalledProcessError) as error:
            video.error = str(error)
            self.screen.clear()
            print(f"up: video failed: {os.fsencode(video.path).decode('utf-8', 'backslashreplace')!r}: {error}",
                  file=sys.stderr, flush=True)

    def wait(self, videos):
        """Until all are finished. The server may be away for a while: it may be restarted."""
        pending, answered = list(videos), time.monotonic()
        while pending:
            try:
                for video in pending:
                    if not video.finished:
                        self.guarded(self.look, video)
                answered = time.monotonic()
            except Away as error:
                if time.monotonic() - answered > AWAY:
                    raise
                self.screen.draw([f"waiting   {error}"])
            else:
                self.screen.draw([line for video in pending if not video.finished for line in video.lines()])
            while pending and pending[0].finished:
                self.print_urls(pending.pop(0))
            if pending:
                time.sleep(1)
        self.screen.clear()

    def print_urls(self, video):
        self.screen.clear()
        for kind, url in (video.urls or {}).items():
            print(kind, url, flush=True)

    def run(self, paths):
        videos = [Video(path) for path in paths]
        for video in videos:
            self.guarded(self.begin, video)
        self.wait(videos)
        return 1 if any(video.error for video in videos) else 0


def throttled(tell, pause=0.1):
    """Calls no more often than that, but for the end."""
    last = 0.0

    def wrapped(percent):
        nonlocal last
        if percent >= 100 or time.monotonic() - last > pause:
            last = time.monotonic()
            tell(percent)
    return wrapped


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--state", required=True, type=Path)
    arguments.add_argument("--base", required=True)
    arguments.add_argument("files", nargs="+", type=Path)
    options = arguments.parse_args()
    ingest = Ingest(options.state, options.base)
    try:
        return ingest.run(options.files)
    except Away as error:
        ingest.screen.clear()
        print(f"up: api failed: {error}; what was uploaded goes on, the same command asks for it again", file=sys.stderr)
    except KeyboardInterrupt:
        ingest.screen.clear()
        print("up: interrupted; what was uploaded goes on, the same command asks for it again", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())

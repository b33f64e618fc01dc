"""Runs the ingest worker on one file and reads what it made."""
import json
import os
import subprocess
import time
from fractions import Fraction
from pathlib import Path

import pytest

import boxes
from mezz import BUILD

BINARY = Path(os.environ.get("MEZZ_WORKER") or BUILD / "worker" / "ingest_worker")
FAST = ["--preset", "ultrafast"]

needs_worker = pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not built")


class Result:
    """What a run ended with."""

    def __init__(self, folder, code, output, progress=""):
        self.folder, self.code = Path(folder), code
        lines = output.splitlines()
        assert len(lines) == 1, f"one line of JSON expected: {output!r}"
        self.json = json.loads(lines[0])
        self.progress = [json.loads(line) for line in progress.splitlines()]

    @property
    def ready(self):
        return self.json["status"] == "ready"

    @property
    def reason(self):
        return self.json.get("reason", "")

    @property
    def asset(self):
        return json.loads((self.folder / "asset.json").read_text())

    def names(self):
        return [r["name"] for r in self.asset["renditions"]]

    def data(self, name):
        file = next((r["file"] for r in self.asset["renditions"] if r["name"] == name), f"{name}.mp4")
        return (self.folder / file).read_bytes()

    def track(self, name):
        (track,) = boxes.Movie(self.data(name)).tracks.values()
        return track

    def videos(self):
        return [r["name"] for r in self.asset["renditions"] if "height" in r]


def start(source, folder, *options):
    command = [BINARY, "transcode", source, folder, *options]
    return subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            stdin=subprocess.DEVNULL)


def run(source, folder, *options, timeout=120, command="transcode"):
    done = subprocess.run([*map(str, [BINARY, command, source, folder, "--progress-fd", 2, *options])],
                          capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    result = Result(folder, done.returncode, done.stdout, done.stderr)
    assert result.code == (0 if result.ready else 1), done
    return result


def child_of(process, within=10):
    """The number of the process that reads the file, once it does."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        for pid in children.read_text().split():
            if "sandboxed" in Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
        time.sleep(0.01)
    raise AssertionError("no child appeared")


def visible(folder):
    """Files that somebody could be served."""
    folder = Path(folder)
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")
                  if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts))


def keyframe_times(track):
    return [Fraction(s.pts, track.timescale) for s in track.samples if s.sync]


def make(path, *arguments):
    """A file made by ffmpeg."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments), str(path)], check=True)
    return path

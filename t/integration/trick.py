"""I-frame playlists as players find them, and pictures as ffmpeg decodes them."""
import subprocess

import hls
import walk
from client import resolve


def playlists(get, base, kind, query=""):
    """(entry of the master, Playlist) of each I-frame playlist."""
    path = f"{base}/{kind}/master.m3u8{query}"
    master = hls.parse_master(get.ok(path).text)
    return [(e, walk.playlist(get, resolve(path, e["URI"]))) for e in master.iframes]


def ffmpeg(args, data=None):
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "warning", *map(str, args)], input=data, capture_output=True,
                          timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout.decode()


def hashes(args, data=None):
    """MD5 of each decoded frame."""
    lines = ffmpeg([*args, "-f", "framemd5", "-"], data).splitlines()
    return [line.rpartition(",")[2].strip() for line in lines if not line.startswith("#")]


def pictures(path, stream="0:v:0"):
    """MD5 of each decoded picture of a file, in order of presentation; nothing dropped or repeated."""
    return hashes(["-ignore_editlist", "1", "-i", path, "-map", stream, "-fps_mode", "passthrough"])


def picture(segment, folder, suffix):
    """MD5 of the pictures in one segment."""
    file = folder / f"picture{suffix}"
    file.write_bytes(segment)
    return hashes(["-i", file, "-map", "0:v:0", "-fps_mode", "passthrough"])

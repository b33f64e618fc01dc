#!/usr/bin/python3
"""Copies MP4 files, or folders of them, into a running instance's files catalog and prints the URLs to play them.

usage: publish.py --state DIR --base http://HOST:PORT -- FILE...

Standard output has three lines for each file that plays: `hls URL`, `cmaf URL`, `dash URL`. What the server refuses is
taken out again, its reason (from error.log) goes to standard error, and the exit code is 1.
"""
import argparse
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unicodedata
import urllib.error
import urllib.request
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
RENDITIONS = {".mp4", ".m4v", ".m4a", ".mov"}
# Parts of the URLs below a title: a title of such a name would be ambiguous.
RESERVED = {"hls", "cmaf", "subs", "thumbs", "download"}
ASSET = "asset.json"
ASIDE = ".incoming-"


class Refused(Exception):
    """Why a file cannot be taken, for the person who gave it."""


def safe_name(name, extension_if_none, longest=100):
    """A name of letters, digits and -_. whose stem is at most so long and does not begin with a dot or a dash."""
    def plain(text):
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        return re.sub(r"[^A-Za-z0-9._-]+", "-", text)

    stem, extension = map(plain, os.path.splitext(name))
    if not re.fullmatch(r"\.[A-Za-z0-9]{1,8}", extension):
        stem, extension = stem + extension, ""
    stem = re.sub(r"\.\.+", ".", stem).strip("-.")[:longest].rstrip("-.") or "video"
    return ("title-" + stem if stem in RESERVED else stem) + (extension or extension_if_none)


def numbered(name, number):
    stem, extension = os.path.splitext(name)
    return name if number == 1 else f"{stem}-{number}{extension}"


def open_regular(path):
    """Opened without waiting, so that a pipe put in a file's place cannot hold us."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise Refused(error.strerror) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Refused("not a regular file")
    return file


def digest(path):
    with open_regular(path) as file:
        result = hashlib.sha256()
        while block := file.read(1 << 20):
            result.update(block)
        return result.digest()


def renditions(folder):
    """The files of a folder that become one title: {name in the catalog: path}."""
    has_asset = (folder / ASSET).is_file()
    found = {}
    for entry in sorted(folder.iterdir()):
        if entry.suffix.lower() not in RENDITIONS or entry.is_symlink() or not entry.is_file():
            continue
        name = entry.name if has_asset else safe_name(entry.stem, "", longest=40) + entry.suffix.lower()
        if has_asset and name != safe_name(name, ""):
            raise Refused(f"{name!r}: beside an {ASSET}, names may hold letters, digits and -_. only")
        if name in found:
            raise Refused(f"{found[name].name!r} and {entry.name!r} would both be named {name}")
        found[name] = entry
    if not found:
        raise Refused("the folder holds no MP4 file")
    return found


def read_asset(folder):
    """The folder's own descriptor; None if it has none."""
    if not (folder / ASSET).is_file():
        return None
    with open_regular(folder / ASSET) as file:
        return file.read(1 << 20)


def same_files(pairs):
    """Are all pairs of files equal? Sizes first: they cost nothing."""
    return (all(one.stat().st_size == other.stat().st_size for one, other in pairs)
            and all(digest(one) == digest(other) for one, other in pairs))


def same_content(kept, path, files, descriptor):
    """Does a title of the catalog hold what was given?"""
    if kept.is_dir() != path.is_dir():
        return False
    if not path.is_dir():
        return same_files([(kept, path)])
    return ({entry.name for entry in kept.iterdir()} - {ASSET} == set(files)
            and read_asset(kept) == descriptor
            and same_files([(kept / name, source) for name, source in files.items()]))


def copy(source, target):
    with open_regular(source) as reader, open(target, "xb") as writer:
        os.fchmod(writer.fileno(), 0o640)
        shutil.copyfileobj(reader, writer, 1 << 20)
        writer.flush()
        os.fsync(writer.fileno())


def write_aside(aside, path, files, descriptor):
    """Writes the whole title below the folder `aside` and returns where it is."""
    if not path.is_dir():
        copy(path, aside / "title")
        return aside / "title"
    folder = aside / "title"
    folder.mkdir()
    for name, source in files.items():
        copy(source, folder / name)
    if descriptor is not None:
        (folder / ASSET).write_bytes(descriptor)
        (folder / ASSET).chmod(0o640)
    # The set-group-id bit has handed the catalog's group on.
    folder.chmod(0o2750)
    return folder


def add(catalog, path):
    """Puts one file or folder into the catalog: (its name there, whether it is new). It appears whole or not at all."""
    files = renditions(path) if path.is_dir() else {"": path}
    descriptor = read_asset(path) if path.is_dir() else None
    wanted = safe_name((path if path.name not in ("", "..") else path.resolve()).name,
                       "" if path.is_dir() else ".mp4")
    number = 1
    while os.path.lexists(catalog / numbered(wanted, number)):
        if same_content(catalog / numbered(wanted, number), path, files, descriptor):
            return numbered(wanted, number), False
        number += 1
    name = numbered(wanted, number)
    if sum(source.stat().st_size for source in files.values()) > shutil.disk_usage(catalog).free:
        raise Refused(f"it is larger than the free space of {catalog}")
    aside = Path(tempfile.mkdtemp(dir=catalog, prefix=ASIDE))
    try:
        write_aside(aside, path, files, descriptor).rename(catalog / name)
    except OSError as error:
        raise Refused(f"it could not be copied: {error.strerror}") from None
    finally:
        shutil.rmtree(aside)
    return name, True


def status_of(url):
    """(HTTP status, or None without an answer; what to say of it)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=60) as answer:
            answer.read()
            return answer.status, "HTTP 200"
    except urllib.error.HTTPError as error:
        return error.code, f"HTTP {error.code}"
    except OSError as error:
        return None, f"no answer ({error})"


def reasons(log, since):
    """What the server logged since then, without the request line, which holds a token."""
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(since)
        found = re.findall(r"\[(?:warn|error|crit|alert|emerg)\] \d+#\d+: (?:\*\d+ )?(.*)", file.read())
    return [line.split(", client: ")[0] for line in found]


def publish(state, base, path):
    """Prints the URLs of one file once the server packages it."""
    catalog, log = state / "files", state / "logs" / "error.log"
    name, new = add(catalog, path)
    token = subprocess.run([SCRIPTS / "token", "--state", state, "--path", f"/files/{name}", "--ttl", "24h"],
                           check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    title = f"{base}/files/{name}"
    since = log.stat().st_size
    status, answer = status_of(f"{title}/hls/master.m3u8?token={token}")
    if status != 200:
        kept = catalog / name
        if new:
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
        raise Refused("\n    ".join([f"the server does not play it: {answer}", *reasons(log, since)]))
    print(f"{'title':<9} {name} {'added' if new else 'was there already'}", file=sys.stderr)
    print(f"hls {title}/hls/master.m3u8?token={token}\n"
          f"cmaf {title}/cmaf/master.m3u8?token={token}\n"
          f"dash {title}/cmaf/manifest.mpd?token={token}", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--state", required=True, type=Path)
    arguments.add_argument("--base", required=True)
    arguments.add_argument("files", nargs="+", type=Path)
    options = arguments.parse_args()
    for left in (options.state / "files").glob(ASIDE + "*"):  # by a copy that was killed; the caller holds the lock
        shutil.rmtree(left)
    code = 0
    for path in options.files:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        try:
            publish(options.state, options.base, path)
        except (Refused, subprocess.CalledProcessError) as error:
            print(f"publish: title failed: {shown!r}: {error}", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())

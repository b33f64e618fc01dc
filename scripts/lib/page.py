#!/usr/bin/python3
"""Copies the web page into a folder, with the libraries that its package.json names.

usage: page.py SOURCE CACHE TARGET

The libraries come from npm, exactly those of package-lock.json; the member "mezz" of package.json says which of their
files go where: {"lib": {"hls.js/dist/hls.min.mjs": "lib/hls.mjs"}}. They are kept in CACHE, so that npm and the network are
needed only when the lock file has changed. Several may use one CACHE at a time. Beside each text its .gz is written, for
nginx's gzip_static: compressed once and well, instead of for each visitor.
"""
import contextlib
import fcntl
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

# What belongs to the making of the page and not to the page.
NOT_SERVED = shutil.ignore_patterns("node_modules", "package.json", "package-lock.json", "*.md", ".*")


COMPRESSED = {".html", ".css", ".js", ".svg", ".txt"}
LEAST = 500  # bytes that are worth it


def inside(folder, name):
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        sys.exit(f"package.json: {name} leads out of {folder}")
    return path


@contextlib.contextmanager
def alone(cache):
    """Waits for others that use a cache."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with open(cache.with_name(f".{cache.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def libraries(source, cache):
    """The folder that holds what the lock file names."""
    lock = (source / "package-lock.json").read_bytes()
    folder = cache / hashlib.sha256(lock).hexdigest()[:12]
    if not (folder / "complete").is_file():
        shutil.rmtree(cache, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        subprocess.run(["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
        (folder / "complete").touch()
    return folder / "node_modules"


def compress(folder):
    for path in folder.rglob("*"):
        if path.suffix in COMPRESSED and path.is_file() and path.stat().st_size >= LEAST:
            # Without a time, so that the same page gives the same files.
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def install(source, cache, target):
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=NOT_SERVED)
    if not (source / "package.json").is_file():
        return
    wanted = json.loads((source / "package.json").read_text()).get("mezz", {}).get("lib", {})
    if not wanted:
        return
    with alone(cache):
        modules = libraries(source, cache)
        for name, place in wanted.items():
            inside(target, place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(inside(modules, name), inside(target, place))


def main():
    source, cache, target = map(Path, sys.argv[1:])
    install(source, cache, target)
    compress(target)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, subprocess.CalledProcessError) as problem:
        sys.exit(f"page: {problem}")

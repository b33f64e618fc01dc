"""An instance that scripts/up has made, on a state folder and a port of its own."""
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2
import pytest
import redis

import mezz

skip_with_asan = pytest.mark.skipif(mezz.ASAN, reason="scripts/up builds without sanitizers")


class Instance:
    def __init__(self, folder):
        self.state, self.port = Path(folder), mezz.free_port()

    def run(self, verb, *arguments, **kw):
        return subprocess.run([mezz.REPO / "scripts" / verb, "--state", self.state, *arguments], timeout=600,
                              text=True, errors="surrogateescape", capture_output=True, stdin=subprocess.DEVNULL, **kw)

    def up(self, *arguments, **kw):
        done = self.run("up", *arguments, **kw)
        assert done.returncode == 0, done.stderr
        return done

    def publish(self, *arguments, **kw):
        done = self.run("publish", *arguments, **kw)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return int((self.state / "run" / "nginx.pid").read_text())

    @property
    def processes(self):
        """Those of nginx."""
        return {self.pid, *children(self.pid)}

    @property
    def postgres(self):
        return int((self.state / "postgres" / "postmaster.pid").read_text().split()[0])

    @property
    def redis(self):
        return int((self.sockets / "redis" / "redis.pid").read_text())

    @property
    def keepers(self):
        """What keeps the workers running: {name: pid}."""
        return self.kept("mezz-worker-")

    @property
    def picture_keeper(self):
        return self.kept("mezz-pictures")["mezz-pictures"]

    def kept(self, prefix):
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                name = (entry / "comm").read_text().strip()
                if name.startswith(prefix) and (entry / "cwd").readlink() == self.state / "run":
                    found[name] = int(entry.name)
            except OSError:
                pass  # it has ended
        return found

    @property
    def titles(self):
        return sorted(p.name for p in (self.state / "files").iterdir())

    @property
    def sockets(self):
        return Path(self.setting("sockets"))

    def setting(self, name):
        return re.search(f"^{name}=(.*)$", (self.state / "settings").read_text(), re.M)[1]

    @property
    def conninfo(self):
        return f"host={self.sockets}/postgres dbname=mezz user=mezz"

    def sql(self, query, *values):
        connection = psycopg2.connect(self.conninfo)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def redis_client(self):
        return redis.Redis(unix_socket_path=str(self.sockets / "redis" / "redis.sock"), decode_responses=True)

    def token(self, *arguments):
        done = self.run("token", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def children(pid):
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def command_line(pid):
    """What runs as that process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def fetch(url, method="GET", headers=None, data=None):
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def lines_of(done):
    """The URLs that a script printed: [(kind, URL)]."""
    return [re.fullmatch(r"(page|hls|cmaf|dash) (http://\S+)", line).groups() for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def place():
    """A folder that nginx's workers can enter, which pytest's own is not if root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="mezz-scripts-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def started(place):
    one = Instance(place / "state")
    try:
        one.up("--port", str(one.port), "--workers", "1")
        yield one
        log = (one.state / "logs" / "error.log").read_text(errors="replace").splitlines()
        assert not [line for line in log if mezz.FATAL.search(line)]
    finally:
        done = one.run("down", "--purge")
        assert done.returncode == 0, done.stderr
        assert not one.state.exists()


@pytest.fixture
def instance(started):
    """One that runs as it should, whatever the test before did to it."""
    started.up("--port", str(started.port), "--workers", "1")
    return started


def drop_user(name):
    """For subprocess: a function that makes the child that user, without other groups."""
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def is_root():
    return os.geteuid() == 0

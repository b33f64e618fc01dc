"""Real private servers for tests: PostgreSQL with the schema, and Redis. Each lives in a folder of its own below
/tmp (paths of Unix sockets are limited to 107 bytes) and listens on a Unix socket, and on 127.0.0.1 if asked."""
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mezz import BUILD, REPO, free_port

SCHEMA = REPO / "conf" / "schema"
REDIS_SERVER = shutil.which("redis-server") or "/usr/bin/redis-server"
WAIT = 60  # seconds, for a server to come up or to end


def postgres_folder():
    """The folder of initdb and postgres, which Debian keeps out of PATH; None if there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return versions[-1].parent if versions else None


POSTGRES = postgres_folder()
needs_postgres = pytest.mark.skipif(POSTGRES is None, reason="PostgreSQL is not installed")
needs_redis = pytest.mark.skipif(not Path(REDIS_SERVER).exists(), reason="Redis is not installed")


def wait_until(condition, what, within=WAIT):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {within} s: {what}")


@contextmanager
def small_disk(folder, size):
    """The folder on a disk of its own of that size, as mount writes it; skips the test where nothing can be mounted."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        wait_until(lambda: subprocess.run(["umount", folder], capture_output=True).returncode == 0,
                   "nobody uses the small disk")


class Service:
    """A server process of its own, in a folder that close() removes. Usable as a context manager."""

    name = ""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"mezz-{self.name}-", dir="/tmp"))
        self.log = self.folder / "log"
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def command(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Starts it, again after stop() or kill(); returns self once it answers."""
        assert not self.running
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*map(str, self.command())], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.folder)
        wait_until(lambda: not self.running or self.answers(), f"{self.name} answers")
        assert self.running, self.log.read_text(errors="replace")[-3000:]
        return self

    def processes(self):
        """It and the processes that it started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def send(self, number):
        """Sends a signal to all its processes, the parent first."""
        os.kill(self.process.pid, number)
        for pid in self.processes()[1:]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        """Stops all its processes: connections stay open, nothing answers."""
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def stop(self, how=signal.SIGINT):
        """Ends it in good order."""
        if not self.running:
            return
        self.resume()
        os.kill(self.process.pid, how)
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        """Ends all its processes by SIGKILL."""
        if self.running:
            pids = self.processes()
            self.send(signal.SIGKILL)
            self.process.wait(WAIT)
            wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), f"{self.name} is gone")

    def close(self):
        """Ends it and removes its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(Service):
    """PostgreSQL with database and superuser `mezz` and the schema of conf/schema. Durable across kill().

    conninfo is what libpq and psycopg2.connect() take; with tcp=True, tcp_conninfo too."""

    name = "pg"

    def __init__(self, tcp=False):
        super().__init__()
        self.data = self.folder / "data"
        self.port = free_port() if tcp else 5432  # on a Unix socket, part of its name
        self.tcp = tcp
        self.made = False

    @property
    def conninfo(self):
        return f"host={self.folder} port={self.port} user=mezz dbname=mezz"

    @property
    def tcp_conninfo(self):
        return f"host=127.0.0.1 port={self.port} user=mezz dbname=mezz"

    def as_owner(self, *command):
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return command
        return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command)

    def run(self, *command):
        done = subprocess.run([*map(str, self.as_owner(*command))], capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        if not self.made:
            self.hand_over_folder()
            subprocess.run(["cp", "-a", "--reflink=auto", prepared_cluster(), self.data], check=True)
            self.made = True
        return super().start()

    def hand_over_folder(self):
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.folder.chmod(0o755)  # the socket is for everybody

    def make_cluster(self):
        """Makes the cluster from nothing, and ends the server."""
        self.hand_over_folder()
        self.run(POSTGRES / "initdb", "-D", self.data, "-U", "mezz", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-sync", "--no-instructions")
        self.made = True
        self.start()
        self.psql("-d", "postgres", "-c", "CREATE DATABASE mezz")
        for file in sorted(SCHEMA.glob("*.sql")):
            self.psql("-d", "mezz", "-1", "-f", file)
        self.stop()

    def command(self):
        settings = {"unix_socket_directories": self.folder, "port": self.port, "max_connections": 100,
                    "listen_addresses": "127.0.0.1" if self.tcp else "", "fsync": "off", "shared_buffers": "32MB",
                    "autovacuum": "off", "log_min_messages": "warning"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self.as_owner(POSTGRES / "postgres", "-D", self.data, *options)

    def answers(self):
        return subprocess.run([POSTGRES / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port), "-t", "2"],
                              stdin=subprocess.DEVNULL).returncode == 0

    def psql(self, *arguments):
        done = subprocess.run([POSTGRES / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p",
                               str(self.port), "-U", "mezz", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def connect(self):
        """A psycopg2 connection that commits each statement."""
        import psycopg2
        connection = psycopg2.connect(self.conninfo)
        connection.autocommit = True
        return connection

    def rows(self, statement, *values):
        """Runs one statement on a connection of its own; its rows as dicts, if it gives any."""
        from psycopg2.extras import RealDictCursor
        connection = self.connect()
        try:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(statement, values or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()


def prepared_cluster():
    """The data folder of a cluster with the database and the schema, made once and kept: a copy takes a tenth of the
    time that initdb takes."""
    schema = b"".join(file.read_bytes() for file in sorted(SCHEMA.glob("*.sql")))
    key = hashlib.sha256(schema + str(POSTGRES).encode() + str(os.geteuid()).encode()).hexdigest()[:12]
    kept = BUILD / "test" / "clusters" / key
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_name(f"{os.getpid()}-{key}")
        with closing(Postgres()) as server:
            server.make_cluster()
            subprocess.run(["cp", "-a", server.data, aside], check=True)
        try:
            aside.rename(kept)
        except OSError:  # another process was first
            shutil.rmtree(aside)
    return kept


class Redis(Service):
    """Redis that keeps nothing: after kill() or stop() it comes back empty.

    address is what Mezz takes: "unix:/path", or host:port with tcp=True."""

    name = "redis"

    def __init__(self, tcp=False):
        super().__init__()
        self.socket = self.folder / "redis.sock"
        self.port = free_port() if tcp else 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}" if self.port else f"unix:{self.socket}"

    def command(self):
        return [REDIS_SERVER, "--unixsocket", self.socket, "--unixsocketperm", "777", "--port", self.port, "--bind",
                "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.folder]

    def answers(self):
        import redis
        try:
            return self.client().ping()
        except redis.exceptions.RedisError:
            return False

    def start(self):
        self.folder.chmod(0o755)
        return super().start()

    def client(self):
        """A redis.Redis that gives texts."""
        import redis
        return redis.Redis(unix_socket_path=str(self.socket), decode_responses=True, socket_timeout=10)

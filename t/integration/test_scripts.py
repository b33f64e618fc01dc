"""scripts/up, down and status, on a state folder and a port of their own."""
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import media
import mezz

pytestmark = pytest.mark.skipif(mezz.ASAN, reason="scripts/up builds without sanitizers")

NAMES = ["-i", "--state", ".htaccess", "$(id).mp4", "`id`.mp4", "a;id;.mp4", "a b.mp4", "a%2e%2e%2fb.mp4", "a\\b.mp4",
         "concat:x.mp4", "%05d.mp4", "a*?[x].mp4", "naïve ünïcode 字幕.mp4", "\u202egpj.4pm", "x" * 251 + ".mp4",
         "a\nb.mp4", "a'b\"c.mp4", "a&b=c#d?e.mp4", "\udcff\udcfe.mp4", "hls", "{}.mp4"]


class Instance:
    def __init__(self, folder):
        self.state, self.port = Path(folder), mezz.free_port()

    def run(self, verb, *arguments, **kw):
        return subprocess.run([mezz.REPO / "scripts" / verb, "--state", self.state, *arguments], timeout=300,
                              text=True, errors="surrogateescape", capture_output=True, stdin=subprocess.DEVNULL, **kw)

    def up(self, *arguments, **kw):
        done = self.run("up", *arguments, **kw)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def pid(self):
        return int((self.state / "run" / "nginx.pid").read_text())

    @property
    def processes(self):
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return {self.pid, *map(int, children)}

    @property
    def titles(self):
        return sorted(p.name for p in (self.state / "files").iterdir())


def command_line(pid):
    """What runs as that process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def fetch(url, method="GET", headers=None):
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.fixture(scope="module")
def place():
    """A folder that nginx's workers can enter, which pytest's own is not if root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="mezz-scripts-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def started(place):
    instance = Instance(place / "state")
    instance.up("--port", str(instance.port))
    yield instance
    log = (instance.state / "logs" / "error.log").read_text(errors="replace").splitlines()
    done = instance.run("down", "--purge")
    assert done.returncode == 0, done.stderr
    assert not instance.state.exists()
    assert not [line for line in log if mezz.FATAL.search(line)]


@pytest.fixture
def instance(started):
    started.up("--port", str(started.port))
    return started


@pytest.fixture(scope="module")
def movie():
    return media.generated("one_segment.mp4")


def lines_of(done):
    return [re.fullmatch(r"(hls|cmaf|dash) (http://\S+)", line).groups() for line in done.stdout.splitlines()]


def test_a_second_up_restarts_nothing(instance):
    before = instance.processes
    done = instance.up()
    assert instance.processes == before
    assert done.stdout == ""


def test_a_new_port_is_taken_without_a_restart_and_remembered(instance):
    before, port = instance.pid, mezz.free_port()
    instance.up("--port", str(port))
    instance.up()
    assert instance.pid == before
    assert fetch(f"http://127.0.0.1:{port}/healthz")[::2] == (200, b"ok\n")
    with pytest.raises(urllib.error.URLError):
        fetch(f"http://127.0.0.1:{instance.port}/healthz")


def test_up_after_the_master_was_killed(instance):
    before = instance.processes
    os.kill(instance.pid, signal.SIGKILL)
    status = instance.run("status")
    assert status.returncode == 1 and "master is gone" in status.stdout
    instance.up()
    assert not before & instance.processes
    assert instance.run("status").returncode == 0
    assert not [pid for pid in before if command_line(pid)]


def test_up_makes_again_what_is_missing(instance):
    before = instance.pid
    old = {key.name: key.read_text() for key in (instance.state / "keys").iterdir()}
    for folder in ("files", "keys", "modules"):
        shutil.rmtree(instance.state / folder)
    (instance.state / "conf" / "nginx.conf").unlink()
    instance.up()
    new = {key.name: key.read_text() for key in (instance.state / "keys").iterdir()}
    assert new.keys() == old.keys() and new != old
    assert instance.pid == before
    assert instance.titles == []


def test_a_port_that_another_program_has(instance, place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        second = Instance(place / "taken")
        done = second.run("up", "--port", str(port))
        assert done.returncode == 1
        assert f"port failed: 127.0.0.1:{port}: taken by" in done.stderr
        assert f"process {os.getpid()}" in done.stderr
        # Nor does a running instance move there, or forget where it was.
        assert instance.run("up", "--port", str(port)).returncode == 1
    instance.up()
    assert fetch(f"http://127.0.0.1:{instance.port}/healthz")[0] == 200
    assert second.run("down", "--purge").returncode == 0


def test_two_instances_side_by_side(instance, place):
    second = Instance(place / "second")
    second.up("--port", str(second.port))
    try:
        assert not instance.processes & second.processes
    finally:
        assert second.run("down").returncode == 0
    assert instance.run("status").returncode == 0
    status = second.run("status")
    assert status.returncode == 1 and "not running" in status.stdout
    again = second.run("down", "--purge")
    assert again.returncode == 0 and "not running" in again.stderr


def test_two_ups_at_once(instance):
    before = instance.pid
    both = [subprocess.Popen([mezz.REPO / "scripts" / "up", "--state", instance.state], stderr=subprocess.PIPE)
            for _ in range(2)]
    assert [process.communicate(timeout=120) and process.returncode for process in both] == [0, 0]
    assert instance.pid == before


def test_rights(instance):
    def mode(path):
        return stat.S_IMODE((instance.state / path).stat().st_mode)

    assert mode("keys") == 0o700
    assert [mode(key) for key in (instance.state / "keys").iterdir()] == [0o600]
    for path in (".", "files", "logs", "conf", "run", "tmp"):
        assert mode(path) & 0o027 == 0, path


def test_a_file_plays_from_the_urls_that_up_prints(instance, movie):
    done = instance.up(movie)
    urls = dict(lines_of(done))
    assert list(urls) == ["hls", "cmaf", "dash"]
    base = f"http://127.0.0.1:{instance.port}/files/{movie.name}"
    for kind, path in (("hls", "hls/master.m3u8"), ("cmaf", "cmaf/master.m3u8"), ("dash", "cmaf/manifest.mpd")):
        assert urls[kind].startswith(f"{base}/{path}?token=")
        assert fetch(urls[kind])[0] == 200
        assert fetch(urls[kind].partition("?")[0])[0] == 403
    assert fetch(urls["hls"].replace(movie.name, "other.mp4"))[0] == 403
    titles = instance.titles
    assert dict(lines_of(instance.up(movie))).keys() == urls.keys()
    assert instance.titles == titles
    token = urls["hls"].partition("token=")[2]
    assert token not in (instance.state / "logs" / "access.log").read_text()


def test_another_file_of_the_same_name(instance, movie, place):
    given = place / "given" / movie.name
    given.parent.mkdir()
    shutil.copy(media.generated("audio_only.mp4"), given)
    done = instance.up(movie, given, movie)
    names = [url.split("/files/")[1].split("/")[0] for kind, url in lines_of(done) if kind == "hls"]
    assert names == [movie.name, f"{movie.stem}-2.mp4", movie.name]


def test_a_folder_of_renditions(instance, place):
    folder = place / "a ladder"
    folder.mkdir()
    for name in media.LADDER:
        shutil.copy(media.ladder(name), folder / f"{name}.mp4")
    (folder / "notes.txt").write_text("not a rendition")
    done = instance.up("--", folder)
    assert instance.titles.count("a-ladder") == 1
    assert not (instance.state / "files" / "a-ladder" / "notes.txt").exists()
    playlist = fetch(dict(lines_of(done))["cmaf"])[2].decode()
    assert playlist.count("#EXT-X-STREAM-INF") == len(media.LADDER)


def test_names_that_break_careless_code(instance, movie, place):
    folder = place / "names"
    folder.mkdir()
    for name in NAMES:
        mezz.place(movie, folder / name)
    done = instance.up("--", *NAMES, cwd=folder)
    urls = lines_of(done)
    assert len(urls) == 3 * len(NAMES)
    for name in instance.titles:
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name), name
    for kind, url in urls:
        assert fetch(url)[0] == 200, url


def test_a_file_that_cannot_be_played(instance, movie, place):
    broken = place / "broken.mp4"
    broken.write_bytes(movie.read_bytes()[:4000])
    done = instance.run("up", broken, movie)
    assert done.returncode == 1
    assert "the server does not play it: HTTP 4" in done.stderr
    reason = done.stderr.partition("HTTP 4")[2].partition("\n")[2].splitlines()[0]
    assert "broken.mp4" in reason and "offset" in reason
    assert "token=" not in done.stderr
    assert "broken.mp4" not in instance.titles
    assert {kind for kind, _ in lines_of(done)} == {"hls", "cmaf", "dash"}


@pytest.mark.parametrize("arguments, reason", [
    (["no-such-file.mp4"], "there is no no-such-file.mp4"),
    (["--port", "0"], "--port needs"),
    (["--port"], "--port needs"),
    (["--listen", "localhost"], "--listen needs an IP address"),
    (["--nonsense"], "no such option"),
])
def test_what_up_refuses(instance, arguments, reason):
    before = instance.processes
    done = instance.run("up", *arguments)
    assert done.returncode in (1, 2)
    assert reason in done.stderr
    assert instance.processes == before


def test_pipes_are_refused(instance, place):
    os.mkfifo(place / "pipe.mp4")
    done = instance.run("up", place / "pipe.mp4")
    assert done.returncode == 1 and "neither a regular file nor a folder" in done.stderr


def test_down_leaves_foreign_folders_alone(instance, place):
    foreign = place / "foreign"
    foreign.mkdir()
    (foreign / "precious").write_text("data")
    other = Instance(foreign)
    for verb, arguments in (("down", ["--purge"]), ("up", [])):
        done = other.run(verb, *arguments)
        assert done.returncode == 1, done.stderr
        assert (foreign / "precious").read_text() == "data"
    link = place / "link"
    link.symlink_to(instance.state)
    done = Instance(link).run("down", "--purge")
    assert done.returncode == 1 and "symbolic link" in done.stderr
    assert instance.run("status").returncode == 0
    # A pid file may name a process of somebody else's.
    pid_file = instance.state / "run" / "nginx.pid"
    kept = pid_file.read_text()
    pid_file.write_text(f"{os.getpid()}\n")
    assert "not running" in instance.run("status").stdout
    pid_file.write_text(kept)


def test_pages_of_other_origins_may_play(instance, movie):
    url = dict(lines_of(instance.up(movie)))["hls"]
    bare = url.partition("?")[0]
    asked = {"Origin": "http://page.example", "Access-Control-Request-Method": "GET",
             "Access-Control-Request-Headers": "authorization,range"}
    status, headers, _ = fetch(bare, "OPTIONS", asked)
    assert status == 204
    assert headers["Access-Control-Allow-Headers"] == "Authorization, Range"
    for target, expected in ((url, 200), (bare, 403)):
        status, headers, _ = fetch(target, headers={"Origin": "http://page.example"})
        assert status == expected
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Access-Control-Allow-Methods"] is None


def test_a_new_module_replaces_the_old_one_without_a_gap(instance):
    """What a rebuild does: the module of the running master differs from the one that was built."""
    before = instance.pid
    loaded = instance.state / "run" / "loaded"
    loaded.write_text(re.sub("sum=.*", "sum=other", re.sub("module=.*", "module=other", loaded.read_text())))
    done = instance.up()
    assert "upgraded without a gap" in done.stderr
    assert instance.pid != before
    assert instance.run("status").returncode == 0

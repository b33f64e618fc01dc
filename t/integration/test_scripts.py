"""scripts/up, down and status: nginx of one state folder. What else runs there is in test_services.py."""
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import urllib.error

import pytest

import mezz
from instance import Instance, command_line, fetch, skip_with_asan

pytestmark = skip_with_asan


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
    for folder in ("bin", "files", "keys", "lua", "modules"):
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
    # Through these, others reach what they may reach.
    for path in (".", "conf", "run"):
        assert mode(path) & 0o026 == 0, path
    for path in ("bin", "files", "html", "logs", "lua", "processed", "tmp"):
        assert mode(path) & 0o027 == 0, path
    for path in ("raw", "raw/.incoming"):
        assert mode(path) & 0o007 == 0, path
    for path in ("postgres", "redis"):
        assert mode(path) == 0o700, path


@pytest.mark.parametrize("arguments, reason", [
    (["no-such-file.mp4"], "there is no no-such-file.mp4"),
    (["--port", "0"], "--port needs"),
    (["--port"], "--port needs"),
    (["--workers", "many"], "--workers needs"),
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


def test_a_new_module_replaces_the_old_one_without_a_gap(instance):
    """What a rebuild does: the module of the running master differs from the one that was built."""
    before = instance.pid
    loaded = instance.state / "run" / "loaded"
    loaded.write_text(re.sub("sum=.*", "sum=other", re.sub("module=.*", "module=other", loaded.read_text())))
    done = instance.up()
    assert "upgraded without a gap" in done.stderr
    assert instance.pid != before
    assert instance.run("status").returncode == 0

"""scripts/up, down and status: PostgreSQL, Redis, the workers, users and rights of one state folder."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg2
import pytest

import mezz
from instance import Instance, children, command_line, drop_user, is_root, skip_with_asan

pytestmark = skip_with_asan

ALLOWED = ("root", "postgres", "www-data", "mezz")


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def schema(instance, *arguments, conninfo=None):
    return subprocess.run([mezz.REPO / "scripts" / "schema", "--postgres", conninfo or instance.conninfo, *arguments],
                          capture_output=True, text=True, timeout=60)


def test_a_second_up_restarts_no_service(instance):
    def running():
        return instance.postgres, instance.redis, instance.keepers, instance.picture_keeper

    before = running()
    instance.up()
    assert running() == before


@pytest.mark.parametrize("leave", ["nothing", "foreign pid file", "no socket"])
def test_up_after_postgres_was_killed(instance, leave):
    video = instance.sql("INSERT INTO videos (uploader_id, title, status) VALUES ('t', 'kept', 'failed') RETURNING video_id")
    killed = instance.postgres
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not command_line(killed))
    status = instance.run("status")
    assert status.returncode == 1 and re.search(r"^postgres +not running", status.stdout, re.M)
    other = None
    if leave == "foreign pid file":
        # A process of the same user that has the number by chance.
        other = subprocess.Popen(["sleep", "600"], **(drop_user("postgres") if is_root() else {}))
        for file in (instance.state / "postgres" / "postmaster.pid", instance.sockets / "postgres" / ".s.PGSQL.5432.lock"):
            file.write_text(file.read_text().replace(str(killed), str(other.pid), 1))
    elif leave == "no socket":
        for file in (instance.sockets / "postgres").iterdir():
            file.unlink()
    instance.up()
    if other:
        assert other.poll() is None
        other.kill()
        other.wait()
    assert instance.postgres != killed
    assert instance.sql("SELECT title FROM videos WHERE video_id = %s", *video[0]) == [("kept",)]
    instance.sql("DELETE FROM videos")


def test_up_after_redis_was_killed(instance):
    instance.redis_client().set("test", "kept")
    # What it answered is in the journal within a second.
    client = instance.redis_client()
    wait_for(lambda: int(client.info("persistence")["aof_pending_bio_fsync"]) == 0)
    killed = instance.redis
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not command_line(killed))
    status = instance.run("status")
    assert status.returncode == 1 and re.search(r"^redis +not running", status.stdout, re.M)
    instance.up()
    assert instance.redis != killed
    assert instance.redis_client().getdel("test") == "kept"


def test_sockets_that_were_removed_come_back(instance):
    shutil.rmtree(instance.sockets / "postgres")
    shutil.rmtree(instance.sockets / "redis")
    instance.up()
    assert instance.sql("SELECT 1") == [(1,)]
    assert instance.redis_client().ping()


def test_a_worker_that_dies_is_started_again(instance):
    keeper = instance.keepers["mezz-worker-1"]
    wait_for(lambda: children(keeper))
    (worker,) = children(keeper)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: children(keeper) - {worker})
    assert instance.keepers["mezz-worker-1"] == keeper


def test_a_worker_whose_keeper_was_killed_ends_too(instance):
    keeper = instance.keepers["mezz-worker-1"]
    wait_for(lambda: children(keeper))
    (worker,) = children(keeper)
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: not command_line(worker))
    status = instance.run("status")
    assert status.returncode == 1 and re.search(r"^worker 1 +not running", status.stdout, re.M)
    instance.up()
    assert instance.keepers.keys() == {"mezz-worker-1"}


def test_more_and_fewer_workers(instance):
    first = instance.keepers
    instance.up("--workers", "2")
    assert instance.keepers.keys() == {"mezz-worker-1", "mezz-worker-2"}
    assert first.items() <= instance.keepers.items()
    instance.up("--workers", "0")
    assert not instance.keepers
    instance.up()
    assert not instance.keepers and instance.setting("workers") == "0"
    instance.up("--workers", "1")
    assert instance.keepers.keys() == {"mezz-worker-1"}


def test_a_new_worker_binary_replaces_the_old_one(instance):
    """What a rebuild does: the binary that runs is not the one that was built."""
    keeper = instance.keepers["mezz-worker-1"]
    (binary,) = (instance.state / "bin").iterdir()
    os.kill(keeper, signal.SIGTERM)
    wait_for(lambda: not command_line(keeper))
    old = binary.with_name("ingest_worker-000000000000")
    binary.rename(old)
    other = subprocess.Popen(["/usr/bin/python3", mezz.REPO / "scripts/lib/keep_worker.py", "mezz-worker-1", old, "run"],
                             cwd=instance.state / "run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: instance.keepers.get("mezz-worker-1") == other.pid)
    done = instance.up()
    assert "jobs are handed back" in done.stderr
    other.wait(timeout=30)
    assert list((instance.state / "bin").iterdir()) == [binary]
    assert instance.keepers["mezz-worker-1"] != other.pid


def test_down_stops_everything_and_up_starts_it_again(instance):
    instance.sql("INSERT INTO videos (uploader_id, title, status) VALUES ('t', 'kept', 'failed')")
    instance.redis_client().set("test", "kept")
    before = {*instance.processes, instance.postgres, instance.redis, instance.picture_keeper,
              *instance.keepers.values()}
    done = instance.run("down")
    assert done.returncode == 0, done.stderr
    assert not [pid for pid in before if command_line(pid)]
    status = instance.run("status")
    assert status.returncode == 1 and len(re.findall("not running", status.stdout)) == 5
    instance.up()
    assert instance.sql("DELETE FROM videos RETURNING title") == [("kept",)]
    assert instance.redis_client().getdel("test") == "kept"


@pytest.mark.skipif(not is_root(), reason="only root can be other users")
@pytest.mark.parametrize("user", [*ALLOWED, "nobody", "redis"])
def test_who_may_use_the_database(started, user):
    done = subprocess.run(["psql", "-X", "-At", started.conninfo, "-c", "SELECT current_user"], capture_output=True,
                          text=True, cwd="/", **drop_user(user))
    assert done.stdout.strip() == ("mezz" if user in ALLOWED else ""), done.stderr


@pytest.mark.skipif(not is_root(), reason="only root can be other users")
@pytest.mark.parametrize("user, allowed", [("root", True), ("www-data", True), ("redis", True), ("nobody", False),
                                           ("postgres", False)])
def test_who_may_use_redis(started, user, allowed):
    done = subprocess.run(["redis-cli", "-s", str(started.sockets / "redis/redis.sock"), "ping"], capture_output=True,
                          text=True, cwd="/", **drop_user(user))
    assert (done.stdout.strip() == "PONG") == allowed, done.stderr


@pytest.mark.skipif(not is_root(), reason="only root starts processes as other users")
def test_whom_processes_run_as(started):
    def user(pid):
        return Path(f"/proc/{pid}").owner()

    assert user(started.postgres) == "postgres"
    assert user(started.redis) == "redis"
    keeper = started.keepers["mezz-worker-1"]
    wait_for(lambda: any(user(pid) == "mezz" for pid in children(keeper)))


def test_nothing_listens_but_nginx(started):
    mine = {started.postgres, started.redis, *started.keepers.values()}
    sockets = subprocess.run(["ss", "-Hltnup"], capture_output=True, text=True, check=True).stdout
    assert not [pid for pid in mine if f"pid={pid}," in sockets]


@pytest.mark.skipif(not is_root(), reason="only root can become another user")
def test_an_unprivileged_instance_with_a_long_path(place):
    home = place / "home"
    home.mkdir()
    shutil.chown(home, "nobody", "nogroup")
    one = Instance(home / ("long-" * 20))
    other = drop_user("nobody")
    try:
        one.up("--port", str(one.port), "--workers", "1", **other)
        sockets = one.sockets
        assert sockets.parent == Path("/tmp") and sockets.owner() == "nobody"
        assert one.sql("SELECT 1") == [(1,)]
        assert one.run("status", **other).stdout.count("not running") == 0
        # As after a reboot.
        for pid in (one.postgres, one.redis, one.pid, *one.keepers.values()):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(sockets)
        one.up(**other)
        assert one.sql("SELECT 1") == [(1,)]
        sockets = one.sockets
    finally:
        done = one.run("down", "--purge", **other)
    assert done.returncode == 0, done.stderr
    assert not one.state.exists() and not sockets.exists()


def test_rules_that_the_operator_changed_stay(instance):
    shipped = sorted((mezz.REPO / "lua/mezz").glob("*.lua"))
    if not shipped:
        pytest.skip("no rules are shipped")
    rule = instance.state / "lua" / shipped[0].name
    known = instance.state / "lua/.shipped"
    text, digests = rule.read_text(), known.read_text()
    # One that was shipped before gives way to the new one.
    rule.write_text("-- older\n" + text)
    digest = subprocess.run(["sha256sum", rule], capture_output=True, text=True, check=True).stdout.split()[0]
    known.write_text(digests + f"{digest} {rule.name}\n")
    instance.up()
    assert rule.read_text() == text
    # The operator's own stays; a newer one is put beside it, and mentioned once.
    rule.write_text("-- ours\n" + text)
    known.write_text("")
    done = instance.up()
    assert rule.read_text() == "-- ours\n" + text
    assert Path(f"{rule}.new").read_text() == text
    assert f"{rule.name} was changed here" in done.stderr
    assert "was changed here" not in instance.up().stderr
    rule.write_text(text)
    instance.up()
    assert not Path(f"{rule}.new").exists()


def test_schema_files_are_applied_once_and_in_order(instance, place):
    instance.sql("SELECT 1")
    assert instance.sql("SELECT version, name FROM mezz_schema ORDER BY version")[0] == (1, "001_initial.sql")
    owner = f"host={instance.sockets}/postgres dbname=postgres user=postgres"
    admin = psycopg2.connect(owner)
    admin.autocommit = True
    admin.cursor().execute("DROP DATABASE IF EXISTS other")
    admin.cursor().execute("CREATE DATABASE other OWNER postgres")
    conninfo = owner.replace("dbname=postgres", "dbname=other")
    folder = place / "schema"
    folder.mkdir()
    (folder / "001_one.sql").write_text("CREATE TABLE one (a int); INSERT INTO one VALUES (1);")

    def run():
        done = schema(instance, "--folder", folder, conninfo=conninfo)
        return done.returncode, done.stdout + done.stderr

    assert run() == (0, "applied 001_one.sql\n")
    assert run() == (0, "version 1, current\n")
    (folder / "002_two.sql").write_text("CREATE TABLE two (a int); SELECT 1 / 0;")
    code, text = run()
    assert code == 1 and "002_two.sql was not applied" in text and "division by zero" in text
    (folder / "002_two.sql").write_text("CREATE TABLE two (a int);")
    both = [subprocess.Popen([mezz.REPO / "scripts/schema", "--postgres", conninfo, "--folder", folder],
                             stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(process.communicate(timeout=60)[0] for process in both) == ["applied 002_two.sql\n", "version 2, current\n"]
    (folder / "001_one.sql").write_text("CREATE TABLE one (a int);")
    code, text = run()
    assert code == 1 and "001_one.sql was changed after it was applied" in text
    (folder / "001_one.sql").unlink()
    (folder / "002_two.sql").unlink()
    (folder / "003_three.sql").write_text("CREATE TABLE three (a int);")
    code, text = run()
    assert code == 1 and "which these files lack" in text
    admin.cursor().execute("DROP DATABASE other")
    admin.close()


def test_status_shows_jobs_and_reasons(instance):
    (video,), = instance.sql("INSERT INTO videos (uploader_id, title, status) VALUES ('t', 'a film\n\x1b[31m', 'failed') "
                             "RETURNING video_id")
    instance.sql("INSERT INTO transcoding_jobs (video_id, source, status, reason) VALUES (%s, 'x', 'failed', 'It is a text.')",
                 video)
    status = instance.run("status").stdout
    assert re.search(rf"failed: {video} 'a film.*It is a text\.", status)
    assert "\x1b" not in status
    assert re.search("^jobs +1 failed", status, re.M) and re.search("^titles +1 failed", status, re.M)
    assert re.search("^queue +0 waiting or running, 0 dead letters", status, re.M)
    instance.sql("DELETE FROM videos")

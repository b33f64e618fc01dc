"""The Redis and PostgreSQL clients of src/nginx in a stock nginx, with real servers that die, pause and return.

With MEZZ_ASAN=1 the module is built with sanitizers.
"""
import os
import random
import re
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from server import Server, build, finish, free_port, timed, wait_until  # noqa: E402
from services import Postgres, Redis, needs_postgres, needs_redis  # noqa: E402

pytestmark = [needs_postgres, needs_redis]
BIG = 400_000


@pytest.fixture(scope="module")
def module():
    return build()


@pytest.fixture(scope="module")
def redis_server():
    with Redis(tcp=True) as running:
        yield running


@pytest.fixture(scope="module")
def pg():
    with Postgres(tcp=True) as running:
        running.rows("CREATE TABLE counted (text text)")
        yield running


@pytest.fixture(autouse=True)
def both_run(redis_server, pg):
    """Each test finds both servers at work, whatever the one before has done to them."""
    for service in (redis_server, pg):
        if service.running:
            service.resume()
        else:
            service.start()
    yield


@pytest.fixture
def start(module):
    """start(**settings): an nginx that is stopped, and whose log must be clean."""
    servers = []

    def go(**settings):
        root = Path(tempfile.mkdtemp(prefix="mezz-backends-"))
        servers.append(Server(root, module, **settings))
        return servers[-1].start()

    yield go
    failed = []
    for server in servers:
        if not server.stop():
            failed.append("nginx did not end by itself")
        failed += server.complaints()
        shutil.rmtree(server.root)
    assert not failed, "\n".join(failed)


@pytest.fixture
def server(start, redis_server, pg):
    server = start(redis=redis_server.address, postgres=pg.tcp_conninfo)
    server.wait_for("redis")
    server.wait_for("postgres")
    return server


def many(server, paths, threads=40):
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(server.get, paths))


def drop(s, how):
    if how == "rst":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


# What is answered


def test_redis_replies(server):
    assert server.get("/redis?SET,name,value") == (200, "OK")
    assert server.get("/redis?GET,name") == (200, "value")
    assert server.get("/redis?GET,nobody") == (200, "nil")
    assert server.get("/redis?INCRBY,number,-7") == (200, "-7")
    assert server.get("/redis?DEL,number") == (200, "1")
    assert server.get("/redis?RPUSH,list,a,b,c") == (200, "3")
    assert server.get("/redis?LRANGE,list,0,-1") == (200, "[a,b,c]")
    assert server.get("/redis?DEL,list") == (200, "1")
    assert server.get("/redis?GET")[0] == 500
    assert "refuses a command: ERR wrong number of arguments" in server.log()
    assert server.get("/redis?PING") == (200, "PONG")


def test_postgres_replies(server, pg):
    assert server.get("/pg?q=echo&p=text") == (200, "1 1 text NULL 7")
    assert server.get("/pg?q=rows&p=3")[1].startswith("3 3 1 xxx")
    assert server.get("/pg?q=insert&p=a") == (200, "0 2")
    assert server.get("/pg?q=count&p=b") == (200, "1 1 1")
    assert pg.rows("DELETE FROM counted RETURNING 1 AS one").count({"one": 1}) == 3
    assert server.get("/pg?q=setting&p=application_name") == (200, "1 1 mezz")
    assert server.get("/pg?q=setting&p=statement_timeout") == (200, "1 1 1800ms")


def test_postgres_errors_are_logged_without_values(server):
    assert server.get("/pg?q=integer&p=secret")[0] == 500
    assert server.get("/pg?q=missing&p=secret")[0] == 500
    assert server.get("/pg?q=echo&zero=1")[0] == 500
    assert "22P02: invalid input syntax for type integer:" in server.log()
    assert '42P01: relation "nothing" does not exist' in server.log()
    assert "a parameter holds a zero byte" in server.log()
    lines = [line for line in server.log().splitlines() if "mezz: PostgreSQL at" in line]
    assert not [line for line in lines if "secret" in line]
    assert server.get("/pg?q=echo&p=x")[0] == 200


def test_mistaken_statements_do_not_harm_others(server):
    assert server.get("/pg?q=copy")[0] == 503
    assert server.get("/pg?q=begin")[0] == 200
    for _ in range(8):
        assert server.get("/pg?q=echo&p=x")[0] == 200
    assert "a query that copies is not supported" in server.log()
    assert "a query has left a transaction open" in server.log()


@pytest.mark.parametrize("size", [BIG, 5_000_000])
def test_large_values_both_ways(server, size):
    assert server.get(f"/redis-big?n={size}") == (200, "same")
    assert server.get(f"/pg-big?n={size}") == (200, "same")
    rows = server.get("/pg?q=rows&p=20000")[1]
    assert rows.startswith("20000 ") and rows.count("x" * 100) == 20000
    assert set(many(server, [f"/redis-big?n={BIG}&key={i}" for i in range(20)])) == {(200, "same")}
    assert set(many(server, [f"/pg-big?n={BIG}"] * 20)) == {(200, "same")}


def test_postgres_over_tls_and_unix_sockets(start, pg):
    shutil.copy(start(postgres=pg.conninfo).cert.with_suffix(".crt"), pg.data / "server.crt")
    server = start(postgres=pg.conninfo)
    assert server.get(f"/pg-big?n={BIG}") == (200, "same")
    for suffix in ("crt", "key"):
        target = pg.data / f"server.{suffix}"
        shutil.copy(server.cert.with_suffix("." + suffix), target)
        owner = pg.data.stat()
        os.chown(target, owner.st_uid, owner.st_gid)
        target.chmod(0o600)
    pg.rows("ALTER SYSTEM SET ssl = on")
    pg.rows("SELECT pg_reload_conf()")
    wait_until(lambda: pg.rows("SHOW ssl") == [{"ssl": "on"}], "PostgreSQL speaks TLS")
    try:
        tls = start(postgres=pg.tcp_conninfo + " sslmode=require")
        for size in (1000, 16384, 20000, BIG, 3_000_000):
            assert tls.get(f"/pg-big?n={size}") == (200, "same")
        rows = tls.get("/pg?q=rows&p=20000")[1]
        assert rows.count("x" * 100) == 20000
        assert pg.rows("SELECT count(*) FROM pg_stat_ssl WHERE ssl")[0]["count"] > 0
    finally:
        pg.rows("ALTER SYSTEM RESET ssl")
        pg.rows("SELECT pg_reload_conf()")


def test_redis_over_a_unix_socket(start, redis_server):
    server = start(redis=f"unix:{redis_server.socket}")
    assert server.get(f"/redis-big?n={BIG}") == (200, "same")


def test_chain_and_http2(server):
    assert server.get("/chain?n=50&id=a") == (200, "chain a")
    assert server.http2("/chain?n=50&id=b").stdout == "chain b"
    urls = f"https://127.0.0.1:{server.tls_port}/chain?n=3&id=[1-50]"
    got = server.http2("/status", "--parallel", "--parallel-immediate", urls).stdout
    assert got.count("chain ") == 50


def test_many_requests_at_once(server):
    answers = many(server, [f"/chain?n=5&id={i}" for i in range(200)], threads=200)
    assert answers == [(200, f"chain {i}") for i in range(200)]
    status = server.status()
    assert status["redis"]["open"] == 2 and status["postgres"]["open"] == 4
    assert status["redis"]["failures"] == status["postgres"]["failures"] == 0


def test_queries_wait_in_line(server):
    answers = many(server, ["/pg?q=sleep&p=0.05"] * 40, threads=40)
    assert {code for code, _ in answers} == {200}


def test_fire_and_forget(server, redis_server):
    assert server.get("/redis-send?SET,sent,here") == (200, "sent")
    wait_until(lambda: redis_server.client().get("sent") == "here", "the value arrives")
    assert server.get("/redis-send?SET,sent") == (200, "sent")
    wait_until(lambda: "refuses a command: ERR wrong number" in server.log(), "the refusal is logged")


# Clients that leave


WAITS = ["/redis?BLPOP,empty,0.4", f"/redis-big?n={BIG}", "/pg?q=sleep&p=0.4", f"/pg-big?n={BIG}", "/pg?q=rows&p=20000",
         "/chain?n=1000&id=leaves", "/pg?q=sleep&p=60", "/redis?GET,x"]


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_client_leaves_at_each_wait(server, how):
    for path in WAITS * 3:
        drop(server.begin(path), how)
        s = server.begin(path)
        s.settimeout(random.random() * 0.05 + 0.001)
        try:
            s.recv(1)
        except TimeoutError:
            pass
        drop(s, how)
    server.wait_idle()
    wait_until(lambda: server.get("/chain?n=3&id=after") == (200, "chain after"), "connections are free again")


def test_http2_client_leaves(server):
    for path in WAITS:
        server.http2(path, "--max-time", "0.1")
    server.wait_idle()
    wait_until(lambda: server.get("/chain?n=3&id=after") == (200, "chain after"), "connections are free again")


def test_client_leaves_while_connecting_and_in_line(start, redis_server, pg):
    redis_server.pause()
    pg.pause()
    server = start(redis=redis_server.address, postgres=pg.tcp_conninfo, redis_limit=3000, postgres_limit=3000)
    sockets = [server.begin(path) for path in ["/redis?GET,x", "/pg?q=echo&p=x"] * 20]
    wait_until(lambda: server.status()["frames"] == 40, "all wait")
    for i, s in enumerate(sockets):
        drop(s, "rst" if i % 2 else "fin")
    wait_until(lambda: server.status()["frames"] == 0, "all waits have ended")
    redis_server.resume()
    pg.resume()
    wait_until(lambda: server.get("/chain?n=1&id=a") == (200, "chain a"), "both answer")


# Servers that are away


def outcome(server, path):
    """The codes that a request gives, as a condition to be waited for."""
    return server.get(path)[0]


def test_connection_refused_at_start(start, redis_server, pg):
    redis_server.stop()
    pg.stop()
    server = start(redis=redis_server.address, postgres=pg.tcp_conninfo)
    for path in ("/redis?GET,x", "/pg?q=echo&p=x") * 5:
        assert outcome(server, path) == 503
    status = server.status()
    assert status["redis"]["breaker_open"] and status["postgres"]["breaker_open"]
    assert status["redis"]["refused"] >= 4 and status["postgres"]["refused"] >= 4
    redis_server.start()
    pg.start()
    server.wait_for("redis")
    server.wait_for("postgres")
    assert server.get("/chain?n=2&id=a") == (200, "chain a")
    assert server.log().count("cannot be used: ") <= 6  # once each, and once for another reason
    assert server.log().count("answers again") == 2


@pytest.mark.parametrize("name", ["redis", "pg"])
def test_killed_while_queries_run(server, redis_server, pg, name):
    service, backend, path = {"redis": (redis_server, "redis", "/redis?BLPOP,empty,50"),
                              "pg": (pg, "postgres", "/pg?q=sleep&p=1.5")}[name]
    sockets = [server.begin(path) for _ in range(12)]
    wait_until(lambda: server.status()["frames"] == 12, "all wait")
    service.kill()
    assert [finish(s)[0] for s in sockets] == [503] * 12
    server.wait_for(backend, up=False)
    assert outcome(server, path) == 503
    service.start()
    server.wait_for(backend)
    assert server.get("/chain?n=2&id=a") == (200, "chain a")
    assert server.log().count("answers again") == 1


@pytest.mark.parametrize("name", ["redis", "pg"])
def test_killed_and_restarted_between_queries(server, redis_server, pg, name):
    service = redis_server if name == "redis" else pg
    many(server, [f"/chain?n=5&id={i}" for i in range(20)])
    for _ in range(3):
        service.kill()
        service.start()
        server.wait_for("redis")
        server.wait_for("postgres")
        answers = many(server, [f"/chain?n=5&id={i}" for i in range(20)])
        assert {code for code, _ in answers} == {200}


def test_one_backend_process_is_terminated(server):
    assert server.get("/pg?q=terminate&p=x")[0] == 503
    assert server.get("/pg?q=echo&p=x")[0] == 200
    assert "57P01" in server.log() or "terminating connection" in server.log()


@pytest.mark.parametrize("name", ["redis", "pg"])
def test_paused(server, redis_server, pg, name):
    service, backend, path = {"redis": (redis_server, "redis", "/redis?GET,x"),
                              "pg": (pg, "postgres", "/pg?q=echo&p=x")}[name]
    assert outcome(server, path) == 200
    service.pause()
    assert outcome(server, path) == 503
    for _ in range(5):
        assert {code for code, _ in many(server, [path] * 8)} == {503}
    status = server.status()[backend]
    assert status["breaker_open"] and status["refused"] > 0 and status["time_outs"] > 0
    assert "in " in server.log()
    service.resume()
    server.wait_for(backend)
    wait_until(lambda: server.get("/chain?n=2&id=a") == (200, "chain a"), "both answer")
    server.wait_idle()


def test_prompt_answers_while_paused(server, redis_server, pg):
    redis_server.pause()
    pg.pause()
    for path in ("/redis?GET,x", "/pg?q=echo&p=x"):
        (code, _), seconds = timed(server.get, path)
        assert code == 503 and seconds < 10  # the limits are 1 s and 2 s
    redis_server.resume()
    pg.resume()


def test_a_slow_query_ends_by_statement_timeout(server):
    before = server.status()["postgres"]
    assert server.get("/pg?q=sleep&p=30")[0] == 503
    after = server.status()["postgres"]
    assert "57014: canceling statement due to statement timeout" in server.log()
    assert after["losses"] == before["losses"] and after["up"]


def test_a_slow_redis_command_costs_one_connection(server):
    assert server.get("/redis?BLPOP,empty,30")[0] == 503
    assert server.get("/redis?GET,x")[0] == 200
    assert not server.status()["redis"]["breaker_open"]


def test_redis_restarts_under_load(server, redis_server):
    stop = threading.Event()
    codes = set()

    def load(number):
        while not stop.is_set():
            codes.add(server.get(f"/chain?n=3&id={number}")[0])

    threads = [threading.Thread(target=load, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for _ in range(3):
        redis_server.kill()
        redis_server.start()
        server.wait_for("redis")
    stop.set()
    for t in threads:
        t.join()
    assert codes <= {200, 503}
    server.wait_idle()


def test_first_of_two_hosts_is_dead(start, pg):
    conninfo = f"host=127.0.0.1,localhost port={free_port()},{pg.port} user=mezz dbname=mezz"
    server = start(postgres=conninfo + " target_session_attrs=read-write")
    assert server.get("/pg?q=port&p=x") == (200, f"1 1 {pg.port}")
    assert {code for code, _ in many(server, ["/pg?q=sleep&p=0.05"] * 20)} == {200}


def test_first_of_two_hosts_does_not_answer(start, pg):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = f"{silent.getsockname()[1]},{pg.port}"
        server = start(postgres=f"hostaddr=127.0.0.1,127.0.0.1 port={ports} user=mezz dbname=mezz",
                       postgres_limit=500)
        server.wait_for("postgres")
        assert server.get("/pg?q=port&p=x") == (200, f"1 1 {pg.port}")


def test_wrong_names_are_named(start, pg, redis_server):
    for text, what in ((pg.tcp_conninfo.replace("dbname=mezz", "dbname=nowhere"), 'database "nowhere" does not exist'),
                       (pg.tcp_conninfo.replace("user=mezz", "user=nobody"), 'role "nobody" does not exist')):
        server = start(postgres=text)
        assert server.get("/pg?q=echo&p=x")[0] == 503
        assert server.get("/pg?q=echo&p=x")[0] == 503
        assert what in server.log()
        assert server.log().count("cannot be used") == 1


def test_wrong_password(start, pg):
    hba = pg.data / "pg_hba.conf"
    before = hba.read_text()
    pg.rows("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    hba.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + before)
    pg.rows("SELECT pg_reload_conf()")
    try:
        base = pg.tcp_conninfo.replace("user=mezz", "user=guarded")
        wrong = start(postgres=base + " password=unsaid")
        wrong.wait_for("postgres", up=False)
        assert wrong.get("/pg?q=echo&p=x")[0] == 503
        assert 'password authentication failed for user "guarded"' in wrong.log()
        assert "unsaid" not in wrong.log()
        right = start(postgres=base + " password=right")
        assert right.get("/pg?q=echo&p=x")[0] == 200
    finally:
        hba.write_text(before)
        pg.rows("SELECT pg_reload_conf()")
        pg.rows("DROP ROLE guarded")


def test_no_connection_left_is_busy(start, pg):
    pg.rows("CREATE ROLE limited LOGIN CONNECTION LIMIT 1")
    try:
        server = start(postgres=pg.tcp_conninfo.replace("user=mezz", "user=limited"))
        server.wait_for("postgres")
        answers = many(server, ["/pg?q=sleep&p=0.02"] * 20, threads=20)
        assert {code for code, _ in answers} == {200}
        assert "no further connection" in server.log()
        server.stop()
    finally:
        pg.rows("DROP ROLE limited")


# Configuration


@pytest.mark.parametrize("settings, what", [
    ({"postgres": "host=127.0.0.1 nonsense=1"}, 'invalid connection option "nonsense"'),
    ({"postgres": "host=nobody.invalid dbname=x"}, 'host "nobody.invalid": '),
    ({"postgres": "host=a,b hostaddr=127.0.0.1"}, "different numbers of hosts"),
    ({"postgres": "host=127.0.0.1,127.0.0.2,127.0.0.3 port=1,2"}, "neither one port nor one for each host"),
    ({"redis": "nobody.invalid:6379"}, "host not found in the Redis address"),
    ({"redis": "127.0.0.1:99999"}, "invalid port in the Redis address"),
    ({"redis": "unix:"}, "no path in the unix domain socket in the Redis address"),
])
def test_configuration_errors(module, tmp_path, settings, what):
    code, text = Server(tmp_path, module, **settings).check_configuration()
    assert code != 0 and what in text


@pytest.mark.parametrize("redis, postgres", [
    ("localhost", "postgresql://mezz@127.0.0.1:5432,[::1]:5433/mezz?sslmode=disable"),
    ("[::1]:7000", "host=/tmp,localhost user=mezz"),
    ("unix:/nowhere/redis.sock", "dbname=mezz"),
])
def test_configurations_that_load(module, tmp_path, redis, postgres):
    code, text = Server(tmp_path, module, redis=redis, postgres=postgres).check_configuration()
    assert code == 0, text


# The subscriber


def publish_until_heard(server, redis_server, message):
    def heard():
        redis_server.client().publish("mezz:test", message)
        return server.status()["subscriber"]["last"] == message
    wait_until(heard, "the message is heard")


@pytest.mark.parametrize("loss", ["kill", "pause", "client kill"])
def test_subscriber(server, redis_server, loss):
    wait_until(lambda: server.status()["subscriber"]["subscribed"], "the subscription stands")
    redis_server.client().publish("mezz:test", "first")
    wait_until(lambda: server.status()["subscriber"]["last"] == "first", "the message is heard")
    gaps = server.status()["subscriber"]["gaps"]
    if loss == "kill":
        redis_server.kill()
        redis_server.start()
    elif loss == "pause":
        redis_server.pause()
        wait_until(lambda: not server.status()["subscriber"]["subscribed"], "the loss is noticed")
        redis_server.resume()
    else:
        redis_server.client().execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    wait_until(lambda: server.status()["subscriber"]["gaps"] > gaps, "the gap is told")
    publish_until_heard(server, redis_server, "second")
    assert server.log().count("no subscription to messages") == 1
    assert server.log().count("subscribed to messages of Redis at " + redis_server.address + " again") == 1


def test_subscriber_of_large_and_many_messages(server, redis_server):
    wait_until(lambda: server.status()["subscriber"]["subscribed"], "the subscription stands")
    client = redis_server.client()
    for i in range(500):
        client.publish("mezz:test", f"message {i}")
    client.publish("mezz:test", "x" * BIG)
    wait_until(lambda: server.status()["subscriber"]["last_size"] == BIG, "the large message is heard")
    assert server.status()["subscriber"]["messages"] == 501


def test_subscriber_stays_while_it_is_silent(server):
    subscribed = server.status()["subscriber"]
    server.get("/pg?q=sleep&p=1.7")  # three times the interval of pings
    assert server.status()["subscriber"]["subscriptions"] == max(subscribed["subscriptions"], 1)


def test_subscriber_without_redis_at_start(start, redis_server):
    redis_server.stop()
    server = start(redis=redis_server.address)
    assert not server.status()["subscriber"]["subscribed"]
    redis_server.start()
    publish_until_heard(server, redis_server, "there")


# Reload and quit


def ends(server, how=signal.SIGQUIT):
    assert server.stop(how), "nginx did not end by itself"


def test_quit_when_idle(server):
    assert server.get("/chain?n=2&id=a")[0] == 200
    ends(server)


@pytest.mark.parametrize("state", ["stop", "pause"])
def test_quit_while_backends_are_away(server, redis_server, pg, state):
    getattr(redis_server, state)()
    getattr(pg, state)()
    many(server, ["/redis?GET,x", "/pg?q=echo&p=x"] * 4)
    ends(server)


def test_quit_waits_for_queries(server):
    sockets = [server.begin(path) for path in ["/pg?q=sleep&p=1", "/pg?q=sleep&p=1", "/redis?BLPOP,empty,0.5"] * 2 +
               ["/chain?n=500&id=q"]]
    wait_until(lambda: server.status()["frames"] >= 6, "they wait")
    ends(server)
    assert [finish(s)[0] for s in sockets] == [200] * len(sockets)


def test_quit_sends_what_nobody_waits_for(server, redis_server):
    with server.begin("/redis-send?SET,last,word") as s:
        server.process.send_signal(signal.SIGQUIT)
        code, _ = finish(s)
    ends(server)
    assert code != 200 or redis_server.client().get("last") == "word"


def test_stop_under_load(server):
    sockets = [server.begin(path) for path in WAITS * 4]
    wait_until(lambda: server.status()["frames"] > 0, "they wait")
    ends(server, signal.SIGTERM)
    for s in sockets:
        s.close()


def test_shutdown_time_out(start, redis_server, pg):
    server = start(redis=redis_server.address, postgres=pg.tcp_conninfo, redis_limit=60000, postgres_limit=60000,
                   shutdown="1s")
    sockets = [server.begin(path) for path in ["/pg?q=sleep&p=50", "/redis?BLPOP,empty,50"] * 6]
    wait_until(lambda: server.status()["frames"] == 12, "they wait")
    ends(server)
    for s in sockets:
        s.close()


def test_reload_under_load(server):
    stop = threading.Event()
    codes = []

    def load(number):
        while not stop.is_set():
            codes.append(server.get(f"/chain?n=3&id={number}"))

    threads = [threading.Thread(target=load, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for _ in range(3):
        old = set(server.workers())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda o=old: not o & set(server.workers()) and server.workers(), "the old worker has ended")
    stop.set()
    for t in threads:
        t.join()
    assert {code for code, _ in codes} == {200} and not [text for _, text in codes if "mixed" in text]


def test_random_load(server, redis_server, pg):
    kinds = [*WAITS, "/chain?n=5&id=r", "/pg?q=missing&p=x", "/pg?q=terminate&p=x", "/redis?GET", "/pg?q=begin",
             "/redis-send?SET,a,b", "/pg?q=copy"]
    stop = threading.Event()

    def client(seed):
        choice = random.Random(seed)
        while not stop.is_set():
            s = server.begin(choice.choice(kinds))
            s.settimeout(choice.random() * 0.2 + 0.001)
            try:
                while s.recv(65536):
                    pass
            except OSError:
                pass
            drop(s, choice.choice(["fin", "rst"]))

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(10)]
    for t in threads:
        t.start()
    choice = random.Random(0)
    for _ in range(4):
        service = choice.choice([redis_server, pg])
        if choice.random() < 0.5:
            service.pause()
            wait_until(lambda: not server.status()["redis" if service is redis_server else "postgres"]["up"],
                       "the pause is noticed")
            service.resume()
        else:
            service.kill()
            service.start()
    stop.set()
    for t in threads:
        t.join()
    wait_until(lambda: server.status()["frames"] == 0, "no request waits")
    wait_until(lambda: server.get("/chain?n=3&id=a") == (200, "chain a"), "both answer")
    assert not re.search(r"mixed up", server.log())

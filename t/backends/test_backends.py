"""Queries to real servers, and clients that leave while they run.

With MEZZ_ASAN=1 the module is built with sanitizers.
"""
import os
import random
import shutil

import pytest

from server import BIG, WAITS, Server, drop, many, wait_until



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


def test_the_log_says_what_was_waited_for(server):
    for path, what in (("/pg?q=sleep&p=0.5", "waiting for PostgreSQL"), ("/redis?BLPOP,empty,0.5", "waiting for Redis")):
        with server.begin(path):
            wait_until(lambda: server.status()["frames"] == 1, "it waits")
        wait_until(lambda w=what: f"closed connection while {w}" in server.log(), "the log says so")


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

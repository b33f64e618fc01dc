"""Redis and PostgreSQL die, pause, refuse and return while requests run."""
import random
import socket
import threading

import pytest

from server import WAITS, drop, finish, free_port, many, timed, wait_until


def test_connection_refused_at_start(start, redis_server, pg):
    redis_server.stop()
    pg.stop()
    server = start(redis=redis_server.address, postgres=pg.tcp_conninfo)
    for path in ("/redis?GET,x", "/pg?q=echo&p=x") * 5:
        assert server.get(path)[0] == 503
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
    assert server.get(path)[0] == 503
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
    assert server.get(path)[0] == 200
    service.pause()
    assert server.get(path)[0] == 503
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


def test_redis_has_no_connection_to_spare(server, redis_server):
    client = redis_server.client()
    with client.client() as one:
        one.execute_command("CONFIG", "SET", "maxclients", 1)
        one.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        server.wait_for("redis", up=False)
        assert server.get("/redis?GET,x")[0] == 503
        one.execute_command("CONFIG", "SET", "maxclients", 1000)
    server.wait_for("redis")
    assert "ERR max number of clients reached" in server.log()
    assert server.get("/redis?GET,x")[0] == 200


def test_redis_out_of_memory_still_reads(server, redis_server):
    client = redis_server.client()
    client.config_set("maxmemory", 1)
    try:
        assert server.get("/redis?SET,x,y")[0] == 503
        assert server.get("/redis?GET,nobody") == (200, "nil")
        assert server.status()["redis"]["up"]
    finally:
        client.config_set("maxmemory", 0)
    assert "refuses a command: OOM" in server.log()


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

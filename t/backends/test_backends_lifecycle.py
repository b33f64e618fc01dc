"""The subscriber, and the end of workers: quit, stop, reload."""
import signal
import threading

import pytest

from server import BIG, WAITS, finish, many, wait_until



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

"""Fixtures: one Redis and one PostgreSQL for the tests of a file, and nginx instances that are always stopped."""
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from server import Server, build  # noqa: E402
from services import POSTGRES, REDIS_SERVER, Postgres, Redis  # noqa: E402


@pytest.fixture(scope="session")
def module():
    if POSTGRES is None or not Path(REDIS_SERVER).exists():
        pytest.skip("PostgreSQL and Redis are not both installed")
    return build()


@pytest.fixture(scope="module")
def redis_server(module):
    with Redis(tcp=True) as running:
        yield running


@pytest.fixture(scope="module")
def pg(module):
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

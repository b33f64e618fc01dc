"""Fixtures: nginx instances that are always stopped, and whose logs every test must leave clean."""
import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import media  # noqa: E402
import mezz  # noqa: E402
from instance import instance, place, started  # noqa: E402, F401
from queue_station import servers, station  # noqa: E402, F401

# Files that take longest come first: one of them that begins last keeps the other processes waiting at the end.
LONGEST_FIRST = ["test_services.py", "test_scripts.py", "test_inputs.py", "test_queue.py", "test_up_files.py",
                 "test_codecs.py", "test_worker.py", "test_service_outages.py", "test_worker_hostile.py", "test_graph.py",
                 "test_backends.py", "test_backends_lifecycle.py", "test_chaos.py", "test_service_load.py"]

counter = itertools.count()
running = []


def pytest_configure(config):
    config.addinivalue_line("markers", "allows_errors(*patterns): [error] lines of error.log that the test causes")
    config.addinivalue_line("markers", "allows_fatal(*patterns): alerts that the test causes")


def pytest_collection_modifyitems(items):
    if not mezz.MODULE.exists():
        pytest.exit(f"{mezz.MODULE} is missing: run scripts/build first", returncode=3)
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def cert(tmp_path_factory):
    """The certificate of all servers; made once nginx is known to load the module at all."""
    path = mezz.certificate(tmp_path_factory.mktemp("cert"))
    code, output = mezz.Nginx(tmp_path_factory.mktemp("probe"), path.parent, path).test_config()
    if code != 0:
        pytest.exit(f"nginx does not load {mezz.MODULE}:\n{output}", returncode=3)
    return path


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Two keys that the servers know and one that they do not."""
    folder = tmp_path_factory.mktemp("keys")
    return {kid: mezz.Key(folder, kid) for kid in ("2026-11", "2026-12", "unknown")}


def allowed(node, name):
    return [pattern for mark in node.iter_markers(name) for pattern in mark.args]


def starter(node, tmp_path_factory, cert):
    mine = []

    def start(root, **settings):
        server = mezz.Nginx(tmp_path_factory.mktemp(f"nginx{next(counter)}"), root, cert, **settings)
        server.start()
        mine.append(server)
        running.append(server)
        return server

    yield start
    failed = []
    for server in mine:
        running.remove(server)
        try:
            server.stop()
        except RuntimeError as error:
            failed.append(str(error))
        failed += server.complaints(allowed(node, "allows_errors"), allowed(node, "allows_fatal"))
    assert not failed, "\n".join(failed)


@pytest.fixture
def nginx(request, tmp_path_factory, cert, clean_logs):
    """start(root, **settings) for one test."""
    yield from starter(request.node, tmp_path_factory, cert)


@pytest.fixture(scope="module")
def nginx_for_module(request, tmp_path_factory, cert):
    """start(root, **settings) for all tests of a file."""
    yield from starter(request.node, tmp_path_factory, cert)


@pytest.fixture(autouse=True)
def clean_logs(request):
    """Fails a test that left an alert, a crash, a sanitizer report or an unexpected [error] in a log."""
    for server in running:
        server.new_log_lines()
    yield
    errors, fatal = (allowed(request.node, name) for name in ("allows_errors", "allows_fatal"))
    found = [line for server in running for line in server.complaints(errors, fatal)]
    assert not found, "error.log:\n" + "\n".join(found)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """A folder with generated titles of every kind: what /files/ serves in most tests."""
    root = tmp_path_factory.mktemp("library")
    for name in media.SPECS:
        mezz.place(media.generated(name), root / name)
    media.place_ladder(root)
    media.place_tracks(root)
    return root


@pytest.fixture(scope="module")
def site(nginx_for_module, library):
    """An nginx over the library, no token asked."""
    return nginx_for_module(library)


@pytest.fixture
def get(site):
    return site.client()

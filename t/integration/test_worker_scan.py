"""The virus scanner is asked before a file is read. clamd itself is too large to start here; its protocol is spoken by a
peer on a real socket."""
import socket
import struct
import threading

import pytest

import worker

pytestmark = worker.needs_worker

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LARGEST = 1 << 20


class Scanner:
    """INSTREAM as clamd answers it, for one connection after another."""

    def __init__(self, path):
        self.seen = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(self.answer(connection.makefile("rb")))

    def answer(self, stream):
        assert stream.read(10) == b"zINSTREAM\0"
        data = b""
        while length := struct.unpack(">I", stream.read(4))[0]:
            data += stream.read(length)
            if len(data) > LARGEST:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.seen.append(data)
        return b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in data else b"stream: OK\0"

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def scanner(tmp_path):
    made = Scanner(tmp_path / "clamd")
    yield made
    made.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return worker.make(tmp_path_factory.mktemp("scan") / "s.mp4", "-f", "lavfi", "-i",
                       "testsrc2=size=160x120:rate=10:duration=1", "-c:v", "libx264", "-preset", "ultrafast")


def run(source, tmp_path, *options):
    return worker.run(source, tmp_path / "title", *worker.FAST, "--clamd", f"unix:{tmp_path / 'clamd'}", *options)


def test_a_clean_file_is_processed(source, tmp_path, scanner):
    assert run(source, tmp_path).ready
    assert scanner.seen == [source.read_bytes()]


def test_an_infected_one_fails_with_what_was_found(source, tmp_path, scanner):
    infected = tmp_path / "infected.mp4"
    infected.write_bytes(source.read_bytes() + EICAR)
    result = run(infected, tmp_path)
    assert result.reason == "The file is infected: Win.Test.EICAR_HDB-1." and not result.json["retry"]
    assert not (tmp_path / "title").exists()


def test_a_file_larger_than_the_scanner_takes(source, tmp_path, scanner):
    large = tmp_path / "large.mp4"
    large.write_bytes(source.read_bytes() + bytes(2 * LARGEST))
    result = run(large, tmp_path)
    assert result.json["kind"] == "limit" and "virus scanner" in result.reason


def test_a_scanner_that_is_away_is_waited_for(source, tmp_path):
    process = worker.start(source, tmp_path / "title", *worker.FAST, "--clamd", f"unix:{tmp_path / 'clamd'}")
    assert not (tmp_path / "title").exists()
    scanner = Scanner(tmp_path / "clamd")
    output, _ = process.communicate(timeout=60)
    scanner.close()
    assert process.returncode == 0 and '"ready"' in output and len(scanner.seen) == 1

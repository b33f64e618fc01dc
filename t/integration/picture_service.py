"""The picture service (ingest_worker pictures) on a socket of its own, and JPEGs as numbers."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import worker


class PictureService:
    def __init__(self, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="mezz-pictures-"))  # short: a socket's path has 107 bytes
        self.socket = self.folder / "socket"
        self.options = options
        self.log = ""
        self.start()

    def command(self):
        return [str(part) for part in (worker.BINARY, "pictures", "--listen", f"unix:{self.socket}", *self.options)]

    def start(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 20
        while not self.socket.exists() or not self.processes():
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < deadline, "the service did not start in 20 s"
            time.sleep(0.02)

    def processes(self):
        """Numbers of the processes that decode, once they are protected."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ready = [int(pid) for pid in children if "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()]
        return ready if len(ready) == len(children) else []

    def stop(self):
        if self.process.poll() is None:
            for pid in self.processes():
                os.kill(pid, signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
        self.log += self.process.communicate(timeout=30)[1]
        return self.process.returncode

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)


def gray(source, *options):
    """Luma of a picture or video, of full range, as bytes of all its frames."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", source, *options, "-an", "-fps_mode", "passthrough", "-vf",
               "scale=out_range=full,format=gray", "-f", "rawvideo", "-"]
    return subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout


def size_of(jpeg):
    """Width and height, from the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
    return int.from_bytes(jpeg[at + 7:at + 9], "big"), int.from_bytes(jpeg[at + 5:at + 7], "big")


def distance(one, other):
    """Mean square error."""
    assert len(one) == len(other)
    return sum((a - b) * (a - b) for a, b in zip(one, other)) / len(one)

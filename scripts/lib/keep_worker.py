#!/usr/bin/python3
"""Runs one ingest worker and starts it again when it ends by itself, after 1 s, then 2, 4 … up to 60.

usage: keep_worker.py NAME COMMAND...

NAME becomes the process's own name, by which scripts/up finds it. SIGTERM and SIGINT are handed on as SIGTERM; a worker
that has not ended 15 s later is killed. What the worker and this program print goes where their output goes.
"""
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PATIENCE = 15
LONGEST_PAUSE = 60
# A worker that ran so long was well: the next pause is short again.
WELL = 120


class Keeper:
    def __init__(self, command):
        self.command, self.child = command, None
        self.stopping = threading.Event()

    def stop(self, *_):
        self.stopping.set()
        if self.child:
            self.child.terminate()

    def run_once(self):
        """Runs the worker until it ends: its exit code."""
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        if self.stopping.is_set():  # the signal came before there was a child
            self.child.terminate()
        while True:
            try:
                return self.child.wait(timeout=PATIENCE if self.stopping.is_set() else None)
            except subprocess.TimeoutExpired:
                self.child.kill()

    def run(self):
        pause = 1
        while not self.stopping.is_set():
            began = time.monotonic()
            code = self.run_once()
            if self.stopping.is_set():
                return
            pause = 1 if time.monotonic() - began > WELL else pause
            how = f"with exit code {code}" if code >= 0 else f"by signal {-code} ({signal.strsignal(-code)})"
            print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} the worker ended {how}; it is started again "
                  f"in {pause} s", flush=True)
            self.stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def main():
    name, *command = sys.argv[1:]
    Path("/proc/self/comm").write_text(name)
    os.umask(0o027)
    os.nice(5)  # playing goes before transcoding
    keeper = Keeper(command)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, keeper.stop)
    keeper.run()


if __name__ == "__main__":
    main()

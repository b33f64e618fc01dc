"""A slow disk for one process, by the kernel's controller of I/O: blkio (cgroup v1) or io (v2)."""
import os
from pathlib import Path

V1, V2 = Path("/sys/fs/cgroup/blkio"), Path("/sys/fs/cgroup")


def available():
    if os.geteuid() != 0:
        return False
    return (V1 / "cgroup.procs").exists() or "io" in controllers()


def controllers():
    try:
        return (V2 / "cgroup.controllers").read_text().split()
    except OSError:
        return []


def disk_of(path):
    """MAJOR:MINOR of the disk that a path is on."""
    device = os.stat(path).st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    return ((block.parent if (block / "partition").exists() else block) / "dev").read_text().strip()


class SlowDisk:
    """`with SlowDisk(pid, path, 8 << 20)`: all threads of the process read so many bytes a second from path's disk. What
    is in memory they read as ever."""

    def __init__(self, pid, path, bytes_per_second):
        self.pid, self.limit, self.disk = pid, bytes_per_second, disk_of(path)
        self.first = (V1 / "cgroup.procs").exists()
        self.folder = (V1 if self.first else V2) / f"mezz-bench-{os.getpid()}"

    def __enter__(self):
        self.folder.mkdir()
        try:
            if self.first:
                (self.folder / "blkio.throttle.read_bps_device").write_text(f"{self.disk} {self.limit}")
            else:
                (V2 / "cgroup.subtree_control").write_text("+io")
                (self.folder / "io.max").write_text(f"{self.disk} rbps={self.limit}")
            (self.folder / "cgroup.procs").write_text(str(self.pid))
        except OSError:
            self.folder.rmdir()
            raise
        return self

    def __exit__(self, *_):
        (self.folder.parent / "cgroup.procs").write_text(str(self.pid))
        self.folder.rmdir()


def bytes_from_disk(pid):
    """That a process has read so far, its threads included."""
    return int(Path(f"/proc/{pid}/io").read_text().split("\nread_bytes: ")[1].split()[0])

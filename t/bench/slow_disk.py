"""A slow disk for one process, and little memory for what it reads: by the kernel's control groups, version 1 or 2."""
import os
from contextlib import contextmanager
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
V1 = {"io": GROUPS / "blkio", "memory": GROUPS / "memory"}
READ_AHEAD = 128  # KiB, as Linux has it where nobody has set it


def available():
    if os.geteuid() != 0:
        return False
    return all(map(is_v1, V1)) or {"io", "memory"} <= set(controllers())


def is_v1(controller):
    return (V1[controller] / "cgroup.procs").exists()


def controllers():
    try:
        return (GROUPS / "cgroup.controllers").read_text().split()
    except OSError:
        return []


def disk_of(path):
    """The folder in /sys of the disk that a path is on."""
    device = os.stat(path).st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    return block.parent if (block / "partition").exists() else block


@contextmanager
def member(pid, parent, settings):
    """The process, threads included, is in a group below `parent` with these settings."""
    group = parent / f"mezz-bench-{os.getpid()}"
    group.mkdir()
    try:
        for name, value in settings.items():
            (group / name).write_text(value)
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        if Path(f"/proc/{pid}").exists():
            (parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


@contextmanager
def read_ahead(disk, kibibytes):
    """Of everybody who reads from the disk."""
    setting = disk / "queue" / "read_ahead_kb"
    before = setting.read_text()
    setting.write_text(str(kibibytes))
    try:
        yield
    finally:
        setting.write_text(before)


@contextmanager
def slow_disk(pid, path, bytes_per_second, memory):
    """All threads of the process read so many bytes a second from path's disk, and at most `memory` bytes of them stay in
    memory, together with what the process allocates. What is in memory already they read as ever."""
    disk = disk_of(path)
    number = (disk / "dev").read_text().strip()
    with read_ahead(disk, READ_AHEAD):
        if is_v1("io"):
            with member(pid, V1["io"], {"blkio.throttle.read_bps_device": f"{number} {bytes_per_second}"}), \
                 member(pid, V1["memory"], {"memory.limit_in_bytes": str(memory)}):
                yield
        else:
            (GROUPS / "cgroup.subtree_control").write_text("+io +memory")
            with member(pid, GROUPS, {"io.max": f"{number} rbps={bytes_per_second}", "memory.max": str(memory)}):
                yield


def bytes_from_disk(pid):
    """That a process has read so far, its threads included."""
    return int(Path(f"/proc/{pid}/io").read_text().split("\nread_bytes: ")[1].split()[0])

"""Which files are in memory, and how."""
import os


def drop(folder):
    """No file below the folder is in memory any more."""
    os.sync()  # pages that are not on the disk yet cannot be dropped
    for path in files(folder):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)


def read_in(folder):
    """Brings all files below the folder into memory anew, but for their holes: all in single pages. Newer kernels keep in
    larger pieces what has been written or read in long runs, and that decides how fast it is sent."""
    drop(folder)
    for path in files(folder):
        with open(path, "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)  # without read-ahead, which makes the pieces
            for begin, end in written(file):
                file.seek(begin)
                while file.tell() < end and file.read(1 << 20):
                    pass


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def written(file):
    """(begin, end) of what is no hole."""
    size, end = os.fstat(file.fileno()).st_size, 0
    while end < size:
        try:
            begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
        yield begin, end

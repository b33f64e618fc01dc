"""How well many workers would be used, by the times that the jobs of one video took."""
import heapq
from dataclasses import dataclass


@dataclass
class Measured:
    """Seconds of one processor, of a title of `length` seconds."""
    head: float  # looking at it and planning
    sound: float
    each_chunk: float  # what a chunk costs however short it is
    each_second: float  # of pictures
    tail: float  # joining and publishing
    length: float

    def video(self, chunks):
        """(head, parts, tail) of a title with chunks of that length; what is done once grows with it, but for the samples that
        are looked at."""
        scale = sum(chunks) / self.length
        parts = [self.each_chunk + self.each_second * seconds for seconds in chunks]
        return self.head, [self.sound * scale] + parts, self.tail * scale


def fit(jobs, chunks, length):
    """From two runs: `chunks[n]` are the seconds of all chunks where there were n. Chunks cost what is in them and what each
    costs however short it is."""
    (few, few_seconds), (many, many_seconds) = sorted(chunks.items())
    each = max(0.0, (many_seconds - few_seconds) / (many - few))
    return Measured(jobs.get("title", 0.0), jobs.get("sound", 0.0), each, (few_seconds - few * each) / length, jobs.get("finish", 0.0),
                    length)


def makespan(videos, workers):
    """Seconds until all have ended. Videos take turns as in the queue: the job next is the one before which its video has done
    least."""
    ready, events, free, now, order = [], [], workers, 0.0, 0
    open_parts = [len(parts) for _, parts, _ in videos]

    def add(rank, video, kind, seconds):
        nonlocal order
        order += 1
        heapq.heappush(ready, (rank, order, video, kind, seconds))

    for number, (head, _, _) in enumerate(videos):
        add(0.0, number, "head", head)
    while ready or events:
        while ready and free:
            _, _, video, kind, seconds = heapq.heappop(ready)
            heapq.heappush(events, (now + seconds, video, kind))
            free -= 1
        now, video, kind = heapq.heappop(events)
        free += 1
        head, parts, tail = videos[video]
        if kind == "head":
            done = head
            for seconds in parts:
                done += seconds
                add(done, video, "part", seconds)
        elif kind == "part":
            open_parts[video] -= 1
            if open_parts[video] == 0:
                add(0.0, video, "tail", tail)
    return now


def efficiency(videos, plain, workers):
    """Of the time that `workers` of them take for videos that one alone would plan as `plain`."""
    alone = sum(head + sum(parts) + tail for head, parts, tail in plain)
    return alone / (workers * makespan(videos, workers))


def chunk_lengths(seconds, workers, longest=30, shortest=10):
    """As the planner decides them (ingest_worker/split_planner.hpp)."""
    if workers == 1:
        count = 1 if seconds < 2 * longest else round(seconds / longest)
        return [seconds / count] * count
    lengths, rest = [], seconds
    while rest >= 2 * workers * shortest:
        length = min(longest, rest / workers * 2 / 3, rest / workers - shortest)
        lengths += [length] * workers
        rest -= length * workers
    last = workers if rest >= workers * shortest else max(1, int(rest / shortest))
    return lengths + [rest / last] * last

#!/usr/bin/python3
"""Prints what the database and the queue of one instance hold: schema, queue, jobs, dead letters, titles.

usage: service_status.py --postgres CONNINFO --redis SOCKET

Exit code 1 if one of them does not answer.
"""
import argparse
import sys

import psycopg2
import redis

JOBS = """SELECT status, count(*) FROM transcoding_jobs GROUP BY status ORDER BY status"""
RUNNING = """
SELECT worker_id, video_id, title, round(job.progress::numeric), job.attempts,
       coalesce(job.detail->>'stage', 'begins'), extract(epoch FROM now() - job.started_at)::int
FROM transcoding_jobs job JOIN videos USING (video_id) WHERE job.status = 'running' ORDER BY worker_id"""
TITLES = """SELECT status, count(*) FROM videos WHERE deleted_at IS NULL GROUP BY status ORDER BY status"""
FAILED = """
SELECT video_id, title, job.reason FROM transcoding_jobs job JOIN videos USING (video_id)
WHERE job.status = 'failed' AND deleted_at IS NULL AND job.reason IS DISTINCT FROM 'Another part of the video failed.'
ORDER BY finished_at DESC NULLS LAST LIMIT 3"""


def line(name, text):
    print(f"{name:<9} {text}")


def counts(rows):
    return ", ".join(f"{count} {status}" for status, count in rows) or "none"


def plain(text, longest=60):
    """On one line, without what could command a terminal."""
    text = "".join(c if c.isprintable() else "?" for c in text or "")
    return text if len(text) <= longest else text[:longest - 1] + "…"


def show_database(conninfo):
    with psycopg2.connect(conninfo, connect_timeout=5, options="-c statement_timeout=5s") as connection:
        cursor = connection.cursor()

        def rows(query):
            cursor.execute(query)
            return cursor.fetchall()

        (version,), = rows("SELECT max(version) FROM mezz_schema")
        line("schema", f"version {version}")
        line("jobs", counts(rows(JOBS)))
        for worker, video, title, progress, attempts, stage, seconds in rows(RUNNING):
            again = f", attempt {attempts}" if attempts > 1 else ""
            line("", f"{worker}: {video} {plain(title)!r}, {stage}, {progress} %, for {seconds} s{again}")
        line("titles", counts(rows(TITLES)))
        for video, title, reason in rows(FAILED):
            line("", f"failed: {video} {plain(title)!r}: {plain(reason, 200)}")


def show_queue(socket):
    client = redis.Redis(unix_socket_path=socket, socket_timeout=5)
    line("queue", f"{client.xlen('mezz:jobs')} waiting or running, {client.xlen('mezz:dead')} dead letters")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", required=True)
    parser.add_argument("--redis", required=True)
    options = parser.parse_args()
    code = 0
    for name, show, address in (("database", show_database, options.postgres), ("queue", show_queue, options.redis)):
        try:
            show(address)
        except (psycopg2.Error, redis.RedisError) as error:
            line(name, f"no answer ({plain(str(error).strip(), 160)})")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())

"""The whole service for tests: nginx with the API and the module, PostgreSQL, Redis, and ingest workers."""
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import jwt
import requests

import mezz
import services
import worker
from services import wait_until

RULES = mezz.REPO / "lua" / "mezz"
LADDER = [{"name": "240p", "height": 240, "max_kbps": 300}, {"name": "120p", "height": 120, "max_kbps": 100}]

HTTP = """
    mezz_redis {redis} timeout=500ms;
    mezz_postgres "{postgres}" timeout=3s;
    mezz_policy {rules};
    mezz_policy_var country $arg_country;
    {http}
"""
SERVER = """
    location /api/v1/ {{
        mezz_api;
        mezz_raw_storage file {raw};
        mezz_stream_ttl {stream_ttl};
        client_max_body_size 0;
        client_body_buffer_size 64k;
        {api}
    }}
    location /v/ {{
        mezz;
        mezz_catalog postgres;
        mezz_storage file {processed};
        mezz_segment_duration 6s;
        mezz_token required;
    }}
    location = /healthz {{ return 200 "ok\\n"; }}
    location = /readyz {{ mezz_readyz; }}
    location = /metrics {{ mezz_metrics; }}
    {server}
"""


class Worker:
    """One `ingest_worker run`."""

    def __init__(self, stack, number):
        self.log = stack.folder / f"worker-{number}.log"
        ladder = stack.folder / "ladder.json"
        ladder.write_text(json.dumps(LADDER))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*map(str, [worker.BINARY, "run", "--postgres", stack.postgres.conninfo, "--redis", stack.redis.address,
                            "--raw", stack.raw, "--processed", stack.processed, "--worker-id", f"test-{number}",
                            "--preset", "ultrafast", "--ladder", ladder, *stack.worker_options])],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def running(self):
        return self.process.poll() is None

    def stop(self):
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)


class Stack:
    """Everything, in folders of its own. `start(root, **settings)` is the nginx fixture of conftest.py."""

    def __init__(self, start, keys, *, workers=1, rules=RULES, worker_options=(), stream_ttl="1h", http="", api="",
                 server="", **nginx):
        self.folder = Path(tempfile.mkdtemp(prefix="mezz-stack-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.raw, self.processed = self.folder / "raw", self.folder / "processed"
        for path in (self.raw, self.processed):
            path.mkdir()
        self.key = keys["2026-11"]
        self.worker_options = worker_options
        self.postgres, self.redis = services.Postgres(), services.Redis()
        self.workers = []
        try:
            self.postgres.start()
            self.redis.start()
            self.begin = lambda: start(
                self.processed, keys=[self.key],
                http=HTTP.format(redis=self.redis.address, postgres=self.postgres.conninfo, rules=rules, http=http),
                server=SERVER.format(raw=self.raw, processed=self.processed, stream_ttl=stream_ttl, api=api,
                                     server=server), **nginx)
            self.nginx = self.begin()
            for number in range(workers):
                self.add_worker(number)
        except BaseException:
            self.close()
            raise

    def add_worker(self, number=None):
        self.workers.append(Worker(self, len(self.workers) if number is None else number))
        return self.workers[-1]

    def another_nginx(self):
        """One more nginx with the same configuration over the same backends: an edge."""
        return self.begin()

    def close(self):
        for process in self.workers:
            process.stop()
        self.redis.close()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def token(self, scope="upload view", sub="alice", ttl=600, **claims):
        """An API token."""
        body = {"exp": int(time.time()) + ttl, "sub": sub, "scope": scope, **claims}
        return jwt.encode({k: v for k, v in body.items() if v is not None}, self.key.secret, algorithm="HS256",
                          headers={"kid": self.key.kid})

    def call(self, method, path, token=None, timeout=30, **arguments):
        """A call of the API; without a token, as alice."""
        headers = {"Authorization": f"Bearer {self.token() if token is None else token}",
                   **arguments.pop("headers", {})}
        return requests.request(method, self.nginx.url("/api/v1/" + path), headers=headers, timeout=timeout, **arguments)

    def announce(self, filename, size, content_type="video/mp4", **arguments):
        """Announces an upload; the answer's JSON."""
        body = {"filename": filename, "size": size, "content_type": content_type}
        answer = self.call("POST", "videos/upload", json=body, **arguments)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def upload(self, path, filename=None, **arguments):
        """Uploads a file whole; the upload's id."""
        path = Path(path)
        upload = self.announce(filename or path.name, path.stat().st_size, **arguments)
        with open(path, "rb") as file:
            answer = requests.request(upload["method"], upload["upload_url"], data=file, headers=upload["headers"],
                                      timeout=120)
        assert answer.status_code == 201, answer.text
        return upload["upload_id"]

    def create(self, path, token=None, filename=None, **fields):
        """Uploads a file and makes a video of it; the video's id."""
        upload_id = self.upload(path, filename, token=token)
        answer = self.call("POST", "videos", token, json={"upload_id": upload_id, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["video_id"]

    def video(self, video_id, **arguments):
        answer = self.call("GET", f"videos/{video_id}", **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_for(self, video_id, status="ready", within=120):
        """The video once it has that status, ready with its whole ladder; fails at once if it ends in another."""
        def look():
            answer = self.call("GET", f"videos/{video_id}")
            if answer.status_code == 503:  # what took long on a busy machine is asked again
                return None
            assert answer.status_code == 200, answer.text
            video = answer.json()
            if video["status"] != status and video["status"] in ("ready", "failed"):
                raise AssertionError(f"{video}\n{self.worker_logs()}")
            return video["status"] == status and (status != "ready" or video["processed_at"]) and video
        return wait_until(look, f"{video_id} is {status}\n{self.worker_logs()}", within)

    def worker_logs(self):
        return "\n".join(w.log.read_text(errors="replace")[-4000:] for w in self.workers)

    def stream(self, video_id, **arguments):
        answer = self.call("GET", f"videos/{video_id}/stream", **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

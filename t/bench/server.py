"""The nginx that is measured: Mezz and nginx's own static files in one instance, one worker on a core of its own."""
import os
import resource
import socket
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

import load
from mezz import MODULE, NGINX, Key, certificate, free_port

CONF = """\
load_module {module};
daemon off; {alone}
thread_pool default threads={threads} max_queue=65536;
{user}worker_processes 1; worker_cpu_affinity {affinity}; worker_rlimit_nofile {files};
error_log error.log notice;
pid nginx.pid;
events {{ worker_connections {connections}; }}
http {{
    types {{ application/vnd.apple.mpegurl m3u8; application/dash+xml mpd; video/mp2t ts; video/mp4 m4s mp4; image/jpeg jpg; }}
    access_log off;
    aio threads; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 300s; send_timeout 300s;
    open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h; open_file_cache_min_uses 1;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
    mezz_zone shared:{zone};
    mezz_token_key kid={kid} file={key};
    {http}
    ssl_certificate {cert}.crt; ssl_certificate_key {cert}.key; ssl_conf_command Options KTLS;
    server {{
        listen 127.0.0.1:{port} backlog=16384;
        listen 127.0.0.1:{tls_port} ssl backlog=16384;
        location /mezz/ {{ mezz; mezz_catalog files; mezz_storage file {root}; {mezz} }}
        location /built/ {{ mezz; mezz_catalog files; mezz_storage file {root}; mezz_playlist_cache off;
                            mezz_segment_cache off; }}
        location /signed/ {{ mezz; mezz_catalog files; mezz_storage file {root}; mezz_token required; }}
        location /static/ {{ root {folder}; }}
        location /small/ {{ alias {folder}/static/; aio off; }}
        location = /metrics {{ mezz_metrics; }}
        {locations}
    }}
}}
"""


class Server:
    """`with Server(…)`: it runs. `alone`: a single process, for callgrind. `http`, `mezz` and `locations` are more
    directives: for all, for /mezz/, and locations. `threads` as conf/nginx.conf has it."""

    def __init__(self, folder, root, *, command=(), alone=False, zone="256m", connections=15000, http="", mezz="",
                 locations="", threads=256):
        self.folder = Path(folder)
        for part in ("temp", "static"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self.port, self.tls_port, self.command, self.alone = free_port(), free_port(), list(command), alone
        self.key = Key(self.folder, "bench")
        files = min(connections + 1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        core = load.core(load.SERVER_CORE)
        self.conf = self.folder / "nginx.conf"
        self.conf.write_text(CONF.format(
            module=MODULE, user="user root;\n" if os.geteuid() == 0 else "", root=root, folder=self.folder,
            alone="master_process off;" if alone else "", affinity=format(1 << core, "b"), files=files,
            connections=min(connections, files - 500), zone=zone, kid=self.key.kid, key=self.key.file, port=self.port,
            tls_port=self.tls_port, cert=certificate(self.folder), http=http, mezz=mezz, locations=locations,
            threads=threads))
        self.process, self.congestion = None, None

    def _listen(self):
        """Sockets for nginx to inherit. Connections take the congestion control of the one that they came by: not the
        kernel's default, which may pace, and on loopback that costs more than sending and hides every difference."""
        sockets = []
        for port in (self.port, self.tls_port):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
            except OSError:
                pass  # the default, which is told
            self.congestion = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
            # As on Ethernet: segments as large as the loopback's 64 KB make windows of two segments, whose acknowledgements are
            # delayed by 40 ms or not, depending on where in a page a file's bytes begin.
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
            s.bind(("127.0.0.1", port))
            s.listen(16384)
            sockets.append(s)
        return sockets

    def __enter__(self):
        log = self.folder / "error.log"
        log.unlink(missing_ok=True)
        sockets = [] if self.alone else self._listen()  # a single process does not inherit
        numbers = [s.fileno() for s in sockets]
        self.process = subprocess.Popen(
            [*load.REAL_TIME, *self.command, NGINX, "-p", str(self.folder), "-c", str(self.conf), "-e", str(log)],
            env={**os.environ, **({"NGINX": "".join(f"{n};" for n in numbers)} if numbers else {})}, pass_fds=numbers,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for s in sockets:
            s.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.alone or self._children():
                    self.get("/metrics")
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f"nginx did not start:\n{log.read_text() if log.exists() else ''}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()  # at once: nobody waits for an answer any more
        self.process.wait(60)

    def _children(self):
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    @property
    def worker(self):
        return self.process.pid if self.alone else int(self._children()[0])

    def origin(self, tls=False):
        return f"https://127.0.0.1:{self.tls_port}" if tls else f"http://127.0.0.1:{self.port}"

    def get(self, path, headers=None):
        """The body of an answer, which must be 200."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}; {self.last_error()}")
            return body
        finally:
            connection.close()

    def last_error(self):
        lines = (self.folder / "error.log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "error.log is empty"

    def memory(self):
        """(resident MiB of the worker now, and at most)."""
        found = {}
        for line in Path(f"/proc/{self.worker}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                found[name] = int(value.split()[0]) / 1024
        return found["VmRSS"], found["VmHWM"]

    def zone_used(self):
        """Bytes of shared memory in use, in whole pages."""
        values = {}
        for line in self.get("/metrics").decode().splitlines():
            if line.startswith("mezz_zone"):
                name, value = line.split()
                values[name.split("{")[0]] = float(value)
        return values["mezz_zone_bytes"] - values["mezz_zone_free_bytes"]

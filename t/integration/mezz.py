"""A real nginx with the module, tokens for it, and paths of what the tests use."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import jwt

from client import Client

REPO = Path(__file__).resolve().parents[2]
BUILD = REPO / ".build"
ASAN = os.environ.get("MEZZ_ASAN") == "1"
MODULE = Path(os.environ.get("MEZZ_MODULE") or
              BUILD / ("nginx-asan" if ASAN else "nginx") / "ngx_http_mezz_module.so")
NGINX = os.environ.get("MEZZ_NGINX", "/usr/sbin/nginx")


def shared(variable, folder):
    """A folder of files that the repository does not hold; it may be absent."""
    return Path(os.environ.get(variable) or REPO.parent / "shared" / folder).resolve()


CORPUS = shared("MEZZ_CORPUS", "corpus")
HOSTILE = shared("MEZZ_HOSTILE", "hostile")
SCHEMAS = shared("MEZZ_SCHEMAS", "schemas")

FATAL = re.compile(r"\[(alert|emerg|crit)\]|exited on signal|Sanitizer|runtime error:")
ERROR = re.compile(r"\[error\]")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Key:
    """A symmetric key, as a JWK file for nginx and as a signer for the tests."""

    def __init__(self, folder, kid):
        self.kid = kid
        self.secret = os.urandom(32)
        self.file = Path(folder) / f"{kid}.jwk"
        k = urlsafe_b64encode(self.secret).rstrip(b"=").decode()
        self.file.write_text(json.dumps({"kty": "oct", "kid": kid, "alg": "HS256", "k": k}))

    def token(self, path="/files/", ttl=600, headers=None, **claims):
        """A valid token unless the caller says otherwise; a claim given as None is left out."""
        body = {"path": path, "exp": int(time.time()) + ttl, "sub": "test", **claims}
        body = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(body, self.secret, algorithm="HS256", headers={"kid": self.kid, **(headers or {})})


CONF = """\
load_module {module};
daemon off;
{user}worker_processes {workers};
worker_shutdown_timeout 20s;
error_log error.log info;
pid nginx.pid;
{main}
events {{ worker_connections 512; }}
http {{
    types {{ text/html html; text/javascript js mjs; application/json json map; text/css css; image/png png; image/svg+xml svg; font/woff2 woff2; }}
    default_type application/octet-stream;
    log_format t '$status $request_method $request_uri pid=$pid bytes=$body_bytes_sent '
                 'token=$mezz_token_status title=$mezz_title format=$mezz_format rendition=$mezz_rendition';
    access_log access.log t;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
    aio threads;
    sendfile on;
    {zone}
    {http}
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl http2;
        server_name localhost;
        ssl_certificate {cert}.crt;
        ssl_certificate_key {cert}.key;
        location /files/ {{
            mezz;
            mezz_catalog files;
            mezz_storage file {root};
            {segment}
            {token}
            {location}
        }}
        location = /pid {{ return 200 $pid; }}
        {server}
    }}
}}
"""


def certificate(folder):
    """A self-signed certificate for localhost; returns its path without suffix."""
    base = Path(folder) / "localhost"
    if not base.with_suffix(".crt").exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", f"{base}.key", "-out", f"{base}.crt"], check=True, capture_output=True)
    return base


class Nginx:
    """One nginx master with its workers in a folder of its own. `root` is the folder that /files/ serves."""

    def __init__(self, folder, root, cert, *, workers=1, zone="mezz_zone shared:32m;", http="", keys=(),
                 token="mezz_token off;", segment="mezz_segment_duration 6s;", location="", server="", main="",
                 asan=ASAN, module=MODULE):
        self.folder, self.root = Path(folder), Path(root)
        self.port, self.tls_port = free_port(), free_port()
        self.worker_count = workers
        self.asan = asan
        (self.folder / "temp").mkdir(parents=True, exist_ok=True)
        http += "".join(f"\n    mezz_token_key kid={k.kid} file={k.file};" for k in keys)
        self.conf = CONF.format(module=module, user="user root;\n" if os.geteuid() == 0 else "", workers=workers,
                                zone=zone, http=http, port=self.port, tls_port=self.tls_port, cert=cert,
                                root=self.root, segment=segment, token=token, location=location, server=server,
                                main=main)
        self.conf_file = self.folder / "nginx.conf"
        self.conf_file.write_text(self.conf)
        self.process = None
        self.log_read = 0

    @property
    def environment(self):
        env = dict(os.environ)
        if self.asan:
            # libstdc++ too: the sanitizer looks for what throws when it is loaded, and nginx itself has none.
            names = [subprocess.run(["gcc", f"-print-file-name={library}"], check=True, capture_output=True, text=True)
                     for library in ("libasan.so", "libstdc++.so")]
            env["LD_PRELOAD"] = " ".join(name.stdout.strip() for name in names)
            env["ASAN_OPTIONS"] = f"detect_leaks=0:log_path={self.folder}/sanitizer"
            env["UBSAN_OPTIONS"] = f"print_stacktrace=1:log_path={self.folder}/sanitizer"
        return env

    def test_config(self):
        """`nginx -t`: (exit code, output)."""
        done = subprocess.run([NGINX, "-t", "-p", self.folder, "-c", self.conf_file, "-e", self.folder / "startup.log"],
                              env=self.environment, capture_output=True, text=True, timeout=30)
        return done.returncode, done.stderr

    def start(self):
        self.log = self.folder / "error.log"
        self.process = subprocess.Popen([NGINX, "-p", self.folder, "-c", self.conf_file, "-e", self.log],
                                        env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"nginx did not start: {self.process.stderr.read().decode()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                if len(self.workers()) >= self.worker_count:  # the master listens before it has any
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("nginx did not listen in 20 s")

    def workers(self):
        """Process numbers of the workers, those shutting down included."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(p) for p in children.read_text().split()]

    def reload(self):
        """Reloads the configuration; returns once new workers serve and the old ones were told to quit."""
        old = set(self.workers())
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError("nginx ended on reload")
            new = set(self.workers()) - old
            if new and old.intersection(self.workers()) <= self.told_to_quit():
                return
            time.sleep(0.05)
        raise RuntimeError("no new worker 20 s after a reload")

    def told_to_quit(self):
        """Process numbers of the workers that have been told to."""
        found = re.findall(r"(\d+)#\d+: gracefully shutting down", self.log.read_text(errors="replace"))
        return {int(pid) for pid in found}

    def stop(self, how=signal.SIGQUIT, within=25):
        """Ends nginx; SIGQUIT also shows connections left open. Kills by number what does not end in time."""
        if self.process is None:
            return
        workers = self.workers() if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            for pid in [self.process.pid, *workers]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(10)
            raise RuntimeError(f"nginx had not ended {within} s after {how!r}") from None
        finally:
            self.process.stderr.close()
            self.process = None

    def new_log_lines(self):
        """What error.log has gained since the last call, and every sanitizer report."""
        lines = []
        if self.log.exists():
            with open(self.log, errors="replace") as f:
                f.seek(self.log_read)
                lines = f.read().splitlines()
                self.log_read = f.tell()
        for report in self.folder.glob("sanitizer*"):
            lines += ["Sanitizer report:"] + report.read_text(errors="replace").splitlines()[:60]
            report.rename(report.with_name("seen-" + report.name))
        return lines

    def complaints(self, allowed_errors=(), allowed_fatal=()):
        """Lines of error.log that no test may leave behind."""
        found = []
        for line in self.new_log_lines():
            if FATAL.search(line):
                if not any(re.search(p, line) for p in allowed_fatal):
                    found.append(line)
            elif ERROR.search(line) and not any(re.search(p, line) for p in allowed_errors):
                found.append(line)
        return found

    def client(self, protocol="h1"):
        return Client(self, protocol)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def logged(self, text):
        """The last line of access.log with that text; nginx writes it after the client has its answer."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            lines = [line for line in (self.folder / "access.log").read_text().splitlines() if text in line]
            if lines:
                return lines[-1]
            time.sleep(0.02)
        raise AssertionError(f"no line with {text} in access.log")


def place(source, target):
    """Puts a file at a second place without copying its bytes where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target

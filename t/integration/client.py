"""HTTP as bytes on the wire: paths go out as written, nothing is followed, decoded or retried."""
import http.client
import json
import re
import ssl
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit


class Response:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {}
        for name, value in headers:
            name = name.lower()
            assert name not in self.headers, f"header {name} came twice"
            self.headers[name] = value

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:80]!r}>"


class Client:
    """GET and friends over "h1" (plain HTTP/1.1), "tls" (HTTP/1.1 in TLS) or "h2" (HTTP/2 in TLS)."""

    def __init__(self, nginx, protocol="h1"):
        self.nginx, self.protocol = nginx, protocol
        scheme, port = ("http", nginx.port) if protocol == "h1" else ("https", nginx.tls_port)
        self.origin = f"{scheme}://127.0.0.1:{port}"

    def __call__(self, path, method="GET", headers=None, body=None):
        """`path` may be a whole URL of this server; it is sent as it stands."""
        if path.startswith("http"):
            assert path.startswith(self.origin + "/"), path
            path = path[len(self.origin):]
        if self.protocol == "h2":
            return self._curl(path, method, headers or {}, body)
        context = ssl._create_unverified_context() if self.protocol == "tls" else None
        connection = (http.client.HTTPSConnection("127.0.0.1", self.nginx.tls_port, timeout=30, context=context)
                      if context else http.client.HTTPConnection("127.0.0.1", self.nginx.port, timeout=30))
        try:
            connection.putrequest(method, path, skip_host=False, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Response(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def _curl(self, path, method, headers, body):
        with tempfile.TemporaryDirectory() as folder:
            head, data = Path(folder, "head"), Path(folder, "data")
            data.touch()
            command = ["curl", "-k", "-sS", "--http2", "--path-as-is", "--globoff", "--max-time", "30", "-D", head,
                       "-o", data, "-w", "%{http_version}", self.origin + path]
            command += ["-I"] if method == "HEAD" else ["-X", method]
            for name, value in headers.items():
                command += ["-H", f"{name}: {value}"]
            if body is not None:
                command += ["--data-binary", "@-"]
            done = subprocess.run(command, capture_output=True, input=body or b"")
            assert done.returncode == 0, done.stderr.decode()
            assert done.stdout == b"2", f"not HTTP/2: {done.stdout}"
            blocks = [b for b in re.split(r"\r?\n\r?\n", head.read_text("latin-1")) if b.strip()]
            status, *lines = blocks[-1].splitlines()
            pairs = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
            return Response(int(status.split()[1]), pairs, b"" if method == "HEAD" else data.read_bytes())

    def ok(self, path, **kw):
        """A GET that must answer 200 with a whole body."""
        answer = self(path, **kw)
        assert answer.status == 200, f"{path}: {answer}"
        assert int(answer.headers["content-length"]) == len(answer.body), path
        return answer


def resolve(base, reference):
    """The path (with query) of a reference found in the document at path `base`."""
    parts = urlsplit(urljoin("http://h" + base, reference))
    return parts.path + (f"?{parts.query}" if parts.query else "")

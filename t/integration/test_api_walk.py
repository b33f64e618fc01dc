"""The walk through the REST API in conf/API.md, as it stands there, over HTTP/1.1 and HTTP/2."""
import os
import re
import subprocess

import pytest

import media
import mezz
import services
import stack
import worker

pytestmark = [worker.needs_worker, services.needs_postgres, services.needs_redis,
              pytest.mark.skipif(mezz.ASAN, reason="nothing here that test_api.py does not show with sanitizers")]


def commands():
    text = (mezz.REPO / "conf" / "API.md").read_text()
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))


@pytest.fixture(scope="module")
def service(nginx_for_module, keys):
    whole = stack.Stack(nginx_for_module, keys)
    yield whole
    whole.close()


@pytest.mark.parametrize("options", ["--http1.1", "--http2 --insecure"])
def test_the_walk(service, options, tmp_path):
    port = service.nginx.tls_port if "--http2" in options else service.nginx.port
    scheme = "https" if "--http2" in options else "http"
    (tmp_path / ".curlrc").write_text(options.replace(" ", "\n"))
    file = tmp_path / "holiday.mp4"
    mezz.place(media.generated("faststart.mp4"), file)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands()], capture_output=True, text=True, timeout=180,
                          env={**os.environ, "BASE": f"{scheme}://127.0.0.1:{port}", "TOKEN": service.token(),
                               "FILE": str(file), "CURL_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr + service.worker_logs()
    assert '"status": "ready"' in done.stdout
    assert "#EXT-X-STREAM-INF" in done.stdout
    assert '"At the lake, uncut"' in done.stdout

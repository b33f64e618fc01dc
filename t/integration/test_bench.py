"""scripts/bench runs and tells what it measured; what it measures is no test."""
import json
import subprocess

import pytest

import mezz
from worker import needs_worker


@needs_worker
@pytest.mark.skipif(mezz.ASAN, reason="wrk is not told to wait for a sanitizer")
def test_quick(tmp_path):
    told = tmp_path / "rows.json"
    done = subprocess.run([mezz.REPO / "scripts" / "bench", "--quick", "--json", told, "cmaf-audio"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = {row["unit"]: row for row in json.loads(told.read_text())["rows"]}
    for unit in ("requests/s", "MB/s", "p99 ms", "CPU s/GB"):
        row = rows[unit]
        assert row["case"] == "cmaf-audio" and row["ours"] > 0 and row["baseline"] > 0, row
    assert "cmaf-audio" in done.stdout

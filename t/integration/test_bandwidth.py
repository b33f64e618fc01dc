"""BANDWIDTH and AVERAGE-BANDWIDTH against what is really sent (RFC 8216bis)."""
import pytest

import hls
import walk
from test_hls import TITLES


def sizes(get, playlist):
    return [(int(get(u, method="HEAD").headers["content-length"]), s.duration)
            for u, s in zip(playlist.uris, playlist.media.segments)]


def measured(get, title, kind):
    """[(variant, peak, average)] where the dearest playable combination with a rendition of sound counts."""
    found = walk.hls_title(get, f"/files/{title}", kind)
    extra = {}
    for entry, playlist in found.audio:
        rows = sizes(get, playlist)
        peak, mean = extra.get(entry["GROUP-ID"], (0, 0))
        extra[entry["GROUP-ID"]] = (max(peak, hls.peak_rate(rows, playlist.media.target)),
                                    max(mean, hls.average_rate(rows)))
    shown = {p.path for _, p in found.audio}
    for variant, playlist in zip(found.master.variants, found.variants):
        rows = sizes(get, playlist)
        peak, mean = extra.get(variant.get("AUDIO"), (0, 0)) if playlist.path not in shown else (0, 0)
        yield variant, hls.peak_rate(rows, playlist.media.target) + peak, hls.average_rate(rows) + mean


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", TITLES)
def test_peak(get, title, kind):
    for variant, peak, _ in measured(get, title, kind):
        assert int(peak) <= int(variant["BANDWIDTH"]) <= 1.1 * peak, f"{variant['BANDWIDTH']} for {float(peak)}"


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", TITLES)
def test_average(get, title, kind):
    for variant, _, mean in measured(get, title, kind):
        assert abs(int(variant["AVERAGE-BANDWIDTH"]) / mean - 1) <= 0.01, \
            f"{variant['AVERAGE-BANDWIDTH']} for {float(mean)}"

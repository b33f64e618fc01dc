"""BANDWIDTH and AVERAGE-BANDWIDTH against what is really sent (RFC 8216bis)."""
import pytest

import walk
from test_hls import TITLES


def sizes(get, playlist):
    return [(int(get(u, method="HEAD").headers["content-length"]), s.duration)
            for u, s in zip(playlist.uris, playlist.media.segments)]


def measured(get, title, kind):
    """As walk.rates(), by what HEAD says."""
    return walk.rates(walk.hls_title(get, f"/files/{title}", kind), lambda playlist: sizes(get, playlist))


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

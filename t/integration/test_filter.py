"""Some of the renditions: by the query of the top manifests, and by tokens that limit heights and countries."""
from urllib.parse import urlsplit

import pytest

import hls
import mezz
import trick
import walk

TOPS = ["hls/master.m3u8", "cmaf/master.m3u8", "cmaf/manifest.mpd"]


def heights(get, top, query=""):
    """Heights of the pictures that a top manifest of the ladder of tracks lists, trick play included."""
    if top.endswith("mpd"):
        manifest = walk.mpd(get, "/files/tracks", query)[1]
        found = [int(r.attributes["height"]) for s in manifest.sets + manifest.trick_sets for r in s
                 if r.mime == "video/mp4"]
    else:
        master = hls.parse_master(get.ok(f"/files/tracks/{top}{query}").text)
        found = [int(e["RESOLUTION"].split("x")[1]) for e in master.variants + master.iframes if "RESOLUTION" in e]
    assert len(found) == 2 * len(set(found))
    return sorted(set(found))


@pytest.mark.parametrize("top", TOPS)
def test_heights(get, top):
    assert heights(get, top) == [180, 270, 360]
    assert heights(get, top, "?max_height=270") == [180, 270]
    assert heights(get, top, "?min_height=181&max_height=300") == [270]
    assert get(f"/files/tracks/{top}?max_height=100").status == 404
    assert get(f"/files/tracks/{top}?min_height=361").status == 404


@pytest.mark.parametrize("top", TOPS)
def test_codecs(get, top):
    """A codec says nothing of the other kind of media."""
    for query in ("?codec=h264", "?codec=aac", "?codec=aac%2Ch264,av1"):
        assert heights(get, top, query) == [180, 270, 360]
    assert get(f"/files/tracks/{top}?codec=av1").status == 404
    assert get(f"/files/tracks/{top}?codec=opus").status == 404
    for query in ("?codec=h265", "?codec=", "?max_height=720p", "?min_height=9&max_height=8", "?max_height=1&max_height=2"):
        assert get(f"/files/tracks/{top}{query}").status == 400, query


def test_only_the_top_differs(get):
    """Another ETag there, and the same URLs below."""
    for kind in ("hls", "cmaf"):
        some, whole = walk.hls_title(get, "/files/tracks", kind, "?max_height=200"), walk.hls_title(get, "/files/tracks", kind)
        assert {p.path for p in some.playlists} < {p.path for p in whole.playlists}
        assert {e["NAME"] for e in some.master.media} == {e["NAME"] for e in whole.master.media}
        assert get(some.path).headers["etag"] != get(whole.path).headers["etag"]
        again = get(some.path, headers={"If-None-Match": get(some.path).headers["etag"]})
        assert again.status == 304


@pytest.fixture(scope="module")
def guarded(nginx_for_module, library, keys):
    return nginx_for_module(library, token="mezz_token required; mezz_token_geo $arg_cc;", keys=[keys["2026-11"]])


def test_a_token_limits_heights(guarded, keys):
    """In manifests what it opens is all that is listed; what is taller is refused everywhere."""
    get = guarded.client()
    small, all_of_it = (f"?token={keys['2026-11'].token(max_height=lines)}" for lines in (270, 360))
    for top in TOPS:
        assert heights(get, top, small) == [180, 270] and heights(get, top, all_of_it) == [180, 270, 360]
        assert heights(get, top, small + "&min_height=200") == [270]
        assert get(f"/files/tracks/{top}{small}&min_height=300").status == 404
    checked = set()
    for kind in ("hls", "cmaf"):
        whole = walk.hls_title(get, "/files/tracks", kind, all_of_it)
        paths = [u for p in whole.playlists for u in (p.path, p.map, p.uris[0]) if u]
        paths += [u for _, p in trick.playlists(get, "/files/tracks", kind, all_of_it) for u in (p.path, p.uris[0])]
        for path in paths + [f"/files/tracks/download/{r}.mp4" for r in ("360p", "audio-eng")]:
            path = urlsplit(path).path
            tall = "/360p" in path
            checked.add((tall, path.rpartition(".")[2]))
            assert get(path + small).status == (403 if tall else 200), path
            assert get(path + all_of_it).status == 200, path
    assert checked == {(t, s) for t in (True, False) for s in ("m3u8", "ts", "m4s", "mp4")}
    assert get(f"/files/tracks/cmaf/360p_init.mp4{small}&case=tall").status == 403
    assert " token=max-height " in guarded.logged("case=tall")
    for top in TOPS:
        assert get(f"/files/tracks/{top}?token={keys['2026-11'].token(max_height=100)}").status == 403


@pytest.mark.parametrize("claim, country, status", [
    ("DE", "DE", "ok"), (["AT", "de"], "de", "ok"), (["AT", "DE"], "FR", "geo"), ("DE", "", "geo"),
    ([], "DE", "malformed"), ("Germany", "DE", "malformed"), (None, "", "ok")])
def test_countries(guarded, keys, claim, country, status):
    token = keys["2026-11"].token(geo=claim)
    case = f"{claim}{country}".encode().hex()
    answer = guarded.client()(f"/files/tracks/hls/master.m3u8?token={token}&cc={country}&case={case}")
    assert answer.status == (200 if status == "ok" else 403)
    assert f" token={status} " in guarded.logged(f"case={case} ")


def test_countries_that_nobody_tells(nginx, library, keys):
    server = nginx(library, token="mezz_token required;", keys=[keys["2026-11"]])
    token = keys["2026-11"].token(geo="DE")
    assert server.client()(f"/files/tracks/hls/master.m3u8?token={token}&case=geo").status == 403
    assert " token=unsupported-claim " in server.logged("case=geo")


@pytest.mark.parametrize("value, reason", [("DE", "holds no variable"), ("$no_such_variable_here", "unknown"),
                                           ("$arg_a; mezz_token_geo $arg_b", "is duplicate")])
def test_wrong_variables(tmp_path, library, cert, keys, value, reason):
    server = mezz.Nginx(tmp_path, library, cert, token=f"mezz_token required; mezz_token_geo {value};",
                        keys=[keys["2026-11"]])
    code, output = server.test_config()
    assert code != 0 and reason in output, output

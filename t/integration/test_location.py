"""How mezz lives with nginx's own directives: nested blocks, location names, error pages, headers."""
import pytest

import walk

TITLE = "/files/two_audio.mp4"
SECOND = "location {name} {{ mezz; mezz_catalog files; mezz_storage file {root}; }}"


@pytest.mark.parametrize("block", ["if ($arg_x) { set $a 1; }", "limit_except GET { deny all; }",
                                   "if ($arg_x) { set $a 1; } limit_except GET { deny all; }"])
@pytest.mark.allows_errors("access forbidden by rule")
def test_nested_blocks(nginx, library, block):
    """A block inside the location changes nothing of what it answers."""
    get = nginx(library, location=block).client()
    for path in walk.one_of_each(get, TITLE).values():
        plain, chosen, other = get.ok(path), get.ok(f"{path}?x=1"), get.ok(f"{path}?x=1&y=%20")
        assert plain.body == chosen.body == other.body, path
        assert get(path, method="HEAD").status == 200
    assert get(f"{TITLE}/hls/master.m3u8", method="POST", body=b"x").status in (403, 405)


@pytest.mark.allows_errors(r"open\(\) .*html/")  # names outside the location are nginx's own files
@pytest.mark.parametrize("name", ["/v", "/v/", "^~ /v", "/deep/v"])
def test_location_names(nginx, library, name):
    """Below the location's name a title begins with a new component of the path."""
    base = name.split()[-1].rstrip("/")
    get = nginx(library, server=SECOND.format(name=name, root=library)).client()
    for path in walk.one_of_each(get, f"{base}/two_audio.mp4").values():
        get.ok(path)
    for path in (f"{base}two_audio.mp4", f"{base}x/two_audio.mp4", f"{base}//two_audio.mp4x", base):
        assert get(f"{path}/hls/master.m3u8").status == 404, path


def test_error_page_knows_the_reason(nginx, library, keys):
    """$mezz_token_status outlives the internal redirect to an error page."""
    page = "location = /denied { internal; add_header X-Why $mezz_token_status always; return 403; }"
    get = nginx(library, token="mezz_token required; error_page 403 /denied;", keys=[keys["2026-11"]],
                server=page).client()
    path = f"{TITLE}/hls/master.m3u8"
    expired = keys["2026-11"].token(ttl=-100)
    for query, reason in (("", "missing"), ("?token=garbage", "malformed"), (f"?token={expired}", "expired")):
        answer = get(path + query)
        assert (answer.status, answer.headers.get("x-why")) == (403, reason)
    assert get(f"{path}?token={keys['2026-11'].token()}").status == 200


def test_expires_takes_the_place_of_our_cache_control(nginx, library):
    """The client itself fails on a header that comes twice."""
    server = nginx(library, location="expires 1h;")
    for protocol in ("h1", "h2"):
        get = server.client(protocol)
        for kind, path in walk.one_of_each(get, TITLE).items():
            headers = get.ok(path).headers
            assert headers["cache-control"] == "max-age=3600", kind
            assert "expires" in headers, kind


def test_etag_off(nginx, library):
    get = nginx(library, location="etag off;").client()
    for kind, path in walk.one_of_each(get, TITLE).items():
        headers = get.ok(path).headers
        assert "etag" not in headers and "last-modified" in headers, kind
        modified = {"If-Modified-Since": headers["last-modified"]}
        assert get(path, headers=modified).status == 304, kind
        assert get(path, headers={"Range": "bytes=0-9"}).status == 206, kind


@pytest.mark.parametrize("location", ["", "expires 1h;"])
def test_only_answers_are_to_be_kept(nginx, library, location):
    """416, 404 and 405 say nothing of caching for a year."""
    get = nginx(library, location=location).client()
    for kind, path in walk.one_of_each(get, TITLE).items():
        size = len(get.ok(path).body)
        beyond = get(path, headers={"Range": f"bytes={size}-"})
        refused = [beyond, get(path + "x"), get(path, method="DELETE")]
        assert [a.status for a in refused] == [416, 404, 405], kind
        assert all("cache-control" not in a.headers for a in refused), kind

"""Who may have it: tokens in the query, a cookie and Authorization, on every kind of URL of every format."""
import time
from urllib.parse import urlsplit

import jwt
import pytest

import hls
import walk
from client import resolve

TITLE = "/files/two_audio.mp4"


@pytest.fixture(scope="module")
def guarded(nginx_for_module, library, keys):
    return nginx_for_module(library, token="mezz_token required;", keys=[keys["2026-11"], keys["2026-12"]])


@pytest.fixture(scope="module")
def paths(guarded, keys):
    """A path without query of every kind of URL."""
    token = keys["2026-11"].token()
    found = walk.one_of_each(guarded.client(), TITLE, f"?token={token}")
    return {kind: urlsplit(path).path for kind, path in found.items()}


def bad_tokens(keys):
    good = keys["2026-11"]
    head, body, signature = good.token().split(".")
    flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    claims = {"path": "/files/", "exp": int(time.time()) + 600}
    return {
        "missing": None,
        "malformed": "garbage",
        "signature": f"{head}.{body}.{flipped}",
        "expired": good.token(ttl=-10),
        "not-yet-valid": good.token(nbf=int(time.time()) + 300),
        "path": good.token(path="/files/other.mp4"),
        "path of a longer name": good.token(path="/files/two_audio.mp"),
        "unknown-key": keys["unknown"].token(),
        "signature of another key": keys["unknown"].token(headers={"kid": "2026-11"}),
        "algorithm": jwt.encode(claims, None, algorithm="none", headers={"kid": "2026-11"}),
        "algorithm 512": jwt.encode(claims, good.secret, algorithm="HS512", headers={"kid": "2026-11"}),
        "signature cut": f"{head}.{body}.",
        "no exp": good.token(exp=None),
        "no path": good.token(path=None),
    }


BAD = ["missing", "malformed", "signature", "expired", "not-yet-valid", "path", "path of a longer name", "unknown-key",
       "signature of another key", "algorithm", "algorithm 512", "signature cut", "no exp"]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("kind", walk.KINDS)
def test_refused(guarded, keys, paths, kind, bad):
    token = bad_tokens(keys)[bad]
    answer = guarded.client()(paths[kind] + (f"?token={token}" if token else ""))
    assert answer.status == 403
    assert not any(word in answer.body.lower() for word in (b"token", b"expired", b"signature")), "a reason in the body"
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize("bad", ["missing", "malformed", "signature", "expired", "not-yet-valid", "path", "unknown-key",
                                 "algorithm"])
def test_reason_is_in_the_variable(guarded, keys, paths, bad):
    token = bad_tokens(keys)[bad]
    query = f"?token={token}&case={bad}" if token else f"?case={bad}"
    assert guarded.client()(paths["cmaf segment"] + query).status == 403
    line = guarded.logged(f"case={bad}")
    assert f" token={bad} " in line


def test_status_of_a_good_token(guarded, keys, paths):
    assert guarded.client()(f"{paths['mpd']}?token={keys['2026-11'].token()}&case=good").status == 200
    line = guarded.logged("case=good")
    assert " token=ok " in line and " title=two_audio.mp4 " in line


@pytest.mark.parametrize("kind", walk.KINDS)
@pytest.mark.parametrize("where", ["query", "cookie", "header", "second argument", "second cookie"])
@pytest.mark.parametrize("kid", ["2026-11", "2026-12"])
def test_accepted(guarded, keys, paths, kind, where, kid):
    """Wherever the token is, and with both keys while they are rotated."""
    token = keys[kid].token(path=TITLE)
    query, headers = {
        "query": (f"?token={token}", {}), "second argument": (f"?a=b&token={token}", {}),
        "cookie": ("", {"Cookie": f"mezz_token={token}"}),
        "second cookie": ("", {"Cookie": f"a=b; mezz_token={token}; c=d"}),
        "header": ("", {"Authorization": f"Bearer {token}"}),
    }[where]
    assert guarded.client()(paths[kind] + query, headers=headers).status == 200


@pytest.mark.parametrize("prefix", ["/", "/files", "/files/", TITLE, TITLE + "/"])
def test_path_claim_is_a_prefix_of_whole_names(guarded, keys, paths, prefix):
    token = keys["2026-11"].token(path=prefix)
    assert guarded.client()(f"{paths['ts segment']}?token={token}").status == 200


def test_path_claim_sees_the_normalised_path(guarded, keys):
    """A token for one title opens no other by dots or escapes."""
    token = keys["2026-11"].token(path="/files/faststart.mp4")
    for path in ("/files/faststart.mp4/../two_audio.mp4/hls/master.m3u8",
                 "/files/faststart.mp4/%2e%2e/two_audio.mp4/hls/master.m3u8",
                 "/files/faststart.mp4%2f..%2ftwo_audio.mp4/hls/master.m3u8"):
        assert guarded.client()(f"{path}?token={token}").status == 403, path


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_query_token_is_carried_by_hls(guarded, keys, kind):
    token = keys["2026-11"].token(path=TITLE, sub="ü & <tag> \"quoted\"")
    get = guarded.client()
    title = walk.hls_title(get, TITLE, kind, f"?token={token}")
    uris = title.master.uris() + [u for p in title.playlists for u in p.media.uris()]
    assert len(uris) > 6
    for uri in uris:
        assert hls.carries(uri, token), uri
    for path in [u for p in title.playlists for u in [p.map, *p.uris] if u]:
        assert get(path).status == 200, path


def test_query_token_is_carried_by_dash(guarded, keys):
    token = keys["2026-11"].token(path=TITLE)
    get = guarded.client()
    path, manifest = walk.mpd(get, TITLE, f"?token={token}")
    for uri in manifest.uris():
        assert hls.carries(uri, token), uri
        assert get(resolve(path, uri)).status == 200, uri


@pytest.mark.parametrize("where", ["cookie", "header"])
def test_other_tokens_are_not_written_into_playlists(guarded, keys, where):
    token = keys["2026-11"].token(path=TITLE)
    headers = {"Cookie": f"mezz_token={token}"} if where == "cookie" else {"Authorization": f"Bearer {token}"}
    for top in ("hls/master.m3u8", "cmaf/master.m3u8", "cmaf/manifest.mpd"):
        answer = guarded.client().ok(f"{TITLE}/{top}", headers=headers)
        assert token not in answer.text and "token" not in answer.text


def test_only_the_token_is_carried(guarded, keys):
    token = keys["2026-11"].token(path=TITLE)
    text = guarded.client().ok(f"{TITLE}/hls/master.m3u8?utm=%22%0aX&token={token}&b=c").text
    for uri in hls.parse_master(text).uris():
        assert urlsplit(uri).query == f"token={token}"


def test_names_of_argument_and_cookie(nginx, library, keys):
    server = nginx(library, token="mezz_token required; mezz_token_arg t; mezz_token_cookie pass;",
                   keys=[keys["2026-11"]])
    token = keys["2026-11"].token()
    get = server.client()
    assert get(f"{TITLE}/hls/master.m3u8?token={token}").status == 403
    assert get(f"{TITLE}/hls/master.m3u8", headers={"Cookie": f"mezz_token={token}"}).status == 403
    assert get(f"{TITLE}/hls/master.m3u8", headers={"Cookie": f"pass={token}"}).status == 200
    for uri in hls.parse_master(get.ok(f"{TITLE}/hls/master.m3u8?t={token}").text).uris():
        assert hls.carries(uri, token, "t")


def test_rotation_by_reload(nginx, library, keys, paths):
    """A key that leaves the configuration stops working, one that comes works, with no restart."""
    server = nginx(library, token="mezz_token required;", keys=[keys["2026-11"]])
    old, new = (keys[k].token() for k in ("2026-11", "2026-12"))
    path, get = paths["ts segment"], server.client()
    assert (get(f"{path}?token={old}").status, get(f"{path}?token={new}").status) == (200, 403)
    server.conf_file.write_text(server.conf.replace(f"kid=2026-11 file={keys['2026-11'].file}",
                                                    f"kid=2026-12 file={keys['2026-12'].file}"))
    server.reload()
    assert (get(f"{path}?token={old}").status, get(f"{path}?token={new}").status) == (403, 200)


def test_nothing_else_is_403(guarded, keys, paths):
    """With a good token a wrong name is 404 and a wrong method 405."""
    get, query = guarded.client(), f"?token={keys['2026-11'].token()}"
    assert get(f"/files/none.mp4/hls/master.m3u8{query}").status == 404
    assert get(f"{TITLE}/hls/none.m3u8{query}").status == 404
    assert get(paths["ts segment"].replace("_0.ts", "_999.ts") + query).status == 404
    assert get(paths["ts segment"] + query, method="POST", body=b"x").status == 405


def test_no_token_is_asked_where_it_is_off(site):
    for top in ("hls/master.m3u8", "cmaf/master.m3u8", "cmaf/manifest.mpd"):
        assert site.client()(f"{TITLE}/{top}?token=garbage").status == 200


TEXTS = [kind for kind in walk.KINDS if "master" in kind or "playlist" in kind or kind == "mpd"]


@pytest.mark.parametrize("where", ["cookie", "header"])
def test_what_a_hidden_token_opened_is_private(guarded, keys, paths, where):
    """A shared cache's key holds neither cookies nor Authorization: it must not keep these answers."""
    token = keys["2026-11"].token()
    headers = {"Cookie": f"mezz_token={token}"} if where == "cookie" else {"Authorization": f"Bearer {token}"}
    for kind, path in paths.items():
        caching = guarded.client().ok(path, headers=headers).headers["cache-control"]
        assert caching.startswith("private"), f"{kind}: {caching}"
        assert ("immutable" in caching) == (kind in walk.IMMUTABLE), f"{kind}: {caching}"


def test_a_hidden_token_makes_ranges_and_304_private_too(guarded, keys, paths):
    headers = {"Authorization": f"Bearer {keys['2026-11'].token()}"}
    get = guarded.client()
    for kind in ("ts segment", "cmaf segment", "mpd"):
        tag = get.ok(paths[kind], headers=headers).headers["etag"]
        for more, status in (({"Range": "bytes=0-9"}, 206), ({"If-None-Match": tag}, 304)):
            answer = get(paths[kind], headers={**headers, **more})
            assert answer.status == status
            assert answer.headers["cache-control"].startswith("private"), kind


def test_a_token_in_the_query_is_in_texts_only(guarded, keys, paths):
    """Playlists hold the viewer's token, segments are the same for all."""
    token = keys["2026-11"].token()
    for kind, path in paths.items():
        caching = guarded.client().ok(f"{path}?token={token}").headers["cache-control"]
        assert ("private" in caching) == (kind in TEXTS), f"{kind}: {caching}"


def test_all_is_public_where_no_token_is_asked(site, keys):
    get = site.client()
    headers = {"Cookie": f"mezz_token={keys['2026-11'].token()}"}
    for kind, path in walk.one_of_each(get, TITLE).items():
        for given in ({}, headers):
            caching = get.ok(path, headers=given).headers["cache-control"]
            assert "private" not in caching and "no-store" not in caching, f"{kind}: {caching}"

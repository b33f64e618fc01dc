"""HTTP semantics (RFC 9110, 9111) of every kind of URL, over HTTP/1.1, TLS and HTTP/2."""
import http.client
import os
import re
import ssl
import subprocess
import time
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest

import mezz
import walk

TITLE = "/files/two_audio.mp4"
PROTOCOLS = ["h1", "tls", "h2"]


@pytest.fixture(scope="module")
def paths(site):
    return walk.one_of_each(site.client(), TITLE)


@pytest.fixture(params=PROTOCOLS)
def ask(site, request):
    return site.client(request.param)


def stable(headers):
    """The headers that every answer about one state of a resource must share."""
    return {k: v for k, v in headers.items() if k not in ("date", "connection", "keep-alive")}


@pytest.mark.parametrize("kind", walk.KINDS)
def test_headers(ask, paths, kind):
    answer = ask.ok(paths[kind])
    h = answer.headers
    assert h["content-type"].split(";")[0].lower() == walk.TYPES[kind]
    assert re.fullmatch(r'"[!#-~]+"', h["etag"]), "a strong ETag"
    assert parsedate_to_datetime(h["last-modified"])
    assert h["accept-ranges"] == "bytes"
    age = int(re.search(r"max-age=(\d+)", h["cache-control"])[1])
    if kind in walk.IMMUTABLE:
        assert "immutable" in h["cache-control"] and age >= 86400
    else:
        assert "immutable" not in h["cache-control"] and age <= 60


@pytest.mark.parametrize("kind", walk.KINDS)
def test_head_is_get_without_a_body(ask, paths, kind):
    whole, head = ask.ok(paths[kind]), ask(paths[kind], method="HEAD")
    assert head.status == 200 and head.body == b""
    assert stable(head.headers) == stable(whole.headers)


@pytest.mark.parametrize("kind", walk.KINDS)
def test_same_bytes_over_every_protocol(site, paths, kind):
    answers = [site.client(p).ok(paths[kind]) for p in PROTOCOLS]
    assert len({a.body for a in answers}) == 1
    assert len({a.headers["etag"] for a in answers}) == 1


@pytest.mark.parametrize("kind", walk.KINDS)
def test_ranges(ask, paths, kind):
    whole = ask.ok(paths[kind]).body
    size = len(whole)
    cut = min(187, size // 3)
    for spec, first, last in ((f"0-{cut}", 0, cut), (f"{cut}-{2 * cut}", cut, 2 * cut),
                              (f"{size - 9}-", size - 9, size - 1), ("-10", size - 10, size - 1),
                              (f"{cut}-{size * 2}", cut, size - 1), ("0-0", 0, 0),
                              (f"-{size * 2}", 0, size - 1)):
        part = ask(paths[kind], headers={"Range": f"bytes={spec}"})
        assert part.status == 206, spec
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.body == whole[first:last + 1], spec
        assert int(part.headers["content-length"]) == last - first + 1


@pytest.mark.parametrize("kind", walk.KINDS)
def test_unsatisfiable_range(ask, paths, kind):
    size = len(ask.ok(paths[kind]).body)
    answer = ask(paths[kind], headers={"Range": f"bytes={size}-"})
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("kind", ["ts segment", "cmaf segment", "mpd"])
def test_ranges_that_do_not_count_are_ignored(ask, paths, kind):
    whole = ask.ok(paths[kind]).body
    for spec in ("lines=0-1", "bytes=abc"):
        answer = ask(paths[kind], headers={"Range": spec})
        assert answer.status in (200, 416) and (answer.status == 416 or answer.body == whole)


@pytest.mark.parametrize("kind", ["ts segment", "cmaf segment", "init"])
def test_range_in_every_piece(site, paths, kind):
    """Ranges of an odd length put together give the whole."""
    get = site.client()
    whole, step, pieces = get.ok(paths[kind]).body, 9973, []
    for at in range(0, len(whole), step):
        pieces.append(get(paths[kind], headers={"Range": f"bytes={at}-{at + step - 1}"}).body)
    assert b"".join(pieces) == whole


@pytest.fixture(scope="module")
def large(site):
    """The path and bytes of a segment of many packets, in TS and in CMAF."""
    get, found = site.client(), {}
    for kind in ("hls", "cmaf"):
        uris = walk.hls_title(get, "/files/minute.mp4", kind).variants[0].uris
        found[kind] = max(((u, get.ok(u).body) for u in uris), key=lambda item: len(item[1]))
        assert len(found[kind][1]) > 200_000
    return found


def odd_ranges(size):
    """(first, last) at the beginning, the middle and the end, within a packet and over many."""
    middle = size // 2
    return [(0, 0), (0, 187), (1, 188), (187, 188), (0, 70000), (middle - 1, middle + 1), (middle, middle + 99999),
            (size - 189, size - 188), (size - 1, size - 1), (size - 50000, size - 1), (0, size - 1), (1, size - 2)]


@pytest.mark.parametrize("protocol", ["h1", "tls"])
@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_ranges_leave_the_connection_usable(site, large, kind, protocol):
    """Each part is exact, and the next answer comes over the same connection."""
    path, whole = large[kind]
    size = len(whole)
    connection = (http.client.HTTPConnection("127.0.0.1", site.port, timeout=30) if protocol == "h1" else
                  http.client.HTTPSConnection("127.0.0.1", site.tls_port, timeout=30,
                                              context=ssl._create_unverified_context()))
    connection.connect()
    socket = connection.sock
    specs = [(f"{a}-{b}", whole[a:b + 1]) for a, b in odd_ranges(size)]
    specs += [("-1", whole[-1:]), ("-1000", whole[-1000:]), (f"{size - 5}-", whole[-5:]), (f"{size}-", None)]
    for spec, expected in specs:
        connection.request("GET", path, headers={"Range": f"bytes={spec}"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == (416 if expected is None else 206), spec
        assert expected is None or body == expected, spec
        connection.request("HEAD", path, headers={"Range": f"bytes={spec}"})
        answer = connection.getresponse()
        answer.read()
        assert expected is None or int(answer.headers["content-length"]) == len(expected), spec
        assert connection.sock is socket, f"{spec}: the connection was closed"
    connection.request("GET", path)
    assert connection.getresponse().read() == whole
    connection.close()


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_ranges_in_one_http2_connection(site, large, tmp_path, kind):
    path, whole = large[kind]
    command, ranges = ["curl"], [*odd_ranges(len(whole)), (0, len(whole) - 1)]
    for i, (first, last) in enumerate(ranges):
        command += (["--next"] if i else []) + ["-k", "-sS", "--http2", "--max-time", "30", "-r", f"{first}-{last}",
                                               "-w", "%{http_version} %{http_code} %{num_connects}\\n", "-o",
                                               tmp_path / str(i), f"https://127.0.0.1:{site.tls_port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2 206 1"] + ["2 206 0"] * (len(ranges) - 1)
    for i, (first, last) in enumerate(ranges):
        assert (tmp_path / str(i)).read_bytes() == whole[first:last + 1], (first, last)


@pytest.mark.parametrize("kind", walk.KINDS)
def test_conditional_requests(ask, paths, kind):
    h = ask.ok(paths[kind]).headers
    tag, modified = h["etag"], h["last-modified"]
    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", {tag}'}, {"If-None-Match": "*"},
                    {"If-Modified-Since": modified}):
        answer = ask(paths[kind], headers=headers)
        assert answer.status == 304 and answer.body == b"", headers
        assert answer.headers["etag"] == tag
    for headers in ({"If-None-Match": '"other"'}, {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"},
                    {"If-Match": tag}):
        assert ask(paths[kind], headers=headers).status == 200, headers
    assert ask(paths[kind], headers={"If-Match": '"other"'}).status == 412


@pytest.mark.parametrize("kind", walk.KINDS)
def test_if_range(ask, paths, kind):
    h = ask.ok(paths[kind]).headers
    for value, status in ((h["etag"], 206), (h["last-modified"], 206), ('"other"', 200)):
        assert ask(paths[kind], headers={"Range": "bytes=0-9", "If-Range": value}).status == status, value


def test_etags_differ(site, paths):
    tags = [site.client().ok(path).headers["etag"] for path in paths.values()]
    assert len(set(tags)) == len(tags)


def test_a_changed_file_is_a_new_revision(nginx, library, tmp_path):
    """The old revision's URLs are 404, the new ones' ETags are new, without a reload."""
    mezz.shutil.copy2(library / "faststart.mp4", tmp_path / "a.mp4")
    get = nginx(tmp_path).client()
    before = walk.one_of_each(get, "/files/a.mp4")
    tag = get.ok(before["ts master"]).headers["etag"]
    mezz.shutil.copyfile(library / "video_only.mp4", tmp_path / "new.mp4")
    (tmp_path / "new.mp4").rename(tmp_path / "a.mp4")
    after = walk.one_of_each(get, "/files/a.mp4")
    assert after["ts segment"] != before["ts segment"]
    assert get(after["ts master"]).headers["etag"] != tag
    for kind in set(walk.IMMUTABLE) & before.keys():
        assert get(before[kind]).status == 404, kind


@pytest.mark.parametrize("cache", ["", "open_file_cache max=100; open_file_cache_valid 1s;"])
def test_a_file_of_the_same_size_and_second_is_another_revision(nginx, library, tmp_path, cache):
    """Only nanoseconds tell the two files apart."""
    first = bytearray((library / "one_segment.mp4").read_bytes())
    for i, data in enumerate((bytes(first), bytes(first[:-1]) + bytes([first[-1] ^ 1]))):
        (tmp_path / str(i)).write_bytes(data)
        os.utime(tmp_path / str(i), ns=(0, 1_700_000_000_123_456_789 + i))
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "0").rename(root / "a.mp4")
    get = nginx(root, location=cache).client()
    before = walk.one_of_each(get, "/files/a.mp4")
    (tmp_path / "1").rename(root / "a.mp4")
    deadline = time.monotonic() + (5 if cache else 0)
    while (after := walk.one_of_each(get, "/files/a.mp4"))["ts segment"] == before["ts segment"]:
        assert time.monotonic() < deadline, "the same revision for another file"
        time.sleep(0.1)
    for kind in set(walk.IMMUTABLE) & before.keys():
        assert after[kind] != before[kind] and get(after[kind]).status == 200, kind
        assert get(before[kind]).status == 404, kind


def without_revision(path):
    return re.sub(r"/(hls|cmaf)/[^/]+/", r"/\1/", path)


@pytest.mark.parametrize("kind", ["ts playlist", "cmaf playlist", "init", "ts segment", "cmaf segment"])
def test_current_revision_answers_without_its_name(site, paths, kind):
    get = site.client()
    with_rev, bare = get.ok(paths[kind]), get.ok(without_revision(paths[kind]))
    if "segment" in kind or kind == "init":
        assert bare.body == with_rev.body
    assert "immutable" not in bare.headers["cache-control"]


@pytest.mark.parametrize("kind", ["ts segment", "cmaf segment"])
@pytest.mark.parametrize("number", ["3", "999", "-1", "00", "01", "+0", "0x0", "", " 0", "0_0", "99999999999999999999",
                                    "18446744073709551616", "4294967296", "1e0", "%30%00"])
def test_segments_that_are_not(ask, paths, kind, number):
    base, _, ending = paths[kind].rpartition("_0.")
    escaped = number if "%" in number else quote(number)
    assert ask(f"{base}_{escaped}.{ending}").status in ((400, 404) if "%00" in number else (404,))


NOT_THERE = ["/files/", "/files/none.mp4/hls/master.m3u8", "/files/none/hls/master.m3u8", TITLE, TITLE + "/",
             TITLE + "/hls/", TITLE + "/hls", TITLE + "/cmaf/", TITLE + "/hls/master.mpd", TITLE + "/hls/manifest.mpd",
             TITLE + "/cmaf/none.m3u8", TITLE + "/hls/none_0.ts", TITLE + "/cmaf/none_init.mp4",
             TITLE + "/hls/00000000/master.m3u8", TITLE + "/dash/manifest.mpd", TITLE + "/hls/MASTER.M3U8",
             TITLE + "/hls/master.m3u8/", TITLE + "/hls/master.m3u8.gz", TITLE + "/../../etc/passwd",
             "/files/../pid/x", "/files/..%2f..%2fetc%2fpasswd/hls/master.m3u8",
             "/files/ladder/asset.json", "/files/%00/hls/master.m3u8",
             "/files/" + "a" * 300 + "/hls/master.m3u8", "/files/" + "a/" * 500 + "hls/master.m3u8",
             "/files/%ff%fe.mp4/hls/master.m3u8", "/files/tracks/180p.mp4/../../x/hls/master.m3u8"]


@pytest.mark.allows_errors(r"open\(\) .*html/")  # dots that lead to nginx's own files
@pytest.mark.parametrize("path", NOT_THERE)
def test_unknown_names(ask, path):
    allowed = (404, 400) if "%00" in path or ".." in path else (404,)
    assert ask(path).status in allowed


@pytest.mark.allows_errors("asset.json")
def test_descriptor_is_no_title(ask):
    assert ask("/files/ladder/asset.json/hls/master.m3u8").status in (404, 422)


def test_wrong_revision(site, paths):
    for kind in ("ts playlist", "ts segment", "cmaf segment", "init"):
        wrong = re.sub(r"/(hls|cmaf)/([^/]+)/", lambda m: f"/{m[1]}/{'0' * len(m[2])}/", paths[kind])
        assert site.client()(wrong).status == 404, wrong


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("kind", ["ts master", "ts segment", "cmaf segment", "mpd"])
def test_other_methods(ask, paths, kind, method):
    assert ask(paths[kind], method=method, body=b"x" if method in ("POST", "PUT", "PATCH") else None).status == 405


def test_names_are_bytes(nginx, library, tmp_path):
    """File names with spaces, quotes, percent signs and letters beyond ASCII play, and their URLs resolve."""
    names = ["a b.mp4", "100%.mp4", "ü日本.mp4", "it's \"x\".mp4", "a&b<c>.mp4", "#1?.mp4",
             "sub/dir/x.mp4", "a;b,c.mp4"]
    for name in names:
        mezz.place(library / "one_segment.mp4", tmp_path / name)
    get = nginx(tmp_path).client()
    for name in names:
        for path in walk.one_of_each(get, "/files/" + quote(name)).values():
            assert get(path).status == 200, path

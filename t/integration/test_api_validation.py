"""What clients send is checked: each member, the form of bodies, their length, arguments of the query."""
import json
import socket
import time

import pytest

import services
from api import Api, insert_video, no_id
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]

UPLOAD = {"filename": "a.mp4", "size": 10, "content_type": "video/mp4"}
VIDEO = {"upload_id": "6f2b2c0e-7a2b-4c39-9a52-1c39bb8ab3cf"}
BIG = 70000


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0, api="mezz_upload_max_size 1m;")
    yield made
    made.close()


@pytest.fixture(scope="module", params=["h1", "h2"])
def api(stack, request):
    return Api(stack, request.param)


@pytest.fixture(scope="module")
def video_id(stack):
    return insert_video(stack, "Untouched")


def calls(video_id):
    """(method, path, a body that fits) of the calls that take one."""
    return [("POST", "videos/upload", UPLOAD), ("POST", "videos", VIDEO), ("PATCH", f"videos/{video_id}", {"title": "x"})]


BODIES = {
    "empty": b"", "spaces": b"  ", "text": b"hello", "list": b"[]", "number": b"1", "string": b'"a"', "null": b"null",
    "cut": b'{"a": ', "two": b"{}{}", "trailing": b"{} x", "comment": b'{/* c */}', "comma": b'{"title": "a",}',
    "single quotes": b"{'title': 'a'}", "NaN": b'{"size": NaN}', "latin-1": b'{"title": "\xe9"}',
    "overlong": b'{"title": "\xc0\xaf"}', "surrogate": b'{"title": "\xed\xa0\x80"}', "lone": b'{"title": "\\ud800"}',
    "control": b'{"title": "a\nb"}', "NUL": b'{"title": "a\0b"}', "BOM and more": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "duplicate": b'{"title": "a", "title": "b"}', "deep": b'{"access": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    "deep list": b'{"access": ' + b"[" * 20000 + b"]" * 20000 + b"}", "duplicate within": b'{"access": {"a": 1, "a": 2}}',
    "escaped duplicate": b'{"title": "a", "t\\u0069tle": "b"}', "form": b"title=a&b=c",
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(api, stack, video_id, name):
    for method, path, _ in calls(video_id):
        api.problem(400, "malformed-json", method, path, BODIES[name])
    assert api.ok("GET", f"videos/{video_id}")["title"] == "Untouched"


def test_long_bodies(api, video_id):
    """64 KiB are read, no more."""
    for method, path, body in calls(video_id):
        filled = json.dumps(body).encode()
        fits = filled + b" " * (65536 - len(filled))
        assert api(method, path, fits).status in (201, 200, 404), path
        for long in (fits + b" ", fits + b" " * BIG, json.dumps({"title": "x" * BIG}).encode()):
            api.problem(413, "too-large", method, path, long)
    api.ok("PATCH", f"videos/{video_id}", {"title": "Untouched"})


def test_unknown_members(api, video_id):
    for method, path, body in calls(video_id):
        for name in ("titel", "video_id", "", "\u0000", "x" * 500, "__proto__", "ü"):
            problem = api.problem(422, "invalid-field", method, path, {**body, name: 1})
            assert problem.get("field", "") == name[:100]


def test_missing_members(api):
    for name in UPLOAD:
        problem = api.problem(422, "invalid-field", "POST", "videos/upload", {k: v for k, v in UPLOAD.items() if k != name})
        assert problem["field"] == name
    assert api.problem(422, "invalid-field", "POST", "videos", {"title": "x"})["field"] == "upload_id"


NOT_NAMES = ["", ".", "..", "a/b", "/etc/passwd", "../a", "a\u0000b", "a\nb", "a\u007f", "\u0085", "x" * 256, "ü" * 128,
             1, None, [], {}, True]
NOT_SIZES = [0, -1, 1.5, 5.0, 1e3, "5", None, True, [], 2 ** 64, 2 ** 80]
NOT_TYPES = ["", "video", "/", "video/", "/mp4", "video/mp4;", "video/mp4; a", "video/mp4\r\nX: y", "video /mp4",
             "vidéo/mp4", "video/mp4, text/html", "v" * 300 + "/mp4", 1, None, ["video/mp4"]]


def test_fields_of_uploads(api):
    for field, values in (("filename", NOT_NAMES), ("size", NOT_SIZES), ("content_type", NOT_TYPES)):
        for value in values:
            problem = api.problem(422, "invalid-field", "POST", "videos/upload", {**UPLOAD, field: value})
            assert problem["field"] == field, value


def test_sizes_of_uploads(api):
    api.ok("POST", "videos/upload", {**UPLOAD, "size": 1 << 20}, 201)
    for size in ((1 << 20) + 1, 1 << 40, 2 ** 63, 2 ** 64 - 1):
        problem = api.problem(413, "too-large", "POST", "videos/upload", {**UPLOAD, "size": size})
        assert problem["field"] == "size"


def test_content_types_are_made_plain(api):
    told = api.ok("POST", "videos/upload", {**UPLOAD, "content_type": " Video/MP4 ; codecs=\"avc1\""}, 201)
    assert told["headers"]["Content-Type"] == "video/mp4;codecs=\"avc1\""


NOT_IDS = ["", "x", 5, None, [], "6f2b2c0e-7a2b-4c39-9a52-1c39bb8ab3c", "{6f2b2c0e-7a2b-4c39-9a52-1c39bb8ab3cf}",
           "6f2b2c0e7a2b4c399a521c39bb8ab3cf", "6f2b2c0e-7a2b-4c39-9a52-1c39bb8ab3cg", "' OR 1=1 --"]
LEVELS = {}
for _ in range(8):
    LEVELS = {"a": LEVELS}

NOT_PARTICULARS = {
    "title": ["", "   ", "a\nb", "a\tb", "a\u0000", "\u0085", "x" * 501, "𠜎" * 501, 1, True, [], {}],
    "description": ["x" * 10001, "a\u0000", "\u0007", "\u009f", 1, [], {}],
    "access": [[], "x", 1, True, LEVELS, {"a": "\u0000"}, {"\u0000": 1}, {"a": "x" * 8192}],
    "available_from": ["", "now", "infinity", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", 5, [],
                       "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T25:00:00Z", "0000-01-01T00:00:00Z",
                       "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "10000-01-01T00:00:00Z", "epoch"],
}
NOT_PARTICULARS["available_until"] = NOT_PARTICULARS["available_from"]


def test_particulars(api, video_id):
    for field, values in NOT_PARTICULARS.items():
        for value in values:
            for method, path, body in (("POST", "videos", VIDEO), ("PATCH", f"videos/{video_id}", {})):
                if api.protocol == "h2" and method == "POST":  # curl is slow
                    continue
                problem = api.problem(422, "invalid-field", method, path, {**body, field: value})
                assert problem["field"] == field, value
    for value in NOT_IDS:
        assert api.problem(422, "invalid-field", "POST", "videos", {"upload_id": value})["field"] == "upload_id"
    assert api.ok("GET", f"videos/{video_id}")["title"] == "Untouched"


def test_no_title(api, video_id):
    """A title cannot be cleared."""
    assert api.problem(422, "invalid-field", "PATCH", f"videos/{video_id}", {"title": None})["field"] == "title"


def test_windows(api, video_id):
    window = {"available_from": "2026-03-01T00:00:00Z", "available_until": "2026-03-01T00:00:00Z"}
    for method, path, body in (("POST", "videos", VIDEO), ("PATCH", f"videos/{video_id}", {})):
        problem = api.problem(422, "invalid-field", method, path, {**body, **window})
        assert problem["field"] == "available_until"


TIMES = [("2026-03-01T12:00:00Z", "2026-03-01T12:00:00"), ("2026-03-01t12:00:00z", "2026-03-01T12:00:00"),
         ("2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00"), ("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123456"),
         ("2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
         ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999"), ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00")]


def test_times(api, video_id):
    for sent, kept in TIMES:
        video = api.ok("PATCH", f"videos/{video_id}", {"available_from": sent})
        assert video["available_from"].startswith(kept) and video["available_from"].endswith("Z"), sent
    api.ok("PATCH", f"videos/{video_id}", {"available_from": None})


ARGUMENTS = [("limit=0", "limit"), ("limit=101", "limit"), ("limit=-1", "limit"), ("limit=x", "limit"), ("limit=1.5", "limit"),
             ("limit=99999999999999999999", "limit"), ("limit=%31%00", "limit"), ("limit=5&limit=6", "limit"),
             ("status=done", "status"), ("status=READY", "status"), ("status=ready%27", "status"), ("offset=5", "offset"),
             ("q=%ff", "q"), ("q=%00", "q"), ("q=%zz", "q"), ("q=%", "q"), ("q=" + "a" * 301, "q"), ("cursor=x", "cursor"),
             ("cursor=" + "A" * 300, "cursor"), ("cursor=%27", "cursor"), ("q=a&q=b", "q"), ("Q=a", "Q")]


def test_arguments(api):
    for query, field in ARGUMENTS:
        problem = api.problem(400, "invalid-argument", "GET", f"videos?{query}")
        assert problem["field"] == field, query
    for query in ("limit=1", "limit=100", "limit=", "status=", "q=", "cursor=", "&&", "q=a%20b", "q=a+b", ""):
        assert api("GET", f"videos?{query}").status == 200, query


def raw(stack, data, more=()):
    """What comes back for bytes as they are."""
    with socket.create_connection(("127.0.0.1", stack.nginx.port), 30) as s:
        s.sendall(data)
        for piece in more:
            time.sleep(0.05)
            s.sendall(piece)
        answer = b""
        while chunk := s.recv(65536):
            answer += chunk
        return answer


def head(stack, path, more, method="POST"):
    return (f"{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {stack.token()}\r\n"
            f"{more}Connection: close\r\n\r\n").encode()


@pytest.mark.allows_errors("client sent invalid chunked body")
def test_body_in_chunks(stack):
    body = json.dumps(UPLOAD).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    answer = raw(stack, head(stack, "videos/upload", "Transfer-Encoding: chunked\r\n"), [chunks[:50], chunks[50:]])
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    long = b"10000\r\n" + b" " * 65536 + b"\r\n" + b"1\r\n \r\n" + b"0\r\n\r\n"
    answer = raw(stack, head(stack, "videos/upload", "Transfer-Encoding: chunked\r\n"), [long])
    assert answer.startswith(b"HTTP/1.1 413 "), answer
    answer = raw(stack, head(stack, "videos/upload", "Transfer-Encoding: chunked\r\n"), [b"xyz\r\n"])
    assert answer.startswith(b"HTTP/1.1 400 ") and b"problem+json" in answer, answer


def test_body_in_pieces(stack):
    body = json.dumps(UPLOAD).encode()
    answer = raw(stack, head(stack, "videos/upload", f"Content-Length: {len(body)}\r\n"),
                 [body[i:i + 7] for i in range(0, len(body), 7)])
    assert answer.startswith(b"HTTP/1.1 201 "), answer


def test_body_of_calls_without_one(stack, api):
    """It is read away: the next call on the connection is understood."""
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", stack.nginx.port, timeout=30)
    headers = {"Authorization": f"Bearer {stack.token()}"}
    for method, path, status in (("GET", "videos", 200), ("DELETE", f"videos/{no_id()}", 404), ("GET", "nothing", 404),
                                 ("PUT", "videos", 405)):
        for size in (10, 100000):
            connection.request(method, f"/api/v1/{path}", b"GET /pid HTTP/1.1\r\n\r\n" + b"x" * size, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status, (method, path)
    connection.request("GET", "/pid")
    assert connection.getresponse().status == 200
    connection.close()


def test_client_leaves_mid_body(stack):
    """Nothing is done, nothing is logged as an error."""
    before = stack.postgres.rows("SELECT count(*) FROM uploads")
    for sent in (0, 1, 20):
        with socket.create_connection(("127.0.0.1", stack.nginx.port), 30) as s:
            body = json.dumps(UPLOAD).encode()
            s.sendall(head(stack, "videos/upload", f"Content-Length: {len(body)}\r\n") + body[:sent])
            time.sleep(0.1)
    Api(stack).ok("GET", "videos")
    assert stack.postgres.rows("SELECT count(*) FROM uploads") == before

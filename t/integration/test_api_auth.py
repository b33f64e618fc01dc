"""Who may call the REST API, and what the operator's default rules allow to whom."""
import json
import time

import jwt
import pytest

import services
from api import Api, insert_video, no_id, problem_of, ready_video
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]

DAY = 86400
CALLS = [("POST", "videos/upload"), ("POST", "videos"), ("GET", "videos"), ("GET", "videos/{id}"),
         ("PATCH", "videos/{id}"), ("DELETE", "videos/{id}"), ("GET", "videos/{id}/stream"), ("HEAD", "videos")]


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["h1", "h2"])
def api(stack, request):
    return Api(stack, request.param)


def signed(key, claims, **header):
    return jwt.encode(claims, key.secret, algorithm=header.pop("alg", "HS256"), headers={"kid": key.kid, **header})


def bad_tokens(stack, keys):
    """{name: (token, verdict)} of tokens that open nothing, whatever their scope."""
    now, good = int(time.time()), {"sub": "alice", "scope": "admin upload view"}
    live = {**good, "exp": now + 600}
    head, body, signature = stack.token().split(".")
    none = jwt.encode(live, None, algorithm="none", headers={"kid": stack.key.kid})
    return {
        "none at all": ("", "missing"),
        "expired": (signed(stack.key, {**good, "exp": now - 1}), "expired"),
        "not yet": (signed(stack.key, {**live, "nbf": now + 600}), "not-yet-valid"),
        "a key that is not ours": (signed(keys["unknown"], live), "unknown-key"),
        "another key's secret": (signed(keys["unknown"], live, kid=stack.key.kid), "signature"),
        "a changed body": (".".join([head, body[:-4] + "AAAA", signature]), None),
        "no signature": (f"{head}.{body}.", None),
        "alg none": (none, None),
        "another algorithm": (signed(stack.key, live, alg="HS512"), "algorithm"),
        "no exp": (signed(stack.key, good), "malformed"),
        "exp as text": (signed(stack.key, {**good, "exp": str(now + 600)}), "malformed"),
        "no sub": (signed(stack.key, {"scope": "admin", "exp": now + 600}), "malformed"),
        "empty sub": (signed(stack.key, {**live, "sub": ""}), "malformed"),
        "playback": (stack.key.token("/v/"), "scope"),
        "restricted to a path": (signed(stack.key, {**live, "path": "/v/"}), "unsupported-claim"),
        "another address": (signed(stack.key, {**live, "ip": "192.0.2.0/24"}), "ip"),
        "garbage": ("garbage", "malformed"),
        "dots": ("..", "malformed"),
        "long": ("a" * 6000, "malformed"),
    }


def test_no_token_that_opens(api, stack, keys):
    video_id = insert_video(stack)
    for method, path in CALLS:
        for name, (token, verdict) in bad_tokens(stack, keys).items():
            if api.protocol == "h2" and path != "videos":  # curl is slow
                continue
            answer = api(method, path.format(id=video_id), b"{}" if method in ("POST", "PATCH") else None, token=token)
            assert answer.status == 401, (method, path, name, answer)
            assert answer.headers["www-authenticate"] == "Bearer"
            if method == "HEAD":
                continue
            problem = problem_of(answer, "unauthorized")
            assert verdict is None or verdict in problem["detail"], (name, problem)
    assert api.ok("GET", f"videos/{video_id}")["title"] == "A title"


@pytest.mark.parametrize("scheme", ["Basic {}", "Bearer", "{}", "Token {}", "Bearer{}"])
def test_other_headers(api, stack, scheme):
    header = {"Authorization": scheme.format(stack.token())}
    api.problem(401, "unauthorized", "GET", "videos", token="", headers=header)


def test_token_elsewhere(api, stack):
    """A token in the query or a cookie could be made to be sent by another site."""
    api.problem(401, "unauthorized", "GET", f"videos?token={stack.token()}", token="")
    api.problem(401, "unauthorized", "GET", "videos", token="", headers={"Cookie": f"token={stack.token()}"})


def test_scheme_in_any_case(api, stack):
    assert api("GET", "videos", token="", headers={"Authorization": f"bEARER {stack.token()}"}).status == 200


def test_scope_as_a_list(api, stack):
    token = stack.token(["upload", "view"])
    body = {"filename": "a.mp4", "size": 1, "content_type": "video/mp4"}
    assert api("POST", "videos/upload", body, token=token).status == 201
    api.problem(403, "denied", "POST", "videos/upload", body, token=stack.token(["view", "uploads", "Upload"]))


def test_api_token_does_not_play(api, stack):
    video_id = ready_video(stack)
    for token in (stack.token(), stack.token("admin")):
        assert api.client(f"/v/{video_id}/hls/master.m3u8?token={token}").status == 403
    assert api.client(f"/v/{video_id}/hls/master.m3u8").status == 403


def test_playback_token_of_another_video(api, stack):
    mine, other = ready_video(stack), ready_video(stack)
    query = api.ok("GET", f"videos/{mine}/stream")["url"].split("?")[1]
    assert api.client(f"/v/{mine}/cmaf/master.m3u8?{query}").status == 200
    assert api.client(f"/v/{other}/cmaf/master.m3u8?{query}").status == 403


# scope, whose video, then the status of: upload, read, edit, stream, take down
MATRIX = [
    ("upload", "own", 201, 200, 200, 200, 204),
    ("view", "own", 403, 200, 403, 200, 403),
    ("upload view", "own", 201, 200, 200, 200, 204),
    ("upload", "foreign", 201, 403, 403, 403, 403),
    ("view", "foreign", 403, 200, 403, 200, 403),
    ("upload view", "foreign", 201, 200, 403, 200, 403),
    ("admin", "foreign", 201, 200, 200, 200, 204),
    ("other", "foreign", 403, 403, 403, 403, 403),
    ("administrator", "foreign", 403, 403, 403, 403, 403),
]


@pytest.mark.parametrize("scope,whose,upload,read,edit,stream,delete", MATRIX)
def test_matrix(api, stack, scope, whose, upload, read, edit, stream, delete):
    video_id = ready_video(stack, uploader_id="alice" if whose == "own" else "bob")
    token = stack.token(scope)
    body = {"filename": "a.mp4", "size": 1, "content_type": "video/mp4"}
    for expected, call in ((upload, ("POST", "videos/upload", body)), (read, ("GET", f"videos/{video_id}")),
                           (edit, ("PATCH", f"videos/{video_id}", {"title": "Changed"})),
                           (stream, ("GET", f"videos/{video_id}/stream")), (delete, ("DELETE", f"videos/{video_id}"))):
        answer = api(*call, token=token)
        assert answer.status == expected, (call, answer)
        if expected == 403:
            problem_of(answer, "denied")
    (row,) = stack.postgres.rows("SELECT title, deleted_at FROM videos WHERE video_id = %s", video_id)
    assert (row["title"] == "Changed") == (edit == 200) and (row["deleted_at"] is not None) == (delete == 204)


def test_foreign_upload(api, stack):
    """It cannot be told from one that there never was; admins may use it."""
    told = api.ok("POST", "videos/upload", {"filename": "a.mp4", "size": 3, "content_type": "video/mp4"}, 201)
    assert api.client(told["upload_url"], "PUT", {"Content-Type": "video/mp4"}, b"abc").status == 201
    body = {"upload_id": told["upload_id"]}
    foreign = api.problem(404, "not-found", "POST", "videos", body, token=stack.token(sub="bob"))
    assert foreign == api.problem(404, "not-found", "POST", "videos", {"upload_id": no_id()},
                                  token=stack.token(sub="bob"))
    video_id = api.ok("POST", "videos", body, 201, token=stack.token("admin", sub="root"))["video_id"]
    assert api.ok("GET", f"videos/{video_id}")["uploader_id"] == "alice"
    again = api.problem(404, "not-found", "POST", "videos", body, token=stack.token(sub="bob"))
    assert "video_id" not in again


def test_list_of_others(api, stack):
    """What is not ready is for its owner and for admins."""
    mine, other = (insert_video(stack, "Not ready", uploader_id=who) for who in ("carol", "dave"))
    ready = ready_video(stack, "Ready", uploader_id="dave")
    carol, admin = stack.token(sub="carol"), stack.token("admin", sub="root")
    for query in ("", "&q=ready"):
        seen = {v["video_id"] for v in api.ok("GET", f"videos?limit=100{query}", token=carol)["videos"]}
        assert mine in seen and ready in seen and other not in seen
        seen = {v["video_id"] for v in api.ok("GET", f"videos?limit=100{query}", token=admin)["videos"]}
        assert {mine, ready, other} <= seen


def upload_refusal(api, token, size=1, content_type="video/mp4"):
    body = {"filename": "a.mp4", "size": size, "content_type": content_type}
    return api("POST", "videos/upload", body, token=token).status


def test_what_may_be_uploaded(api, stack):
    small = stack.token(max_upload_bytes=1000)
    assert upload_refusal(api, small, 1000) == 201 and upload_refusal(api, small, 1001) == 403
    assert upload_refusal(api, stack.token(max_upload_bytes="1000"), 1) == 403
    for content_type, status in (("video/x-matroska", 201), ("VIDEO/MP4; codecs=\"avc1\"", 201), ("audio/mpeg", 201),
                                 ("application/octet-stream", 201), ("text/html", 403), ("image/jpeg", 403),
                                 ("application/x-sh", 403), ("video2/mp4", 403)):
        assert upload_refusal(api, stack.token(), 1, content_type) == status, content_type


def watch(api, token, access, query="", window=(None, None)):
    """The answer to a request for the stream of a foreign video."""
    opens, closes = window
    video_id = ready_video(api.stack, uploader_id="bob", access=json.dumps(access), available_from=opens,
                           available_until=closes, pictures=False)
    return api("GET", f"videos/{video_id}/stream{query}", token=token)


def test_subscription(api, stack):
    gold, silver, both = (stack.token(subscription=s) for s in ("gold", ["silver"], ["silver", "gold"]))
    for access, allowed in (({"subscription": "gold"}, (gold, both)), ({"subscription": ["gold", "silver"]},
                            (gold, silver, both)), ({"subscription": []}, ()), ({}, (gold, silver, both))):
        for token in (gold, silver, both, stack.token()):
            expected = 200 if token in allowed or not access else 403
            assert watch(api, token, access).status == expected, access
    assert watch(api, stack.token("admin", sub="root"), {"subscription": ["gold"]}).status == 200
    assert watch(api, stack.token(sub="bob"), {"subscription": ["gold"]}).status == 200  # its owner


@pytest.mark.parametrize("wrong", [{"subscription": 5}, {"countries": 1}, {"blocked_countries": True},
                                   {"countries": False}])
def test_access_of_a_wrong_kind_closes(api, stack, wrong):
    assert watch(api, stack.token(subscription="gold"), wrong, "?country=DE").status == 403


def test_country(api, stack):
    token = stack.token()
    for access, country, status in (
            ({"countries": ["DE", "AT"]}, "DE", 200), ({"countries": ["DE"]}, "de", 200), ({"countries": "DE"}, "DE", 200),
            ({"countries": ["DE"]}, "FR", 403), ({"countries": ["DE"]}, None, 403), ({"countries": []}, "DE", 403),
            ({"blocked_countries": ["FR"]}, "FR", 403), ({"blocked_countries": ["FR"]}, "DE", 200),
            ({"blocked_countries": ["FR"]}, None, 403), ({"blocked_countries": []}, None, 200),
            ({"countries": ["DE", "FR"], "blocked_countries": ["FR"]}, "FR", 403)):
        answer = watch(api, token, access, f"?country={country}" if country else "")
        assert answer.status == status, (access, country, answer)
        if status == 403:
            assert problem_of(answer, "denied")["detail"]


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_window(api, stack):
    token = stack.token()
    for window, status in (((at(-DAY), at(DAY)), 200), ((at(DAY), None), 403), ((None, at(-DAY)), 403),
                           ((at(-DAY), None), 200), ((None, at(DAY)), 200)):
        answer = watch(api, token, {}, window=window)
        assert answer.status == status, (window, answer)
    closes = at(60)
    assert watch(api, token, {}, window=(None, closes)).json["expires_at"] == closes, "the token outlives the window"
    # who may change it may look at it before
    assert watch(api, stack.token(sub="bob"), {}, window=(at(DAY), None)).status == 200


def test_tokens_of_pictures(api, stack):
    """They come with every list, so they open pictures and nothing that the rules decide about."""
    video_id = ready_video(stack, uploader_id="bob", access=json.dumps({"subscription": ["gold"]}))
    api.problem(403, "denied", "GET", f"videos/{video_id}/stream")
    (listed,) = [v for v in api.ok("GET", "videos?limit=100")["videos"] if v["video_id"] == video_id]
    video = api.ok("GET", f"videos/{video_id}")
    for url in (listed["poster_url"], video["poster_url"], *video["thumbnails"].values()):
        assert api.client(url).status == 200
        query = url.split("?")[1]
        for leaf in ("hls/master.m3u8", "cmaf/master.m3u8", "cmaf/manifest.mpd"):
            assert api.client(f"/v/{video_id}/{leaf}?{query}").status == 403, leaf

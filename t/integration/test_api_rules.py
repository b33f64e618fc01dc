"""The operator's rules decide: replaced ones, wrong ones, ones that never end."""
import json
import os
import shutil
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

import services
from api import Api, ready_video
from services import wait_until
from stack import RULES, Stack

pytestmark = [services.needs_postgres, services.needs_redis]

UPLOAD = {"filename": "a.mp4", "size": 3, "content_type": "video/mp4"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "rules"
    shutil.copytree(RULES, path)
    return path


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys, folder):
    made = Stack(nginx_for_module, keys, workers=0, rules=folder)
    yield made
    made.close()


@pytest.fixture
def rules(folder, stack):
    """The folder of the rules, which are the default ones again for the next test."""
    yield folder
    shutil.rmtree(folder)
    shutil.copytree(RULES, folder)
    stack.nginx.reload()


@pytest.fixture
def api(stack):
    return Api(stack)


def replace(stack, rules, name, text):
    """Writes a rule and reloads."""
    (rules / f"{name}.lua").write_text(text)
    stack.nginx.reload()


def logged(stack, text):
    return wait_until(lambda: [line for line in stack.nginx.log.read_text(errors="replace").splitlines() if text in line],
                      f"error.log says {text}", 20)


def uploaded(api):
    told = api.ok("POST", "videos/upload", UPLOAD, 201)
    assert api.client(told["upload_url"], "PUT", {"Content-Type": "video/mp4"}, b"abc").status == 201
    return told["upload_id"]


def test_a_rule_is_replaced(api, stack, rules):
    video_id = ready_video(stack, uploader_id="bob")
    path = f"videos/{video_id}/stream"
    assert api("GET", path).status == 200
    replace(stack, rules, "watch", 'return function(facts) return false, "Not on " .. facts.video.title end')
    assert api.problem(403, "denied", "GET", path)["detail"] == "Not on A title"
    replace(stack, rules, "watch", "return function(facts) return { allow = true, ttl = 60 } end")
    short = api.ok("GET", path)["expires_at"]
    replace(stack, rules, "watch", "return function(facts) return facts.vars.country == 'AT' end")
    assert api("GET", path).status == 403 and api("GET", path + "?country=DE").status == 403
    assert api.ok("GET", path + "?country=AT")["expires_at"] > short


def test_a_rule_grants_small_pictures(api, stack, rules):
    """The tokens of all playback URLs then say so."""
    video_id = ready_video(stack, uploader_id="bob")
    replace(stack, rules, "watch", "return function(facts) return { allow = true, max_height = 480 } end")
    answer = api.ok("GET", f"videos/{video_id}/stream")
    for name in ("hls_url", "cmaf_url", "dash_url"):
        token = parse_qs(urlsplit(answer[name]).query)["token"][0]
        assert jwt.decode(token, options={"verify_signature": False})["max_height"] == 480
    replace(stack, rules, "watch", "return function(facts) return true end")
    token = parse_qs(urlsplit(api.ok("GET", f"videos/{video_id}/stream")["url"]).query)["token"][0]
    assert "max_height" not in jwt.decode(token, options={"verify_signature": False})


def test_rules_see_the_facts(api, stack, rules):
    """Of each kind of rule, as the rule's own words."""
    replace(stack, rules, "upload", "return function(f) return false, f.request.filename .. f.request.size .. "
            "f.request.content_type .. f.claims.sub .. f.claims.extra.deep[2] .. type(f.now) end")
    problem = api.problem(403, "denied", "POST", "videos/upload", UPLOAD, token=stack.token(extra={"deep": [1, "two"]}))
    assert problem["detail"] == "a.mp43video/mp4alicetwonumber"
    replace(stack, rules, "manage", "return function(f) return false, f.action .. f.video.uploader_id .. "
            "tostring(f.video.available_from) .. f.video.access.k .. f.video.status end")
    video_id = ready_video(stack, access=json.dumps({"k": "ü"}), available_from="1970-01-02T00:00:00Z")
    for method, action in (("GET", "read"), ("PATCH", "edit"), ("DELETE", "takedown")):
        problem = api.problem(403, "denied", method, f"videos/{video_id}", b"{}" if method == "PATCH" else None)
        assert problem["detail"] == f"{action}alice86400üready"


@pytest.mark.allows_errors(r'rule "(watch|upload|manage|ladder)" failed')
@pytest.mark.parametrize("body,line", [
    ("local x = nil\n    return x.y", 3), ("error('stop')", 2), ("error({})", None), ("error()", None),
    ("while true do end", 2), ("local function f() return f() end\n return f()", None),
    ("local t = {}\n while true do t[#t + 1] = ('x'):rep(1000) end", 3), ("return ('x'):rep(1e9)", None),
    ("pcall(function() while true do end end)\n return true", None),
    ("local s = ('a'):rep(200000)\n return s:find(('a*'):rep(20) .. 'b')", None), ("return io.open('/etc/passwd')", 2),
    ("return os.execute('id')", 2), ("local ffi = require('ffi')\n    return true", 2), ("return 'yes'", None), ("return 1", None),
])
def test_a_wrong_rule_denies(api, stack, rules, body, line):
    """Whatever it does: the request is denied, error.log says where, and nginx goes on."""
    video_id = ready_video(stack, uploader_id="bob")
    replace(stack, rules, "watch", f"return function(facts)\n    {body}\nend")
    workers = stack.nginx.workers()
    for _ in range(3):
        api.problem(403, "denied", "GET", f"videos/{video_id}/stream")
    said = logged(stack, 'rule "watch" failed')
    assert "watch.lua" in said[-1] and (line is None or f"watch.lua:{line}:" in said[-1]), said[-1]
    assert api("GET", "videos").status == 200
    assert workers[-1] in stack.nginx.workers()


@pytest.mark.allows_errors(r'rule "(watch|upload|manage|ladder)" failed')
def test_each_rule_denies(api, stack, rules):
    video_id = ready_video(stack)
    upload_id = uploaded(api)
    wrong = "return function(facts)\n\n    error('broken')\nend"
    (rules / "manage.lua").write_text(wrong)
    replace(stack, rules, "upload", wrong)
    for method, path, body in (("POST", "videos/upload", UPLOAD), ("POST", "videos", {"upload_id": upload_id}),
                               ("GET", f"videos/{video_id}", None), ("PATCH", f"videos/{video_id}", {"title": "x"}),
                               ("DELETE", f"videos/{video_id}", None)):
        problem = api.problem(403, "denied", method, path, body)
        assert "broken" not in json.dumps(problem), "what a rule says is for the operator"
    assert logged(stack, "upload.lua:3:") and logged(stack, "manage.lua:3:")


def test_a_rule_that_does_not_compile(api, stack, rules):
    """nginx keeps the old ones, and says file and line."""
    (rules / "watch.lua").write_text("return function(facts)\n  retrun true\nend")
    code, output = stack.nginx.test_config()
    assert code != 0 and "watch.lua:2:" in output, output
    (rules / "watch.lua").write_text("return 5")
    code, output = stack.nginx.test_config()
    assert code != 0 and "watch.lua" in output, output


def test_missing_rules(stack, rules):
    os.remove(rules / "watch.lua")
    code, output = stack.nginx.test_config()
    assert code == 0 or "watch" in output, output


LADDER = [{"name": "540p", "height": 540, "max_kbps": 900}, {"name": "small", "height": 144, "max_kbps": 80}]


def test_ladder_is_kept_with_the_job(api, stack, rules):
    replace(stack, rules, "ladder", """return function(facts)
        if facts.upload.size > 1000 then return nil end
        return { { name = "540p", height = 540, max_kbps = 900 }, { name = "small", height = 144, max_kbps = 80 } }
    end""")
    video_id = api.ok("POST", "videos", {"upload_id": uploaded(api)}, 201)["video_id"]
    (job,) = stack.postgres.rows("SELECT ladder FROM transcoding_jobs WHERE video_id = %s AND kind = 'title'", video_id)
    assert job["ladder"] == LADDER


@pytest.mark.allows_errors(r'rule "ladder" failed', "ladder: the rule failed")
def test_a_wrong_ladder_makes_no_video(api, stack, rules):
    upload_id = uploaded(api)
    replace(stack, rules, "ladder", "return function(facts)\n  return facts.nothing.at_all\nend")
    api.problem(500, "internal", "POST", "videos", {"upload_id": upload_id})
    assert logged(stack, "ladder.lua:2:")
    assert stack.postgres.rows("SELECT FROM videos WHERE upload_id = %s", upload_id) == []
    replace(stack, rules, "ladder", "return function(facts) return nil end")
    api.ok("POST", "videos", {"upload_id": upload_id}, 201)


def test_print_goes_to_the_log(api, stack, rules):
    replace(stack, rules, "watch", "return function(facts) print('seen by', facts.claims.sub) return true end")
    video_id = ready_video(stack, uploader_id="bob")
    api.ok("GET", f"videos/{video_id}/stream")
    assert logged(stack, "seen by alice")


def test_rules_leave_nothing_behind(api, stack, rules):
    """What one request has changed is as it was in the next."""
    replace(stack, rules, "watch", "local count = { n = 0 }\nreturn function(facts)\n count.n = count.n + 1\n"
            " string.x = (string.x or 0) + 1\n return string.x == 1 and count.n == 1\nend")
    video_id = ready_video(stack, uploader_id="bob")
    for _ in range(3):
        assert api("GET", f"videos/{video_id}/stream").status == 200

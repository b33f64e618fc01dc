"""`nginx -t`: wrong values are refused with a word on what to write instead, right ones pass."""
import json
import re

import pytest

import mezz

ADVICE = "expected|must|write|use|such as|like|for example|is missing|add|between|at least|at most|need|may hold"


@pytest.fixture
def check(tmp_path, cert, keys):
    """check(**settings): exit code and output of nginx -t with the settings in place of the usual ones."""
    (tmp_path / "media").mkdir()

    def run(**settings):
        folder = tmp_path / "nginx"
        server = mezz.Nginx(folder, tmp_path / "media", cert, **settings)
        return server.test_config()

    return run


def assert_refused(result, word):
    code, output = result
    assert code != 0, output
    assert word in output, output
    emerg = [line for line in output.splitlines() if "[emerg]" in line]
    assert emerg, output
    # The number of arguments is nginx's own check, with its own words.
    assert re.search(ADVICE + "|invalid number of arguments", emerg[0]), f"no advice: {emerg[0]}"
    assert "Sanitizer" not in output and "signal" not in output


BAD_LOCATION = {
    "mezz_segment_duration": ["0", "abc", "-1s", "0s", "500ms", "61s", "1d", "6s 4x", "6q"],
    "mezz_max_moov": ["0", "abc", "-1", "10q", "1k", "100g"],
    "mezz_token_arg": ['""', '"a b"', '"a=b"', '"a&b"', '"ü"'],
    "mezz_token_cookie": ['""', '"a b"', '"a=b"', '"a;b"'],
}


@pytest.mark.parametrize("directive,value", [(d, v) for d, values in BAD_LOCATION.items() for v in values])
def test_bad_values(check, directive, value):
    settings = {"segment": ""} if directive == "mezz_segment_duration" else {}
    assert_refused(check(location=f"{directive} {value};", **settings), directive)


@pytest.mark.parametrize("value", ["maybe", "on", "Required", '""'])
def test_bad_token_mode(check, keys, value):
    result = check(token=f"mezz_token {value};", keys=[keys["2026-11"]])
    assert_refused(result, "mezz_token")
    assert "required" in result[1] and "off" in result[1]


@pytest.mark.parametrize("value", ["30ms", "1500ms", "-1s", "2h", "soon", '""'])
def test_bad_leeway(check, value):
    assert_refused(check(http=f"mezz_token_leeway {value};"), "mezz_token_leeway")


@pytest.mark.parametrize("value", ["shared", "shared:", ":32m", "shared:1k", "shared:abc", "shared:-1m"])
def test_bad_zone(check, value):
    assert_refused(check(zone=f'mezz_zone "{value}";'), "mezz_zone")


@pytest.mark.parametrize("where, value", [("http", "1k"), ("http", "on"), ("http", "-1m"), ("http", '""'), ("location", "64m")])
def test_bad_segment_cache(check, where, value):
    assert_refused(check(**{where: f"mezz_segment_cache {value};"}), "mezz_segment_cache")


@pytest.mark.parametrize("old,new,word", [
    ("mezz_catalog files;", "mezz_catalog directory;", "mezz_catalog"),
    ("mezz_storage file ", "mezz_storage ftp ", "mezz_storage"),
    ("mezz_storage file ", "mezz_storage ", "mezz_storage"),
    ("mezz_storage file ", "#", "mezz_storage"),
    ("mezz_catalog files;", "", "mezz_catalog"),
    ("mezz_zone shared:32m;", "", "mezz_zone"),
    ("mezz_storage file ", "mezz_storage file /none/such; #", "mezz_storage"),
    ("mezz_storage file ", "mezz_storage file relative; #", "mezz_storage"),
])
def test_missing_or_wrong_parts(tmp_path, cert, old, new, word):
    server = mezz.Nginx(tmp_path / "n", tmp_path, cert)
    assert old in server.conf
    server.conf_file.write_text(server.conf.replace(old, new))
    assert_refused(server.test_config(), word)


@pytest.mark.parametrize("text", ["mezz; mezz;", "mezz_token off; mezz_token off;", "mezz on;",
                                  "mezz_segment_duration 6s; mezz_segment_duration 6s;"])
def test_twice_or_too_much(check, text):
    code, output = check(location=text, token="", segment="")
    assert code != 0 and "[emerg]" in output


def jwk(folder, name, value):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


GOOD_K = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # 32 bytes


@pytest.mark.parametrize("content", [
    "", "{", "[]", "null", "secret",
    {"kty": "oct"}, {"k": GOOD_K}, {"kty": "RSA", "n": "x", "e": "AQAB"}, {"kty": "oct", "k": "AAAA"},
    {"kty": "oct", "k": GOOD_K[:-1] + "!"}, {"kty": "oct", "k": 5}, {"kty": "oct", "k": GOOD_K, "kid": "other"},
    {"kty": "oct", "k": GOOD_K, "alg": "HS512"}, {"kty": "oct", "k": GOOD_K, "alg": "none"},
    {"kty": "oct", "k": GOOD_K, "use": "enc"},
], ids=str)
def test_bad_keys(check, tmp_path, content):
    path = jwk(tmp_path, "bad.jwk", content)
    code, output = check(http=f"mezz_token_key kid=a file={path};")
    assert code != 0 and "bad.jwk" in output, output


@pytest.mark.parametrize("text", ["mezz_token_key kid=a;", "mezz_token_key kid=a file=/none/such.jwk;",
                                  "mezz_token_key kid= file={good};", "mezz_token_key kid=a file={good} x=y;",
                                  "mezz_token_key kid=a file={good}; mezz_token_key kid=a file={good};"])
def test_bad_key_directives(check, tmp_path, text):
    good = jwk(tmp_path, "good.jwk", {"kty": "oct", "k": GOOD_K})
    code, output = check(http=text.format(good=good))
    assert code != 0 and "mezz_token_key" in output, output
    assert re.search(ADVICE + r"|cannot be read|kid|invalid number of arguments", output), output


def test_required_needs_a_key(check):
    assert_refused(check(token="mezz_token required;"), "mezz_token_key")


GOOD = [
    {}, {"workers": 2}, {"segment": ""}, {"segment": "mezz_segment_duration 2s;"},
    {"segment": "mezz_segment_duration 2500ms;"}, {"segment": "mezz_segment_duration 1m;"},
    {"segment": "mezz_segment_duration 2s 4s 6s;"}, {"token": ""},
    {"location": "mezz_max_moov 1m;"}, {"location": "mezz_token_arg t; mezz_token_cookie c;"},
    {"http": "mezz_token_leeway 30s;"}, {"http": "mezz_token_leeway 0;"}, {"http": "mezz_token_leeway 1h;"},
    {"zone": "mezz_zone other:1m;"}, {"http": "mezz_segment_cache off;"},
    {"http": "mezz_segment_cache 1m;", "location": "mezz_segment_cache off;"}, {"location": "add_header X-Title $mezz_title;"},
    {"segment": "", "token": "", "http": "mezz_segment_duration 4s; mezz_token off;"},
    {"server": "location /nested/ { mezz; mezz_catalog files; mezz_storage file /tmp; }"},
]


@pytest.mark.parametrize("settings", GOOD, ids=str)
def test_good(check, settings):
    code, output = check(**settings)
    assert code == 0, output
    assert "test is successful" in output


def test_good_with_keys(check, keys):
    code, output = check(token="mezz_token required;", keys=[keys["2026-11"], keys["2026-12"]])
    assert code == 0, output


def test_module_loaded_but_not_used(tmp_path, cert):
    server = mezz.Nginx(tmp_path / "n", tmp_path, cert)
    conf = (f"load_module {mezz.MODULE};\npid nginx.pid;\nevents {{}}\nhttp {{ access_log off; server {{ "
            f"listen 127.0.0.1:{server.port}; }} }}\n")
    server.conf_file.write_text(conf)
    code, output = server.test_config()
    assert code == 0, output


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("other", ["proxy_pass http://127.0.0.1:1;", "fastcgi_pass 127.0.0.1:1;", "stub_status;"])
def test_one_location_has_one_that_answers(tmp_path, cert, other, order):
    server = mezz.Nginx(tmp_path / "n", tmp_path, cert)
    both = f"{other} mezz;" if order == "before" else f"mezz; {other}"
    server.conf_file.write_text(server.conf.replace("mezz;", both, 1))
    code, output = server.test_config()
    assert code != 0 and "[emerg]" in output, output
    assert "mezz" in output and "give it its own" in output, output


def warnings_of_two(tmp_path, cert, keys, roots, modes):
    """The [warn] lines for two locations, and the FILE:LINE of each one's "mezz"."""
    folders = [tmp_path / root for root in roots]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    second = (f"location /other/ {{\n mezz;\n mezz_catalog files; mezz_storage file {folders[1]}; "
              f"mezz_token {modes[1]}; }}")
    server = mezz.Nginx(tmp_path / "n", folders[0], cert, token=f"mezz_token {modes[0]};", server=second,
                        keys=[keys["2026-11"]])
    code, output = server.test_config()
    assert code == 0, output
    places = [f"{server.conf_file}:{number}" for number, line in enumerate(server.conf.splitlines(), 1)
              if line.strip() == "mezz;"]
    assert len(places) == 2
    return [line for line in output.splitlines() if "[warn]" in line], places


@pytest.mark.parametrize("modes", [("required", "off"), ("off", "required")])
@pytest.mark.parametrize("roots", [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "a/b/c")])
def test_a_way_round_the_token_is_warned_of(tmp_path, cert, keys, roots, modes):
    warnings, places = warnings_of_two(tmp_path, cert, keys, roots, modes)
    assert len(warnings) == 1 and "token" in warnings[0], warnings
    assert all(f"{place} " in f"{warnings[0]} " for place in places), warnings


@pytest.mark.parametrize("roots,modes", [(("a", "b"), ("required", "off")), (("a", "ab"), ("required", "off")),
                                         (("ab", "a"), ("off", "required")), (("a", "a"), ("required", "required")),
                                         (("a", "a/b"), ("off", "off"))])
def test_no_warning_without_need(tmp_path, cert, keys, roots, modes):
    assert warnings_of_two(tmp_path, cert, keys, roots, modes)[0] == []


@pytest.mark.parametrize("location", ["~ ^/api/", "= /api/v1/", "@api", "/api/v1"])
def test_the_api_needs_a_prefix(check, location):
    assert_refused(check(server=f"location {location} {{ mezz_api; }}"), "/api/v1/")


@pytest.mark.parametrize("limit, warned", [("", True), ("client_max_body_size 1g;", True), ("client_max_body_size 0;", False),
                                           ("client_max_body_size 1g; mezz_upload_max_size 1g;", False)])
def test_uploads_that_nginx_would_refuse(check, keys, tmp_path, limit, warned):
    rules = mezz.REPO / "lua" / "mezz"
    code, output = check(keys=[keys["2026-11"]], http=f'mezz_postgres "host=/tmp dbname=x"; mezz_policy {rules};',
                         server=f"location /api/v1/ {{ mezz_api; mezz_raw_storage file {tmp_path}; {limit} }}")
    assert code == 0, output
    assert ("client_max_body_size 0;" in output) == warned, output

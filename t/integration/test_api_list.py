"""Lists of videos: pages that neither lose nor repeat, and search."""
import base64
import json
from urllib.parse import quote

import pytest

import services
from api import Api, insert_video
from stack import Stack

pytestmark = [services.needs_postgres, services.needs_redis]

ROWS = 300


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["h1", "h2"])
def api(stack, request):
    return Api(stack, request.param)


@pytest.fixture(autouse=True)
def empty(stack):
    stack.postgres.rows("DELETE FROM videos")


def insert_many(stack, count, title="Film", status="ready", same_time=False):
    """Rows whose times are all equal or, as those of a statement are not, a microsecond apart."""
    step = 0 if same_time else 1
    stack.postgres.rows(
        "INSERT INTO videos (uploader_id, title, status, uploaded_at) SELECT 'alice', %s || ' ' || n, %s, "
        "'2026-01-01'::timestamptz + n * %s * interval '1 microsecond' FROM generate_series(1, %s) AS n",
        title, status, step, count)


def pages(api, query="", limit=7, between=lambda: None, **more):
    """All pages, following next_cursor."""
    found, cursor = [], None
    while True:
        answer = api.ok("GET", f"videos?limit={limit}{query}" + (f"&cursor={cursor}" if cursor else ""), **more)
        assert set(answer) == {"videos", "next_cursor"}
        found.append([v["video_id"] for v in answer["videos"]])
        cursor = answer["next_cursor"]
        if cursor is None:
            return found
        assert len(found[-1]) == limit
        between()


def flat(found):
    return [video_id for page in found for video_id in page]


@pytest.mark.parametrize("same_time", [False, True])
@pytest.mark.parametrize("query", ["", "&q=film", "&status=ready", "&q=film&status=ready"])
def test_walk(stack, query, same_time):
    insert_many(stack, ROWS, same_time=same_time)
    walked = flat(pages(Api(stack), query))
    assert len(walked) == ROWS == len(set(walked))
    whole = flat(pages(Api(stack), query, limit=100))
    assert whole == walked


def test_newest_first(api, stack):
    insert_many(stack, 30)
    listed = api.ok("GET", "videos?limit=100")["videos"]
    assert [v["title"] for v in listed] == [f"Film {n}" for n in range(30, 0, -1)]
    assert set(listed[0]) == {"video_id", "title", "description", "status", "progress", "reason", "duration_ms",
                              "uploader_id", "uploaded_at", "processed_at", "poster_url"}
    assert len(api.ok("GET", "videos")["videos"]) == 20


@pytest.mark.parametrize("query", ["", "&q=film"])
def test_walk_while_rows_come_and_go(stack, query):
    """What was there before and stays is seen exactly once."""
    insert_many(stack, 100)
    before = {r["id"] for r in stack.postgres.rows("SELECT video_id::text AS id FROM videos")}
    gone = set()

    def change():
        insert_video(stack, "Film of now", status="ready")
        insert_many(stack, 3, "Film of then", same_time=True)
        (row,) = stack.postgres.rows("UPDATE videos SET deleted_at = now() WHERE video_id = (SELECT video_id FROM videos "
                                     "WHERE deleted_at IS NULL AND title ~ '^Film [0-9]+$' ORDER BY random() LIMIT 1) "
                                     "RETURNING video_id::text AS id")
        gone.add(row["id"])

    walked = flat(pages(Api(stack), query, limit=9, between=change))
    assert len(walked) == len(set(walked)), "repeated"
    assert before - gone <= set(walked), "lost"


@pytest.mark.parametrize("count,limit", [(0, 20), (1, 1), (20, 20), (21, 20), (40, 20)])
def test_ends_of_pages(api, stack, count, limit):
    insert_many(stack, count)
    found = pages(api, limit=limit)
    assert [len(page) for page in found] == [limit] * (count // limit) + ([count % limit] if count % limit or not count else [])


def test_status(api, stack):
    made = {s: insert_video(stack, s, status=s) for s in ("uploading", "processing", "ready", "failed")}
    for status, video_id in made.items():
        assert flat(pages(api, f"&status={status}")) == [video_id]


def test_cursor_of_another_query(api, stack):
    insert_many(stack, 5)
    cursors = {query: api.ok("GET", f"videos?limit=2{query}")["next_cursor"]
               for query in ("", "&q=film", "&q=films", "&status=ready", "&q=film&status=ready")}
    for of, cursor in cursors.items():
        assert cursor
        for query in cursors:
            path = f"videos?limit=3{query}&cursor={cursor}"
            if query == of:
                assert len(api.ok("GET", path)["videos"]) == 3
            else:
                assert api.problem(400, "invalid-argument", "GET", path)["field"] == "cursor"


def test_forged_cursors(api, stack):
    """They are not signed; whatever they hold, they are data."""
    insert_many(stack, 5)
    cursor = api.ok("GET", "videos?limit=2&q=film")["next_cursor"]
    known = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for name in known:
        for value in ("'; DROP TABLE videos; --", "", "NaN", "1e999", "9" * 30, "-1", None, 5, [], {}, "0x10", "infinity"):
            forged = base64.urlsafe_b64encode(json.dumps({**known, name: value}).encode()).decode().rstrip("=")
            answer = api("GET", f"videos?q=film&cursor={forged}")
            assert answer.status in (200, 400), (name, value, answer)
    for cut in range(1, len(cursor), 9):
        assert api("GET", f"videos?q=film&cursor={cursor[:cut]}").status == 400


LIBRARY = [
    ("Running on empty", "A film about a family."),
    ("Empty rooms", "Nobody runs here; the running joke is that rooms are many."),
    ("Die Bücher der Brüder", "Über Größe und Maße."),
    ("Cooking with Émile", "French cuisine, step by step."),
    ("Drop tables; select *", "'; DROP TABLE videos; -- \" \\ %s"),
    ("Kochen für Anfänger", "Rezepte, Schritt für Schritt"),
    ("東京の夜", "Night in Tokyo"),
    ("C++ & <b>bold</b> | pipes", "a:b c&d !e (f)"),
    ("Empty", "Empty empty empty running"),
]


@pytest.fixture
def titles(stack):
    for title, description in LIBRARY:
        insert_video(stack, title, status="ready", description=description)


def search(api, q):
    """Titles of what is found, in order."""
    return [v["title"] for v in api.ok("GET", f"videos?limit=100&q={quote(q)}")["videos"]]


FOUND = [
    ("running", {"Running on empty", "Empty rooms", "Empty"}),
    ("run", {"Running on empty", "Empty rooms", "Empty"}),
    ("RUNNING Empty", {"Running on empty", "Empty rooms", "Empty"}),
    ("tokyo", {"東京の夜"}),
    ("tok", {"東京の夜"}),
    ("cook fren", {"Cooking with Émile"}),
    ("bücher", {"Die Bücher der Brüder"}),
    ("BÜCHER", {"Die Bücher der Brüder"}),
    ("büch", {"Die Bücher der Brüder"}),
    ("größe", {"Die Bücher der Brüder"}),
    ("émil", {"Cooking with Émile"}),
    ("schritt anfänger", {"Kochen für Anfänger"}),
    ("東京の夜", {"東京の夜"}),
    ('"running joke"', {"Empty rooms"}),
    ('"joke running"', set()),
    ('"empty rooms"', {"Empty rooms"}),
    ("empty -rooms", {"Running on empty", "Empty"}),
    ("empty -\"running on\"", {"Empty rooms", "Empty"}),
    ("tokyo or rezepte", {"東京の夜", "Kochen für Anfänger"}),
    ("tables", {"Drop tables; select *"}),
    ("nothing-like-this", set()),
    ("rooms tokyo", set()),
]


@pytest.mark.parametrize("q,titles_found", FOUND, ids=[q for q, _ in FOUND])
def test_search(api, titles, q, titles_found):
    assert set(search(api, q)) == titles_found


def test_title_ranks_higher(api, titles):
    assert search(api, "running")[0] == "Running on empty"
    assert search(api, "rooms")[0] == "Empty rooms"


@pytest.mark.parametrize("q", [
    "'", '"', '"a', "a\"", "\\", "%", "_", ":", "a:*", "!a", "a & b", "a | b", "(a", "a)", "<->", "a <-> b", "-", "--", "-a",
    "- -", "*", "or", "or or", "and", "the", "'; DROP TABLE videos; --", "$1", "%s", "{}", "\u00a0", "\u202e", "😀", "e\u0301",
    "a" * 300, "ü" * 300, "-" * 300, '"' * 300, "(" * 300, "a " * 150, "a:" * 100, "!" * 300, "' OR '1'='1", "a\tb", "\n"])
def test_search_takes_anything(stack, titles, q):
    answer = Api(stack)("GET", f"videos?limit=100&q={quote(q)}")
    assert answer.status == 200, answer
    (row,) = stack.postgres.rows("SELECT count(*) FROM videos")
    assert row["count"] == len(LIBRARY)


def test_blank_search_lists(api, titles):
    assert len(search(api, " \t ")) == len(LIBRARY)
    assert len(search(api, "")) == len(LIBRARY)


def test_what_was_taken_down_is_not_found(api, stack, titles):
    (video,) = api.ok("GET", "videos?q=tokyo")["videos"]
    api("DELETE", f"videos/{video['video_id']}")
    assert search(api, "tokyo") == [] and len(search(api, "")) == len(LIBRARY) - 1


def test_edited_text_is_found(api, stack):
    video_id = insert_video(stack, "Before", status="ready")
    api.ok("PATCH", f"videos/{video_id}", {"title": "Afterwards", "description": "zebra"})
    assert search(api, "before") == []
    assert search(api, "afterward") == search(api, "zebras") == ["Afterwards"]


def test_ranked_pages(stack):
    """Rank, not time, is the first key; equal ranks do not repeat rows."""
    for n in range(60):
        insert_video(stack, f"Film {'zebra ' * (n % 4)}", status="ready", description="zebra " * (1 + n % 3))
    walked = flat(pages(Api(stack), "&q=zebra", limit=7))
    assert len(walked) == 60 == len(set(walked))
    assert walked == flat(pages(Api(stack), "&q=zebra", limit=100))

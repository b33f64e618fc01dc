"""scripts/publish: MP4 files as they are, in the files catalog of what scripts/up started."""
import re
import shutil

import pytest

import media
import mezz
from instance import Instance, fetch, lines_of, skip_with_asan

pytestmark = skip_with_asan

NAMES = ["-i", "--state", ".htaccess", "$(id).mp4", "`id`.mp4", "a;id;.mp4", "a b.mp4", "a%2e%2e%2fb.mp4", "a\\b.mp4",
         "concat:x.mp4", "%05d.mp4", "a*?[x].mp4", "naïve ünïcode 字幕.mp4", "\u202egpj.4pm", "x" * 251 + ".mp4",
         "a\nb.mp4", "a'b\"c.mp4", "a&b=c#d?e.mp4", "\udcff\udcfe.mp4", "hls", "{}.mp4"]


@pytest.fixture(scope="module")
def movie():
    return media.generated("one_segment.mp4")


def test_a_file_plays_from_the_urls_that_are_printed(instance, movie):
    done = instance.publish(movie)
    urls = dict(lines_of(done))
    assert list(urls) == ["hls", "cmaf", "dash"]
    base = f"http://127.0.0.1:{instance.port}/files/{movie.name}"
    for kind, path in (("hls", "hls/master.m3u8"), ("cmaf", "cmaf/master.m3u8"), ("dash", "cmaf/manifest.mpd")):
        assert urls[kind].startswith(f"{base}/{path}?token=")
        assert fetch(urls[kind])[0] == 200
        assert fetch(urls[kind].partition("?")[0])[0] == 403
    picture = fetch(urls["hls"].replace("hls/master.m3u8", "thumbs/at_1000.jpg"))
    assert picture[0] == 200 and picture[2].startswith(b"\xff\xd8")
    assert fetch(urls["hls"].replace(movie.name, "other.mp4"))[0] == 403
    titles = instance.titles
    assert dict(lines_of(instance.publish(movie))).keys() == urls.keys()
    assert instance.titles == titles
    token = urls["hls"].partition("token=")[2]
    assert token not in (instance.state / "logs" / "access.log").read_text()


def test_another_file_of_the_same_name(instance, movie, place):
    given = place / "given" / movie.name
    given.parent.mkdir()
    shutil.copy(media.generated("audio_only.mp4"), given)
    done = instance.publish(movie, given, movie)
    names = [url.split("/files/")[1].split("/")[0] for kind, url in lines_of(done) if kind == "hls"]
    assert names == [movie.name, f"{movie.stem}-2.mp4", movie.name]


def test_a_folder_of_renditions(instance, place):
    folder = place / "a ladder"
    folder.mkdir()
    for name in media.LADDER:
        shutil.copy(media.ladder(name), folder / f"{name}.mp4")
    (folder / "notes.txt").write_text("not a rendition")
    done = instance.publish("--", folder)
    assert instance.titles.count("a-ladder") == 1
    assert not (instance.state / "files" / "a-ladder" / "notes.txt").exists()
    playlist = fetch(dict(lines_of(done))["cmaf"])[2].decode()
    assert playlist.count("#EXT-X-STREAM-INF") == len(media.LADDER) + 1  # and the sound alone


def test_names_that_break_careless_code(instance, movie, place):
    folder = place / "names"
    folder.mkdir()
    for name in NAMES:
        mezz.place(movie, folder / name)
    done = instance.publish("--", *NAMES, cwd=folder)
    urls = lines_of(done)
    assert len(urls) == 3 * len(NAMES)
    for name in instance.titles:
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name), name
    for kind, url in urls:
        assert fetch(url)[0] == 200, url


def test_a_file_that_cannot_be_played(instance, movie, place):
    broken = place / "broken.mp4"
    broken.write_bytes(movie.read_bytes()[:4000])
    done = instance.run("publish", broken, movie)
    assert done.returncode == 1
    assert "the server does not play it: HTTP 4" in done.stderr
    reason = done.stderr.partition("HTTP 4")[2].partition("\n")[2].splitlines()[0]
    assert "broken.mp4" in reason and "offset" in reason
    assert "token=" not in done.stderr
    assert "broken.mp4" not in instance.titles
    assert {kind for kind, _ in lines_of(done)} == {"hls", "cmaf", "dash"}


def test_pages_of_other_origins_may_play(instance, movie):
    url = dict(lines_of(instance.publish(movie)))["hls"]
    bare = url.partition("?")[0]
    asked = {"Origin": "http://page.example", "Access-Control-Request-Method": "GET",
             "Access-Control-Request-Headers": "authorization,range"}
    status, headers, _ = fetch(bare, "OPTIONS", asked)
    assert status == 204
    assert headers["Access-Control-Allow-Headers"] == "Authorization, Range"
    for target, expected in ((url, 200), (bare, 403)):
        status, headers, _ = fetch(target, headers={"Origin": "http://page.example"})
        assert status == expected
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Access-Control-Allow-Methods"] is None


def test_what_publish_refuses(instance, place):
    for arguments, reason in ((["no-such-file.mp4"], "there is no no-such-file.mp4"), ([], "which file?")):
        done = instance.run("publish", *arguments)
        assert done.returncode in (1, 2) and reason in done.stderr
    done = Instance(place / "never").run("publish", media.generated("one_segment.mp4"))
    assert done.returncode == 1 and "run scripts/up" in done.stderr

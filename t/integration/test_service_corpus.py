"""Real files of every kind go in through the API and come out as titles that play: all renditions, in every format."""
import subprocess

import pytest

import mezz
import services
import stack
import walk
import worker

pytestmark = [worker.needs_worker, services.needs_postgres, services.needs_redis,
              pytest.mark.skipif(mezz.ASAN, reason="what the module does with such titles is tested elsewhere")]

# File: (number of video renditions at most, audio renditions, what is peculiar).
FILES = {
    "bbb_720p_30s_vp8_vorbis.webm": (2, 1, "WebM"),
    "d_2audio_2subs.mkv": (2, 2, "two audio and two subtitle tracks"),
    "iphone_ios9_rot90.mov": (2, 1, "turned by 90°"),
    "d_h264_interlaced_ac3.mkv": (2, 1, "interlaced"),
    "d_vfr_mixed.mp4": (2, 1, "variable frame rate"),
    "d_hevc_main10_hdr10_tagged.mkv": (2, 1, "HDR10"),
    "no_audio.mp4": (2, 0, "no audio"),
    "friday_audiofirst.mp4": (2, 1, "audio comes first"),
    "d_vp9_odd_321x181.webm": (2, 1, "odd size"),
    "audio_only_aac.mp4": (0, 1, "no picture"),
}


@pytest.fixture(scope="module")
def service(nginx_for_module, keys):
    present = [name for name in FILES if (mezz.CORPUS / name).exists()]
    if not present:
        pytest.skip(f"no corpus in {mezz.CORPUS}")
    whole = stack.Stack(nginx_for_module, keys, workers=2)
    whole.made = {name: whole.create(mezz.CORPUS / name) for name in present}
    yield whole
    whole.close()


def decode(url):
    """What ffmpeg has to say of a playlist when it decodes all of it."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", url, "-map", "0:v?", "-map", "0:a?", "-c:v", "wrapped_avframe",
                           "-c:a", "pcm_s16le", "-f", "null", "-"], capture_output=True, text=True, timeout=180)
    return done.stderr + (f"exit code {done.returncode}" if done.returncode else "")


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_a_title_that_plays(service, name):
    if name not in service.made:
        pytest.skip(f"no {name} in {mezz.CORPUS}")
    most_videos, audios, _ = FILES[name]
    video_id = service.made[name]
    video = service.wait_for(video_id, within=300)
    stream = service.stream(video_id)

    made = worker.Result(service.processed / video_id, 0, '{"status": "ready"}')
    videos = made.videos()
    assert (min(1, most_videos) <= len(videos) <= most_videos) and len(made.names()) - len(videos) == audios, video
    times = [worker.keyframe_times(made.track(r)) for r in videos]
    assert all(t == times[0] for t in times), "the renditions' keyframes are not at equal times"

    get = service.nginx.client()
    query = stream["hls_url"].partition("?")[2]
    for kind in ("hls", "cmaf"):
        title = walk.hls_title(get, f"/v/{video_id}", kind, "?" + query)
        for playlist in title.playlists:
            assert decode(service.nginx.url(playlist.path)) == "", (kind, playlist.path)
    assert decode(stream["dash_url"]) == ""
    if videos:
        shown = video["poster_url"].partition(f":{service.nginx.port}")[2]
        assert get.ok(shown).body.startswith(b"\xff\xd8")
        # Who may see the poster may not watch for that.
        assert get(f"/v/{video_id}/hls/master.m3u8?" + shown.partition("?")[2]).status == 403

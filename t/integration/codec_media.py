"""Media in codecs other than H.264 and AAC-LC: made by ffmpeg once, as media.py does."""
import os

import cmaf_writer
import media

GOP = ["-g", "50", "-keyint_min", "50"]
HDR10 = ("hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,500)"
         ":max-cll=1000,400")
BT2020 = ["-color_primaries", "bt2020", "-colorspace", "bt2020nc"]


def hevc(extra="", tag="hvc1"):
    options = "log-level=error:keyint=50:min-keyint=50:scenecut=0:open-gop=0:pools=1:frame-threads=1"
    return ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", options + (":" + extra if extra else ""),
            "-tag:v", tag]


AV1 = ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", *GOP]
VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", *GOP]
SHORT = media.source(seconds=13)
# As an encoder of HE-AAC would have announced it; FFmpeg has none. No frame holds SBR data: decoders only resample.
CORE = media.source(seconds=13, audio=("sine=frequency=440:sample_rate=24000",))

SPECS = {
    "hevc_eac3.mp4": SHORT + hevc() + ["-c:a", "eac3", "-b:a", "128k"],
    "hev1.mp4": SHORT + hevc(tag="hev1") + media.AAC,
    "hdr10_ac3.mp4": SHORT + ["-pix_fmt", "yuv420p10le"] + hevc(HDR10) + BT2020 + ["-color_trc", "smpte2084"]
                     + ["-c:a", "ac3", "-ac", "6", "-b:a", "384k", "-movflags", "+write_colr"],
    "av1_opus.mp4": SHORT + AV1 + ["-c:a", "libopus", "-b:a", "64k"],
    "vp9_flac.mp4": SHORT + VP9 + ["-c:a", "flac", "-strict", "-2"],
    "h264_mp3.mp4": SHORT + media.h264() + ["-c:a", "libmp3lame", "-b:a", "96k"],
    "mp3_22050.mp4": media.source(size=None, seconds=13) + ["-c:a", "libmp3lame", "-b:a", "48k", "-ar", "22050"],
    "core.mp4": CORE + media.h264() + ["-c:a", "aac", "-b:a", "48k"],
    "aac_51.mp4": media.source(size=None, seconds=13) + media.AAC + ["-ac", "6", "-metadata:s:a:0", "language=eng"],
    "ac3_51.mp4": media.source(size=None, seconds=13) + ["-c:a", "ac3", "-ac", "6", "-metadata:s:a:0", "language=eng"],
    "aac_eng.mp4": SHORT + media.h264() + media.AAC + ["-ac", "2", "-metadata:s:a:0", "language=eng"],
    "aac_deu.mp4": media.source(size=None, seconds=13) + media.AAC + ["-ac", "2", "-metadata:s:a:0", "language=deu"],
    "opus_eng.mp4": media.source(size=None, seconds=13) + ["-c:a", "libopus", "-metadata:s:a:0", "language=eng"],
}


# How the second language of these is encoded, with the samples a second of the first.
SECOND = {"core.mp4": (["aac", "-b:a:1", "48k"], 24000), "h264_mp3.mp4": (["libmp3lame", "-b:a:1", "96k"], 48000),
          "av1_opus.mp4": (["libopus", "-b:a:1", "64k"], 48000), "vp9_flac.mp4": (["flac", "-strict", "-2"], 48000)}


def announce_sbr(source, path, tracks):
    """core.mp4 with SBR announced behind the core's description (ISO/IEC 14496-3, 1.6.6.2)."""
    data = source.read_bytes()
    none, sbr = bytes.fromhex("56e500"), bytes.fromhex("56e598")
    assert data.count(none) == tracks
    path.write_bytes(data.replace(none, sbr))


def generated(name):
    if name == "he_aac.mp4":
        return media.cached(name, ["he_aac", SPECS["core.mp4"]], lambda path: announce_sbr(generated("core.mp4"), path, 1))
    return media.cached(name, SPECS[name], lambda path: media.ffmpeg(SPECS[name], path))


def late_he_aac():
    """media.late_sound() at 24 kHz, announced as the core of HE-AAC."""
    def make(path):
        core = path.with_name("core.mp4")
        tone = "aevalsrc=sin(2764*t)/4|sin(2764*t)/4:s=24000:d=5.5:c=stereo"
        media.ffmpeg([*media.source(audio=()), "-itsoffset", "7.5", "-f", "lavfi", "-i", tone, *media.h264(), *media.AAC], core)
        announce_sbr(core, path, 1)

    return media.cached("late_he_aac.mp4", ["late_he_aac", *media.h264(), *media.AAC], make)


# How the sound of late() is encoded, and how many channels it has.
LATE = {"opus": (["libopus"], 2), "flac": (["flac", "-strict", "-2"], 2), "mp3": (["libmp3lame", "-b:a", "96k"], 2),
        "low_mp3": (["libmp3lame", "-b:a", "32k", "-ar", "22050"], 1), "ac3": (["ac3", "-b:a", "384k"], 6),
        "eac3": (["eac3", "-b:a", "192k"], 2)}


def late(codec):
    """media.late_sound() with the sound in another codec."""
    options, channels = LATE[codec]
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    tone = f"aevalsrc={'|'.join(['sin(2764*t)/4'] * channels)}:s=48000:d=5.5:c={layout}"
    pictures = media.late_sound()
    args = ["-itsoffset", "7.5", "-f", "lavfi", "-i", tone, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", *options]
    return media.cached(f"late_{codec}.mp4", ["late", pictures.parent.name, *args],
                        lambda path: media.ffmpeg(["-i", pictures, *args], path))


def two_languages(name):
    """The same with a second tone, in German, beside the first, which is English."""
    if name == "he_aac.mp4":
        recipe = ["two", "he_aac", SPECS["core.mp4"]]
        return media.cached(f"two_{name}", recipe, lambda path: announce_sbr(two_languages("core.mp4"), path, 2))
    codec, rate = SECOND[name]
    args = ["-f", "lavfi", "-i", f"sine=frequency=880:sample_rate={rate}:duration=13", "-map", "0:v", "-map", "0:a", "-map",
            "1:a", "-c", "copy", "-c:a:1", *codec, "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"]
    make = lambda path: media.ffmpeg(["-i", generated(name), *args], path)
    return media.cached(f"two_{name}", ["two", *SPECS[name], *args], make)


def tracks(name):
    """A folder with a CMAF track file for each stream of a file."""
    def make(path):
        aside = path.with_name(f"{os.getpid()}-{path.name}")
        aside.mkdir()
        for stream in ("v", "a"):
            cmaf_writer.write_track(generated(name), f"0:{stream}:0", aside / f"{stream}.mp4")
        aside.rename(path)

    return media.cached(f"tracks-{name}", ["tracks", cmaf_writer.VERSION, SPECS[name]], make)

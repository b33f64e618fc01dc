#!/usr/bin/python3
"""How long the worker's transcoding takes, against one ffmpeg command that makes the same renditions.

    t/bench/transcode.py [--source FILE] [--worker BINARY] [--preset P] [--per-title on|off] [--json]

The command decodes once and has the worker's settings for every encoder (threads, groups of pictures, caps). A second one
leaves the number of threads to x264, which then gives other pictures in every run: what an operator would type. Both
write MP4 files without an index and no pictures. Without --source a minute of 1080p is made. The worker's time is that of its
"video" stage, the ratio of processor times says the same on a machine that is not idle. For each rendition: how much better its luma
is than that of the command with the same settings (dB of PSNR), and its bytes of pictures by those of the command.
"""
import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command, **options):
    before, began = spent(), time.monotonic()
    done = subprocess.run([*map(str, command)], check=True, stdin=subprocess.DEVNULL, **options)
    return done, time.monotonic() - began, spent() - before


def make_source(path, size="1920x1080", seconds=60):
    """Detail that moves and changes, at a rate as a camera would give."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"mandelbrot=size={size}:rate=30:end_scale=0.3",
                    "-f", "lavfi", "-i", "sine=440", "-t", str(seconds), "-vf", "noise=alls=6:allf=t", "-c:v", "libx264", "-preset",
                    "ultrafast", "-crf", "18", "-maxrate", "20M", "-bufsize", "20M", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac",
                    path], check=True)


def run_worker(binary, source, folder, options):
    """The result, seconds of the whole run and of its video stage, processor seconds."""
    read, write = os.pipe()
    with open(read) as progress:
        before, began = spent(), time.monotonic()
        process = subprocess.Popen([*map(str, [binary, "transcode", source, folder, "--progress-fd", write, *options])],
                                   stdout=subprocess.PIPE, text=True, pass_fds=[write])
        os.close(write)
        stages = {}
        for line in progress:
            stages.setdefault(json.loads(line)["stage"], []).append(time.monotonic())
        result = json.loads(process.stdout.read())
        process.wait()
    whole = time.monotonic() - began
    if result["status"] != "ready":
        sys.exit(f"the worker failed: {result}")
    return result, whole, stages["publish"][0] - stages["probe"][-1], spent() - before


def ffmpeg_command(source, asset, preset, folder, threads):
    """One command for all video renditions and the first sound."""
    videos = [r for r in asset["renditions"] if "height" in r]
    rate = asset["frame_rate"]
    heads = "".join(f"[s{i}]" for i in range(len(videos)))
    graph = f"[0:v]split={len(videos)}{heads}" + "".join(
        f";[s{i}]scale={r['width']}:{r['height']}:flags=bicubic,format=yuv420p[v{i}]" for i, r in enumerate(videos))
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-filter_complex", graph]
    for i, r in enumerate(videos):
        step = 2 if rate > 31 and r["height"] <= 480 else 1
        gop = round(2 * rate / step)
        cap = int(r["max_kbps"] * (1.5 if rate / step > 31 else 1))
        parameters = f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:force-cfr=1:stitchable=1:rc-lookahead=30"
        if threads:
            parameters += f":sliced-threads=0:lookahead-threads=1:threads={threads}"
        command += ["-map", f"[v{i}]", "-c:v", "libx264", "-preset", preset, "-crf", r["crf"], "-maxrate", f"{cap}k",
                    "-bufsize", f"{2 * cap}k", "-r", rate / step, "-x264-params", parameters, folder / f"{r['name']}.mp4"]
    return [*command, "-map", "0:a:0?", "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2", folder / "audio.mp4"]


def coded_bytes(path):
    """Of the pictures, without what the container adds."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=size", "-of", "csv=p=0", path],
                          capture_output=True, text=True, check=True)
    return sum(int(line.strip(",")) for line in done.stdout.split())


def compared(rendition, source, ours, theirs):
    quality = psnr(ours, source, rendition), psnr(theirs, source, rendition)
    return {"name": rendition["name"], "crf": rendition["crf"], "max_kbps": rendition["max_kbps"],
            "kbps": rendition["average_bandwidth"] // 1000, "psnr": round(quality[0], 3), "psnr_gain": round(quality[0] - quality[1], 3),
            "bit_rate_ratio": round(coded_bytes(ours) / coded_bytes(theirs), 4)}


def psnr(made, source, rendition):
    graph = (f"[0:v]settb=1/1000,setpts=N[a];[1:v]scale={rendition['width']}:{rendition['height']}:flags=bicubic,format=yuv420p,settb=1/1000,setpts=N[b];"
             "[a][b]psnr")
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "info", "-i", made, "-i", source, "-lavfi", graph, "-f", "null", "-"],
                          capture_output=True, text=True, check=True)
    return float(re.search(r"PSNR y:([\d.]+|inf)", done.stderr)[1])


def measure(source, binary, preset, per_title, folder):
    """Seconds of the worker and of both commands, their ratios, and each rendition beside ffmpeg's."""
    result, whole, stage, cpu = run_worker(binary, source, folder / "title", ["--preset", preset, "--per-title", per_title])
    asset = result["asset"]
    figures = {"worker_seconds": whole, "worker_video_stage_seconds": stage, "worker_cpu_seconds": cpu}
    for kind, threads in (("same_settings", 1), ("own_threads", 0)):
        (folder / kind).mkdir()
        _, seconds, spent_cpu = timed(ffmpeg_command(source, asset, preset, folder / kind, threads))
        figures |= {f"ffmpeg_{kind}_seconds": seconds, f"ffmpeg_{kind}_cpu_seconds": spent_cpu,
                    f"ratio_{kind}": stage / seconds, f"cpu_ratio_{kind}": cpu / spent_cpu}
    figures = {key: round(value, 3) for key, value in figures.items()}
    figures["renditions"] = [compared(r, source, folder / "title" / r["file"], folder / "same_settings" / r["file"])
                             for r in asset["renditions"] if "height" in r]
    return figures


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--source", type=Path)
    options.add_argument("--worker", type=Path, default=ROOT / ".build/worker/ingest_worker")
    options.add_argument("--preset", default="fast")
    options.add_argument("--per-title", choices=("on", "off"), default="off")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = chosen.source or folder / "source.mp4"
        if not chosen.source:
            make_source(source)
        figures = measure(source, chosen.worker, chosen.preset, chosen.per_title, folder)
    if chosen.json:
        print(json.dumps(figures))
        return
    for rendition in figures.pop("renditions"):
        print("  ".join(f"{key} {value}" for key, value in rendition.items()))
    for key, value in figures.items():
        print(f"{key:40} {value}")


if __name__ == "__main__":
    main()

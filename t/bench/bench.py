"""scripts/bench: how fast the read path is, beside nginx's own static files of the same bytes."""
import argparse
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import cases  # noqa: E402
import instructions  # noqa: E402
import load  # noqa: E402
import mezz  # noqa: E402
import page_cache  # noqa: E402
import special  # noqa: E402
import table  # noqa: E402
import throughput  # noqa: E402
from server import Server  # noqa: E402
from titles import FULL, SMALL, Media  # noqa: E402

CACHE = mezz.BUILD / "bench"
WITH_TARGETS = (16, 64)  # connections
NO_TARGETS = {"rate": None, "cpu": None, "micros": None}

USAGE = """\
Measures requests for playlists and segments beside nginx's own static files of the very same bytes, in rounds that
alternate; one worker on one core, wrk on another. Prints a table with ratios: what Mezz needs by what a file needs, or for
rates what Mezz gives by what a file gives. t/bench/README.md tells how to read it. `scripts/bench ingest` measures the worker.
"""


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=USAGE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases, or parts of their names (default: all)")
    parser.add_argument("--list", action="store_true", help="the names of the cases")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="of each case (default 20)")
    parser.add_argument("--seconds", type=int, default=1, metavar="S", help="that one side of a round takes (default 1)")
    parser.add_argument("--connections", metavar="N,N", type=numbers, help="instead of each case's own, for example 1,64,1000")
    parser.add_argument("--targets", action="store_true", help="only the cases that have a target")
    parser.add_argument("--tls", action="store_true", help="all rates over HTTPS, without targets")
    parser.add_argument("--instructions", action="store_true", help="count instructions with callgrind instead")
    parser.add_argument("--quick", action="store_true", help="one round of small titles: shows that it works, measures nothing")
    parser.add_argument("--real-time", action="store_true", help="before all other processes (for root, on a busy machine)")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    return parser.parse_args()


def numbers(text):
    return [int(n) for n in text.split(",")]


def say(text):
    print(text, file=sys.stderr, flush=True)


def machine():
    kernel_tls = "yes" if Path("/proc/net/tls_stat").exists() else "not measured (this kernel has none)"
    return {"cores": len(os.sched_getaffinity(0)), "load before": round(os.getloadavg()[0], 1), "kernel TLS": kernel_tls}


def chosen(names, wanted):
    return [name for name in names if not wanted or any(part in name for part in wanted)]


def connections_of(case, options):
    return options.connections or (case.connections[:1] if options.quick else case.connections)


def rates(server, options):
    """The cases that are wanted, each with its numbers of connections."""
    all_cases = cases.all_cases(cases.Urls(server))
    wanted = [all_cases[name] for name in chosen(all_cases, options.names)]
    if options.targets:
        wanted = [case for case in wanted if case.listed]
    if options.tls:
        wanted = [replace(case, tls=True, **NO_TARGETS) for case in wanted]
    return [(case if connections in WITH_TARGETS else replace(case, **NO_TARGETS), connections)
            for case in wanted for connections in connections_of(case, options)]


def rounds_of(case, options):
    """An interval that is to be narrow needs all of them; what is judged by CPU time does not."""
    few = case.name.startswith("built-")
    return 1 if options.quick else max(options.rounds // 4, 1) if few else options.rounds


def tell_duration(wanted, specials, options):
    seconds = sum(2 * rounds_of(case, options) * (options.seconds + 0.1) + 3 for case, _ in wanted)
    seconds += sum(special.SECONDS[name](options) for name in specials)
    say(f"about {max(seconds / 60, 1):.0f} minutes")


def count_instructions(media, options):
    rows = []
    if not instructions.available():
        sys.exit("scripts/bench: --instructions needs valgrind")
    with instructions.Counted(CACHE / "counted", media.root, CACHE / "profiles") as counted:
        all_cases = cases.all_cases(cases.Urls(counted.server))
        for name in chosen([n for n, case in all_cases.items() if not case.tls], options.names):
            rows.append(instructions.measure(counted, all_cases[name]))
            say(table.line(rows[-1]))
    return rows


class Failures(list):
    """Cases that could not be measured; the others go on."""

    def run(self, name, measure):
        try:
            return measure()
        except RuntimeError as error:
            say(f"{name}: {error}")
            self.append(name)
            return []


def measure(media, options, about):
    def start(**more):
        return Server(CACHE / "server", media.root, **more)

    rows, failures = [], Failures()
    specials = [] if options.quick or options.tls else chosen(special.ALL, options.names)
    if options.targets:
        specials = [name for name in specials if name not in special.WITHOUT_TARGET]
    page_cache.read_in(media.root)
    with start() as server:
        about["congestion control"] = server.congestion
        wanted = rates(server, options)
        tell_duration(wanted, specials, options)
        for case, connections in wanted:
            made = failures.run(case.name, lambda: throughput.measure(server, case, connections, rounds_of(case, options),
                                                                      options.seconds))
            rows += made
            for row in made[:1]:
                say(table.line(row))
    stage = special.Stage(start, media.root, options.rounds, options.seconds, options.connections)
    for name in specials:
        made = failures.run(name, lambda: special.ALL[name](stage))
        rows += made
        for row in made:
            say(table.line(row))
    return rows, failures


def main():
    options = arguments()
    if shutil.which("wrk") is None:
        sys.exit("scripts/bench: wrk is missing: apt-get install wrk")
    media = Media(CACHE, SMALL if options.quick else FULL).make(say)
    if options.list:
        with Server(CACHE / "server", media.root) as server:
            for case in cases.all_cases(cases.Urls(server)).values():
                print(f"{case.name:14} {case.what}")
        for name, run in special.ALL.items():
            print(f"{name:14} {run.__doc__.splitlines()[0]}")
        return
    if options.real_time and not load.use_real_time():
        sys.exit("scripts/bench: --real-time needs root")
    about = machine()
    rows, failures = (count_instructions(media, options), []) if options.instructions else measure(media, options, about)
    if not rows and not failures:
        sys.exit(f"scripts/bench: no case is called {' or '.join(options.names)} (--list)")
    print(table.render(rows, about))
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")
    if failures:
        sys.exit(f"scripts/bench: not measured: {', '.join(failures)}")


if __name__ == "__main__":
    main()

"""Rounds of load on ours and on the baseline in turn."""
import load
from cases import prepare
from stats import interval

METRICS = (  # name in the rows, of a Sample, whether more is better
    ("requests/s", "per_second"),
    ("MB/s", "megabytes"),
    ("p50 ms", "p50"),
    ("p99 ms", "p99"),
    ("CPU s/GB", "cpu_per_gigabyte"),
    ("CPU us/request", "cpu_per_request"),
    ("CPU s/s", "busy"),
    ("MiB of the worker", "memory"),
)


def measure(server, case, connections, rounds, seconds):
    """Rows of one case with so many connections; which of the two goes first alternates."""
    pair = prepare(server, case)
    origin = server.origin(case.tls)
    taken = {"ours": [], "baseline": []}
    for paths in (pair.ours, pair.baseline) if rounds > 1 else ():  # so that all is in memory
        load.run_wrk(server, origin, paths, connections, 1, case.headers)
    for number in range(rounds):
        sides = [("ours", pair.ours), ("baseline", pair.baseline)]
        for name, paths in sides if number % 2 == 0 else reversed(sides):
            taken[name].append(load.run_wrk(server, origin, paths, connections, seconds, case.headers))
    errors = sum(sample.errors for samples in taken.values() for sample in samples)
    if errors:
        raise RuntimeError(f"{case.name}: {errors} errors of {connections} connections; {server.last_error()}")
    return [row(case, connections, unit, member, taken) for unit, member in METRICS]


def row(case, connections, unit, member, taken):
    ours, baseline = ([getattr(sample, member) for sample in taken[side]] for side in ("ours", "baseline"))
    ratio, low, high = interval([a / b for a, b in zip(ours, baseline)])
    return {"case": case.name, "connections": connections, "ours": round(interval(ours)[0], 4),
            "baseline": round(interval(baseline)[0], 4), "ratio": round(ratio, 4), "low": round(low, 4),
            "high": round(high, 4), "unit": unit, "rounds": len(ours), **judged(case, unit, ratio, low, high, ours)}


def judged(case, unit, ratio, low, high, ours):
    """The target of a row and whether it is met: a throughput ratio's whole interval must reach it."""
    if unit == "requests/s" and case.rate is not None:
        return {"target": f">= {case.rate}", "met": low >= case.rate}
    if unit == "CPU s/GB" and case.cpu is not None:
        return {"target": f"<= {case.cpu}", "met": ratio <= case.cpu}
    if unit == "CPU us/request" and case.micros is not None:
        return {"target": f"<= {case.micros} us", "met": interval(ours)[0] <= case.micros}
    return {}

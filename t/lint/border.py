#!/usr/bin/env python3
"""Checks what the design forbids between folders: who may include whom, where nginx may be named, file names, sizes.

usage: border.py [--self-test] [ROOT]
"""

import re
import sys
import tempfile
from pathlib import Path

# Which folders of src/ the files of a folder may include, besides their own.
MAY_INCLUDE = {
    "core": set(),
    "media": {"core"},
    "package": {"core", "media"},
    "token": {"core"},
    "catalog": {"core", "media"},
    "api": {"core", "token", "catalog"},
    "policy": {"core"},
    "nginx": {"core", "media", "package", "token", "catalog", "api", "policy"},
}
WORKER_MAY_INCLUDE = {"core", "media", "catalog", "token", "policy"}
CODE = {".cpp", ".hpp", ".c", ".h", ".py", ".lua", ".sh", ".js", ".sql"}
MAX_LINES = 600
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def lines_of(text, pattern):
    for match in re.finditer(pattern, text, re.M):
        yield text.count("\n", 0, match.start()) + 1, match


def include_faults(path, text, allowed):
    for line, match in lines_of(text, INCLUDE.pattern):
        mark, name = match.groups()
        folder = name.split("/")[0] if "/" in name else ""
        if mark == '"' and folder == "":
            yield f"{path}:{line}: \"{name}\" lacks its folder"
        elif mark == '"' and folder in MAY_INCLUDE and folder not in allowed:
            yield f"{path}:{line}: must not include {folder}/"


def source_faults(root):
    homes = {}
    for path in sorted((root / "src").rglob("*.[ch]pp")):
        parts = path.relative_to(root / "src").parts
        name = "src/" + "/".join(parts)
        if len(parts) != 2 or parts[0] not in MAY_INCLUDE:
            yield f"{name}: not in a folder that the design knows"
            continue
        folder, text = parts[0], path.read_text()
        home = homes.setdefault(path.stem, folder)
        if home != folder:
            yield f"{name}: src/{home} has a file of that name; nginx puts their objects in one place"
        yield from include_faults(name, text, MAY_INCLUDE[folder] | {folder})
        if folder != "nginx":
            for line, _ in lines_of(text, r"\bngx_|\bNGX_|#\s*include\s*[<\"]ngx"):
                yield f"{name}:{line}: nginx is named outside src/nginx"


def worker_faults(root):
    for path in sorted((root / "ingest_worker").rglob("*.[ch]pp")):
        name, text = path.relative_to(root), path.read_text()
        for line, match in lines_of(text, INCLUDE.pattern):
            folder = match[2].split("/")[0]
            if "/" in match[2] and folder in MAY_INCLUDE and folder not in WORKER_MAY_INCLUDE:
                yield f"{name}:{line}: the worker must not include {folder}/"


def size_faults(root):
    for top in ("src", "ingest_worker", "lua", "scripts", "t"):
        for path in sorted((root / top).rglob("*")):
            if path.is_file() and (path.suffix in CODE or top == "scripts"):
                if "node_modules" in path.parts or "__pycache__" in path.parts:
                    continue
                count = path.read_bytes().count(b"\n")
                if count > MAX_LINES:
                    yield f"{path.relative_to(root)}: {count} lines, more than {MAX_LINES}"


def faults(root):
    yield from source_faults(root)
    yield from worker_faults(root)
    yield from size_faults(root)


GOOD = {
    "src/core/a.hpp": '#include <span>\n',
    "src/package/b.cpp": '#include "core/a.hpp"\n#include "media/c.hpp"\n#include "package/b.hpp"\n',
    "src/nginx/d.cpp": '#include <ngx_core.h>\n#include "package/b.hpp"\nngx_str_t s;\n',
    "ingest_worker/e.cpp": '#include "media/c.hpp"\n#include <libavutil/opt.h>\n',
}
BAD = [
    ("src/core/x.cpp", '#include "media/c.hpp"\n', "must not include media/"),
    ("src/media/x.cpp", '#include "package/b.hpp"\n', "must not include package/"),
    ("src/token/x.cpp", '#include "catalog/b.hpp"\n', "must not include catalog/"),
    ("src/api/x.cpp", '#include "nginx/ngx.hpp"\n', "must not include nginx/"),
    ("src/package/x.cpp", "int ngx_thing;\n", "nginx is named"),
    ("src/media/x.cpp", "#include <ngx_config.h>\n", "nginx is named"),
    ("src/media/x.cpp", '#include "sample.hpp"\n', "lacks its folder"),
    ("src/media/b.cpp", "\n", "has a file of that name"),
    ("src/other/x.cpp", "\n", "not in a folder"),
    ("ingest_worker/x.cpp", '#include "nginx/ngx.hpp"\n', "the worker must not include nginx/"),
    ("ingest_worker/x.cpp", '#include "package/b.hpp"\n', "the worker must not include package/"),
    ("t/unit/x.cpp", "\n" * 601, "601 lines"),
]


def self_test():
    failures = 0
    for name, text, expected in [(None, None, None), *BAD]:
        with tempfile.TemporaryDirectory() as folder:
            files = GOOD | ({name: text} if name else {})
            for file, content in files.items():
                path = Path(folder) / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
            found = list(faults(Path(folder)))
        if (not found) if expected is None else any(expected in f for f in found):
            continue
        print(f"self-test: {name}: expected {expected!r}, got {found}")
        failures += 1
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2]
    found = list(faults(root))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/python3
"""Prints conf/nginx.conf with one instance's own paths, port, module, keys and user.

usage: render_conf.py TEMPLATE STATE_DIR SOCKETS LISTEN MODULE USER

Outside comments /var/lib/mezz becomes STATE_DIR, the folders run/postgres, run/redis and run/pictures in it those of SOCKETS, and of
the lines that end in "#@name"
  #@user    becomes USER, or goes if USER is empty (a master that is not root cannot change user)
  #@module  loads MODULE
  #@listen  listens on LISTEN
  #@keys    becomes one line for each STATE_DIR/keys/*.jwk
"""
import re
import sys
from pathlib import Path

PATHS = re.compile(r"/var/lib/mezz(?:(/run)(?=/(?:postgres|redis|pictures)\b)|(?=[/;]))")


def key_directives(folder):
    keys = sorted(folder.glob("*.jwk"))
    if not keys:
        sys.exit(f"no key in {folder}")
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", key.stem):
            sys.exit(f"{key.name!r} in {folder}: a key file's name (its kid) has only letters, digits and . _ -")
    return [f"mezz_token_key kid={key.stem} file={key};" for key in keys]


def render(template, state, sockets, listen, module, user):
    replacements = {
        "user": [f"user {user};"] if user else [],
        "module": [f"load_module {module};"],
        "listen": [f"listen {listen};"],
        "keys": key_directives(Path(state) / "keys"),
    }
    lines = ["# Rendered by scripts/up from conf/nginx.conf; the next scripts/up writes it again."]
    for line in template.splitlines():
        marked = re.fullmatch(r"(\s*)[^#]*#@(\w+)", line)
        if marked:
            if marked[2] not in replacements:
                sys.exit(f"the template has #@{marked[2]} twice, or it is not one of the marks scripts/up knows")
            lines += [marked[1] + directive for directive in replacements.pop(marked[2])]
        elif line.lstrip().startswith("#"):
            lines.append(line)
        else:
            lines.append(PATHS.sub(lambda found: sockets if found[1] else state, line))
    if replacements:
        sys.exit("the template has no line marked " + ", ".join(f"#@{name}" for name in replacements))
    return "\n".join(lines) + "\n"


def main():
    template, *values = sys.argv[1:]
    sys.stdout.write(render(Path(template).read_text(), *values))


if __name__ == "__main__":
    main()

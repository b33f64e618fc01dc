#!/usr/bin/env python3
"""Flags expressions with co_await that g++ 12 compiles wrongly: it destroys some temporaries twice or too early.

usage: co_await.py [--self-test] [FILE...]     (without files: every C++ file under src and t)

One full expression with co_await must not hold a braced initializer, a lambda with captures, ?:, `new`, or be the
argument of a macro; a range-for over a braced list must not await in its body; a coroutine must not take &&.
The cure is always the same: name the value on a line of its own before.
"""

import re
import sys
from pathlib import Path

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    r"|^[ \t]*\#(?:\\\n|[^\n])*|[A-Za-z_]\w*|\d[\w.']*|&&|->|::|\S", re.S | re.M)
OPEN, CLOSE = "([{", ")]}"
CONTROL = {"if", "constexpr", "while", "for", "switch", "catch"}  # `if constexpr (`
# A brace after one of these begins a block, not an initializer.
BEFORE_BLOCK = {")", ";", "{", "}", ":", "else", "do", "try", "const", "noexcept", "mutable", "override", "final",
                "constexpr", "extern"}


class Source:
    def __init__(self, text):
        self.tokens, self.lines = [], []
        line, last = 1, 0
        for match in TOKEN.finditer(text):
            line += text.count("\n", last, match.start())
            last = match.start()
            token = match[0]
            if token.startswith(("//", "/*")) or token.lstrip().startswith("#"):
                continue
            self.tokens.append('""' if token[0] in "\"'" or token.startswith('R"') else token)
            self.lines.append(line)
        self.partner = self.match_brackets()
        self.blocks = {i for i, token in enumerate(self.tokens) if token == "{" and self.is_block(i)}

    def match_brackets(self):
        partner, stack = {}, []
        for i, token in enumerate(self.tokens):
            if token in OPEN:
                stack.append(i)
            elif token in CLOSE and stack:
                partner[i] = stack.pop()
                partner[partner[i]] = i
        return partner

    def is_block(self, i):
        before = self.tokens[i - 1] if i else ";"
        if before == "]":  # a lambda without parameters
            return self.is_lambda(self.partner.get(i - 1, i - 1))
        if before in BEFORE_BLOCK:
            return True
        # The head of a class, namespace or enum, or a function with a trailing return type.
        k = i - 1
        while k >= 0 and self.tokens[k] not in {";", "{", "}", "(", ")", "="}:
            if self.tokens[k] in {"class", "struct", "union", "namespace", "enum", "->", "extern"}:
                return True
            k -= 1
        return False

    def is_lambda(self, i):
        before = self.tokens[i - 1] if i else ";"
        if self.tokens[i] != "[" or before == "[" or self.tokens[i + 1 : i + 2] == ["["]:
            return False
        return before in {"return", "co_return", "co_await", "co_yield"} or not re.match(r'[\w)\]"]', before)

    def start(self, i):
        """The first token of the full expression or declaration that token i stands in."""
        while i > 0:
            before = self.tokens[i - 1]
            if before == ";" or (before == "{" and i - 1 in self.blocks):
                return i
            if before == "}" and self.partner.get(i - 1) in self.blocks and not self.ends_lambda(i - 1):
                return i
            if before == "(" and i > 1 and self.tokens[i - 2] in CONTROL:
                return i
            i = self.partner.get(i - 1, i - 1) if before in CLOSE else i - 1
        return 0

    def ends_lambda(self, i):
        return i + 1 < len(self.tokens) and self.tokens[i + 1] in {"(", ")", ",", ";", "."}

    def end(self, i):
        """One past the last token of that expression."""
        while i < len(self.tokens):
            token = self.tokens[i]
            if token == ";" or (token == "{" and i in self.blocks and not self.is_lambda_body(i)):
                return i
            if token in CLOSE:
                opening = self.partner.get(i, 0)
                if opening in self.blocks or (opening and self.tokens[opening - 1] in CONTROL):
                    return i
            i = self.partner.get(i, i) + 1 if token in OPEN else i + 1
        return i

    def is_lambda_body(self, i):
        k = i - 1
        while k >= 0 and self.tokens[k] not in ";{}":
            if self.tokens[k] == "[":
                return self.is_lambda(k)
            k = self.partner.get(k, k) if self.tokens[k] == ")" else k - 1
            if self.tokens[k] == "(":
                k -= 1
                if self.tokens[k] == "]":
                    return self.is_lambda(self.partner.get(k, k))
        return False

    def awaited_faults(self, i):
        begin, end = self.start(i), self.end(i)
        k = begin
        while k < end:
            token = self.tokens[k]
            if token == "{" and k in self.blocks:
                k = self.partner.get(k, k)  # a lambda's body: statements of its own
            elif token == "{":
                yield "a braced initializer"
            elif token == "[" and self.is_lambda(k) and self.partner.get(k, k) > k + 1:
                yield "a lambda with captures"
            elif token == "?":
                yield "?:"
            elif token == "new":
                yield "new"
            elif re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", token) and self.tokens[k + 1 : k + 2] == ["("]:
                if k < i < self.partner.get(k + 1, 0):
                    yield "a macro around it"
            k += 1

    def faults(self):
        for i, token in enumerate(self.tokens):
            if token == "co_await":
                for fault in self.awaited_faults(i):
                    yield self.lines[i], f"co_await in one expression with {fault}"
            elif token == "for":
                yield from self.loop_faults(i)
            elif token == "Task" and self.tokens[i + 1 : i + 2] == ["<"]:
                yield from self.parameter_faults(i)

    def loop_faults(self, i):
        close = self.partner.get(i + 1, i)
        inside = self.tokens[i + 1 : close]
        if any(a == ":" and b == "{" for a, b in zip(inside, inside[1:])):
            stop = self.partner.get(close + 1) if self.tokens[close + 1 : close + 2] == ["{"] else self.end(close + 1)
            if stop and "co_await" in self.tokens[close:stop]:
                yield self.lines[i], "co_await in a loop over a braced list"

    def parameter_faults(self, i):
        depth, k = 0, i + 1
        while k < len(self.tokens):
            depth += {"<": 1, ">": -1}.get(self.tokens[k], 0)
            k += 1
            if depth == 0:
                break
        while k < len(self.tokens) and (self.tokens[k] == "::" or re.match(r"\w", self.tokens[k])):
            k += 1
        if self.tokens[k : k + 1] == ["("] and "&&" in self.tokens[k : self.partner.get(k, k)]:
            yield self.lines[i], "a coroutine takes an rvalue reference"


BAD = [
    "auto v = co_await f(a, {1, 2});", "auto v = co_await f(a, T{});", "std::vector<int> v{co_await f(), 1};",
    "use(T{1}, co_await f());", "if (auto v = co_await f({}); v) { g(); }", "return g(co_await f(), {1});",
    "auto v = co_await f([n](int k) { return k + n; });", "auto v = co_await f([&] { return 1; });",
    "auto v = co_await [n](int k) -> Task<R> { co_return k; }(1);", "auto v = co_await (c ? f() : g());",
    "auto v = c ? co_await f() : co_await g();", "auto p = new T(co_await f());", "int k = TRY(co_await f());",
    "while ((co_await f(T{1})).ok()) { g(); }", "for (auto x : {1, 2}) { co_await f(x); }",
    "x = 1;\n} else {\n auto v = co_await f(c ? 1 : 2);",
]
BAD_TOP = ["Task<Result<int>> f(Flow& flow, T&& x);", "Task<Result<int>> C::f(Flow& flow, std::string&& x) { co_return 1; }"]
GOOD = [
    "auto v = co_await f(a, b);", "const T t{1, 2};\nauto v = co_await f(t);",
    "if (c) { co_await f(); } else { co_await g(); }", "auto l = [n](F& f) -> Task<R> { auto v = co_await g(f); co_return v; };",
    "auto v = co_await f([](int k) { return k; });", "if (!(co_await f()).ok() && x[i] > 1) co_return fail(E::io, \"{?\");",
    "switch (co_await f()) { case 1: { co_await g(); break; } default: h(); }",
    "auto t = c ? 1 : 2; // {}\nfor (int i = 0; i < n; ++i) { auto v = co_await f(t); if (!v) co_return v; }",
    "for (auto x : {1, 2}) { f(x); }\nco_await g();", "do { x = {}; } while (co_await f());",
    "T x{1};\nx = co_await f();", "try { co_await f(); } catch (const E& e) { g({1}); }",
    "struct S { int a = 1; };\nco_await f();", "auto a = g([&] { return T{1}; });\nauto v = co_await f(a);",
]
GOOD_TOP = ["Task<Result<int>> f(Flow& flow, T x);", "Task(Task&& other) noexcept;", "bool g(bool a) { return a && b(Task<R>()); }"]


def self_test():
    wrong = []
    for samples, bad in ((BAD, True), (GOOD, False)):
        wrong += [s for s in samples if bool(list(Source("R body(Flow& f) {\n" + s + "\n}").faults())) != bad]
    for samples, bad in ((BAD_TOP, True), (GOOD_TOP, False)):
        wrong += [s for s in samples if bool(list(Source(s).faults())) != bad]
    for sample in wrong:
        print(f"self-test: judged wrongly: {sample}")
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = Path(__file__).resolve().parents[2]
    files = arguments or [p for folder in ("src", "t") for p in sorted((root / folder).rglob("*.[ch]pp"))]
    found = 0
    for path in files:
        for line, fault in dict.fromkeys(Source(Path(path).read_text()).faults()):
            print(f"{path}:{line}: {fault}")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

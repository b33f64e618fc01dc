"""Progress on standard error: bars that are drawn again in place on a terminal, a line now and then elsewhere."""
import shutil
import sys

BAR = 24


def bar(percent):
    filled = round(min(max(percent, 0), 100) * BAR / 100)
    return f"[{'#' * filled}{'-' * (BAR - filled)}] {percent:5.1f} %"


def plain(text):
    """On one line, without what could command a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


class Screen:
    """The lines at the bottom of a terminal, or single lines where there is none."""

    def __init__(self, stream=sys.stderr):
        self.stream, self.tty = stream, stream.isatty()
        self.drawn = 0
        self.said = {}

    def clear(self):
        if self.drawn:
            self.stream.write(f"\x1b[{self.drawn}A\x1b[J")
            self.stream.flush()
            self.drawn = 0

    def say(self, what, text):
        """A line that stays."""
        self.clear()
        print(f"{what:<9} {plain(text)}", file=self.stream, flush=True)

    def draw(self, lines):
        """Puts these lines in place of those drawn last; does nothing without a terminal."""
        if not self.tty:
            return
        width, height = shutil.get_terminal_size()
        shown = [plain(line)[:width - 1] for line in lines[:height - 2]]
        self.clear()
        self.stream.write("".join(line + "\n" for line in shown))
        self.stream.flush()
        self.drawn = len(shown)

    def step(self, key, what, name, stage, percent):
        """For who reads a log: a line when the stage is another, or another tenth of it is done."""
        state = (stage, int(percent // 10))
        if not self.tty and self.said.get(key) != state:
            self.said[key] = state
            self.say(what, f"{name}: {stage}, {percent:.0f} %")

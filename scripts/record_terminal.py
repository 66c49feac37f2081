#!/usr/bin/env python3
"""Records commands in a terminal as a picture that moves: docs/merge.svg.

    scripts/record_terminal.py SAMPLES            # the six recordings open-00 ... open-05 in SAMPLES
    scripts/record_terminal.py SAMPLES --robomerge PATH -o FILE

The commands run in a pseudo-terminal, one after the other, and the picture shows what they printed when they
printed it. Only the typing of the commands is made up. The picture is one file of text: it loads no font and
runs no script, follows the light or dark mode of the system, and stands still, with the last screen, where
that is asked for (prefers-reduced-motion).
"""

import argparse
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import time
from dataclasses import dataclass, field
from fcntl import ioctl
from html import escape
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
COMMANDS = ["robomerge merge open-0* -o kitchen", "robomerge verify kitchen --against open-0*"]
COLUMNS, ROWS = 80, 60
PROMPT = "$ "

# Seconds. The rest is as it was.
TYPED_AFTER, TYPING, BEFORE_ENTER, LAST_SCREEN = 0.8, 0.045, 0.4, 7.0

# Pixels.
CELL_WIDTH, CELL_HEIGHT, MARGIN, FONT_SIZE = 8.4, 18, 16, 14

LIGHT = {"back": "#f6f8fa", "edge": "#d0d7de", "text": "#1f2328", "dim": "#59636e"}
LIGHT |= {"red": "#b3261e", "green": "#116329", "yellow": "#7d4e00", "blue": "#0550ae", "magenta": "#6e3bb5", "cyan": "#0b6470"}
DARK = {"back": "#0d1117", "edge": "#30363d", "text": "#e6edf3", "dim": "#9198a1"}
DARK |= {"red": "#ff8b80", "green": "#6fd383", "yellow": "#e3b341", "blue": "#79c0ff", "magenta": "#d2a8ff", "cyan": "#76dce6"}
COLOURS = ("text", "red", "green", "yellow", "blue", "magenta", "cyan", "text")

#: The text of one row, cut where its style changes: (style, text).
Row = tuple[tuple[str, str], ...]


@dataclass
class Screen:
    """As much of a terminal as robomerge uses. What is not known here is an error, not a guess."""

    cells: list[list[tuple[str, str]]] = field(default_factory=lambda: [[] for _ in range(ROWS)])
    row: int = 0
    column: int = 0
    styles: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        for control, printed in re.findall(r"(\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f])|([^\x00-\x1f\x7f]+)", text):
            if printed:
                for character in printed:
                    self._put(character)
            else:
                self._control(control)

    def _put(self, character: str) -> None:
        if self.column == COLUMNS:
            self.row, self.column = self.row + 1, 0
        line = self.cells[self.row]
        line += [("", " ")] * (self.column + 1 - len(line))
        line[self.column] = (" ".join(self.styles), character)
        self.column += 1

    def _control(self, control: str) -> None:
        if control == "\n":
            self.row += 1
        elif control == "\r":
            self.column = 0
        elif control in ("\x1b[K", "\x1b[0K"):
            del self.cells[self.row][self.column :]
        elif control == "\x1b[2K":
            self.cells[self.row].clear()
        elif control.endswith("m"):
            for code in (int(number or 0) for number in control[2:-1].split(";")):
                self._style(code)
        elif control not in ("\x1b[?25l", "\x1b[?25h"):
            raise SystemExit(f"record: the terminal does not know {control!r}")

    def _style(self, code: int) -> None:
        if code == 0:
            self.styles = []
        elif code in (1, 2):
            self.styles = [*self.styles, {1: "bold", 2: "dim"}[code]]
        elif code == 22:
            self.styles = [style for style in self.styles if style not in ("bold", "dim")]
        elif code == 39 or code // 10 in (3, 9) and code % 10 < 8:
            others = [style for style in self.styles if style not in COLOURS]
            self.styles = others if code == 39 else [*others, COLOURS[code % 10]]
        else:
            raise SystemExit(f"record: the terminal does not know the style {code}")

    def rows(self) -> list[Row]:
        return [self._row(line) for line in self.cells]

    @staticmethod
    def _row(line: list[tuple[str, str]]) -> Row:
        runs: list[tuple[str, str]] = []
        for style, character in line:
            if runs and runs[-1][0] == style:
                runs[-1] = (style, runs[-1][1] + character)
            else:
                runs.append((style, character))
        return tuple(runs)


def record(commands: list[str], folder: Path, binary: Path) -> list[tuple[float, list[Row]]]:
    """Screens, and when they appeared."""
    screen, now = Screen(), 0.0
    screens = []

    def show(text: str) -> None:
        screen.write(text)
        screens.append((now, screen.rows()))

    (folder / "bin").mkdir()
    (folder / "bin/robomerge").symlink_to(binary.resolve())
    for command in commands:
        show(PROMPT)
        now += TYPED_AFTER
        for character in command:
            show(character)
            now += TYPING
        now += BEFORE_ENTER
        show("\r\n")
        began = time.monotonic()
        for text in run(command, folder):
            after = now
            now += time.monotonic() - began
            show(text)
            now = after
        now += time.monotonic() - began
    show(PROMPT)
    screens.append((now + LAST_SCREEN, screen.rows()))
    return screens


def run(command: str, folder: Path):
    """Runs it, and yields what it prints as soon as it does."""
    ours, its = pty.openpty()
    ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROBOMERGE") and name != "NO_COLOR"}
    environment = kept | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, stdin=its, stdout=its, stderr=its)
    os.close(its)
    rest = b""
    while True:
        try:
            data = os.read(ours, 1 << 16)
        except OSError:  # all that wrote to it have ended
            break
        text = (rest + data).decode(errors="ignore")
        rest = (rest + data)[len(text.encode()) :]
        yield text
    os.close(ours)
    if process.wait() != 0:
        raise SystemExit(f"record: `{command}` exits with {process.returncode}")


@dataclass
class Piece:
    """Text that appears in a row at some column, and goes again."""

    row: int
    column: int
    runs: Row
    begin: float
    end: float | None = None


def pieces(screens: list[tuple[float, list[Row]]]) -> list[Piece]:
    found: list[Piece] = []
    shown: dict[int, list[Piece]] = {}
    before: dict[int, Row] = {}
    for now, rows in screens:
        for number, row in enumerate(rows):
            old = before.get(number, ())
            if row == old:
                continue
            more = behind(old, row)
            if more is None:  # another text, not just a longer one
                for piece in shown.pop(number, []):
                    piece.end = now
                more, old = row, ()
            if more:
                piece = Piece(number, sum(len(text) for _, text in old), more, now)
                found.append(piece)
                shown.setdefault(number, []).append(piece)
            before[number] = row
    return found


def behind(old: Row, new: Row) -> Row | None:
    """What `new` has after `old`, or None if it does not begin with it."""
    flat = [(style, character) for style, text in new for character in text]
    begin = [(style, character) for style, text in old for character in text]
    return Screen._row(flat[len(begin) :]) if flat[: len(begin)] == begin else None


def drawn(piece: Piece) -> str:
    parts, column = [], piece.column
    for style, text in piece.runs:
        width, blanks = len(text), len(text) - len(text.lstrip())
        shown = text.strip()
        if shown:
            x, y = MARGIN + CELL_WIDTH * (column + blanks), MARGIN + CELL_HEIGHT * piece.row + FONT_SIZE
            length = f' textLength="{CELL_WIDTH * len(shown):.1f}"' if len(shown) > 1 else ""
            kind = f' class="{style}"' if style else ""
            parts.append(f'<text x="{x:.1f}" y="{y}"{length}{kind}>{escape(shown, quote=False)}</text>')
        column += width
    return "".join(parts)


def picture(screens: list[tuple[float, list[Row]]]) -> str:
    total = screens[-1][0]
    last = screens[-1][1]
    num_rows = max(number + 1 for number, row in enumerate(last) if row)
    width, height = round(2 * MARGIN + CELL_WIDTH * COLUMNS), 2 * MARGIN + CELL_HEIGHT * num_rows
    groups: dict[tuple[float, float | None], list[Piece]] = {}
    for piece in pieces(screens):
        groups.setdefault((piece.begin, piece.end), []).append(piece)
    style, body = [], []
    for number, ((begin, end), members) in enumerate(groups.items()):
        drawing = "".join(map(drawn, members))
        if not drawing:
            continue
        if begin == 0 and end is None:
            body.append(drawing)
            continue
        share = f"0%{{opacity:0}}{100 * begin / total:.3f}%{{opacity:1}}"
        share += "" if end is None else f"{100 * end / total:.3f}%{{opacity:0}}"
        style.append(f"@keyframes k{number}{{{share}}}#g{number}{{animation-name:k{number}}}")
        gone = "" if end is None else ' class="gone"'
        body.append(f'<g id="g{number}"{gone}>{drawing}</g>')
    text = "\n".join("".join(part for _, part in row).rstrip() for row in last[:num_rows])
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>A terminal: {escape(" and then ".join(COMMANDS))}</title>
<desc>{escape(text)}</desc>
<style>
{scheme(LIGHT)}
@media (prefers-color-scheme:dark){{{scheme(DARK)}}}
rect{{fill:var(--back);stroke:var(--edge)}}
text{{font:{FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:var(--text);white-space:pre}}
{"".join(f".{name}{{fill:var(--{name})}}" for name in LIGHT if name not in ("back", "edge", "text"))}.bold{{font-weight:600}}
.gone{{opacity:0}}
@media not (prefers-reduced-motion:reduce){{
g{{animation:{total:.2f}s step-end infinite}}
{chr(10).join(style)}
}}
</style>
<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>
{chr(10).join(body)}
</svg>
"""


def scheme(colours: dict[str, str]) -> str:
    return "svg{" + "".join(f"--{name}:{value};" for name, value in colours.items()) + "}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Records docs/merge.svg from a run of the command in a terminal.")
    parser.add_argument("samples", type=Path, help="a folder with the recordings open-00 to open-05")
    parser.add_argument("--robomerge", type=Path, default=REPOSITORY / "build/release/cli/robomerge")
    parser.add_argument("-o", "--output", type=Path, default=REPOSITORY / "docs/merge.svg")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for source in sorted(arguments.samples.glob("open-0*")):
            shutil.copytree(source, Path(name) / source.name)
        drawing = picture(record(COMMANDS, Path(name), arguments.robomerge))
    arguments.output.write_text(drawing)
    print(f"record: {arguments.output} has {len(drawing.encode()):,} bytes")


if __name__ == "__main__":
    main()

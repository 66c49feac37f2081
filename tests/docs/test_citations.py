"""Everything that code and pages cite exists, links between pages work, and lines are not too wide.

Code cites sections of docs/formats/lerobot-dataset.md ("format spec 1.7"), its invariants (I-4),
and the weaknesses of docs/lerobot-weaknesses.md (W-19) and docs/lerobot-edit-weaknesses.md (E-9).
"""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FORMAT = REPOSITORY / "docs/formats/lerobot-dataset.md"
WEAKNESSES = ("docs/lerobot-weaknesses.md", "docs/lerobot-edit-weaknesses.md")

FOLDERS = (
    *("src", "include", "cli", "fuzz", "python"),
    *("tests", "bench", "docs", "scripts", "examples"),
)
ENDINGS = {".cc", ".h", ".py", ".md", ".sh", ".txt", ".cmake"}
PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        REPOSITORY / "bench/README.md",
        REPOSITORY / "tests/peer/README.md",
    ]
)
#: Where a section may be cited by its number alone, in parentheses or before a colon.
BARE_NUMBERS = ("tests/peer/", "src/verify/")
MOST_COLUMNS = 100


def cited_files() -> list[str]:
    paths = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*")]
    made_here = Path(__file__).resolve().parent
    return sorted(
        path.relative_to(REPOSITORY).as_posix()
        for path in paths
        if path.suffix in ENDINGS
        and path.is_file()
        and made_here not in path.parents
        and "tests/data" not in path.as_posix()
    )


def citations(name: str, text: str) -> set[str]:
    """Everything that `text`, the file `name`, cites: "1.7", "I-4", "W-19", "E-9"."""
    # A citation may be broken over two lines of a comment.
    flat = re.sub(r"\n[ \t]*(?:///?<?|#:?|\*)?[ \t]*", " ", text)
    number = r"\d+(?:\.\d+)?"
    found = set(re.findall(r"\b[EIW]-\d+\b", flat))
    # "I-2 to I-6" also cites those between.
    for kind, first, last in re.findall(r"\b([EIW])-(\d+) to \1-(\d+)\b", flat):
        found |= {f"{kind}-{at}" for at in range(int(first), int(last) + 1)}
    numbers = rf"({number}(?:(?:, | and ){number})*)"
    for listed in re.findall(rf"\bformat spec(?:ification)?,?(?: section)? {numbers}", flat):
        found |= set(re.findall(number, listed))
    if name.startswith(BARE_NUMBERS):
        section = r"[1-9]\.\d{1,2}"
        if name.endswith((".cc", ".h")):  # comments only: code has other numbers
            text = "\n".join(re.findall(r"//(.*)", text))
        for listed in re.findall(r"\(((?:[^()\n]*, )?[1-9]\.\d{1,2})\)", text):
            found |= {one for one in listed.split(", ") if re.fullmatch(section, one)}
        found |= set(re.findall(rf"\"({section}): ", text))
        found |= set(re.findall(r"\bof section (\d+)\b", text))
    return found


def definitions(format_page: str, *weaknesses_pages: str) -> set[str]:
    return (
        set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", format_page, re.MULTILINE))
        | set(re.findall(r"^\| (I-\d+) \|", format_page, re.MULTILINE))
        | set(re.findall(r"^\| ([EW]-\d+) \|", "\n".join(weaknesses_pages), re.MULTILINE))
    )


def prose(text: str) -> list[tuple[int, str]]:
    """Numbered lines, without code blocks and without the parts between marks that programs
    write."""
    lines, fenced, generated, blank = [], False, False, True
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.fullmatch(r"<!-- [\w-]+: (begin|end) -->", line.strip())
        if mark:
            generated = mark[1] == "begin"
        elif line.lstrip().startswith("```"):
            fenced = not fenced
        elif not (fenced or generated or (blank and line.startswith("    "))):
            lines.append((number, line))
            blank = not line.strip()
    return lines


def too_wide(text: str) -> list[int]:
    """Numbers of the lines of prose that are too wide. Rows of tables and bare links may be."""
    links = (r"!?\[[^\]]*\]\([^)\s]+\)", r"<?https?://\S+", r"\[[^\]]+\]: \S+")
    bare_link = re.compile(rf"\s*(?:[*-] )?(?:{'|'.join(links)})[.,]?")
    return [
        number
        for number, line in prose(text)
        if len(line) > MOST_COLUMNS
        and not line.lstrip().startswith("|")
        and not bare_link.fullmatch(line)
    ]


def anchors(text: str) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    names: set[str] = set()
    for _, line in prose(text):
        heading = re.match(r"#{1,6} +(.*?)\s*#*$", line)
        if heading:
            plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            alike = re.compile(rf"{re.escape(name)}(-\d+)?")
            again = sum(alike.fullmatch(one) is not None for one in names)
            names.add(f"{name}-{again}" if again else name)
    return names


def broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for _, line in prose(text):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            found = (page.parent / name).resolve() if name else page
            if name and not (found.exists() and found.is_relative_to(REPOSITORY)):
                broken.append(target)
            elif anchor and anchor not in anchors(found.read_text() if name else text):
                broken.append(target)
    return broken


def missing_paths(text: str) -> list[str]:
    """Paths of the repository in backticks that lead nowhere; * and ? match as in a shell."""
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./*?-]+)`", text)
    return [path for path in named if not any(REPOSITORY.glob(path.rstrip("/")))]


def test_every_citation_resolves():
    defined = definitions(FORMAT.read_text(), *((REPOSITORY / page).read_text() for page in WEAKNESSES))
    files = cited_files()
    cited = {name: citations(name, (REPOSITORY / name).read_text()) for name in files}
    assert {name: sorted(found - defined) for name, found in cited.items() if found - defined} == {}
    # A pattern that finds no citation would prove nothing.
    in_code = [found for name, found in cited.items() if name.startswith(("src/", "tests/"))]
    some = {"1.3", "1.12", "2.2", "3.4", "3.9", "I-1", "I-11", "W-1", "W-27"}
    assert some <= set().union(*in_code)


def test_pages_that_code_names_exist():
    missing = {}
    page = re.compile(r"\bdocs/[\w/-]+\.(?:md|json|txt|svg)\b")
    for name in cited_files():
        named = page.findall((REPOSITORY / name).read_text())
        lost = sorted({path for path in named if not (REPOSITORY / path).exists()})
        if lost:
            missing[name] = lost
    assert missing == {}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    assert broken_links(REPOSITORY / page, (REPOSITORY / page).read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page):
    assert missing_paths((REPOSITORY / page).read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_prose_is_too_wide(page):
    assert too_wide((REPOSITORY / page).read_text()) == []


# The checks themselves, on texts with known faults.


@pytest.mark.parametrize(
    ("name", "text", "cited"),
    [
        ("src/a.h", "// As the recorder does (format spec 3.3, 9.8).", {"3.3", "9.8"}),
        ("src/a.h", "  // What it is (format\n  // spec 1.99).", {"1.99"}),
        ("src/a.h", "/// The whole (format spec 1).", {"1"}),
        ("src/a.cc", "// The worked example of the format specification, section 3.9.", {"3.9"}),
        ("src/a.h", "// References (I-2 to I-4, I-12).", {"I-2", "I-3", "I-4", "I-12"}),
        ("tests/peer/a.py", '"""The videos (W-8, W-28, 2.2)."""', {"W-8", "W-28", "2.2"}),
        ("tests/peer/a.py", 'f"3.7: {name} joins"', {"3.7"}),
        ("src/verify/a.cc", "f(1.5);  // what becomes of it (3.4)", {"3.4"}),
        ("tests/e2e/a.py", "sleep(1.5), W-video-audio, E-fps, 1E-5", set()),
        ("docs/a.md", "E-1 and E-3 to E-5", {"E-1", "E-3", "E-4", "E-5"}),
    ],
)
def test_what_counts_as_a_citation(name, text, cited):
    assert citations(name, text) == cited


def test_only_headings_and_rows_define():
    page = "## 1. Files\n### 1.7 Episodes\nsee 1.8\n| I-1 | first |\nI-2"
    defined = definitions(page, "| W-3 | slow |\nW-4", "| E-2 | lost |\nE-3")
    assert defined == {"1", "1.7", "I-1", "W-3", "E-2"}


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[here](architecture.md) and [there](no-such-page.md)", ["no-such-page.md"]),
        ("[a](glossary.md#workers) [b](glossary.md#no-word)", ["glossary.md#no-word"]),
        ("# A title\n[a](#a-title) [b](#no-title)", ["#no-title"]),
        ("# One\n# One\n[a](#one) [b](#one-1) [c](#one-2)", ["#one-2"]),
        ("[out](../../elsewhere.md) ![plot](no-plot.svg)", ["../../elsewhere.md", "no-plot.svg"]),
        ("`[code](nowhere.md)` [web](https://example.org)\n```\n[block](nowhere.md)\n```", []),
    ],
)
def test_what_counts_as_a_broken_link(text, broken):
    assert broken_links(REPOSITORY / "docs/a-page.md", text) == broken


def test_what_counts_as_a_missing_path():
    text = "`docs/cli.md`, `tests/peer/check_*.py`, `src/no-such.cc`, `docs/none/`"
    assert missing_paths(text) == ["src/no-such.cc", "docs/none/"]


@pytest.mark.parametrize(
    ("line", "is_too_wide"),
    [
        ("x" * 101, True),
        ("x" * 100, False),
        ("a " * 60, True),
        ("- " + "a " * 60, True),
        ("| " + "a " * 60 + "|", False),
        ("- [text](" + "x" * 100 + ")", False),
        ("see [text](" + "x" * 100 + ")", True),
        ("```\n" + "x" * 101 + "\n```", False),
        ("\n    " + "x" * 101, False),
        ("<!-- bench: begin -->\n" + "a " * 60 + "\n<!-- bench: end -->", False),
        ("<!-- bench: begin -->\n<!-- bench: end -->\n" + "a " * 60, True),
    ],
)
def test_what_counts_as_too_wide(line, is_too_wide):
    assert bool(too_wide(line)) == is_too_wide

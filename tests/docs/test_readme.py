"""What README says of figures, versions and pictures is what their sources say."""

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text()
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("bench", "scripts")]


def test_the_table_of_speed_is_that_of_the_benchmarks():
    from report import SPEED, speed_table

    results = json.loads((REPOSITORY / "docs/benchmarks.json").read_text())["cases"]
    shown = SPEED.search(README)[0]
    assert speed_table(results) in shown, "bench/report.py --update-docs writes it"
    assert shown.count("\n") >= 6


def test_a_case_that_was_not_measured_has_no_row():
    from report import speed_table

    assert speed_table({}).count("\n") == 2


def test_the_version_to_cite_is_that_of_the_project():
    version = re.search(r"project\(robomerge VERSION ([0-9.]+)", (REPOSITORY / "CMakeLists.txt").read_text())[1]
    assert f"\nversion: {version}\n" in (REPOSITORY / "CITATION.cff").read_text()
    assert f"  version = {{{version}}},\n" in README


def test_the_recorded_terminal_is_small_and_loads_nothing():
    path = REPOSITORY / "docs/merge.svg"
    text = path.read_text()
    assert path.stat().st_size < 60_000
    assert {element.tag.partition("}")[2] for element in ElementTree.fromstring(text).iter()} <= {
        *("svg", "title", "desc", "style", "rect", "text", "g"),
    }
    assert "url(" not in text and "@import" not in text and "href" not in text


def test_a_site_with_faults_is_refused(tmp_path):
    from site_pages import check

    (tmp_path / "a.html").write_text('<h1 id="top"><a href="b.html#here">b</a><img src="c.png"><a href="#top">a</a>')
    (tmp_path / "b.html").write_text('<a href="a.html">a</a><script src="https://example.org/x.js"></script>')
    assert [fault for fault in check(tmp_path) if "pages" not in fault] == [
        "a.html: c.png leads nowhere",
        "a.html: b.html#here leads to no heading",
        "b.html: loads https://example.org/x.js",
    ]

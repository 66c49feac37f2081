"""`report` and `merge --report`: a page that shows a dataset."""

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browser import Browser, find_browser
from edits import DATA, edit_json, edit_table
from old_dataset import make_old_dataset
from old_dataset import make_old_dataset, video_path
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

SAMPLES = Path(os.environ.get("ROBOMERGE_SAMPLES", Path(__file__).resolve().parents[2] / "../shared/samples"))
EVIL = "<script>alert(1)</script><img src=x onerror=\"alert('1')\"> &"
BEGIN = "<!DOCTYPE html>\n<!-- made by robomerge report -->\n"

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="ROBOMERGE_SAMPLES names no recordings")
needs_browser = pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed")


class Page(HTMLParser):
    """The elements of a page, and its text."""

    VOID = {"meta", "link", "img", "br", "path", "rect"}

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.bytes = path.read_bytes()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(self.bytes.decode())
        assert self.open == [], "elements are closed"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def count(self, tag: str, **attributes: str) -> int:
        return sum(
            name == tag and all(found.get(key.rstrip("_")) == value for key, value in attributes.items())
            for name, found in self.elements
        )

    @property
    def sections(self) -> list[str | None]:
        return [found.get("id") for name, found in self.elements if name == "section"]


@pytest.fixture
def report(robomerge, tmp_path):
    """report(root, flag, ...): the page about a dataset."""

    def write(root: Path, *flags: object, exit_code: int = 0, **environment: str) -> Page:
        out = tmp_path / f"{root.name}.html"
        run = robomerge("report", root, "-o", out, *flags, **environment)
        assert run.exit_code == exit_code, run.stderr
        return Page(out)

    return write


@pytest.fixture
def root(tmp_path):
    return make_tiny_dataset(tmp_path / "tiny", lengths=(30, 20, 50))


def real_video(root: Path, lengths: tuple[int, ...], camera: str = "camera") -> None:
    """Adds a camera whose video a decoder can read."""
    add_video(root, lengths, seed=1, camera=camera)
    path = root / f"videos/{camera}/chunk-000/file-000.mp4"
    path.unlink()
    source = f"testsrc=size=64x48:rate=10:duration={sum(lengths) / 10}"
    words = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", source, "-c:v", "mpeg4", "-g", "5", str(path)]
    subprocess.run(words, check=True)
    edit_json(root / "meta/info.json", lambda info: info["features"][camera].update(shape=[48, 64, 3]))


def without_ffmpeg(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "no-programs").mkdir()
    return {"PATH": str(tmp_path / "no-programs")}


def test_a_page_tells_what_a_dataset_holds(report, root):
    page = report(root)
    assert page.bytes.decode().startswith(BEGIN)
    assert page.sections == ["overview", "findings", "episodes", "tasks", "distributions"]
    for words in ("tiny", "3 episodes", "10.0 s", "100", "stack the cups", "toy_arm", "observation.state", "20 frames", "33.3 frames", "50 frames"):
        assert words in page.text, words
    assert page.count("svg", class_="d") == 2 + 2  # state has two elements; timestamp, frame_index


def test_the_summary_says_what_was_written(robomerge, root, tmp_path):
    run = robomerge("report", root, "-o", tmp_path / "page.html")
    assert (run.exit_code, run.stdout) == (0, "")
    assert run.stderr.startswith(f"Wrote {tmp_path / 'page.html'}\n") and "3 episodes" in run.stderr
    (line,) = robomerge("report", root, "-o", tmp_path / "page.html", "--json").json_lines()[-1:]
    assert line["message_type"] == "summary" and line["exit_code"] == 0
    assert line["size_bytes"] == (tmp_path / "page.html").stat().st_size
    assert (line["num_episodes"], line["num_frames"], line["num_thumbnails"], line["num_problems"]) == (3, 100, 0, 0)
    assert robomerge("report", root, "-o", tmp_path / "page.html", "-q").stderr == ""


def test_the_same_dataset_gives_the_same_bytes(robomerge, root, tmp_path):
    """With any number of workers, from any folder, wherever it lies and whenever."""
    shutil.copytree(root, tmp_path / "elsewhere/deeper/tiny")
    (tmp_path / "elsewhere/link").symlink_to(tmp_path / "elsewhere/deeper")
    calls = [
        (tmp_path, ["tiny", "-j1"]),
        (tmp_path, ["tiny", "-j8"]),
        (root, ["."]),
        (root, ["../tiny/"]),
        (tmp_path, [tmp_path / "elsewhere/deeper/tiny"]),
        (tmp_path, ["elsewhere/link/tiny"]),
    ]
    pages = set()
    for number, (folder, words) in enumerate(calls):
        out = tmp_path / f"{number}.html"
        assert robomerge("report", *words, "-o", out, cwd=folder).exit_code == 0
        pages.add(out.read_bytes())
    assert len(pages) == 1
    assert str(tmp_path).encode() not in pages.pop()


def test_every_text_is_escaped(report, tmp_path):
    root = make_tiny_dataset(tmp_path / "evil", task=EVIL)
    feature = "<script>alert(2)"
    edit_table(root / DATA, lambda table: table.append_column(feature, pa.array(range(len(table)), pa.int64())))

    def rename(info):
        info["features"][feature] = {"dtype": "int64", "shape": [1], "names": None}
        info["robot_type"] = EVIL
        info["features"]["observation.state"]["names"] = [EVIL, "\x1b[31m\x00"]

    edit_json(root / "meta/info.json", rename)
    evil_root = root.rename(tmp_path / "<b>&'\"")
    page = report(evil_root)
    assert page.count("img") == page.count("script") == 0
    assert not [found for _, found in page.elements if "onerror" in found]
    assert EVIL in page.text and feature in page.text and "\\x1b[31m" in page.text and "<b>&'\"" in page.text


def test_nothing_is_fetched_or_run(report, root):
    page = report(root)
    assert page.count("script") == 0 and page.count("meta", **{"http-equiv": "Content-Security-Policy"}) == 1
    for _, found in page.elements:
        for name, value in found.items():
            assert not name.startswith("on")
            if name in ("href", "src"):
                assert value.startswith(("#", "data:"))
    assert "url(" not in page.bytes.decode() and "@import" not in page.bytes.decode()


def test_sources_come_from_the_record(robomerge, report, tmp_path, sources):
    out = tmp_path / "merged"
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"sources:\n- {{path: {sources[0]}, name: 'left <arm>'}}\n- {sources[1]}\noutput: {out}\n")
    assert robomerge("merge", "--recipe", recipe).exit_code == 0
    page = report(out)
    assert "sources" in page.sections and "merged from 2 sources" in page.text
    assert "left <arm>" in page.text and "source 2" in page.text
    assert "67 %" in page.text and "33 %" in page.text  # 2 and 1 of 3 episodes
    assert "merge" not in page.sections
    # A record that cannot be of these episodes is not believed.
    edit_json(out / "meta/robomerge.json", lambda record: record["sources"].pop())
    assert "sources" not in report(out).sections


def test_a_merge_tells_what_only_it_knows(robomerge, tmp_path, sources):
    out = tmp_path / "page.html"
    run = robomerge("merge", *sources, "-o", tmp_path / "merged", "--report", out)
    assert run.exit_code == 0, run.stderr
    page = Page(out)
    assert page.sections[-1] == "merge"
    for words in ("copied as they were", "encoded anew", "Stages", "Tree", "Timeline", "describe: 2 tasks", "plan: 1 task"):
        assert words in page.text, words
    for source in sources:
        assert str(source) in page.text
    assert "data/chunk-000/file-000.parquet" in page.text and "meta/robomerge.json" in page.text
    # Again: there is nothing to do, and the page says so.
    assert robomerge("merge", *sources, "-o", tmp_path / "merged", "--report", out).exit_code == 0
    assert "held this very result already" in Page(out).text


def test_a_report_changes_nothing_of_the_merge(robomerge, tmp_path, sources, tree=None):
    def bytes_of(folder):
        return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    assert robomerge("merge", *sources, "-o", tmp_path / "plain/merged").exit_code == 0
    flags = ["--report", tmp_path / "page.html", "--verify"]
    assert robomerge("merge", *sources, "-o", tmp_path / "reported/merged", *flags).exit_code == 0
    assert bytes_of(tmp_path / "plain") == bytes_of(tmp_path / "reported")


def test_warnings_of_a_merge_stand_in_its_page(robomerge, tmp_path, sources):
    flags = ["-o", tmp_path / "merged", "--report", tmp_path / "page.html", "--json"]
    run = robomerge("merge", sources[0], shutil.copytree(sources[0], tmp_path / "copy"), *flags)
    assert run.exit_code == 0
    kinds = {line["kind"] for line in run.json_lines() if line["message_type"] == "warning"}
    page = Page(tmp_path / "page.html")
    assert "W-source-twice" in kinds
    for kind in kinds:
        assert kind in page.text


def test_what_was_left_out_stands_in_the_page(robomerge, report, tmp_path, sources):
    flags = ["--skip-broken", "sources", "-o", tmp_path / "merged", "--report", tmp_path / "page.html"]
    assert robomerge("merge", *sources, tmp_path / "nothing-here", *flags).exit_code == 5
    assert "Left out" in (page := Page(tmp_path / "page.html")).text and "nothing-here" in page.text
    assert "Of 1 source something was left out" in report(tmp_path / "merged").text


def test_a_merge_without_a_result_has_no_page(robomerge, tmp_path, sources):
    page = tmp_path / "page.html"
    run = robomerge("merge", *sources, "-o", tmp_path / "merged", "--report", page, "--dry-run")
    assert run.exit_code == 2 and "E-options" in run.stderr
    assert robomerge("plan", *sources, "-o", tmp_path / "merged", "--report", page).exit_code == 2
    assert robomerge("merge", *sources, tmp_path / "nothing", "-o", tmp_path / "merged", "--report", page).exit_code == 1
    assert not page.exists() and not (tmp_path / "merged").exists()


@pytest.mark.parametrize("version", ["v2.1", "v2.0"])
def test_older_versions(report, tmp_path, version):
    page = report(make_old_dataset(tmp_path / "old", version=version))
    assert version in page.text and "distributions" in page.sections and "tasks" in page.sections


def test_values_that_are_no_numbers(report, root):
    def spoil(table):
        values = np.array(table["observation.state"].to_pylist(), dtype=np.float32)
        values[:7, 0], values[:, 1] = np.nan, np.inf
        column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), from_pandas=False), 2)
        return table.set_column(table.column_names.index("observation.state"), "observation.state", column)

    edit_table(root / DATA, spoil)
    page = report(root)
    assert re.search(r"\d not a number", page.text) and "no finite value" in page.text and "infinite" in page.text
    assert "N-not-finite" in page.text


def test_wrong_statistics_are_told(report, root):
    edit_json(root / "meta/stats.json", lambda stats: stats["observation.state"].update(max=[1e9, 1e9]))
    page = report(root)
    assert "V-stats" in page.text and "1000000000.0" in page.text


def test_no_dataset(robomerge, tmp_path):
    out = tmp_path / "page.html"
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "empty"):
        run = robomerge("report", tmp_path / name, "-o", out)
        assert run.exit_code == 1 and "E-no-dataset" in run.stderr
    assert not out.exists()


def test_what_is_left_of_broken_datasets(report, robomerge, root, tmp_path):
    (root / "meta/episodes/chunk-000/file-000.parquet").write_bytes(b"PAR1 no table PAR1")
    page = report(root, exit_code=1)
    assert "not all of it could be read" in page.text and "toy_arm" in page.text and "problem" in page.text
    (root / "meta/info.json").write_text("{")
    page = report(root, exit_code=1)
    assert page.sections == ["findings"] and "E-info" in page.text


def test_rows_that_cannot_be_read(report, root):
    data = bytearray((root / DATA).read_bytes())
    data[4:200] = bytes(196)
    (root / DATA).write_bytes(data)
    page = report(root)
    assert "N-not-measured" in page.text and "observation.state" in page.text
    assert "show nothing for which a merge would refuse" in page.text


def test_a_camera_without_ffmpeg(report, tmp_path):
    root = make_tiny_dataset(tmp_path / "filmed", lengths=(5, 7))
    add_video(root, (5, 7), seed=1)
    page = report(root, **without_ffmpeg(tmp_path))
    assert "cameras" in page.sections and page.count("img") == 0
    assert "they need the command ffmpeg" in page.text and "mpeg4, 16 x 16" in page.text or "mpeg4" in page.text


def test_a_video_that_no_decoder_can_read(report, tmp_path):
    """tiny_video writes sound indexes over frames that are noise."""
    root = make_tiny_dataset(tmp_path / "filmed", lengths=(5, 7))
    add_video(root, (5, 7), seed=1)
    assert "cameras" in report(root).sections


def test_a_video_that_is_broken(report, tmp_path):
    root = make_tiny_dataset(tmp_path / "filmed", lengths=(5, 7))
    add_video(root, (5, 7), seed=1)
    (root / "videos/camera/chunk-000/file-000.mp4").write_bytes(b"no video")
    page = report(root, exit_code=1)
    assert "E-foreign-file" in page.text
    assert "distributions" in page.sections and "tasks" in page.sections and "stack the cups" in page.text
    assert "8 B in 1 file, of which 1 cannot be read" in page.text and "need the command ffmpeg" not in page.text


def test_one_broken_video_leaves_the_others(report, tmp_path):
    root = make_old_dataset(tmp_path / "filmed", lengths=(5, 7))
    content = video_path(root, 1).read_bytes()
    video_path(root, 1).write_bytes(content[: len(content) // 2])
    page = report(root, exit_code=1)
    assert "mp4v, 64 x 48" in page.text and "in 2 files, of which 1 cannot be read" in page.text


@needs_ffmpeg
def test_thumbnails_of_a_video(report, tmp_path):
    lengths = (3, 4, 5, 6, 7)
    root = make_tiny_dataset(tmp_path / "filmed", lengths=lengths)
    real_video(root, lengths)
    page = report(root)
    pictures = [found for name, found in page.elements if name == "img"]
    assert [found["alt"] for found in pictures] == [f"camera at the start of episode {n}" for n in (0, 1, 2, 4)]
    assert len({found["src"] for found in pictures}) == 4
    assert all(found["src"].startswith("data:image/jpeg;base64,/9j/") for found in pictures)
    assert report(root).bytes == page.bytes
    plain = report(root, "--no-thumbnails")
    assert plain.count("img") == 0 and "cameras" in plain.sections


@needs_ffmpeg
def test_each_thumbnail_is_the_first_frame_of_its_episode(report, tmp_path):
    import base64
    import io

    from PIL import Image

    lengths = (3, 4, 5)
    root = make_tiny_dataset(tmp_path / "filmed", lengths=lengths)
    add_video(root, lengths, seed=1)
    path = root / "videos/camera/chunk-000/file-000.mp4"
    path.unlink()
    # Frame n is as grey as n says.
    source = f"nullsrc=size=64x48:rate=10:duration={sum(lengths) / 10},format=gray,geq=lum=20*N"
    words = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", source, "-c:v", "mpeg4", "-pix_fmt", "yuv420p"]
    subprocess.run([*words, "-q:v", "1", "-g", "100", str(path)], check=True)
    edit_json(root / "meta/info.json", lambda info: info["features"]["camera"].update(shape=[48, 64, 3]))
    pictures = [found["src"] for name, found in report(root).elements if name == "img"]
    greys = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one.split(",")[1]))).convert("L")).mean() for one in pictures]
    assert len(greys) == 3
    steps = np.diff(greys) / np.diff([0, 3, 7])
    assert np.allclose(steps, steps[0], rtol=0.1) and steps[0] > 10


@needs_ffmpeg
def test_pictures_in_rows(report, tmp_path):
    import io

    from PIL import Image

    root = make_tiny_dataset(tmp_path / "pictured", lengths=(2, 3))

    def picture(number: int, form: str) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (32, 24), (40 * number, 0, 0)).save(buffer, form)
        return buffer.getvalue()

    numbers = iter(range(5))

    def add(table):
        cells = [{"bytes": picture(next(numbers), "PNG"), "path": None} for _ in range(len(table))]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        return table.append_column("top", pa.array(cells, kind))

    edit_table(root / DATA, add)
    entry = {"dtype": "image", "shape": [24, 32, 3], "names": ["height", "width", "channels"]}
    edit_json(root / "meta/info.json", lambda info: info["features"].update(top=entry))
    page = report(root)
    pictures = [found for name, found in page.elements if name == "img"]
    assert [found["alt"] for found in pictures] == ["top at the start of episode 0", "top at the start of episode 1"]
    assert len({found["src"] for found in pictures}) == 2


def test_an_older_page_is_replaced_and_nothing_else(robomerge, root, tmp_path):
    out = tmp_path / "page.html"
    assert robomerge("report", root, "-o", out).exit_code == 0
    first = out.read_bytes()
    out.write_bytes(first[: len(BEGIN)])
    assert robomerge("report", root, "-o", out).exit_code == 0
    assert out.read_bytes() == first
    out.write_text("my notes")
    run = robomerge("report", root, "-o", out)
    assert run.exit_code == 2 and out.read_text() == "my notes"
    run = robomerge("merge", root, "-o", tmp_path / "merged", "--report", out)
    assert run.exit_code == 2 and not (tmp_path / "merged").exists()


def test_a_page_is_not_put_into_a_dataset(robomerge, root, tmp_path):
    before = sorted(root.rglob("*"))
    assert robomerge("report", root, "-o", root / "report.html").exit_code == 2
    assert robomerge("report", ".", "-o", "report.html", cwd=root).exit_code == 2
    assert robomerge("merge", root, "-o", tmp_path / "merged", "--report", root / "report.html").exit_code == 2
    assert robomerge("merge", root, "-o", tmp_path / "merged", "--report", tmp_path / "merged/report.html").exit_code == 4
    assert sorted(root.rglob("*")) == before and not (tmp_path / "merged").exists()


def test_a_page_is_there_whole_or_not_at_all(robomerge, root, tmp_path):
    assert robomerge("report", root, "-o", tmp_path / "no/such/folder/page.html").exit_code == 4
    assert robomerge("report", root, "-o", "/dev/full").exit_code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_page_to_standard_output(robomerge, root):
    run = robomerge("report", root, "-o", "/dev/stdout", "-q")
    assert run.exit_code == 0 and run.stdout.startswith(BEGIN) and run.stdout.endswith("</html>\n")


def test_the_command_line(robomerge, root, tmp_path):
    for words in ([], [root], [root, root, "-o", "page.html"], ["-o", "page.html"]):
        run = robomerge("report", *words, cwd=tmp_path)
        assert run.exit_code == 2 and "report DST -o FILE" in run.stderr, run.stderr


# In a browser.


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def rich_page(robomerge, tmp_path_factory):
    """Of a merge with long names, wide features and warnings."""
    folder = tmp_path_factory.mktemp("rich")
    long = "a/very/long/name/of_a_folder_that_nobody_would_ever_type_by_hand_" + "x" * 80
    first = make_tiny_dataset(folder / long, lengths=(30, 20, 50, 9, 8, 11, 12, 13, 14, 15, 16), num_values=40)
    second = shutil.copytree(first, folder / "copy")
    out = folder / "page.html"
    assert robomerge("merge", first, second, "-o", folder / "merged", "--report", out).exit_code == 0
    return out


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 380, 768, 1400])
def test_nothing_scrolls_sideways_and_nothing_fails(browser, rich_page, width, dark):
    browser.open(rich_page, width=width, dark=dark)
    assert browser.messages == []
    fetched = [one for one in browser.requests if not one.startswith("data:")]
    assert fetched == [rich_page.as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for details in range(browser.evaluate("document.querySelectorAll('details').length")):
        browser.evaluate(f"document.querySelectorAll('details')[{details}].open = true")
    assert browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


CONTRAST = """(() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => channels(text).slice(0, 3).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((channels(colour)[3] ?? 1) > 0) return colour;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  return Math.min(...[...document.querySelectorAll('body *')].filter(one =>
      [...one.childNodes].some(node => node.nodeType == 3 && node.data.trim())).map(one => {
    const pair = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }));
})()"""


@needs_browser
def test_colours_follow_the_system_and_can_be_read(browser, rich_page):
    grounds = []
    for dark in (False, True):
        browser.open(rich_page, dark=dark)
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert browser.evaluate(CONTRAST) >= 4.5  # of WCAG AA
    assert grounds[0] != grounds[1]


@needs_browser
def test_the_keyboard_reaches_everything(browser, rich_page):
    browser.open(rich_page)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    seen = set()
    for _ in range(80):
        browser.press("Tab")
        seen.add(browser.evaluate("document.activeElement.tagName + ' ' + document.activeElement.className"))
    assert {"A ", "SUMMARY ", "DIV scroll"} <= seen
    browser.evaluate("document.querySelector('summary').focus()")
    before = browser.evaluate("document.querySelector('details').open")
    browser.press("Enter")
    assert browser.evaluate("document.querySelector('details').open") != before


@needs_browser
def test_paper_gets_everything(browser, rich_page):
    browser.open(rich_page, dark=True, media="print")
    assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.print().startswith(b"%PDF-")


@needs_browser
def test_names_run_no_scripts(browser, robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "tiny")
    edit_json(root / "meta/info.json", lambda info: info.update(robot_type=EVIL))
    assert robomerge("report", root, "-o", tmp_path / "page.html").exit_code == 0
    browser.open(tmp_path / "page.html")
    assert browser.messages == [] and browser.evaluate("document.images.length") == 0
    assert browser.evaluate("[...document.querySelectorAll('dd')].some(one => one.textContent == " + json.dumps(EVIL) + ")")


@needs_samples
def test_real_recordings(robomerge, tmp_path):
    flags = ["-o", tmp_path / "merged", "--report", tmp_path / "page.html"]
    assert robomerge("merge", *sorted(SAMPLES.glob("open-0*")), *flags).exit_code == 0
    page = Page(tmp_path / "page.html")
    assert {"cameras", "sources", "distributions", "merge"} <= set(page.sections)
    assert len(page.bytes) < 1_000_000

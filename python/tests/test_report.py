"""write_report, and what a notebook shows. No notebook is needed: IPython is played."""

import sys
import types
from dataclasses import replace

import pytest
import robomerge
from robomerge import notebook
from robomerge.report import MergeProgress

EVIL = "<img src=x onerror=alert(1)> & \"'"


def test_a_page_is_written_and_counted(make_source, tmp_path):
    source = make_source()
    report = robomerge.write_report(source, tmp_path / "page.html", num_workers=1, progress=False)
    assert report and (tmp_path / "page.html").read_bytes().startswith(b"<!DOCTYPE html>")
    assert report.size_bytes == (tmp_path / "page.html").stat().st_size
    assert (report.num_episodes, report.num_frames, report.num_problems) == (2, 12, 0)
    assert report.root == str(source) and report.output == str(tmp_path / "page.html")


def test_a_broken_dataset_is_false(make_source, tmp_path):
    source = make_source()
    (source / "meta/info.json").write_text("{")
    report = robomerge.write_report(source, tmp_path / "page.html")
    assert not report and report.num_problems == 1 and "E-info" in (tmp_path / "page.html").read_text()


def test_what_is_refused(make_source, tmp_path):
    source = make_source()
    with pytest.raises(robomerge.DatasetNotFoundError):
        robomerge.write_report(tmp_path / "nowhere", tmp_path / "page.html")
    with pytest.raises(robomerge.InvalidArgumentError, match="source"):
        robomerge.write_report(source, source / "page.html")
    (tmp_path / "notes.html").write_text("mine")
    with pytest.raises(robomerge.InvalidArgumentError):
        robomerge.write_report(source, tmp_path / "notes.html")
    with pytest.raises(TypeError, match="output"):
        robomerge.write_report(source, 7)
    with pytest.raises(TypeError, match="thumbnails"):
        robomerge.write_report(source, tmp_path / "page.html", thumbnails="no")


def test_a_merge_writes_its_page(make_source, tmp_path):
    sources = [make_source(), make_source()]
    robomerge.merge(sources, tmp_path / "merged", report_path=tmp_path / "page.html", report_thumbnails=False)
    page = (tmp_path / "page.html").read_text()
    assert 'id="merge"' in page and str(sources[0]) in page


# --- notebooks


@pytest.fixture
def merged(make_source, tmp_path):
    return robomerge.merge([make_source(), make_source()], tmp_path / "merged")


def test_the_report_of_a_merge_is_shown_as_a_table(merged):
    text = merged._repr_html_()
    assert text.startswith("<table>") and "Merged 2 datasets" in text
    assert "4 episodes, 24 frames, 1 task<" in text and merged.destination in text


def test_every_text_of_that_table_is_escaped(merged):
    problem = robomerge.Problem("corrupt", EVIL, EVIL)
    text = replace(merged, destination=EVIL, warnings=(problem,) * 3)._repr_html_()
    assert "<img" not in text and "(3 times)" in text and "&lt;img" in text


def test_many_kinds_of_warnings_are_cut(merged):
    warnings = tuple(robomerge.Problem("corrupt", f"W-{number}", "odd") for number in range(20))
    text = replace(merged, warnings=warnings)._repr_html_()
    assert text.count('<th scope="row"') == 5 + notebook.MOST_KINDS + 1 and "and 12 more kinds" in text


class Shown:
    """What a kernel was told to show."""

    def __init__(self):
        self.texts = []

    def HTML(self, text):  # noqa: N802: IPython's name
        return text

    def display(self, text, display_id):
        assert display_id is True
        self.texts.append(text)
        return types.SimpleNamespace(update=self.texts.append)


@pytest.fixture
def kernel(monkeypatch):
    """Plays a notebook: the modules that a kernel has loaded."""
    shown = Shown()
    shell = type("ZMQInteractiveShell", (), {})()
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    display = types.ModuleType("IPython.display")
    display.HTML, display.display = shown.HTML, shown.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    return shown


def test_a_notebook_is_known_without_importing_one(kernel, monkeypatch):
    assert notebook.in_notebook()
    # IPython on a terminal, and a kernel that something has imported without being one.
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: object())
    assert not notebook.in_notebook()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    assert not notebook.in_notebook()
    monkeypatch.delitem(sys.modules, "ipykernel")
    assert not notebook.in_notebook()


def counts(stage, **more):
    fields = dict.fromkeys(MergeProgress.__dataclass_fields__, 0) | {"stage": stage}
    return MergeProgress(**(fields | more))


def test_a_bar_comes_after_a_second_is_renewed_and_goes(kernel):
    now = [0.0]
    bar = notebook.NotebookBar(clock=lambda: now[0])
    bar.draw(counts("read", num_sources=4, num_sources_read=1))
    assert kernel.texts == []
    now[0] = 1.5
    bar.draw(counts("read", num_sources=4, num_sources_read=2))
    bar.draw(counts("write", planned_bytes=2_000_000, moved_bytes=500_000, num_files=3, num_files_written=1))
    bar.close()
    assert len(kernel.texts) == 3
    assert 'max="4" value="2"' in kernel.texts[0] and "2 of 4 datasets" in kernel.texts[0]
    assert 'value="500000"' in kernel.texts[1] and "500.0 kB of 2.0 MB, 1 of 3 files" in kernel.texts[1]
    assert kernel.texts[2] == ""


def test_a_merge_in_a_notebook_draws_its_bar(kernel, make_source, tmp_path, monkeypatch):
    monkeypatch.setattr(notebook, "DELAY_SECONDS", 0.0)
    robomerge.merge([make_source(), make_source()], tmp_path / "merged")
    assert len(kernel.texts) > 1 and kernel.texts[-1] == ""
    kernel.texts.clear()
    robomerge.merge([make_source()], tmp_path / "quiet", progress=False)
    assert kernel.texts == []


def test_a_quick_merge_shows_nothing(kernel):
    bar = notebook.NotebookBar(clock=lambda: 0.0)
    bar.draw(counts("read"))
    bar.close()
    assert kernel.texts == []

#!/usr/bin/env python3
"""What scripts/site.sh does besides MkDocs.

    site_pages.py collect PAGES    copies the pages, and the files of the repository that they link to, to PAGES
    site_pages.py check SITE       every link of the built site leads to a file and a heading of it, and
                                   nothing is loaded from elsewhere
"""

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md", "bench/README.md", "tests/peer/README.md")
#: Attributes by which a browser loads something, or goes there.
LOADS = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


def collect(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pages = [path for pattern in PAGES for path in REPOSITORY.glob(pattern)]
    files = {REPOSITORY / "docs/favicon.svg"} | {file for page in pages for file in linked(page)}
    for path in sorted({*pages, *files}):
        copy = folder / path.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def linked(page: Path) -> set[Path]:
    """The files of the repository that a page links to. A link that leads nowhere is left to MkDocs."""
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text())
    paths = ((page.parent / (one or other)).resolve() for one, other in targets)
    return {path for path in paths if path.is_file() and path.is_relative_to(REPOSITORY)}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self.names |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in LOADS and LOADS[tag] in values:
            self.loaded.append(values[LOADS[tag]])


def check(site: Path) -> list[str]:
    pages = {path: Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    faults = []
    for path, page in pages.items():
        name = path.relative_to(site)
        if name.name == "404.html":  # its links begin at the root of the server
            continue
        faults += [f"{name}: loads {url}" for url in page.loaded if re.match(r"(?:[a-z]+:)?//", url)]
        for url in (*page.loaded, *page.links):
            if re.match(r"[a-z]+:|//", url):
                continue
            target, anchor = urldefrag(url)
            found = (path.parent / unquote(target)).resolve() if target else path
            if found.is_dir():
                found /= "index.html"
            if not (found.is_file() and found.is_relative_to(site)):
                faults.append(f"{name}: {url} leads nowhere")
            elif anchor and found in pages and unquote(anchor) not in pages[found].names:
                faults.append(f"{name}: {url} leads to no heading")
    if len(pages) < len(PAGES):
        faults.append(f"{site}: only {len(pages)} pages")
    return faults


def main() -> None:
    match sys.argv[1:]:
        case ["collect", folder]:
            collect(Path(folder))
        case ["check", folder]:
            site = Path(folder).resolve()
            faults = check(site)
            print("\n".join(faults), end="\n" if faults else "")
            sys.exit(bool(faults))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()

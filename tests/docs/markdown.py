"""Pages of Markdown as the tests see them: fenced blocks, generated parts, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GALLERY = DOCS / "gallery"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))

_FENCE = re.compile(r"```(\S[^\n]*)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_GENERATED = re.compile(
    r"(<!-- generated: (?P<name>[\w./ -]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its page, its first line, its info string in words, its text."""

    page: Path
    line: int
    info: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        """Page and line, for the names of tests."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def path(self) -> str | None:
        """The file that the block stands for: a word of its info string with a slash or dot."""
        return next((word for word in self.info[1:] if "." in word), None)


def name_of(page: Path) -> str:
    """The page as people call it: tutorial.md, gallery/poll/README.md."""
    return page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page that somebody wrote, in order."""
    text = _GENERATED.sub(_emptied, page.read_text("utf-8"))
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, _words(found[1]), found[2])
        for found in _FENCE.finditer(text)
    ]


def all_blocks(*kinds: str) -> list[Block]:
    """The blocks of every page whose info string begins with one of these words."""
    return [
        each for page in PAGES for each in blocks(page) if each.info[:1] and each.info[0] in kinds
    ]


def _emptied(part: re.Match[str]) -> str:
    """As many lines as the generated part has, so that those behind it keep their numbers."""
    return "\n" * part[0].count("\n")


def _words(info: str | None) -> tuple[str, ...]:
    return tuple((info or "").split())


def generated(page: Path) -> dict[str, str]:
    """The generated parts of a page by name."""
    return {each["name"]: each["body"] for each in _GENERATED.finditer(page.read_text("utf-8"))}


def write_generated(page: Path, parts: dict[str, str]) -> None:
    """Put the parts between their marks."""

    def put(found: re.Match[str]) -> str:
        return f"{found[1]}{parts[found['name']]}{found[4]}"

    page.write_text(_GENERATED.sub(put, page.read_text("utf-8")), "utf-8")


def replace_block(block: Block, text: str) -> None:
    """Give a block another text; its line must still be right."""
    whole = block.page.read_text("utf-8")
    for found in _FENCE.finditer(whole):
        if whole.count("\n", 0, found.start()) + 1 == block.line:
            block.page.write_text(whole[: found.start(2)] + text + whole[found.end(2) :], "utf-8")
            return
    raise AssertionError(f"no block stands at {block.name}")


def headings(page: Path) -> list[str]:
    """The headings of a page, without their marks."""
    bare = _FENCE.sub("", page.read_text("utf-8"))
    return [line.lstrip("#").strip() for line in bare.splitlines() if line.startswith("#")]


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def links(page: Path) -> Iterator[str]:
    """The targets of links and pictures that lead to files of this repository."""
    bare = _FENCE.sub("", page.read_text("utf-8"))
    return (target for target in _LINK.findall(bare) if "://" not in target)


def rows(page: Path, head: str) -> list[list[str]]:
    """The rows of the table with that first line, cell by cell."""
    lines = page.read_text("utf-8").splitlines()
    start = lines.index(head) + 2
    found: list[list[str]] = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        found.append([cell.strip().replace("\\|", "|") for cell in cells])
    return found

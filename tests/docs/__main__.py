"""Writes every generated part of the pages again; see the package's docstring."""

import tempfile
from pathlib import Path

from tests.docs import console, gallery, mistakes, reference
from tests.docs.markdown import DOCS, PAGES, all_blocks, replace_block, write_generated


def main() -> None:
    """Tables, messages, output of commands."""
    write_generated(DOCS / "language.md", reference.tables())
    for page in gallery.PAGES:
        write_generated(page, gallery.parts(page))
    _write_messages()
    for block in all_blocks("text"):
        if len(block.info) == 4:
            replace_block(block, mistakes.spoilt(block))
    for page in PAGES:
        _write_output(page)


def _write_messages() -> None:
    count = len(list(mistakes.examples()))
    for index in range(count):  # the lines of blocks move, so each is looked for again
        example = list(mistakes.examples())[index]
        replace_block(example.told, example.message())


def _write_output(page: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        played = list(console.play(page, Path(folder)))
    for ran in reversed(played):  # from the end, so that the lines of the others stay right
        if console.settled(ran.block.text) != ran.output:
            replace_block(ran.block, ran.output)


if __name__ == "__main__":
    main()

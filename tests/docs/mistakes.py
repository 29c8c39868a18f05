"""The messages of docs/errors.md: what the checker says about the example of each code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from smsflow.engine.extension import Extension, RegisteredAction
from smsflow.engine.language.parse import load
from smsflow.engine.language.report import render
from smsflow.errors import Issue
from smsflow.extending import load as load_with_python
from tests.docs.markdown import DOCS, ROOT, Block, blocks

PAGE = DOCS / "errors.md"
_FLOW = "flows/example.yaml"
_STEPS = b"smsflow: 1\nsteps:\n"

# What the Python of these examples registers.
EXTENSION = Extension({"lookup": RegisteredAction("lookup", print, ("order",), ("name",))})

# Files that a page can't show.
UNSHOWN: Mapping[str, bytes] = {
    "F110": b"# one line of very many\n" * 50_000,
    "F111": _STEPS + "  - send: Fermé\n".encode("latin-1"),
    "F112": _STEPS + b"  - send: We are open\x0b.\n",
    "F113": _STEPS + b"  - send: " + b"[" * 60 + b"]" * 60 + b"\n",
    "F114": b"smsflow: 1\nx-a: &a 1\nx-b:\n" + b"  - *a\n" * 101 + b"steps: [{send: Hi}]\n",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One example of the page: its code, its file, and the block with the message."""

    code: str
    path: str
    data: bytes
    told: Block

    def issues(self) -> tuple[Issue, ...]:
        """What the checker finds in the example."""
        files = {**surroundings(), self.path: self.data}
        if self.path == "smsflow.yaml":
            return load_with_python(files, ROOT).issues
        return load(files, EXTENSION).issues

    def message(self) -> str:
        """The issues as the block should show them."""
        lines = self.data.decode("utf-8", "replace").splitlines()
        shown = [render(issue, lines) for issue in self.issues() if issue.code == self.code]
        return "".join(f"{each}\n" for each in shown[:1])


def surroundings() -> dict[str, bytes]:
    """The sample project without its flows: where examples are checked."""
    paths = [ROOT / "smsflow.yaml", *ROOT.glob("templates/*.j2")]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def examples() -> Iterator[Example]:
    """Every example of the page, in order."""
    shown: Block | None = None
    codes = _codes()
    for block in blocks(PAGE):
        if "mistake" in block.info:
            shown = block
        elif block.info[:1] == ("text",) and len(block.info) > 1:
            code = block.info[1]
            yield Example(code, _FLOW, UNSHOWN[code], block)
        elif block.info[:1] == ("text",) and shown is not None:
            yield Example(codes(shown), shown.path or _FLOW, shown.text.encode(), block)


def spoilt(block: Block) -> str:
    """What is said when a word of a sample is misspelt: `text flows/otp.yaml digits digist`."""
    _, file, right, wrong = block.info
    text = (ROOT / file).read_text("utf-8")
    assert text.count(right) == 1, f"{block.name}: {file} has {right!r} more than once, or never"
    text = text.replace(right, wrong)
    issues = load({**surroundings(), file: text.encode()}).issues
    return "".join(f"{render(issue, text.splitlines())}\n" for issue in issues)


def _codes() -> Callable[[Block], str]:
    lines = PAGE.read_text("utf-8").splitlines()

    def code_of(block: Block) -> str:
        above = (line for line in reversed(lines[: block.line]) if line.startswith("### F"))
        return next(above)[4:8]

    return code_of

"""Whatever is broken in a sample is found, at its line: required keys, and names of other things.

The samples are the sample project, what `smsflow init` begins with, the gallery, and every whole
flow of the pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from smsflow.engine.extension import Extension
from smsflow.engine.language import grammar
from smsflow.engine.language.parse import Loaded, load, read_flows, read_project
from smsflow.errors import Issue
from smsflow.extending import load_folder
from smsflow.files import read_files
from tests.docs.markdown import GALLERY, ROOT, all_blocks
from tests.engine.mutants import Mutant, mutants

FOLDERS = [
    ROOT,
    ROOT / "smsflow" / "starter",
    *sorted(each.parent for each in GALLERY.rglob("smsflow.yaml")),
]
FLOW = "flows/example.yaml"


class World:
    """A whole project without mistakes, of which one file is broken at a time."""

    def __init__(self, files: Mapping[str, bytes], extension: Extension) -> None:
        self.files, self.extension = files, extension
        self.templates = {name: data.decode() for name, data in files.items() if ".j2" in name}
        loaded = self.loaded({})
        assert loaded.errors == (), loaded.errors
        assert loaded.project is not None
        self.project, self.catalogues = loaded.project, loaded.catalogues

    def loaded(self, more: Mapping[str, bytes]) -> Loaded:
        return load({**self.files, **more}, self.extension)

    def told(self, path: str, mutant: Mutant) -> Sequence[Issue]:
        """What is said of the broken file; what others say of it takes reading them all."""
        if mutant.kind == "flow":
            return self.loaded({path: mutant.text.encode()}).issues
        if path == "smsflow.yaml":
            return read_project(mutant.text, extension=self.extension, catalogues=self.catalogues)[
                1
            ]
        return read_flows(
            mutant.text,
            path,
            project=self.project,
            templates=self.templates,
            catalogues=self.catalogues,
            extension=self.extension,
        )[1]

    def survivors(self, path: str, text: str, tried: Counter[str]) -> list[str]:
        """The mutants of a file that are not told where they are broken."""
        found = []
        for mutant in mutants(text, grammar.PROJECT if path == "smsflow.yaml" else grammar.FLOW):
            if path == "smsflow.yaml" and mutant.kind == "languages":
                continue  # any name is one of a language: what it breaks is told in the flows
            tried[mutant.kind or "key"] += 1
            issues = self.told(path, mutant)
            lines = {each.place.line for each in issues if each.place.file == path}
            # A language that a flow does not have is told where its texts name it.
            if not lines & mutant.lines and not (lines and mutant.kind == "languages"):
                said = "; ".join(map(str, issues)) or "silence"
                found.append(f"{path}:{sorted(mutant.lines)} {mutant.what}: {said}")
        return found


def test_whatever_is_broken_in_a_sample_is_found_at_its_line() -> None:
    """Flows and smsflow.yaml of all projects."""
    tried: Counter[str] = Counter()
    left = []
    for folder in FOLDERS:
        world = World(read_files(folder), load_folder(folder).extension)
        for path, data in world.files.items():
            if path.endswith(".yaml"):
                left += [f"{folder.name} {each}" for each in
                         world.survivors(path, data.decode(), tried)]  # fmt: skip
    assert "\n".join(left) == ""
    kinds = {"target", "flow", "template", "request", "policy", "numbers", "provider", "action"}
    assert kinds | {"typed", "enum", "enums", "language", "languages", "lang"} <= tried.keys()
    assert tried["key"] > 300


def test_whatever_is_broken_in_a_flow_of_the_pages_is_found_at_its_line() -> None:
    """Within the sample project, where they are sound."""
    world = World(read_files(ROOT), load_folder(ROOT).extension)
    tried: Counter[str] = Counter()
    left = []
    for block in all_blocks("yaml"):
        if not block.text.startswith("smsflow: 1") or {"mistake", "fragment"} & set(block.info):
            continue
        if not world.told(FLOW, Mutant("itself", block.text, frozenset())):
            found = world.survivors(FLOW, block.text, tried)
            left += [f"{block.name} {each}" for each in found]
    assert "\n".join(left) == ""
    assert sum(tried.values()) > 150


def test_a_template_that_is_gone_is_told_where_it_is_named() -> None:
    """In one language or in all."""
    tried = 0
    for folder in FOLDERS:
        world = World(read_files(folder), load_folder(folder).extension)
        for path in world.templates:
            files = {name: data for name, data in world.files.items() if name != path}
            name = path.removeprefix("templates/").split(".")[0]
            told = [
                world.files[each.place.file].decode().split("\n")[each.place.line - 1]
                for each in load(files, world.extension).issues
            ]
            assert any(f"template: {name}" in line for line in told), (path, told)
            tried += 1
    assert tried >= 5

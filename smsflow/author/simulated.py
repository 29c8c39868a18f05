"""A project as the simulator takes it: its world, and new versions of flows that go live in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from smsflow.engine import world
from smsflow.engine.language import parse
from smsflow.engine.language.catalogues import Catalogues
from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.model import Flow, Project
from smsflow.engine.world import World
from smsflow.errors import ProjectInvalid, SettingsInvalid
from smsflow.extending import load
from smsflow.files import read_bytes, read_files

# Keys the digests of codes that nobody gets: a real one would only be a secret to lose.
_SECRET = b"codes of simulations are no secret"


@dataclass(frozen=True, slots=True)
class SimulatedProject:
    """A sound project and its world."""

    folder: Path
    project: Project
    world: World
    templates: dict[str, str]
    catalogues: Catalogues

    def flow(self, name: str) -> Flow:
        """The flow of that name, or of that file; SettingsInvalid suggests another."""
        flows = self.world.flows
        found = flows.get(name) or flows.get(PurePosixPath(name).stem)
        if found is None:
            hint = suggest(name, flows, f"the project has: {listed(sorted(flows)) or 'none'}")
            raise SettingsInvalid(f"there is no flow '{name}'; {hint}")
        return found

    def with_new_version(self, path: str, now: World) -> World:
        """The world `now` with the flow of that file in place of the one of its name.

        tests/flows/otp.new.yaml is a new version of `otp`. ProjectInvalid when the file has
        errors, SettingsInvalid when it can't be read or is of no flow.
        """
        data = read_bytes(self.folder / path)
        flows, issues = parse.read_flows(
            data,
            path,
            project=self.project,
            templates=self.templates,
            catalogues=self.catalogues,
            extension=now.extension,
        )
        if not flows:
            raise ProjectInvalid([issue for issue in issues if issue.level == "error"])
        newer = dict(now.flows)
        for flow in flows:
            name = flow.name if flow.name in newer else flow.name.partition(".")[0]
            if name not in newer:
                hint = suggest(name, newer, f"the project has: {listed(sorted(newer))}")
                raise SettingsInvalid(f"{path} is a version of no flow '{name}'; {hint}")
            newer[name] = replace(flow, name=name)
        return world.build(self.project, newer, secret=_SECRET, extension=now.extension)


def open_project(folder: Path) -> SimulatedProject:
    """The project in a folder; ProjectInvalid holds everything that is wrong with its files."""
    files = read_files(folder)
    loaded = load(files, folder).sound()
    if loaded.project is None:
        raise ProjectInvalid(loaded.issues)
    templates = {
        path: data.decode("utf-8-sig")
        for path, data in files.items()
        if path.startswith("templates/") and path.endswith(".j2")
    }
    built = world.build(loaded.project, loaded.flows, secret=_SECRET, extension=loaded.extension)
    return SimulatedProject(folder, loaded.project, built, templates, loaded.catalogues)

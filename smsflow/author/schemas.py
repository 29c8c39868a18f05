"""The schemas of a project for editors, as files beside it.

They lie in `.smsflow`, which is no part of the project's history: they are made from its files and
name what it has just now.
"""

from __future__ import annotations

import json
from pathlib import Path

from smsflow.engine.language import parse, schema
from smsflow.errors import SettingsInvalid
from smsflow.extending import load_folder

FLOWS = ".smsflow/flow.schema.json"
PROJECT = "project.schema.json"  # beside the one of flows


def schemas_of(loaded: parse.Loaded) -> tuple[str, str]:
    """The schema of flow files and that of smsflow.yaml, as JSON."""
    names = schema.names_of(loaded.project, loaded.flows.values(), loaded.extension.actions)
    return _json(schema.flow_schema(names)), _json(schema.project_schema(names))


def write_schemas(folder: Path, output: Path | None = None) -> list[Path]:
    """Write both schemas of the project in `folder`; the paths. Mistakes in its files don't hinder:
    names that could not be read are only not suggested."""
    flows, project = schemas_of(load_folder(folder))
    first = output or folder / FLOWS
    written = {first: flows, first.with_name(PROJECT): project}
    for path, text in written.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise SettingsInvalid(f"can't write {path} ({error.strerror or error})") from error
    return list(written)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"

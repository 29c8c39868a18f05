"""What the builders of steps share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Fields
from smsflow.engine.model import AnyStep
from smsflow.engine.scope import RESERVED

Builder = Callable[[Context, Draft, dict[str, Any]], AnyStep]


def variable(ctx: Context, fields: Fields, key: str) -> None:
    """Note a name that can't be a variable."""
    name, node = fields.get(key), fields.nodes[key]
    if not name.isidentifier() or name in RESERVED:
        why = "is a name of smsflow's own" if name in RESERVED else "can't be read in a text"
        ctx.issue(node.place, "F310", f"{name!r} {why}", "use letters, digits and _")


def needs(ctx: Context, fields: Fields, handler: str, key: str) -> None:
    if handler in fields.places and key not in fields.places:
        message = f"'{handler}' can never happen: this step has no '{key}'"
        ctx.issue(fields.places[handler], "F212", message, f"add '{key}' or leave it out")

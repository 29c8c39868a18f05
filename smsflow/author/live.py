"""The world of a project with what its database remembers: contacts, sessions, older versions."""

from __future__ import annotations

from smsflow.engine.language import parse
from smsflow.engine.model import Flow
from smsflow.engine.state import Conversation
from smsflow.engine.world import World
from smsflow.errors import ProjectInvalid
from smsflow.store import Store


def with_versions(world: World, store: Store, conversation: Conversation) -> World:
    """The world with the versions to which the open sessions are pinned, as far as they are
    remembered."""
    wanted = {(each.flow, each.version) for each in conversation.sessions}
    missing = [each for each in sorted(wanted) if world.flow(*each) is None]
    found = [version_of(world, store, name, version) for name, version in missing]
    return world.with_pinned([flow for flow in found if flow is not None])


def version_of(world: World, store: Store, name: str, version: str) -> Flow | None:
    """That version of a flow: the project's own, or the one that the database keeps."""
    known = world.flow(name, version)
    if known is not None:
        return known
    source = store.flow_source(name, version)
    try:
        return None if source is None else parse.read_bundle(source, world.project)
    except ProjectInvalid:
        return None

"""Expressions that are read where no session is: in triggers, and in what an event is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smsflow.engine import policy
from smsflow.engine.model import Expression, Value
from smsflow.engine.scope import contact_scope
from smsflow.engine.state import Contact
from smsflow.engine.templating.templates import compile_expression
from smsflow.engine.templating.values import in_zone
from smsflow.engine.world import World


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads in a language and a zone, with the project's own filters. Raises TemplateError."""

    world: World
    language: str
    zone: str

    @classmethod
    def of_project(cls, world: World) -> Reader:
        """One for what is about nobody yet."""
        return cls(world, world.project.languages[0], world.project.timezone)

    @classmethod
    def of_contact(cls, world: World, contact: Contact, *, language: str | None = None) -> Reader:
        """One for what is about them, by their own clock."""
        project = world.project
        zone = policy.zone_of(contact.phone, known=contact.timezone, project=project.timezone)
        return cls(world, language or contact.language or project.languages[0], zone)

    def scope(self, now: datetime, contact: Contact | None = None) -> dict[str, Any]:
        """What can be read before there is a session."""
        local = in_zone(now, self.zone)
        scope: dict[str, Any] = {"now": local, "today": local.date()}
        if contact is not None:
            scope["contact"] = contact_scope(contact, self.world.project, zone=self.zone)
        return scope

    def read(self, expression: Expression, scope: Mapping[str, Any]) -> Any:
        """The value; None when it is unset."""
        compiled = compile_expression(expression.source, None)
        filters = self.world.extension.filters
        return compiled.value_if_set(scope, language=self.language, zone=self.zone, filters=filters)

    def read_all(self, values: Mapping[str, Value], scope: Mapping[str, Any]) -> dict[str, Any]:
        """The values of slots by name, with null for what is unset."""
        return {
            name: each.filled(lambda expression: self.read(expression, scope))
            for name, each in values.items()
        }

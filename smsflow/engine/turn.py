"""The workbench of one turn: the conversation being changed, and the effects so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

from smsflow.engine import policy
from smsflow.engine.copying import copied_contact, copied_session
from smsflow.engine.effects import DropQueued, Effect, SendText, SetTimer, Traced
from smsflow.engine.failing import FlowFailed as FlowFailed
from smsflow.engine.hiding import hidden
from smsflow.engine.hiding import masked as mask_of
from smsflow.engine.holding import Hold, hold
from smsflow.engine.leaving import own_quiet, plan_text
from smsflow.engine.model import (
    Delivery,
    Duration,
    Expression,
    Flow,
    Speaking,
    Step,
    Text,
    Value,
)
from smsflow.engine.scope import contact_scope, session_scope
from smsflow.engine.state import Conversation, Plan, Session, Waiting
from smsflow.engine.templating.templates import (
    CompiledExpression,
    TemplateError,
    compile_expression,
    compile_text,
)
from smsflow.engine.templating.values import in_zone
from smsflow.engine.wording import Wording, options_of, place_of, worded
from smsflow.engine.world import World

MAX_TEXTS = 50  # in one session (flow-language section 1.9)


class Turn:
    """What the engine's parts share while one event is worked off. The input is never touched."""

    def __init__(
        self, world: World, conversation: Conversation, *, now: datetime, rng: Random
    ) -> None:
        self.world = world
        self.now = now
        self.rng = rng
        self.effects: list[Effect] = []
        self.ended: list[Session] = []  # in this turn, and nobody has been told yet
        self.resumed: list[tuple[Session, str | None]] = []  # with the handler that they come from
        self.interrupted: list[Session] = []  # have to end, for another flow asks
        self.contact = copied_contact(conversation.contact)
        self.conversation = Conversation(
            self.contact, [copied_session(each) for each in conversation.sessions]
        )

    # --- looking things up -------------------------------------------------------------------

    @property
    def zone(self) -> str:
        """The contact's time zone, an IANA name."""
        return policy.zone_of(
            self.contact.phone, known=self.contact.timezone, project=self.world.project.timezone
        )

    def by_the_clock(self, moment: datetime) -> str:
        """A moment by the contact's clock, for the trace: `29 Mar 10:30 (Europe/London)`."""
        local = in_zone(moment, self.zone)
        year = "" if local.year == in_zone(self.now, self.zone).year else f" {local.year}"
        return f"{local.day} {local:%b}{year} {local:%H:%M} ({self.zone})"

    def flow_of(self, session: Session) -> Flow:
        """The very version of the flow that the session is on."""
        flow = self.world.flow(session.flow, session.version)
        if flow is None:
            raise FlowFailed("flow", f"version {session.version} of the flow is gone", None)
        return flow

    def new_id(self) -> str:
        """A new id: 12 hex digits of the time in milliseconds, then 20 random ones."""
        return f"{int(self.now.timestamp() * 1000):012x}{self.rng.getrandbits(80):020x}"

    # --- templates and expressions --------------------------------------------------------------

    def scope(self, session: Session) -> dict[str, Any]:
        """The names that a step of this session can read."""
        return session_scope(
            session,
            self.flow_of(session),
            self.contact,
            self.world.project,
            now=self.now,
            zone=self.zone,
        )

    def render(self, session: Session, text: Text, extra: Mapping[str, Any] | None = None) -> str:
        """A text of the flow, in the session's language."""
        template = text.in_language(session.language)
        try:
            compiled = compile_text(template.source, None)
            # Many texts read nothing, and gathering what they could read takes longer than they do.
            scope = self.scope(session) if compiled.names else {}
            if extra:
                scope.update(extra)
            return compiled.render(
                scope,
                language=session.language,
                zone=self.zone,
                filters=self.world.extension.filters,
            )
        except TemplateError as error:
            raise FlowFailed("template", str(error), template.place) from error

    def evaluate(self, session: Session, expression: Expression) -> Any:
        """The value of an expression of the flow; an unset name fails the session."""
        return self._worked_out(session, expression, CompiledExpression.evaluate)

    def evaluate_if_set(self, session: Session, expression: Expression) -> Any:
        """The value of an expression of the flow; None for an unset name."""
        return self._worked_out(session, expression, CompiledExpression.value_if_set)

    def holds(
        self,
        session: Session,
        condition: Expression | None,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """True when there is no condition, or it is met; an unset name alone is not."""
        if condition is None:
            return True
        return bool(self._worked_out(session, condition, CompiledExpression.holds, extra))

    def _worked_out(
        self,
        session: Session,
        expression: Expression,
        how: Callable[..., Any],
        extra: Mapping[str, Any] | None = None,
    ) -> Any:
        scope = self.scope(session)
        if extra:
            scope.update(extra)
        try:
            compiled = compile_expression(expression.source, None)
            return how(
                compiled,
                scope,
                language=session.language,
                zone=self.zone,
                filters=self.world.extension.filters,
            )
        except TemplateError as error:
            raise FlowFailed("template", str(error), expression.place) from error

    def value(self, session: Session, value: Value) -> Any:
        """The value of a value slot; None for an unset name."""
        return value.filled(lambda each: self.evaluate_if_set(session, each))

    def needed_value(self, session: Session, value: Value) -> Any:
        """The value of a slot that null makes no sense in; an unset name fails the session."""
        return value.filled(lambda each: self.evaluate(session, each))

    def data(self, session: Session, items: Mapping[str, Value]) -> dict[str, Any]:
        """Values of slots by name."""
        return {name: self.value(session, item) for name, item in items.items()}

    # --- effects --------------------------------------------------------------------------------

    def wait(
        self, session: Session, step: Step, kind: str, text: SendText | None = None
    ) -> Waiting:
        """Let the session wait at this step, for the fate of or the answer to `text` if given."""
        session.serial += 1
        session.waiting = Waiting(
            step=step.id,
            serial=session.serial,
            kind=kind,
            numbers=[text.plan.number] if text else [],
            root=text.message if text else None,
            since=text.due if text else self.now,
        )
        return session.waiting

    def trace(
        self,
        session: Session | None,
        step: Step | None,
        what: str,
        detail: str,
        *,
        way: str | None = None,
    ) -> None:
        """One line for the trace; `way`: the one that the session takes by this (`engine.ways`)."""
        if session is not None:
            detail = hidden(self.world.flow(session.flow, session.version), session, detail)
        self.effects.append(
            Traced(
                session.id if session else None,
                step.id if step else None,
                what,
                detail,
                step.place if step else None,
                way,
            )
        )

    def timer(self, session: Session, waiting: Waiting, name: str, due: datetime) -> None:
        """Wake the session at `due`, if it is still in that wait."""
        waiting.due[name] = due
        self.effects.append(SetTimer(session.id, waiting.serial, name, due))

    def deadline(self, session: Session, name: str, due: datetime) -> None:
        """Wake the session at `due`, whatever it waits for then."""
        self.effects.append(SetTimer(session.id, 0, session.deadline_name(name), due))

    def drop_retries(self, root: str | None) -> None:
        """Whatever was still to be tried for that text is pointless now."""
        drop = DropQueued("superseded", root)
        if root is not None and drop not in self.effects:
            self.effects.append(drop)

    def length(self, duration: Duration, since: datetime) -> datetime:
        """The moment that lies `duration` after `since` for this contact."""
        return duration.after(since, self.zone)

    def say(
        self,
        session: Session,
        step: Speaking | None,
        text: str,
        *,
        at: Step,
        slot: Text | None = None,
        masked: str | None = None,
        waits: bool = False,
        question: bool = False,
        expires: Duration | None = None,
        to: str | None = None,
        later: datetime | None = None,
    ) -> SendText:
        """Send a rendered text, by the delivery settings of `step`; `slot`: not its own words;
        `to`: another phone than the contact's; `later`: when the provider is to send it."""
        if session.sent >= MAX_TEXTS:
            raise FlowFailed("limit", f"a session may send {MAX_TEXTS} texts at most", at.place)
        flow = self.flow_of(session)
        delivery = step.delivery if step is not None else Delivery()
        rules = policy.Rules(self.world.project)
        options = options_of(delivery, flow, lambda value: self.value(session, value), at.place)
        words = Wording(text, slot)
        if step is not None and slot is None:
            usual = self.world.project.policy(delivery.policy)
            words = worded(step, usual, text, options, lambda other: self.render(session, other))
        if masked is None and flow.sensitive:
            said_in = words.slot or (step.text if step is not None else None)
            masked = mask_of(flow, session, words.text, said_in)
        own = own_quiet(flow, delivery)
        window, opener = plan_text(
            rules, self.contact, session, flow, self.now, delivery=delivery, to=to
        )
        session.sent += 1
        if to is None and later is None:
            session.leaves_at = window.opens if window.opens > self.now else None
        held = Hold(window)
        if later is not None:
            number = self.world.project.numbers[self.first_number(session, step)]
            held = hold(rules, self.contact, flow.kind, window, later, number, own=own, to=to)
        plan = replace(
            self.plan(session, delivery, held.sent_at, waits=waits, question=question),
            quiet=own,
            holds=delivery.quiet == "hold",
            fallback=words.fallback,
        )
        expires = expires or delivery.validity
        lives = expires and self.length(expires, held.sent_at)
        ends = [each for each in (lives, plan.give_up_at) if each]
        effect = SendText(
            message=self.new_id(),
            session=session.id,
            flow=flow.name,
            step=at.id,
            text=words.text,
            masked=masked,
            kind=flow.kind,
            plan=plan,
            due=held.window.opens,
            closes=held.window.closes,
            opener=opener,
            expires=min(ends, default=None),
            to=to,
            options=replace(options, send_at=held.send_at),
            place=place_of(step, words.slot, session.language),
        )
        self.effects.append(effect)
        whom = "" if to is None else f"to {to}: "
        self.trace(session, at, "send", whom + (masked or words.text))
        return effect

    def first_number(self, session: Session, step: Speaking | None) -> str:
        """The name of our number on which a text of that step would go out now."""
        delivery = step.delivery if step is not None else Delivery()
        return self.plan(session, delivery, self.now, waits=False, question=True).number

    def plan(
        self, session: Session, delivery: Delivery, due: datetime, *, waits: bool, question: bool
    ) -> Plan:
        """What may be tried from `due` on, without numbers that the project has lost since the
        session or its flow named them."""
        project = self.world.project
        plan = policy.plan(
            project.policy(delivery.policy),
            delivery,
            now=due,
            zone=self.zone,
            talking_on=session.number if session.number in project.numbers else None,
            waits=waits,
            question=question,
        )
        via = tuple(name for name in plan.via if name in project.numbers)
        return plan if via == plan.via else replace(plan, via=via or project.policy(None).via)

    def answer_by_name(
        self,
        name: str,
        number: str,
        *,
        passes_block: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Send one of the built-in texts, on the number that was texted."""
        text = self.world.built_in[name]
        self.answer(text, number, name=name, passes_block=passes_block, kind="system", extra=extra)

    def answer(
        self,
        text: Text,
        number: str,
        *,
        name: str | None,
        passes_block: bool,
        kind: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a text that belongs to no session."""
        language = self.contact.language or self.world.project.languages[0]
        template = text.in_language(language)
        try:
            rendered = compile_text(template.source, None).render(
                {
                    "contact": contact_scope(self.contact, self.world.project, zone=self.zone),
                    "project": {"name": self.world.project.name},
                    **(extra or {}),
                },
                language=language,
                zone=self.zone,
                filters=self.world.extension.filters,
            )
        except TemplateError as error:
            self.effects.append(Traced(None, None, "error", str(error), template.place))
            return
        self.effects.append(
            SendText(
                message=self.new_id(),
                session=None,
                flow=None,
                step=None,
                text=rendered,
                masked=None,
                kind=kind,
                plan=Plan(via=(number,)),
                due=self.now,
                passes_block=passes_block,
                name=name,
            )
        )

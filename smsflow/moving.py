"""Moving open sessions to another version of their flow: one short transaction for each.

The session is read anew in its transaction, while no worker has its contact, so a reply that comes
at the same time is worked off before the move or after it, and neither is lost.
"""

from __future__ import annotations

from random import Random

from smsflow.clock import Clock
from smsflow.engine.effects import SetTimer, Traced
from smsflow.engine.model import Flow
from smsflow.engine.moving import moved
from smsflow.engine.world import World
from smsflow.store import Store
from smsflow.store.rows import Changes, LiveSession

GONE = "it has ended, or moved, meanwhile"


class Mover:
    """Moves sessions of one flow from its version `old` to `new`."""

    def __init__(
        self, store: Store, world: World, old: Flow, new: Flow, *, clock: Clock, rng: Random
    ) -> None:
        self._store = store
        self._world = world.with_pinned([old, new])
        self._old = old
        self._new = new
        self._clock = clock
        self._rng = rng

    def try_out(self, live: LiveSession) -> str:
        """Why the session could not be moved now; '' when it could. Nothing is written."""
        conversation = self._store.conversation(live.phone)
        found = conversation.session(live.id)
        if found is None or found.version != self._old.version:
            return GONE
        now = self._clock.now()
        return moved(self._world, conversation, live.id, self._new, now=now, rng=self._rng)[2]

    def move(self, live: LiveSession) -> str:
        """Move the session; why that was not possible, or ''."""
        now = self._clock.now()
        with self._store.holding(live.phone, now) as batch:
            conversation = batch.conversations([live.phone])[live.phone]
            found = conversation.session(live.id)
            if found is None or found.version != self._old.version:
                return GONE
            after, effects, why_not = moved(
                self._world, conversation, live.id, self._new, now=now, rng=self._rng
            )
            session = after.session(live.id)
            if why_not or session is None:
                return why_not
            changes = Changes()
            changes.sessions[live.id] = (live.phone, session)
            if after.contact != conversation.contact:
                changes.contacts[live.phone] = after.contact
            changes.timers += [(live.phone, each) for each in effects if isinstance(each, SetTimer)]
            changes.traced += [(live.phone, each) for each in effects if isinstance(each, Traced)]
            batch.save(changes)
            return ""

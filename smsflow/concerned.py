"""Which message an inbox row is about, and whether the wire id that it names was ever ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smsflow.store.rows import InboxRow, Kind, Message


def message_of(wire_id: str) -> str:
    """The message's id: a wire id is `<message>-<epoch>`."""
    return wire_id.rpartition("-")[0]


def issued(message: Message, wire_id: str) -> bool:
    """True when we really gave out that wire id: no epoch beyond the present one."""
    epoch = wire_id.rpartition("-")[2]
    return epoch.isascii() and epoch.isdigit() and len(epoch) < 10 and int(epoch) <= message.epoch


def message_ids(rows: Sequence[InboxRow]) -> Iterable[str]:
    """The ids of the messages that these rows are about."""
    ids = set()
    for row in rows:
        match row.kind:
            case Kind.DLR | Kind.CLICK:
                ids.add(message_of(row.payload["wire_id"]))
            case Kind.REPORT | Kind.NO_REPORT:
                ids.add(row.payload["message"])
            case _:
                pass
    return ids

"""The truth, in SQL: inbox, outbox, contacts, sessions, messages. The same code on both databases."""

from smsflow.store.store import Store as Store

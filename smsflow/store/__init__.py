"""The truth, in SQL: inbox, outbox, contacts, sessions, messages; the same code on both databases.

What happens is decided elsewhere. Here it becomes rows, in transactions that are whole or nothing.
"""

from smsflow.store.store import Store as Store

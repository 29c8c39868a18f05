"""Every race that smsflow knows, by name, each with the rule that settles it.

They run on SQLite and on PostgreSQL, with threads where these can meet. The simulation
(`tests/simulation`) finds such meetings by itself; here a reader finds them.
"""

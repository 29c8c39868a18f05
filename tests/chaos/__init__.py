"""smsflow for real, with everything killed while thousands of people text.

    python -m tests.chaos --messages 10000 --kill-every 2 --seed 1

Promises are easily made of a model. Here `smsflow web`, `smsflow worker`, PostgreSQL and Redis run
as they do in production, and whatever can end ends: kill -9, an immediate shutdown of the database,
an emptied Redis, processes that stand still for longer than a lease. The provider fails in all the
ways its manual allows. At the end an auditor, who knows what was texted and what the provider's
handsets hold, says whether each text that was acknowledged was answered, once, in order.
"""

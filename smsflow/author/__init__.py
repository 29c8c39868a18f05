"""The author's tools: what somebody who writes flows has at hand before a single text is sent.

Tests are found and played, conversations held in a terminal and written down, projects begun. All
of it runs on the simulator, without a server; `cli` and `pytest_plugin` are the doors.
"""

"""The provider's HTTP API, served: a phone network on this machine, with handsets and a will.

It is a program of its own. It knows nothing of flows, and shares neither its wire format nor its
tables of codes with the client in `smsflow.providers`: a mistake in shared code would cancel
itself out, and every test would pass.
"""

"""Requests to web services that flows call: which addresses they may reach, and how long they may
take. A flow can be led by what somebody texts, so this side trusts nothing but smsflow.yaml."""

from __future__ import annotations

from smsflow.webclient.client import Carrier, Request, WebClient

__all__ = ["Carrier", "Request", "WebClient"]

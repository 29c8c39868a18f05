"""A typed client of PigeonHost's HTTP API: every endpoint of the manual, and what came after it.

    client = Client("https://api.sms.pigeonhost.com", Basic("user", "password"))
    answer = client.send_single(PlainText("InfoSMS", ["+41793026727"], "My first SMS"))
    answer.texts[0].status.name

It holds no opinion: what an answer means to a text of a flow is the adapter's business
(`smsflow.providers.pigeonhost`), which is built on it.
"""

from smsflow.providers.client.client import AppKey, Basic, Client, Login
from smsflow.providers.client.errors import AnswerUnreadable, Refused
from smsflow.providers.client.forms import (
    Destination,
    FullText,
    LogFilter,
    PlainText,
    SpeedLimit,
)
from smsflow.providers.client.values import (
    Balance,
    Bulk,
    LogEntry,
    Lookup,
    Network,
    Preview,
    Price,
    ReceivedText,
    ReceivedTexts,
    Submitted,
    SubmittedText,
    TextReport,
)
from smsflow.providers.content import Format
from smsflow.sms.messages import Day, DeliveryWindow, Tracking

__all__ = [
    "AnswerUnreadable",
    "AppKey",
    "Balance",
    "Basic",
    "Bulk",
    "Client",
    "Day",
    "DeliveryWindow",
    "Destination",
    "Format",
    "FullText",
    "LogEntry",
    "LogFilter",
    "Login",
    "Lookup",
    "Network",
    "PlainText",
    "Preview",
    "Price",
    "ReceivedText",
    "ReceivedTexts",
    "Refused",
    "SpeedLimit",
    "Submitted",
    "SubmittedText",
    "TextReport",
    "Tracking",
]

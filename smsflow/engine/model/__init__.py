"""What a flow is once it is read: a graph of steps, each with the ways in which it can end.

A flow file is a list of steps with an implicit next, side paths named `sections`, and handlers
that hang on a step's outcomes. Reading turns all of that into one graph: every step has an id,
the id of the step that follows, and a table of outcomes with the step each leads to. A handler's
last step leads back to the step after its owner, so a position in a flow is a single step id and
a session needs no stack.

All of it is frozen: a flow is a value, and its version is the hash of what it was read from.
"""

from __future__ import annotations

from smsflow.engine.model.flow import (
    Anytime,
    Flow,
    Input,
    QuietHours,
    Schedule,
    StartLimit,
    Trigger,
)
from smsflow.engine.model.project import (
    Caps,
    ContactField,
    DeliveryPolicy,
    Keep,
    Number,
    Project,
    ProviderEntry,
)
from smsflow.engine.model.slots import (
    WEEKDAYS,
    Duration,
    Expression,
    Happening,
    Moment,
    Template,
    Text,
    Value,
)
from smsflow.engine.model.steps import (
    DELIVERY_OUTCOMES,
    AnyStep,
    Ask,
    Delivery,
    Emit,
    End,
    Goto,
    Group,
    If,
    Log,
    Nudge,
    Otp,
    Resend,
    Resume,
    Retry,
    Run,
    Send,
    Set,
    Speaking,
    Start,
    Step,
    Subscribe,
    Switch,
    Unsubscribe,
    Wait,
)

__all__ = [
    "DELIVERY_OUTCOMES",
    "WEEKDAYS",
    "AnyStep",
    "Anytime",
    "Ask",
    "Caps",
    "ContactField",
    "Delivery",
    "DeliveryPolicy",
    "Duration",
    "Emit",
    "End",
    "Expression",
    "Flow",
    "Goto",
    "Group",
    "Happening",
    "If",
    "Input",
    "Keep",
    "Log",
    "Moment",
    "Nudge",
    "Number",
    "Otp",
    "Project",
    "ProviderEntry",
    "QuietHours",
    "Resend",
    "Resume",
    "Retry",
    "Run",
    "Schedule",
    "Send",
    "Set",
    "Speaking",
    "Start",
    "StartLimit",
    "Step",
    "Subscribe",
    "Switch",
    "Template",
    "Text",
    "Trigger",
    "Unsubscribe",
    "Value",
    "Wait",
]

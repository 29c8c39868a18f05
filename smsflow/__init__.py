"""smsflow: two-way SMS campaigns as code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smsflow.app import App

__all__ = ["App", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`smsflow.App`, imported when it is asked for: commands that need none start sooner."""
    if name == "App":
        from smsflow.app import App

        return App
    raise AttributeError(f"module 'smsflow' has no attribute {name!r}")

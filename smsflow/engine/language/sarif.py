"""Issues as SARIF 2.1.0 (OASIS), which code hosts read to mark lines in a pull request.

Section numbers in the comments are those of the standard. Columns count characters (3.14.27).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smsflow.engine.language.issue_codes import CODES
from smsflow.errors import Issue

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(issues: Sequence[Issue], version: str) -> dict[str, Any]:
    """One log with one run of `smsflow check`; `version` is that of smsflow."""
    codes = sorted({issue.code for issue in issues})
    rules = [
        {"id": code, "shortDescription": {"text": CODES.get(code, code).removesuffix(" (warning)")}}
        for code in codes
    ]
    driver = {"name": "smsflow", "version": version, "rules": rules}  # 3.19
    results = [_result(issue, codes.index(issue.code)) for issue in issues]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(issue: Issue, rule: int) -> dict[str, Any]:
    place = issue.place
    region = {  # 3.30; the end is the column behind the last character
        "startLine": place.line,
        "startColumn": place.column,
        "endColumn": place.column + place.length,
    }
    text = f"{issue.message}: {issue.hint}" if issue.hint else issue.message
    location = {"artifactLocation": {"uri": _uri(place.file)}, "region": region}
    return {
        "ruleId": issue.code,
        "ruleIndex": rule,
        "level": issue.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def _uri(path: str) -> str:
    """A relative path as a URI reference (RFC 3986, 2.1)."""
    return "".join(
        chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in path.encode("utf-8")
    )

"""Results of tests as JUnit XML, which every build server reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from smsflow.author.failures import failure_text
from smsflow.author.scripts import Script, Timed

# What XML 1.0 has no place for, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml(scripts: Sequence[tuple[Script, Sequence[Timed]]]) -> bytes:
    """The results of each file as a test suite, a file that can't be read as an error."""
    root = ElementTree.Element("testsuites", name="smsflow")
    for script, results in scripts:
        _suite(root, script, results)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True)) + b"\n"


def _suite(root: ElementTree.Element, script: Script, results: Sequence[Timed]) -> None:
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_clean(script.file),
        tests=str(len(results) + len(script.issues)),
        failures=str(sum(not each.played.passed for each in results)),
        errors=str(len(script.issues)),
        time=f"{sum(each.seconds for each in results):.6f}",
    )
    for result in results:
        case = _case(suite, script, result.played.test.name, result.seconds)
        case.set("line", str(result.played.test.place.line))
        if not result.played.passed:
            message = _clean(result.played.reason)
            failure = ElementTree.SubElement(case, "failure", message=message)
            failure.text = _clean(failure_text(result.played))
    for issue in script.issues:
        case = _case(suite, script, f"{issue.code} at {issue.place}", 0.0)
        ElementTree.SubElement(case, "error", message=_clean(f"{issue.message} {issue.hint}"))


def _case(
    suite: ElementTree.Element, script: Script, name: str, seconds: float
) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(script.file),
        name=_clean(name),
        file=_clean(script.file),
        time=f"{seconds:.6f}",
    )


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

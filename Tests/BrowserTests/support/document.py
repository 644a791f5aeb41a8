"""docs/PROTOCOL.md as something that can be checked: its examples, its tables, and its traces."""

import json
import re
from dataclasses import dataclass, field

from .servers import ROOT

DOCUMENT = ROOT / "docs" / "PROTOCOL.md"
LINE = re.compile(r"^([a-z]\d) (→|←) (.*)$")


@dataclass
class Step:
    """One line of a trace: a device sends a frame, gets one, or loses its connection (`frame` is none)."""

    device: str
    sends: bool
    frame: dict | None
    text: str


@dataclass
class Trace:
    name: str
    steps: list = field(default_factory=list)


def text():
    return DOCUMENT.read_text(encoding="utf-8")


def section(title):
    """From the heading with that title to the next of the same level."""
    found = re.search(rf"^(#+) (?:\d+ )?{re.escape(title)}$(.*?)(?=^#{{1,2}} |\Z)", text(), re.M | re.S)
    if found is None:
        raise LookupError(f"there is no section “{title}” in {DOCUMENT}")
    return found[2]


def subsection(title):
    found = re.search(rf"^### {re.escape(title)}$(.*?)(?=^##|\Z)", text(), re.M | re.S)
    if found is None:
        raise LookupError(f"there is no section “{title}” in {DOCUMENT}")
    return found[1]


def traces():
    """A trace for each `###` of the section that has some."""
    found = []
    for part in re.split(r"^### ", section("Whole calls"), flags=re.M)[1:]:
        trace = Trace(part.splitlines()[0])
        for line in part.splitlines():
            if match := LINE.match(line):
                device, arrow, rest = match.groups()
                frame = json.loads(rest) if rest.startswith("{") else None
                trace.steps.append(Step(device, arrow == "→", frame, line))
        found.append(trace)
    return found


def frames():
    """Every example of a frame that stands in a block of its own."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text(), re.M | re.S)]


def messages():
    """The examples in the table of messages, by kind."""
    rows = re.findall(r"^\| `(\w+)` [CS] \| `(\{.*?\})` \|", section("Messages"), re.M)
    return {kind: json.loads(example) for kind, example in rows}


def names_in_table(title):
    """All names in the first column of the tables of a subsection; a cell may hold several."""
    cells = re.findall(r"^\|([^|]*)\|", subsection(title), re.M)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def swift_cases(path):
    """The raw values of a Swift enumeration of strings."""
    source = (ROOT / "Sources" / path).read_text(encoding="utf-8")
    body = source[source.index("public enum"):]
    found = set()
    for name, raw in re.findall(r"^    case (\w+)(?: = \"(\w+)\")?$", body, re.M):
        found.add(raw or name)
    return found

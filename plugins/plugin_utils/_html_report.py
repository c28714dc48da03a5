# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""From the result of otterscale_resources to a web page for people: no file, no network, no clock.

What a server says cannot become markup: the page is rendered here and not by Ansible's `template`, with an environment
of Jinja2 in which every value is escaped, whoever edits the template. The page forbids scripts and requests besides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from ..module_utils._errors import printable

TEMPLATE = Path(__file__).with_name("_html_report.html.j2")
MAX_ENTRIES = 500  # that are shown with what differs, or why they failed
MAX_NAMES = 2000  # of those of which there is no more to say
MAX_OPEN = 20  # differences that are unfolded
MAX_CHARACTERS = 5000  # of one value
MAX_LINES = 300

KINDS = {"datavolume": "data volume", "vm_service": "VM service"}
HEADING = ("namespace", "name")  # fields that the heading of a resource shows
GIB = 1024**3
OUTCOMES = ("failed", "changed", "skipped", "unchanged")


class Words(NamedTuple):
    """What differs between a prediction and what was done."""

    report: str
    changed: str
    verb: str
    verb_of_many: str
    verdict: str
    before: str
    after: str
    created: str
    updated: str
    deleted: str
    unchanged: str = "as declared"


PREDICTED = Words(
    report="Drift report",
    changed="different",
    verb="differs",
    verb_of_many="differ",
    verdict="from what is declared",
    before="On the server",
    after="Declared",
    created="would be created",
    updated="would be updated",
    deleted="would be deleted",
)
DONE = Words(
    report="Provision report",
    changed="changed",
    verb="was changed",
    verb_of_many="were changed",
    verdict="",
    before="Before",
    after="After",
    created="created",
    updated="updated",
    deleted="deleted",
)


class Line(NamedTuple):
    text: str
    differs: bool


class Field(NamedTuple):
    """A field that differs. Without lines it is not set."""

    name: str
    before: list[Line]
    after: list[Line]


class Entry(NamedTuple):
    """A resource. action: what becomes of it. why: sentences. shown: which sides its fields have.

    others: the kinds and names of those that failed for the same reason.
    """

    kind: str
    name: str
    action: str
    why: list[str]
    fields: list[Field]
    shown: list[str]
    others: list[tuple[str, str]]


class Section(NamedTuple):
    """The resources with one outcome. more: how many of them are not shown."""

    total: int
    entries: list[Entry]

    @property
    def more(self) -> int:
        return self.total - sum(1 + len(entry.others) for entry in self.entries)


def page(result: Mapping[str, Any], *, check_mode: bool, time: str = "", about: Mapping[str, Any] | None = None) -> str:
    """A whole web page. result: of otterscale_resources, or what has at least its `msg`. time: when, in ISO 8601."""
    # As plain data: what Ansible marks values with ends here.
    told: dict[str, Any] = json.loads(json.dumps({"result": result, "about": about or {}}, default=str))
    result = told["result"]
    listed: list[dict[str, Any]] = [entry for entry in result.get("results") or () if isinstance(entry, dict)]
    counts = Counter({outcome: int(count) for outcome, count in (result.get("summary") or {}).items()})
    if not counts:
        counts = Counter(map(outcome_of, listed))
    words = PREDICTED if check_mode else DONE
    failed = bool(result.get("failed"))
    server = result.get("server") or {}
    mode = "check mode" if check_mode else "real run"
    when = time.replace("T", " ").replace("Z", " UTC")
    facts = {"Server": server.get("url"), "Scope": server.get("scope"), "Time": when, "Mode": mode, **told["about"]}
    return template().render(
        words=words,
        check=check_mode,
        tone="failed" if failed else "changed" if counts["changed"] else "unchanged",
        begun=begun(counts, listed),
        problem=problem(result, listed) if failed else [],
        counts=counts,
        total=sum(counts.values()),
        sections={outcome: section(outcome, counts[outcome], result, listed, words) for outcome in OUTCOMES},
        open=counts["changed"] <= MAX_OPEN,
        warnings=result.get("warnings") or [],
        facts=facts,
    )


@cache
def template() -> Template:
    environment = Environment(
        autoescape=True, finalize=visible, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def visible(value: Any) -> Any:
    """Of a text, what does not show, or changes how the rest does, such as the order of the letters, is spelled out."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in value)


def outcome_of(entry: Mapping[str, Any]) -> str:
    """By the flags of a result, as its summary counts them."""
    return next((outcome for outcome in ("failed", "skipped", "changed") if entry.get(outcome)), "unchanged")


def begun(counts: Counter[str], listed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether anything was tried. Where nothing was, all have failed, none of them for a reason of its own.

    A result that lists none of its resources does not tell, and is believed to be of a task that was.
    """
    if counts["failed"] < sum(counts.values()) or counts["failed"] > len(listed):
        return True
    return any(entry.get("msg") for entry in listed)


def problem(result: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of the message of the task, where its resources do not say the same."""
    if any(entry.get("msg") for entry in listed):
        return []
    return cut(str(result.get("msg") or "It is not known why.")).splitlines()


def section(
    outcome: str, total: int, result: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], words: Words
) -> Section:
    found = [entry for entry in listed if outcome_of(entry) == outcome]
    if outcome == "failed":
        entries = [failure(alike) for alike in grouped(found)]
    elif outcome == "changed":
        entries = list(changes(found, result.get("diff") or [], words))
    else:
        return Section(total, [entry_of(entry) for entry in found[:MAX_NAMES]])
    return Section(total, entries[:MAX_ENTRIES])


def grouped(failed: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Those that failed for the same reason together: a server that is away is one reason for thousands."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for entry in failed:
        error = entry.get("error") or {}
        reason = (error.get("code"), error.get("rpc"), error.get("message", entry.get("msg")))
        groups.setdefault(reason, []).append(entry)
    return list(groups.values())


def failure(alike: Sequence[Mapping[str, Any]]) -> Entry:
    first, *others = alike
    error = first.get("error") or {}
    return entry_of(first)._replace(
        why=sentences(str(first.get("msg") or ""), str(error.get("message") or "")),
        others=[(kind_of(entry), name_of(entry)) for entry in others[:MAX_NAMES]],
    )


def sentences(msg: str, happened: str) -> list[str]:
    """The message of a failure: what happened, then what was done before and what to do."""
    end = f"{happened.rstrip(' .')}."
    head, found, rest = msg.partition(end) if happened else (msg, "", "")
    return [cut(text) for text in (head + found, rest.strip()) if text]


def changes(listed: Iterable[Mapping[str, Any]], diff: Sequence[Mapping[str, Any]], words: Words) -> Iterator[Entry]:
    """What changed, with what differs. A result need not list it."""
    differences = {part["before_header"]: part for part in diff}
    for entry in listed:
        yield change(entry, differences.pop(key_of(entry), {}), words)
    for key, difference in differences.items():
        kind, _space, name = key.partition(" ")
        yield change({"kind": kind, "name": name}, difference, words)


def change(entry: Mapping[str, Any], difference: Mapping[str, Any], words: Words) -> Entry:
    before, after = difference.get("before") or {}, difference.get("after") or {}
    action = words.updated if before and after else words.created if after else words.deleted
    return entry_of(entry)._replace(
        action=action if difference else words.changed,
        why=[f"{operation['reason']} ({operation['rpc']})" for operation in entry.get("operations") or ()],
        fields=differing(before, after),
        shown=[side for side, there in (("before", before), ("after", after)) if there],
    )


def entry_of(entry: Mapping[str, Any]) -> Entry:
    return Entry(kind_of(entry), name_of(entry), "", [], [], [], [])


def kind_of(entry: Mapping[str, Any]) -> str:
    kind = str(entry.get("kind"))
    return KINDS.get(kind, kind)


def name_of(entry: Mapping[str, Any]) -> str:
    namespace = entry.get("namespace")
    return f"{namespace}/{entry.get('name')}" if namespace else str(entry.get("name"))


def key_of(entry: Mapping[str, Any]) -> str:
    """As the header of its diff has it."""
    return printable(f"{entry.get('kind')} {name_of(entry)}")


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Field]:
    """The fields in which they differ, in the order in which they come."""
    return [
        Field(name, *side_by_side(lines_of(name, before.get(name)), lines_of(name, after.get(name))))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name) and name not in HEADING
    ]


def side_by_side(before: list[str], after: list[str]) -> tuple[list[Line], list[Line]]:
    """Each line with whether the other side lacks it."""
    old: list[Line] = []
    new: list[Line] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, before, after).get_opcodes():
        old += [Line(text, tag != "equal") for text in before[old_from:old_to]]
        new += [Line(text, tag != "equal") for text in after[new_from:new_to]]
    return old, new


def lines_of(field: str, value: Any) -> list[str]:
    """A value as people read it, in lines; none for what is not set."""
    if value is None:
        return []
    if field == "size" and isinstance(value, int):
        value = f"{value / GIB:,.4g} GiB ({value} bytes)"
    plain = isinstance(value, str) and value != ""
    text = value if plain else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    lines, number = cut(text).split("\n"), text.count("\n") + 1
    return lines if len(lines) <= MAX_LINES else [*lines[:MAX_LINES], f"... ({number:,} lines)"]


def cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}... ({len(text):,} characters)"

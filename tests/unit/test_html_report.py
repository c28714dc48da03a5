# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The page that the filter html_report makes, as a parser reads it. What a browser makes of it: tests/report."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from tests.report.samples import (
    HOSTILE,
    REVERSED,
    TIME,
    difference,
    entry,
    failed,
    hostile,
    html_report,
    many,
    night,
    result,
)

VOID = {"meta", "link", "img", "br", "hr", "input"}
# What a page can do without, and what may load something or run.
FORBIDDEN = {"script", "img", "iframe", "object", "embed", "form", "base", "video", "audio", "svg"}


class Page(HTMLParser):
    """What stands in a page. Fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.open: list[str] = []
        self.ids: list[str | None] = [None]
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((tuple(self.open), data))

    def of(self, tag: str) -> list[str]:
        """The text of each such element, its inner ones included."""
        found = re.findall(rf"<{tag}[ >].*?</{tag}>", self.source, re.DOTALL)
        return [" ".join(unescape(re.sub("<[^>]*>", "", text.partition(">")[2])).split()) for text in found]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(text for path, text in self.texts if "style" not in path).split())


def page(of: dict[str, Any], **options: Any) -> Page:
    return Page(html_report(of, **options))


def totals(shown: Page) -> list[str]:
    return re.findall(r"<b>([\d,]+)</b> ([a-z ]+)", shown.source)


def test_the_morning_after() -> None:
    """The verdict first, then what failed and what to do, what differs and why, the warnings; all else is folded up."""
    shown = page(night(), check_mode=True, time=TIME, about={"AWX job": 4711})
    assert shown.of("title") == ["2 of 18 resources failed, 4 differ - Drift report of production"]
    assert shown.of("h1") == ["2 of 18 resources failed, 4 differ"]
    assert totals(shown) == [("2", "failed"), ("4", "different"), ("12", "as declared")]
    assert shown.of("h2") == ["Totals", "What failed", "What differs", "Warnings", "What is as declared"]
    assert shown.of("dt") == ["Server", "Scope", "Time", "Mode", "AWX job"]
    told = ["https://otterscale.example.com", "production", "2026-01-31 02:00:07 UTC", "check mode", "4711"]
    assert shown.of("dd") == told
    assert "Nothing was changed. This is what a run of the same declaration would do." in shown.of("p")

    first, second = shown.of("article")
    assert first.startswith("data volume shop/db-data") and first.endswith("Correct the task and run it again.")
    assert second.endswith("the rights that this call needs.") and "[permission_denied, HTTP 403]" in second
    differences = shown.of("summary")[:4]
    assert differences == [
        "data volume shop/cache would be created",
        "VM service shop/db would be updated",
        "bucket shop-reports would be updated",
        "bucket old-logs would be deleted",
    ]
    assert {"owner mallory alice", "owner alice", "acl private"} <= set(shown.of("tr"))
    assert "size 20 GiB (21474836480 bytes)" in shown.of("tr") and "name cache" not in shown.of("tr")
    assert [text for text in shown.of("del") if "PutObject" in text] == ['"s3:PutObject"']
    assert [text for text in shown.of("ins") if "ListBucket" in text] == ['"s3:ListBucket"']
    assert "owner and policy differ (UpdateBucket)" in shown.of("p")
    assert "VM service shop/mail: the server does not list it, so that it could not be compared." in shown.of("li")
    folded = [attributes for attributes in shown.attributes("details") if "open" not in attributes]
    assert len(folded) == 1 and "VM service shop/search" in shown.of("details")[-1]


def test_a_real_run_speaks_of_what_was_done() -> None:
    shown = page(night(), check_mode=False)
    assert shown.of("h1") == ["2 of 18 resources failed, 4 were changed"]
    assert "bucket shop-reports updated" in shown.of("summary") and "What was changed" in shown.of("h2")
    assert [text for text in shown.of("th") if text != text.lower()][:2] == ["Field", "After"]
    assert "would" not in shown.text and "Nothing was changed" not in shown.text and "Time" not in shown.of("dt")


@pytest.mark.parametrize(
    ("of", "check", "verdict"),
    [
        (result(entry("bucket", "a"), entry("bucket", "b")), True, "Everything is as declared"),
        (result(), False, "Nothing is declared"),
        (result(entry("bucket", "a", "changed")), True, "1 of 1 resource differs from what is declared"),
        (result(entry("bucket", "a", "changed"), entry("bucket", "b")), False, "1 of 2 resources was changed"),
        (result(failed("bucket", "a", "no", "Look.")), True, "1 of 1 resource failed"),
    ],
)
def test_the_verdict(of: dict[str, Any], check: bool, verdict: str) -> None:
    assert page(of, check_mode=check).of("h1") == [verdict]


def test_a_run_that_could_not_begin_says_why() -> None:
    """As results have it, and as the role gives it where the task had no results."""
    why = "No 'scope'. Set it."
    of_task = result(entry("bucket", "a", "failed"), entry("bucket", "b", "failed"), msg=why, server=None)
    declared = [{"kind": "bucket", "name": name, "failed": True} for name in "ab"]
    of_role = {"results": declared, "failed": True, "msg": why}
    for of in (of_task, of_role):
        shown = page(of, check_mode=True)
        assert shown.of("h1") == ["The run could not begin"] and totals(shown)[0] == ("2", "failed")
        assert why in shown.of("p") and "2 resources were not looked at" in shown.text
        assert "Nothing was changed" not in shown.text
    assert page({"failed": True, "msg": "No."}).of("h1") == ["The run could not begin"]


@pytest.mark.parametrize("listed", ["changed", "none"])
def test_a_limited_result_has_the_same_totals(listed: str) -> None:
    whole = night()
    lines = [one["msg"] for one in whole["results"] if one["failed"]]
    kept = [one for one in whole["results"] if one["changed"] or one["failed"]] if listed == "changed" else []
    shown = page({**whole, "results": kept, "msg": "\n".join(["2 of 18 resources failed:", *lines])}, check_mode=True)
    assert shown.of("h1") == ["2 of 18 resources failed, 4 differ"]
    assert totals(shown) == [("2", "failed"), ("4", "different"), ("12", "as declared")]
    assert "12 resources are not listed here." in shown.text
    assert "bucket shop-reports would be updated" in shown.of("summary") and len(shown.of("table")) == 4
    assert "a volume can only grow" in shown.text and "the rights that this call needs" in shown.text


def test_without_a_diff_there_is_the_reason() -> None:
    of = night()
    del of["diff"]
    shown = page(of, check_mode=True)
    assert "bucket shop-reports different" in shown.of("summary") and shown.of("table") == []
    assert "owner and policy differ (UpdateBucket)" in shown.of("p")


def test_what_was_not_started_is_told() -> None:
    shown = page(result(failed("bucket", "a", "no", "Look."), entry("bucket", "late", "skipped")))
    assert ("1", "not started") in totals(shown) and "bucket late" in shown.of("li")


def test_no_text_of_a_server_becomes_markup() -> None:
    calm, shown = Page(html_report(hostile_without_texts())), page(hostile(), about={HOSTILE: HOSTILE}, time=HOSTILE)
    tags = Counter(tag for tag, _attributes in shown.tags)
    assert not FORBIDDEN & tags.keys()
    assert {name for name, _attributes in shown.tags} <= {name for name, _attributes in calm.tags} | {"del", "ins"}
    names = {name for _tag, attributes in shown.tags for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "style", "srcset", "formaction")]
    assert shown.source.count("<style>") == 1
    whole = shown.text.replace("\\n", " ")
    assert whole.count("document.title='broken'") >= 14 and "{{ 6*7 }}" in whole and "&amp;" in whole


def hostile_without_texts() -> dict[str, Any]:
    return eval(repr(hostile()).replace(repr(HOSTILE), "'text'"), {})


def test_letters_that_turn_a_text_around_are_spelled_out() -> None:
    shown = page(hostile())
    assert "\u202e" in REVERSED and "\u202e" not in shown.source and "safe\\u202egnp.exe" in shown.text
    assert page(result(entry("bucket", "a\x00b\ud800"))).source.encode()


def test_nothing_is_loaded_and_nothing_runs() -> None:
    shown = page(night(), check_mode=True)
    (policy,) = (one["content"] for one in shown.attributes("meta") if "http-equiv" in one)
    assert policy and policy.startswith("default-src 'none'; ") and "script" not in policy
    references = [one[name] for _tag, one in shown.tags for name in ("href", "src") if name in one]
    assert references and all(str(value).startswith(("#", "data:image/svg+xml,")) for value in references)
    assert not re.search(r"url\(|@import|expression\(", shown.source)
    targets = {str(value)[1:] for value in references if str(value).startswith("#")}
    assert targets <= {str(attributes.get("id")) for tag, attributes in shown.tags if tag == "section"}


def test_it_can_be_read_without_looking() -> None:
    """A language, one first heading, no level left out, and tables that stay tables."""
    shown = page(night(), check_mode=True)
    assert shown.attributes("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _attributes in shown.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - level <= 1 for level, later in pairwise(levels))
    assert {tag for tag, _attributes in shown.tags} >= {"header", "main", "footer", "caption"}
    roles = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
    for tag, role in roles.items():
        assert {one["role"] for one in shown.attributes(tag)} == {role}
    headers = {(one["role"], one["scope"]) for one in shown.attributes("th")}
    assert headers == {("columnheader", "col"), ("rowheader", "row")}


def test_colours_have_enough_contrast() -> None:
    """WCAG 2.2, level AA: 4.5 to 1, for the text of each background, light, dark and on paper."""
    schemes = re.findall(r":root \{(.*?)\}", html_report(night()), re.DOTALL)
    assert len(schemes) == 3
    light: dict[str, str] = {}
    for scheme in schemes:
        colours = {**light, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))}
        light = light or colours
        tones = ("failed", "changed", "unchanged", "skipped")
        pairs = [(tone, back) for tone in tones for back in (f"{tone}-back", "page")]
        pairs += [(text, back) for text in ("text", "quiet") for back in ("page", "card")]
        wrong = [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
        assert not wrong


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_thousands_stay_readable() -> None:
    shown = page(many(3000), check_mode=True)
    assert totals(shown) == [("6,000", "failed"), ("3,000", "different"), ("3,000", "as declared")]
    assert len(shown.of("article")) == 500 and len(shown.of("table")) == 500
    assert not [attributes for attributes in shown.attributes("details") if "open" in attributes]
    for more in ("5,500 more are not listed here.", "2,500 more are", "1,000 more are"):
        assert more in shown.text
    assert len(shown.source) < 1_000_000


def test_one_reason_for_many_failures_is_told_once() -> None:
    away = {"code": "unavailable", "rpc": "ListBuckets", "http_status": 503}
    names = [f"b-{number}" for number in range(40)]
    shown = page(result(*(failed("bucket", name, "the server is away", "Wait.", **away) for name in names)))
    (article,) = shown.of("article")
    assert article.startswith("bucket b-0") and "39 more for the same reason" in article and "bucket b-39" in article
    assert shown.of("h1") == ["40 of 40 resources failed"] and "not listed" not in shown.text


def test_a_large_value_is_cut() -> None:
    before, after = {"policy": {"Sid": "x" * 100_000}}, {"policy": {"Statement": [{"Sid": n} for n in range(9000)]}}
    shown = page(result(entry("bucket", "a", "changed"), diff=[difference("bucket a", before, after)]))
    assert len(shown.source) < 60_000
    assert "... (100,015 characters)" in shown.text and re.search(r"\.\.\. \(2\d,\d{3} lines\)", shown.text)


def test_what_is_no_such_result_is_refused() -> None:
    for value in ("text", [], None, {"changed": True, "bucket": {}, "diff": {"before": {}, "after": {}}}):
        with pytest.raises(AnsibleFilterError, match="needs the result of otterscale_resources"):
            html_report(value)

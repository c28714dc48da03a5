# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The report as a browser shows it: what stands in it, on a phone and on a desk, light and dark, and on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from . import browser
from .samples import HOSTILE, TIME, hostile, html_report, many, night, result

PHONE, DESK = 360, 1100
SAMPLES = {"night": night(), "hostile": hostile(), "many": many(700), "nothing": result()}
PAGES = {
    (name, width): html_report(of, check_mode=True, time=TIME, about={"AWX job": 4711})
    for name, of in SAMPLES.items()
    for width in (PHONE, DESK)
}


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Any]:
    return browser.measure(tmp_path_factory.mktemp("light"), PAGES)


def test_it_shows_what_happened(light: dict[tuple[str, int], Any]) -> None:
    night = light["night", DESK]
    assert night["title"] == "2 of 18 resources failed, 4 differ - Drift report of production"
    assert (night["articles"], night["differences"], night["tables"], night["folded"]) == (2, 4, 4, 1)
    assert "would be deleted" in night["text"] and "bucket assets-01" in night["text"], "which is shown once unfolded"
    many = light["many", DESK]
    assert (many["articles"], many["differences"]) == (500, 500)
    assert many["folded"] == many["differences"] + 1, "of too many differences none is open"
    assert "1,400 of 2,800 resources failed, 700 differ" in many["text"]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_is_wider_than_the_screen(light: dict[tuple[str, int], Any], name: str, width: int) -> None:
    shown = light[name, width]
    assert shown["view"] == width and shown["wide"] == []
    assert shown["width"] <= width


@pytest.mark.parametrize("name", SAMPLES)
def test_the_verdict_and_the_totals_are_on_the_first_screen_of_a_phone(
    light: dict[tuple[str, int], Any], name: str
) -> None:
    """But where a server makes its address a page long."""
    assert light[name, PHONE]["verdict_ends"] <= 640 or name == "hostile"


def test_before_and_after_stand_side_by_side_where_there_is_room(light: dict[tuple[str, int], Any]) -> None:
    assert max(light["night", DESK]["columns"]) == 3
    assert set(light["night", PHONE]["columns"]) == {1}


def test_texts_of_a_server_are_texts(light: dict[tuple[str, int], Any]) -> None:
    for width in (PHONE, DESK):
        shown = light["hostile", width]
        assert shown["foreign"] == 0 and shown["title"].endswith(HOSTILE)
        assert shown["text"].count("<script>") >= 10


def test_nothing_is_loaded(light: dict[tuple[str, int], Any]) -> None:
    assert not [name for shown in light.values() for name in shown["loaded"]]


def test_it_is_dark_for_those_who_like_it(light: dict[tuple[str, int], Any], tmp_path: Path) -> None:
    pages = {key: text for key, text in PAGES.items() if key == ("night", PHONE)}
    dark = browser.measure(tmp_path, pages, scheme=browser.DARK)["night", PHONE]
    bright = light["night", PHONE]
    assert brightness(bright["background"]) > 600 > 200 > brightness(bright["letters"])
    assert brightness(dark["letters"]) > 600 > 200 > brightness(dark["background"])


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def test_it_can_be_printed(tmp_path: Path) -> None:
    """On paper, what differs is unfolded: folded ones take as many pages as open ones."""
    pages = {}
    for name, text in {"open": PAGES["night", DESK], "folded": PAGES["night", DESK].replace(" open>", ">")}.items():
        page, paper = tmp_path / f"{name}.html", tmp_path / f"{name}.pdf"
        page.write_text(text, encoding="utf-8")
        browser.run(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer", scheme=browser.DARK)
        content = paper.read_bytes()
        assert content.startswith(b"%PDF-")
        pages[name] = (len(re.findall(rb"/Type /Page\b", content)), round(len(content), -4))
    assert pages["open"] == pages["folded"] and pages["open"][0] >= 2


def test_without_a_browser_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="apt-get install chromium"):
        browser.find()

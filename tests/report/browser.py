# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Chromium without a window: what it makes of a page, in figures (see harness.html), as pictures, and as a PDF.

`python -m tests.report.browser` makes the pictures of the documentation.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW_TO_INSTALL = (
    "no browser to look at the report with: install Debian's or Ubuntu's package chromium (apt-get install chromium), "
    f"or put one of {', '.join(NAMES)} into PATH"
)
SECONDS = 120
DARK, LIGHT = "--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"
HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs"


def find() -> str:
    """The browser's path. Raises FileNotFoundError, which says how to get one."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise FileNotFoundError(HOW_TO_INSTALL)
    return found


def run(page: Path, *arguments: str, scheme: str = LIGHT) -> str:
    """Open a page, and return what the browser prints. It reaches no network."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [find(), "--headless", f"--user-data-dir={profile}", "--no-first-run", "--hide-scrollbars", scheme]
        command += ["--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", *arguments]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # which Chromium wants as root
        command.append(page.as_uri())
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def measure(folder: Path, pages: Mapping[tuple[str, int], str], scheme: str = LIGHT) -> dict[tuple[str, int], Any]:
    """What each page, by a name and the width at which it is shown, looks like in figures."""
    frames = []
    for (name, width), text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
        frames.append([f"{name}.html", width])
    harness = folder / "harness.html"
    text = (HERE / "harness.html").read_text(encoding="utf-8")
    harness.write_text(text.replace("const frames = FRAMES", f"const frames = {json.dumps(frames)}"), encoding="utf-8")
    budget = "--virtual-time-budget=60000"
    shown = run(harness, "--dump-dom", "--allow-file-access-from-files", budget, scheme=scheme)
    (told,) = re.findall(r'<pre id="told">(.*?)</pre>', shown, re.DOTALL)
    assert told, f"the pages were not measured:\n{shown[:2000]}"
    return dict(zip(pages, json.loads(html.unescape(told)), strict=True))


def screenshot(page: Path, picture: Path, width: int, height: int, scheme: str = LIGHT) -> None:
    run(page, f"--screenshot={picture}", f"--window-size={width},{height}", scheme=scheme)


def main() -> None:
    from .samples import TIME, html_report, night

    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(html_report(night(), check_mode=True, time=TIME, about={"AWX job": 4711}), encoding="utf-8")
        screenshot(page, DOCS / "report.png", 1100, 1900)
        # A window has at least 500 pixels: a frame is as narrow as a phone.
        phone = Path(folder) / "phone.html"
        style = "border: 0; width: 360px; height: 1280px"
        phone.write_text(f'<body style="margin: 0"><iframe src="report.html" style="{style}"></iframe>')
        screenshot(phone, DOCS / "report-phone.png", 360, 1280)


if __name__ == "__main__":
    sys.exit(main())

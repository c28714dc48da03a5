# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The role provision refuses numbers in place of text for each option for which only text makes sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles/provision"
# Texts that a number is as good for.
NUMBERS_TOO = {"size", "target_port"}


def texts(options: dict[str, Any]) -> set[str]:
    """Those without choices, which refuse by themselves what is none of them."""
    return {
        name for name, spec in options.items() if spec["type"] in ("str", "path") and "choices" not in spec
    } - NUMBERS_TOO


def test_no_text_of_the_role_is_forgotten() -> None:
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    assert set(variables["provision_text_variables"]) == texts(options)
    lists = {of["variable"]: of for of in variables["provision_texts"]}
    assert set(lists) == {name for name, spec in options.items() if spec["type"] == "list"}
    for name, of in lists.items():
        of_entry = options[name]["options"]
        assert set(of["required"]) == {option for option, spec in of_entry.items() if spec.get("required")}
        inner = {f"{option}.{text}" for option, spec in of_entry.items() for text in texts(spec.get("options", {}))}
        assert {*of["required"], *of["optional"]} == texts(of_entry) | inner

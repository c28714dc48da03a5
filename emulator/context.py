# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The type that Connect's handlers are given next to their request."""

from __future__ import annotations

from typing import Any, TypeAlias

from connectrpc.request import RequestContext

Context: TypeAlias = RequestContext[Any, Any]

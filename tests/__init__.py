# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Tests import one another by full names, from the top of the checkout. No folder below needs a file like this one."""

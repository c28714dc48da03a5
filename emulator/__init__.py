# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""An OtterScale server small enough to start in a test and honest enough to learn from."""

# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Start the emulator by path (`python emulator`) or as a module (`python -m emulator`)."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__:
    from .cli import main
else:
    # Started by path: sys.path begins with this folder, whose module names are too common to be found at the top.
    # Put its parent there instead, and import the folder as the package that it is.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from emulator.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

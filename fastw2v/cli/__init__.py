# SPDX-License-Identifier: Apache-2.0
"""The command line, a module for each command or few that belong together.

``fastw2v train | update | resume | neighbors | analogy | evaluate | convert | info | explore |
doctor | stability | demo``
"""

from fastw2v.cli.program import entry_point, main
from fastw2v.cli.training import INTERRUPTED

__all__ = ["INTERRUPTED", "entry_point", "main"]

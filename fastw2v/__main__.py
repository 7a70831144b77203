# SPDX-License-Identifier: Apache-2.0
"""``python -m fastw2v``."""

import sys

from fastw2v.cli import entry_point

sys.exit(entry_point())

# SPDX-License-Identifier: Apache-2.0
"""The version, here and nowhere else: pyproject.toml reads it without importing the package."""

__version__ = "0.1.0"

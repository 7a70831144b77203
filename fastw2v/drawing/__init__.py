# SPDX-License-Identifier: Apache-2.0
"""Figures of vectors and of runs."""

# SPDX-License-Identifier: Apache-2.0
"""gensim as most programs use it: an iterable of sentences, split in Python in every epoch."""

from __future__ import annotations

from functools import partial

import trainer_gensim

train = partial(trainer_gensim.train, sentences=True)
read = partial(trainer_gensim.read, sentences=True)

# SPDX-License-Identifier: Apache-2.0
"""From an encoded corpus and hyper-parameters to trained matrices.

`plan` checks what a call of ``train()`` asks for, `growth` takes in new words, `start` says where
vectors begin, and `loop` carries it out with the workers of a `run`. `schedule` and `engine` say
what they train, and how; `callbacks`, `progress`, `history` and `checkpoints` tell of it.
"""

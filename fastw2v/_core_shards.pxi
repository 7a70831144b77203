# SPDX-License-Identifier: Apache-2.0
# Chunks side by side, to the same bits for any number of workers. Included by _core.pyx.


def shard_size(Trainer trainer) -> int:
    """Bytes of 64-byte aligned memory, all zero, that each shard of a run needs (fw_shard_size)."""
    cdef size_t size = fw_shard_size(&trainer.settings, &trainer.model)
    if size == 0:
        raise ValueError("a trainer with private rows has no shards")
    return size


def marks_size(size_t vocab_size) -> int:
    """Bytes of 64-byte aligned memory, all zero, for the marks of all shards."""
    return vocab_size * 2 * FW_MOST_SHARDS


cdef class Shards:
    """What the workers of a deterministic run share, beside the trainer (csrc/shards.h).

    Both stages may run in several threads at once, for different shards, each with a workspace of
    its own; but all shards must be through with one stage before any begins the next.

    Parameters
    ----------
    trainer : Trainer
        Without private rows.
    ids : ndarray of shape (n_tokens,), int32
    sentence_ends : ndarray of shape (n_sentences,), int64, rising
    pairs : ndarray of shape (vocab_size, 2), float32
        Pairs per kept token in which the input and output rows stand.
    marks : ndarray of shape (marks_size(vocab_size),), uint8, all zero, 64-byte aligned
    memory : list of ndarray of shape (shard_size,), uint8, all zero, 64-byte aligned
        One for each shard.
    """

    cdef Trainer trainer
    cdef const int32_t[::1] ids
    cdef const int64_t[::1] sentence_ends
    cdef const float[:, ::1] pairs
    cdef uint8_t[::1] marks
    cdef list memory
    cdef fw_shards shards
    cdef void *places[FW_MOST_SHARDS]

    def __init__(self, Trainer trainer not None, const int32_t[::1] ids,
                 const int64_t[::1] sentence_ends, const float[:, ::1] pairs,
                 uint8_t[::1] marks, list memory not None):
        cdef Py_ssize_t n_shards = len(memory), i
        cdef Py_ssize_t vocab_size = trainer.model.vocab_size
        cdef Py_ssize_t size = shard_size(trainer)
        cdef uint8_t[::1] place
        if not 1 <= n_shards <= FW_MOST_SHARDS:
            raise ValueError(f"memory must be of 1 to {FW_MOST_SHARDS} shards, got {n_shards}")
        if pairs.shape[0] != vocab_size or pairs.shape[1] != 2:
            raise ValueError(f"pairs must have shape ({vocab_size}, 2)")
        if marks.shape[0] < <Py_ssize_t>marks_size(vocab_size):
            raise ValueError(f"marks must have {marks_size(vocab_size)} bytes")
        if ids.shape[0] == 0 or sentence_ends.shape[0] == 0:
            raise ValueError("there are no tokens")
        for i in range(n_shards):
            place = memory[i]
            if place.shape[0] < size:
                raise ValueError(f"the memory of a shard must have {size} bytes")
            self.places[i] = &place[0]
        self.trainer, self.ids, self.sentence_ends = trainer, ids, sentence_ends
        self.pairs, self.marks, self.memory = pairs, marks, memory
        self.shards.n_shards = <int32_t>n_shards
        self.shards.marks, self.shards.pairs = &marks[0], &pairs[0, 0]
        self.shards.memory = self.places

    def __len__(self) -> int:
        return self.shards.n_shards

    cdef fw_phase phase(self, const int64_t[:, ::1] chunks, const uint64_t[::1] streams,
                        const double[::1] learning_rates) except *:
        cdef fw_phase phase
        cdef Py_ssize_t i, n = chunks.shape[1]
        memset(&phase, 0, sizeof(phase))
        if chunks.shape[0] != 4 or streams.shape[0] != n or learning_rates.shape[0] != n:
            raise ValueError(
                f"chunks of shape ({chunks.shape[0]}, {n}), {streams.shape[0]} streams and "
                f"{learning_rates.shape[0]} learning rates do not make a phase"
            )
        if n > self.shards.n_shards:
            raise ValueError(f"{n} chunks are more than the {self.shards.n_shards} shards")
        phase.n_chunks = <int32_t>n
        if n == 0:
            return phase
        for i in range(n):
            if not (0 <= chunks[0, i] <= chunks[1, i] <= self.ids.shape[0]
                    and 0 <= chunks[2, i] <= chunks[3, i] <= self.sentence_ends.shape[0]):
                raise ValueError(f"chunk {i} of the phase is outside the corpus")
        phase.ids, phase.sentence_ends = &self.ids[0], &self.sentence_ends[0]
        phase.begins, phase.ends = &chunks[0, 0], &chunks[1, 0]
        phase.first_ends, phase.last_ends = &chunks[2, 0], &chunks[3, 0]
        phase.streams, phase.learning_rates = &streams[0], &learning_rates[0]
        return phase

    cdef check(self, int32_t first, int32_t last, Py_ssize_t workspace_bytes):
        if not 0 <= first <= last <= self.shards.n_shards:
            raise ValueError(f"there are no shards {first}..{last} of {self.shards.n_shards}")
        if workspace_bytes < <Py_ssize_t>self.trainer.workspace_size:
            raise ValueError(f"workspace must have {self.trainer.workspace_size} bytes")

    def train(self, const int64_t[:, ::1] chunks, const uint64_t[::1] streams,
              const double[::1] learning_rates, int32_t first, int32_t last,
              uint8_t[::1] workspace) -> list[tuple[int, int, int, float]]:
        """Train the chunks of shards first..last - 1 of a phase (fw_train_shards).

        `chunks`, of shape (4, n_chunks): begins and ends in tokens, and where their sentence ends
        begin and end. Returns the statistics of the chunks, as `Trainer.train_chunks` does.
        """
        cdef fw_stats stats[FW_MOST_SHARDS]
        cdef fw_phase phase = self.phase(chunks, streams, learning_rates)
        cdef fw_status status
        cdef Py_ssize_t i
        self.check(first, last, workspace.shape[0])
        with nogil:
            status = fw_train_shards(&self.trainer.settings, &self.trainer.model, &self.shards,
                                     &phase, first, last, &workspace[0], stats)
        raise_status(status)
        return [
            (stats[i].kept_tokens, stats[i].examples, stats[i].loss_examples, stats[i].loss_sum)
            for i in range(first, min(last, phase.n_chunks))
        ]

    def merge(self, const int64_t[:, ::1] chunks, const uint64_t[::1] streams,
              const double[::1] learning_rates, int32_t first, int32_t last,
              uint8_t[::1] workspace) -> None:
        """Merge what falls to these shards, and mark what they need of the next phase."""
        cdef fw_phase phase = self.phase(chunks, streams, learning_rates)
        cdef fw_status status
        self.check(first, last, workspace.shape[0])
        with nogil:
            status = fw_merge_shards(&self.trainer.settings, &self.trainer.model, &self.shards,
                                     &phase, first, last, &workspace[0])
        raise_status(status)

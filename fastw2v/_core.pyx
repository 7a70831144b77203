# SPDX-License-Identifier: Apache-2.0
"""The door to the C engine: check the buffers, release the GIL, make one call, map the status."""

import numpy as np

from libc.stdlib cimport free, malloc
from libc.string cimport memset

from fastw2v._fastw2v cimport *


cdef extern from *:
    """
    #if defined(__clang__)
    #define FASTW2V_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define FASTW2V_COMPILER "gcc " __VERSION__
    #elif defined(_MSC_VER)
    #define FASTW2V_COMPILER "msvc"
    #else
    #define FASTW2V_COMPILER "unknown"
    #endif
    """
    const char *FASTW2V_COMPILER


cdef dict _EXCEPTIONS = {
    FW_ERROR_ID_RANGE: IndexError,
    FW_ERROR_NOT_FINITE: FloatingPointError,
    FW_ERROR_MEMORY: MemoryError,
    FW_ERROR_VOCABULARY_SIZE: OverflowError,
}


cpdef raise_status(int status):
    """Raise the exception that stands for a status code; do nothing for success."""
    if status != FW_OK:
        message = fw_status_message(<fw_status>status).decode()
        raise _EXCEPTIONS.get(status, ValueError)(message)


# ---- Instruction sets ----------------------------------------------------------------------------


def compiler() -> str:
    """Name and version of the compiler that built the engine."""
    return FASTW2V_COMPILER.decode()


def available_isas() -> list[str]:
    """Names of the instruction sets that this build and this CPU can run, the slowest first."""
    return [
        fw_isa_name(<fw_isa>isa).decode()
        for isa in range(FW_ISA_COUNT)
        if fw_isa_available(<fw_isa>isa)
    ]


cdef dict _PARSED_ISAS = {}  # name -> fw_isa: what the CPU can run does not change, and asking it is slow


cdef fw_isa _parse_isa(str name) except *:
    if name in _PARSED_ISAS:
        return <fw_isa><int>_PARSED_ISAS[name]
    cdef fw_isa isa = FW_ISA_PORTABLE
    cdef bytes encoded = name.encode()
    cdef fw_status status = FW_ERROR_ISA_UNKNOWN
    if b"\0" not in encoded:  # where a C string would end
        status = fw_isa_parse(encoded, &isa)
    if status != FW_OK:
        raise ValueError(
            f"isa {name!r}: {fw_status_message(status).decode()}; "
            f"available here: {', '.join(available_isas())}"
        )
    _PARSED_ISAS[name] = <int>isa
    return isa


def check_isa(name: str) -> str:
    """Return `name` if it names an available instruction set; else raise ValueError."""
    _parse_isa(name)
    return name


# ---- Randomness and noise ------------------------------------------------------------------------


def stream(uint64_t seed, uint64_t epoch, uint64_t chunk) -> int:
    """The random stream of a chunk (fw_stream)."""
    return fw_stream(seed, epoch, chunk)


def draw(uint64_t substream, uint64_t counter) -> int:
    """Draw `counter` of a substream (fw_draw)."""
    return fw_draw(substream, counter)


def substream(uint64_t stream, int purpose) -> int:
    """The substream of a purpose: 0 tokens, 1 noise, 2 picks (fw_substream)."""
    return fw_substream(stream, <fw_purpose>purpose)


def build_noise_table(const double[::1] weights, uint32_t[:, ::1] table,
                      double[::1] scaled, int32_t[::1] work) -> None:
    """Fill `table`, (vocab_size, 2), with threshold and other id of every column (fw_noise_build)."""
    cdef Py_ssize_t size = weights.shape[0]
    if table.shape[0] != size or table.shape[1] != 2:
        raise ValueError(f"table has shape ({table.shape[0]}, {table.shape[1]}), not ({size}, 2)")
    if scaled.shape[0] != size or work.shape[0] != size:
        raise ValueError(f"scaled and work must have {size} elements")
    if size == 0 or size > 2147483647:
        raise ValueError(f"weights must have 1 to 2,147,483,647 elements, got {size}")
    cdef fw_status status
    with nogil:
        status = fw_noise_build(&weights[0], <int32_t>size, <fw_alias *>&table[0, 0], &scaled[0],
                                &work[0])
    raise_status(status)


# ---- Training ------------------------------------------------------------------------------------


cdef class Trainer:
    """What the workers of one run share: settings, both matrices, sampling tables.

    Holds views of the arrays; `train_chunks` updates the two matrices in place without the GIL and
    may run in several threads at once, each with a workspace of its own.

    Parameters
    ----------
    input_vectors, output_vectors : ndarray of shape (vocab_size, stride), float32, 64-byte aligned
        Rows padded with zeros to `stride`, a multiple of 16. Written in place.
    vector_size : int
        Columns in use, at least 1 and at most `stride`.
    keep_threshold : ndarray of shape (vocab_size,), uint32
    noise_table : ndarray of shape (vocab_size, 2), uint32
    private_rows : int
        Words, the first ones, whose rows each worker trains in copies of its own.
    frozen : ndarray of shape (vocab_size,), uint8
        1 for words whose input rows stay as they are. None without `frozen`.
    anchor : tuple of (input vectors, output vectors or None, rows, strength)
        Words are held at row ``rows[id]``, int32, of matrices of `vector_size` columns, with
        ``strength[id]``, float32; not at all where that row is -1. None without `anchor`.
    **settings
        The fields of fw_settings by name; `architecture` is "cbow" or "skip_gram", and its scope
        is called `negative_scope`: "example", "window" or "pool".
    """

    cdef fw_settings settings
    cdef float[:, ::1] input_vectors
    cdef float[:, ::1] output_vectors
    cdef const uint32_t[::1] keep_threshold
    cdef const uint32_t[:, ::1] noise_table
    cdef const uint8_t[::1] frozen
    cdef const float[:, :] anchor_input
    cdef const float[:, :] anchor_output
    cdef const int32_t[::1] anchor_rows
    cdef const float[::1] anchor_strength
    cdef fw_anchor anchor
    cdef fw_model model

    def __init__(self, float[:, ::1] input_vectors, float[:, ::1] output_vectors,
                 const uint32_t[::1] keep_threshold, const uint32_t[:, ::1] noise_table, *,
                 int32_t vector_size, str isa, str architecture, str negative_scope, int32_t window,
                 bint shrink_windows, int32_t negatives, float negative_weight,
                 int32_t pool_size, uint32_t pool_refresh, bint cbow_mean,
                 bint cbow_exact_gradient, int32_t chunk_tokens, int32_t loss_interval,
                 int32_t private_rows=0, const uint8_t[::1] frozen=None, tuple anchor=None):
        cdef Py_ssize_t vocab_size = input_vectors.shape[0]
        if not 1 <= vocab_size <= 2147483647:
            raise ValueError(f"input_vectors must have 1 to 2,147,483,647 rows, got {vocab_size}")
        if (output_vectors.shape[0] != vocab_size
                or output_vectors.shape[1] != input_vectors.shape[1]):
            raise ValueError(
                f"output_vectors has shape ({output_vectors.shape[0]}, {output_vectors.shape[1]}), "
                f"input_vectors ({vocab_size}, {input_vectors.shape[1]})"
            )
        if keep_threshold.shape[0] != vocab_size:
            raise ValueError(f"keep_threshold must have {vocab_size} elements")
        if noise_table.shape[0] != vocab_size or noise_table.shape[1] != 2:
            raise ValueError(f"noise_table must have shape ({vocab_size}, 2)")
        if not 1 <= vector_size <= input_vectors.shape[1]:
            raise ValueError(
                f"vector_size must be in 1..{input_vectors.shape[1]}, got {vector_size}"
            )
        self.input_vectors, self.output_vectors = input_vectors, output_vectors
        self.keep_threshold, self.noise_table = keep_threshold, noise_table
        self.model.input = &input_vectors[0, 0]
        self.model.output = &output_vectors[0, 0]
        self.model.stride = <size_t>input_vectors.shape[1]
        self.model.vector_size = <size_t>vector_size
        self.model.vocab_size = <int32_t>vocab_size
        self.model.keep_threshold = &keep_threshold[0]
        self.model.noise = <const fw_alias *>&noise_table[0, 0]
        self.settings.isa = _parse_isa(isa)
        self.settings.architecture = {"cbow": FW_CBOW, "skip_gram": FW_SKIP_GRAM}[architecture]
        self.settings.scope = {"example": FW_SCOPE_EXAMPLE, "window": FW_SCOPE_WINDOW,
                               "pool": FW_SCOPE_POOL}[negative_scope]
        self.settings.window, self.settings.shrink_windows = window, shrink_windows
        self.settings.negatives, self.settings.negative_weight = negatives, negative_weight
        self.settings.pool_size, self.settings.pool_refresh = pool_size, pool_refresh
        self.settings.cbow_mean = cbow_mean
        self.settings.cbow_exact_gradient = cbow_exact_gradient
        self.settings.chunk_tokens, self.settings.loss_interval = chunk_tokens, loss_interval
        if not 0 <= private_rows <= vocab_size:
            raise ValueError(f"private_rows must be in 0..{vocab_size}, got {private_rows}")
        self.settings.private_rows = private_rows
        if frozen is not None:
            if frozen.shape[0] != vocab_size:
                raise ValueError(f"frozen must have {vocab_size} elements")
            self.frozen = frozen
            self.model.frozen = &frozen[0]
        if anchor is not None:
            self._set_anchor(anchor[0], anchor[1], anchor[2], anchor[3])
        if self.workspace_size == 0:
            raise ValueError("a training setting is out of its range")

    cdef _set_anchor(self, const float[:, :] input_vectors, const float[:, :] output_vectors,
                     const int32_t[::1] rows, const float[::1] strength):
        cdef Py_ssize_t n_held = input_vectors.shape[0]
        for name, vectors in (("input", input_vectors), ("output", output_vectors)):
            if vectors is not None and (
                    vectors.shape[0] != n_held or <size_t>vectors.shape[1] != self.model.vector_size
                    or vectors.strides[1] != sizeof(float) or vectors.strides[0] % sizeof(float)):
                raise ValueError(
                    f"{name} vectors of the anchor must be {n_held} rows of "
                    f"{self.model.vector_size} adjacent floats"
                )
        if rows.shape[0] != self.model.vocab_size or strength.shape[0] != self.model.vocab_size:
            raise ValueError(f"the anchor needs rows and strength of {self.model.vocab_size} words")
        if np.max(rows) >= n_held:
            raise IndexError(f"an anchor's row is outside the {n_held} there are")
        if n_held == 0:
            return
        self.anchor_input, self.anchor_output = input_vectors, output_vectors
        self.anchor_rows, self.anchor_strength = rows, strength
        self.anchor.input = &input_vectors[0, 0]
        self.anchor.input_stride = <size_t>input_vectors.strides[0] // sizeof(float)
        if output_vectors is not None:
            self.anchor.output = &output_vectors[0, 0]
            self.anchor.output_stride = <size_t>output_vectors.strides[0] // sizeof(float)
        self.anchor.rows, self.anchor.strength = &rows[0], &strength[0]
        self.model.anchor = &self.anchor

    @property
    def workspace_size(self) -> int:
        """Bytes of 64-byte aligned scratch that each worker needs."""
        return fw_workspace_size(&self.settings, self.model.stride)

    def train_chunks(self, const int32_t[::1] ids, const int64_t[::1] borders,
                     const int64_t[::1] sentence_ends, const uint64_t[::1] streams,
                     const double[::1] learning_rates,
                     uint8_t[::1] workspace) -> list[tuple[int, int, int, float]]:
        """Train on chunks that follow one another: chunk i is ids[borders[i]:borders[i + 1]].

        `sentence_ends` holds the rising ends of sentences, from the first after the first chunk's
        begin to the first at or after the last one's end; each chunk has its stream and learning
        rate. Returns (kept tokens, examples, sampled examples, their loss) of each chunk.
        """
        cdef fw_stretch stretch
        cdef fw_stats *stats
        cdef fw_status status
        cdef Py_ssize_t i, n = streams.shape[0]
        if n == 0 or borders.shape[0] != n + 1 or learning_rates.shape[0] != n:
            raise ValueError(
                f"{borders.shape[0]} borders, {n} streams and {learning_rates.shape[0]} learning "
                "rates do not make chunks"
            )
        if not 0 <= borders[0] <= borders[n] <= ids.shape[0]:
            raise ValueError(
                f"chunks {borders[0]}..{borders[n]} are outside the {ids.shape[0]} tokens"
            )
        if workspace.shape[0] < <Py_ssize_t>self.workspace_size:
            raise ValueError(f"workspace must have {self.workspace_size} bytes")
        if borders[0] == borders[n]:
            return [(0, 0, 0, 0.0)] * n
        if sentence_ends.shape[0] == 0:
            raise ValueError("sentence_ends is empty")
        stretch.ids, stretch.n_chunks, stretch.borders = &ids[0], <size_t>n, &borders[0]
        stretch.sentence_ends = &sentence_ends[0]
        stretch.n_sentences = <size_t>sentence_ends.shape[0]
        stretch.streams, stretch.learning_rates = &streams[0], &learning_rates[0]
        stats = <fw_stats *>malloc(<size_t>n * sizeof(fw_stats))
        if not stats:
            raise MemoryError()
        try:
            with nogil:
                status = fw_train_chunks(&self.settings, &self.model, &stretch, &workspace[0], stats)
            raise_status(status)
            return [
                (stats[i].kept_tokens, stats[i].examples, stats[i].loss_examples, stats[i].loss_sum)
                for i in range(n)
            ]
        finally:
            free(stats)


include "_core_shards.pxi"
include "_core_reading.pxi"
include "_core_kernels.pxi"
include "_core_sentences.pxi"
include "_core_decimal.pxi"
include "_core_nearest.pxi"

# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

def raise_status(status: int) -> None:
    """Raise the exception that stands for a status code; do nothing for success."""

def compiler() -> str:
    """Name and version of the compiler that built the engine."""

def available_isas() -> list[str]:
    """Names of the instruction sets that this build and this CPU can run, the slowest first."""

def check_isa(name: str) -> str:
    """Return `name` if it names an available instruction set; else raise ValueError."""

def stream(seed: int, epoch: int, chunk: int) -> int:
    """The random stream of a chunk (fw_stream)."""

def substream(stream: int, purpose: int) -> int:
    """The substream of a purpose: 0 tokens, 1 noise, 2 picks (fw_substream)."""

def draw(substream: int, counter: int) -> int:
    """Draw `counter` of a substream (fw_draw)."""

def build_noise_table(
    weights: NDArray[np.float64],
    table: NDArray[np.uint32],
    scaled: NDArray[np.float64],
    work: NDArray[np.int32],
) -> None:
    """Fill `table`, (vocab_size, 2), with threshold and other id of every column."""

@disjoint_base
class Trainer:
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

    def __init__(
        self,
        input_vectors: NDArray[np.float32],
        output_vectors: NDArray[np.float32],
        keep_threshold: NDArray[np.uint32],
        noise_table: NDArray[np.uint32],
        *,
        vector_size: int,
        isa: str,
        architecture: str,
        negative_scope: str,
        window: int,
        shrink_windows: bool,
        negatives: int,
        negative_weight: float,
        pool_size: int,
        pool_refresh: int,
        cbow_mean: bool,
        cbow_exact_gradient: bool,
        chunk_tokens: int,
        loss_interval: int,
        private_rows: int = 0,
        frozen: NDArray[np.uint8] | None = None,
        anchor: tuple[
            NDArray[np.float32],
            NDArray[np.float32] | None,
            NDArray[np.int32],
            NDArray[np.float32],
        ]
        | None = None,
    ) -> None: ...
    @property
    def workspace_size(self) -> int:
        """Bytes of 64-byte aligned scratch that each worker needs."""
    def train_chunks(
        self,
        ids: NDArray[np.int32],
        borders: NDArray[np.int64],
        sentence_ends: NDArray[np.int64],
        streams: NDArray[np.uint64],
        learning_rates: NDArray[np.float64],
        workspace: NDArray[np.uint8],
    ) -> list[tuple[int, int, int, float]]:
        """Train on chunks that follow one another: chunk i is ids[borders[i]:borders[i + 1]].

        `sentence_ends` holds the rising ends of sentences, from the first after the first chunk's
        begin to the first at or after the last one's end; each chunk has its stream and learning
        rate. Returns (kept tokens, examples, sampled examples, their loss) of each chunk.
        """

def shard_size(trainer: Trainer) -> int: ...
def marks_size(vocab_size: int) -> int: ...

@disjoint_base
class Shards:
    """What the workers of a deterministic run share, beside the trainer (csrc/shards.h)."""
    def __init__(
        self,
        trainer: Trainer,
        ids: NDArray[np.int32],
        sentence_ends: NDArray[np.int64],
        pairs: NDArray[np.float32],
        marks: NDArray[np.uint8],
        memory: list[NDArray[np.uint8]],
    ) -> None: ...
    def __len__(self) -> int: ...
    def train(
        self,
        chunks: NDArray[np.int64],
        streams: NDArray[np.uint64],
        learning_rates: NDArray[np.float64],
        first: int,
        last: int,
        workspace: NDArray[np.uint8],
    ) -> list[tuple[int, int, int, float]]:
        """Train the chunks of shards first..last - 1 of a phase (fw_train_shards)."""
    def merge(
        self,
        chunks: NDArray[np.int64],
        streams: NDArray[np.uint64],
        learning_rates: NDArray[np.float64],
        first: int,
        last: int,
        workspace: NDArray[np.uint8],
    ) -> None:
        """Merge what falls to these shards, and mark what they need of the next phase."""

def block_floats(n_inputs: int, n_targets: int) -> int:
    """Room, in floats, of each (n_inputs, n_targets) array of a block step."""

def block_scratch(n_inputs: int, n_targets: int, stride: int) -> int:
    """Floats of a block step's scratch."""

def block_step(
    isa: str,
    inputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    input_rows: NDArray[np.int32],
    target_rows: NDArray[np.int32],
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    learning_rate: float,
    logits: NDArray[np.float32],
    residuals: NDArray[np.float32],
    scratch: NDArray[np.float32],
    gradients: NDArray[np.float32] | None = None,
    repeat: int = 1,
) -> None:
    """Run fw_block_step on rows of two matrices; `gradients`, (n_inputs, stride), takes D."""

def combine_rows(
    isa: str,
    to: NDArray[np.float32],
    to_rows: NDArray[np.int32],
    source: NDArray[np.float32],
    source_rows: NDArray[np.int32],
    coefficients: NDArray[np.float32],
    accumulate: bool,
) -> None:
    """Run fw_combine_rows; `coefficients` is (n_to, n_source), flat."""

@disjoint_base
class Lexicon:
    """Words in order of first appearance, with counts; used by one thread at a time."""

    def __len__(self) -> int: ...
    def scan(
        self,
        text: bytes | bytearray | memoryview,
        final: bool,
        ids: NDArray[np.int32],
        ends: NDArray[np.int64],
        n_tokens: int,
        sentence_begin: int,
    ) -> tuple[int, int, int]:
        """Count the words of a block; return bytes consumed, ids written and ends written.

        `n_tokens` is the number of tokens of the text before this block, `sentence_begin` of those
        before its open sentence, that is the last end written, or 0. See csrc/lexicon.h.
        """
    def add_sentence(self, tokens: Sequence[str], ids: NDArray[np.int32]) -> int:
        """Count the words of a sentence, write their ids and return how many there are."""
    def merge(self, other: Lexicon, id_map: NDArray[np.int32]) -> None:
        """Add the counts of `other`; write the id here of each of its words to `id_map`."""
    def export(self, offsets: NDArray[np.int64], counts: NDArray[np.int64]) -> bytes:
        """Return all words, end to end in UTF-8; write where they begin and end, and counts."""
    def counts(self, counts: NDArray[np.int64]) -> None:
        """Write the counts alone."""

def decode_words(
    text: bytes, offsets: NDArray[np.int64], positions: NDArray[np.int64], errors: str
) -> list[str]:
    """Return the words at these positions, word i being ``text[offsets[i]:offsets[i + 1]]``."""

@disjoint_base
class Encoder:
    """Provisional ids to final ones, block after block; used by one thread at a time.

    Parameters
    ----------
    id_map : ndarray of shape (n_words,), int32
        Final id of each provisional one, -1 to drop the word.
    ends : ndarray of shape (n_sentences,), int64
        Sentence ends of the whole stream; overwritten.
    n_before : int
        Tokens of the corpus before this stream, added to every end.
    """

    def __new__(cls, id_map: NDArray[np.int32], ends: NDArray[np.int64], n_before: int) -> Self: ...
    @property
    def n_sentences(self) -> int:
        """How many ends remain so far, at the front of `ends`."""
    def encode(self, ids: NDArray[np.int32], kept: NDArray[np.int32]) -> int:
        """Write what remains of the next block to `kept`, which may be `ids`; return how many."""

def find_words(
    index: dict[str, int],
    sentences: list[Sequence[str]],
    ids: NDArray[np.int32],
    unknown: list[str],
    first_number: int,
) -> None:
    """Write the ids of all tokens of some lists and tuples, one after another, to `ids`.

    A token that is not in `index` gets -1 and is appended to `unknown`. Errors count sentences
    from `first_number`. `ids` must have room for the tokens and no more.
    """

def sum_sentences(
    elements: NDArray[np.uint8],
    element_bytes: int,
    ids: NDArray[np.int32],
    ends: NDArray[np.int64],
    sums: NDArray[np.float32],
    totals: NDArray[np.float64],
    known: NDArray[np.int64],
    *,
    scales: NDArray[np.float32] | None = None,
    weights: NDArray[np.float32] | None = None,
) -> None:
    """Run fw_sum_sentences; `elements` are the rows as bytes, which may have gaps between them."""

LONGEST_FLOAT: int

def find_lines(
    text: bytes | bytearray | memoryview, word_ends: NDArray[np.int64], ends: NDArray[np.int64]
) -> int:
    """Find where lines and their first words end (fw_find_lines); return how many lines."""

def find_entries(
    text: bytes | bytearray | memoryview,
    row_bytes: int,
    begins: NDArray[np.int64],
    word_ends: NDArray[np.int64],
) -> int:
    """Find the words of binary entries (fw_find_entries); return how many."""

def parse_rows(
    text: bytes | bytearray | memoryview,
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: NDArray[np.float32],
) -> int:
    """Read lines of numbers into `rows` (fw_parse_rows); return how many are as they should be."""

def copy_rows(
    text: bytes | bytearray | memoryview, begins: NDArray[np.int64], rows: NDArray[np.uint8]
) -> None:
    """Copy a row from each place of a text (fw_copy_rows)."""

def decode_spans(
    text: bytes | bytearray | memoryview,
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    errors: str,
) -> list[str]:
    """Return the words text[begins[i]:ends[i]]."""

def print_rows(
    isa: str,
    words: bytes,
    offsets: NDArray[np.int64],
    rows: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> int:
    """Write lines of a word, its space and numbers to `out` (fw_print_rows); return the bytes."""

#: Rows that a block of a sketch has.
SKETCH_ROWS: int

@disjoint_base
class Search:
    """The best rows for each of some queries (fw_search); used by one thread at a time.

    Parameters
    ----------
    isa : str
    queries : ndarray of shape (n_queries, vector_size), float32
        Kept as a view.
    n_found : int
        How many rows to find for each query.
    excluded : ndarray of shape (n_queries, n), int32, optional
        Rows that are no answer to a query; numbers below 0 say nothing. Kept as a view.
    has_sketch : bool
        Whether every call of `search_rows` comes with a sketch of its rows.
    """

    def __init__(
        self,
        isa: str,
        queries: NDArray[np.float32],
        n_found: int,
        excluded: NDArray[np.int32] | None = None,
        has_sketch: bool = False,
    ) -> None: ...
    def search_rows(
        self,
        elements: NDArray[np.uint8],
        dtype: str,
        first_id: int,
        inverse_norms: NDArray[np.float32],
        scales: NDArray[np.float32] | None = None,
        coarse: NDArray[np.uint8] | None = None,
        fine: NDArray[np.uint8] | None = None,
    ) -> None:
        """Search rows first_id, first_id + 1, ...; call with rising `first_id` (fw_search_rows).

        `elements` is a view of rows of `dtype` as bytes; `coarse` and `fine` are the blocks of a
        sketch that have these rows.
        """
    def end(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return ids and scores, both of shape (n_queries, n_found): the best first.

        Where there are fewer rows, ids are -1 and scores NaN.
        """

def score_rows(
    isa: str,
    elements: NDArray[np.uint8],
    dtype: str,
    query: NDArray[np.float32],
    scores: NDArray[np.float32],
    inverse_norms: NDArray[np.float32],
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write the score of every row with one query (fw_score_rows)."""

def measure_rows(
    isa: str,
    elements: NDArray[np.uint8],
    dtype: str,
    norms: NDArray[np.float32],
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write the Euclidean length of every row (fw_measure_rows)."""

def sketch_bytes(vector_size: int) -> tuple[int, int]:
    """Bytes of a coarse and of a fine block of a sketch; 0 if rows of that size have none."""

def sketch_rows(
    isa: str,
    elements: NDArray[np.uint8],
    dtype: str,
    coarse: NDArray[np.uint8],
    fine: NDArray[np.uint8],
    inverse_norms: NDArray[np.float32],
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write the blocks of rows, the first of which begins a block (fw_sketch_rows)."""

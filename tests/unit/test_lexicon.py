# SPDX-License-Identifier: Apache-2.0
"""The door to the lexicon: words, ids, counts, and what it refuses."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastw2v._core import Encoder, Lexicon, decode_words

ALL_SPACES = [char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace()]
# Few letters, so that words repeat; all white space; pieces of it and others that are no UTF-8;
# long words.
PARTS = [b"a", b"b", b"\0", b"\xff", b"\xc3\xa9", b"\xe2\x80\x8b", b"word", b"l" * 17, b"\n"]
PARTS += [b"\xc2", b"\xe1", b"\xe2", b"\xe3", b"\x80", b"\x9a", b"\xa0", b"\xf0\x9f"]
texts = st.one_of(
    st.lists(st.sampled_from(PARTS + [char.encode() for char in ALL_SPACES])).map(b"".join),
    st.text().map(str.encode),
    st.binary(),
)


def split_as_python_does(data: bytes) -> list[list[bytes]]:
    """Return the words of all lines that have any; bytes that are not UTF-8 stay as they are."""
    keep = "surrogateescape"
    lines = [line.decode(errors=keep).split() for line in data.split(b"\n")]
    return [[word.encode(errors=keep) for word in line] for line in lines if line]


def words_of(lexicon: Lexicon) -> tuple[list[bytes], list[int]]:
    offsets = np.empty(len(lexicon) + 1, dtype=np.int64)
    counts = np.empty(len(lexicon), dtype=np.int64)
    text = lexicon.export(offsets, counts)
    words = [text[a:b] for a, b in itertools.pairwise(offsets)]
    return words, counts.tolist()


def scan_pieces(lexicon: Lexicon, pieces: list[bytes], room: int) -> list[list[bytes]]:
    """Scan text that comes in pieces; return its sentences."""
    ids, ends = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
    all_ids: list[int] = []
    all_ends: list[int] = []
    rest = b""
    for i, piece in enumerate(pieces):
        rest += piece
        while True:
            final = i + 1 == len(pieces)
            begin = all_ends[-1] if all_ends else 0
            n_bytes, n_ids, n_ends = lexicon.scan(rest, final, ids, ends, len(all_ids), begin)
            rest = rest[n_bytes:]
            all_ids += ids[:n_ids].tolist()
            all_ends += ends[:n_ends].tolist()
            if n_ids < room and n_ends < room:
                break
    assert rest == b""
    words = words_of(lexicon)[0]
    return [
        [words[i] for i in all_ids[a:b]] for a, b in zip([0, *all_ends], all_ends, strict=False)
    ]


@settings(deadline=None)
@given(texts, st.lists(st.integers(0, 60), max_size=6), st.integers(1, 9))
@example(b"a " * 100, [64, 128], 1)
@example(b"x" * 62 + "\u2003\u3000y\xa0z\u2028".encode(), [63, 64, 65, 67], 1)
def test_scanning_any_pieces_equals_python_split(data: bytes, cuts: list[int], room: int) -> None:
    borders = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(borders)]
    lexicon = Lexicon()
    expected = split_as_python_does(data)
    assert scan_pieces(lexicon, pieces, room) == expected
    words, counts = words_of(lexicon)
    flat = [word for sentence in expected for word in sentence]
    assert words == list(dict.fromkeys(flat))
    assert counts == [flat.count(word) for word in words]


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_merged_lexicons_equal_one_lexicon(first: bytes, second: bytes) -> None:
    one, two, whole = Lexicon(), Lexicon(), Lexicon()
    scan_pieces(one, [first], 8)
    scan_pieces(two, [second], 8)
    scan_pieces(whole, [first + b"\n" + second], 8)
    id_map = np.empty(len(two), dtype=np.int32)
    one.merge(two, id_map)
    assert words_of(one) == words_of(whole)
    merged = words_of(one)[0]
    assert [merged[i] for i in id_map] == words_of(two)[0]


@pytest.mark.parametrize("before", [0, 1, 61, 62, 63, 64])
def test_every_white_space_of_python_separates_words_wherever_it_stands(before: int) -> None:
    for space in ALL_SPACES:
        text = "x" * before + space + "y" + space
        lexicon = Lexicon()
        assert scan_pieces(lexicon, [text.encode()], 9) == split_as_python_does(text.encode())
        assert words_of(lexicon)[0] == [word.encode() for word in text.split()]


def test_a_word_cut_by_the_end_of_a_block_is_left() -> None:
    ids, ends = np.empty(9, dtype=np.int32), np.empty(9, dtype=np.int64)
    assert Lexicon().scan(b"one tw", False, ids, ends, 0, 0) == (4, 1, 0)
    assert Lexicon().scan(b"one tw", True, ids, ends, 0, 0) == (6, 2, 1)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 1000, 100_000])
def test_words_of_any_length_are_found_again(length: int) -> None:
    lexicon = Lexicon()
    ids = np.empty(4, dtype=np.int32)
    word = "x" * length
    lexicon.add_sentence([word, word + "y", word, "\0" * length], ids)
    assert ids.tolist() == [0, 1, 0, 2 if length else 0]


def test_many_similar_words_do_not_slow_the_table_down() -> None:
    numbers = " ".join(str(i) for i in range(300_000)).encode()
    lexicon = Lexicon()
    ids, ends = np.empty(400_000, dtype=np.int32), np.empty(1, dtype=np.int64)
    lexicon.scan(numbers, True, ids, ends, 0, 0)  # a quadratic table would take minutes
    assert len(lexicon) == 300_000


def test_tokens_may_hold_anything_that_utf8_can_write() -> None:
    lexicon = Lexicon()
    ids = np.empty(5, dtype=np.int32)
    assert lexicon.add_sentence(("New York", "", "naïve", "日本", "a\nb"), ids) == 5
    assert [w.decode() for w in words_of(lexicon)[0]] == ["New York", "", "naïve", "日本", "a\nb"]


@pytest.mark.parametrize(
    ("tokens", "error", "message"),
    [
        (["a", 3], TypeError, "token 1 must be a str, got int: 3"),
        (["a", None], TypeError, "token 1 must be a str, got NoneType: None"),
        ([b"a"], TypeError, "token 0 must be a str, got bytes: b'a'"),
        ([["x" * 1000]], TypeError, r"token 0 must be a str, got list: \['x+\.\.\.x+'\]$"),
        (["a", "b", "\ud800"], ValueError, r"token 2 cannot be written as UTF-8: '\\ud800'"),
        (["a"] * 9, ValueError, "ids must have room for 9 tokens"),
    ],
)
def test_a_bad_token_is_named(tokens: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Lexicon().add_sentence(tokens, np.empty(4, dtype=np.int32))


def test_a_buffer_of_the_wrong_type_is_named() -> None:
    int32, int64 = np.empty(4, dtype=np.int32), np.empty(4, dtype=np.int64)
    frozen = int32.copy()
    frozen.flags.writeable = False
    lexicon = Lexicon()
    with pytest.raises(TypeError, match="text must be"):
        lexicon.scan("text", True, int32, int64, 0, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ids must be a writable, contiguous int32"):
        lexicon.scan(b"", True, int64, int64, 0, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ids must be a writable"):
        lexicon.scan(b"", True, frozen, int64, 0, 0)
    with pytest.raises(TypeError, match="ends must be"):
        lexicon.scan(b"", True, int32, int64[::2], 0, 0)
    with pytest.raises(ValueError, match="room for at least one"):
        lexicon.scan(b"", True, int32[:0], int64, 0, 0)
    with pytest.raises(ValueError, match="sentence_begin must be"):
        lexicon.scan(b"", True, int32, int64, 1, 2)


def test_merge_and_export_check_their_shapes() -> None:
    lexicon, other = Lexicon(), Lexicon()
    other.add_sentence(["a"], np.empty(1, dtype=np.int32))
    with pytest.raises(ValueError, match=r"id_map must have shape \(1,\), got \(2,\)"):
        lexicon.merge(other, np.empty(2, dtype=np.int32))
    with pytest.raises(ValueError, match="itself"):
        lexicon.merge(lexicon, np.empty(0, dtype=np.int32))
    with pytest.raises(TypeError):
        lexicon.merge(None, np.empty(0, dtype=np.int32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must have lengths \(2, 1\), got \(2, 2\)"):
        other.export(np.empty(2, np.int64), np.empty(2, np.int64))


def test_counts_are_those_of_export_and_need_room_for_all() -> None:
    lexicon = Lexicon()
    lexicon.add_sentence(["a", "b", "a"], np.empty(3, dtype=np.int32))
    counts = np.empty(2, dtype=np.int64)
    lexicon.counts(counts)
    assert counts.tolist() == words_of(lexicon)[1] == [2, 1]
    with pytest.raises(ValueError, match=r"counts must have shape \(2,\), got \(3,\)"):
        lexicon.counts(np.empty(3, dtype=np.int64))


def test_a_list_and_a_tuple_of_any_length_count_alike() -> None:
    for n in (0, 1, 63, 64, 65, 200):
        tokens = [f"word{i % 50}" for i in range(n)]
        ids = np.empty((2, n), dtype=np.int32)
        lexicon = Lexicon()
        assert lexicon.add_sentence(tokens, ids[0]) == n
        assert lexicon.add_sentence(tuple(tokens), ids[1]) == n
        assert ids[0].tolist() == ids[1].tolist() == [i % 50 for i in range(n)]


@given(st.lists(st.text()), st.data())
def test_words_are_decoded_in_any_order(words: list[str], data: st.DataObject) -> None:
    encoded = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    wanted = data.draw(st.lists(st.sampled_from(range(len(words))))) if words else []
    positions = np.array(wanted, dtype=np.int64)
    assert decode_words(b"".join(encoded), offsets, positions, "strict") == [
        words[i] for i in wanted
    ]


@pytest.mark.parametrize(
    ("offsets", "position", "error"),
    [
        ([0, 1], 1, IndexError),
        ([0, 1], -1, IndexError),
        ([0, 9], 0, ValueError),
        ([-1, 1], 0, ValueError),
        ([2, 1], 0, ValueError),
        ([], 0, IndexError),
        ([0, 2], 0, UnicodeDecodeError),
    ],
)
def test_decoding_looks_at_no_byte_outside_the_text(
    offsets: list[int], position: int, error: type[Exception]
) -> None:
    places = np.array(offsets, dtype=np.int64)
    with pytest.raises(error):
        decode_words(b"a\xff", places, np.array([position], dtype=np.int64), "strict")


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=1), max_size=20),
    st.lists(st.integers(-1, 3), min_size=5, max_size=5),
    st.integers(1, 7),
    st.booleans(),
)
def test_encoding_drops_words_and_sentences_that_become_empty(
    sentences: list[list[int]], id_map: list[int], block: int, in_place: bool
) -> None:
    ids = np.array([i for s in sentences for i in s], dtype=np.int32)
    ends = np.cumsum([len(s) for s in sentences], dtype=np.int64)
    kept = [[id_map[i] for i in s if id_map[i] >= 0] for s in sentences]
    kept = [s for s in kept if s]
    encoder = Encoder(np.array(id_map, dtype=np.int32), ends, 1000)
    found: list[int] = []
    for begin in range(0, len(ids), block):
        piece = ids[begin : begin + block]
        room = piece if in_place else np.empty(len(piece), dtype=np.int32)
        found += room[: encoder.encode(piece, room)].tolist()
    assert found == [i for s in kept for i in s]
    assert encoder.n_sentences == len(kept)
    assert ends[: len(kept)].tolist() == (1000 + np.cumsum([len(s) for s in kept])).tolist()


@pytest.mark.parametrize("wrong_id", [-1, 2, 2**31 - 1])
def test_encoding_refuses_ids_outside_the_map(wrong_id: int) -> None:
    encoder = Encoder(np.zeros(2, dtype=np.int32), np.array([1], dtype=np.int64), 0)
    with pytest.raises(IndexError, match="id is outside"):
        encoder.encode(np.array([wrong_id], dtype=np.int32), np.empty(1, dtype=np.int32))


def test_encoding_refuses_falling_ends() -> None:
    encoder = Encoder(np.zeros(2, dtype=np.int32), np.array([2, 1], dtype=np.int64), 0)
    with pytest.raises(ValueError, match="sentence ends must rise"):
        encoder.encode(np.zeros(3, dtype=np.int32), np.empty(3, dtype=np.int32))


def test_encoding_refuses_to_write_beyond_the_room() -> None:
    encoder = Encoder(np.zeros(2, dtype=np.int32), np.empty(0, dtype=np.int64), 0)
    with pytest.raises(ValueError, match="argument"):
        encoder.encode(np.zeros(3, dtype=np.int32), np.empty(2, dtype=np.int32))

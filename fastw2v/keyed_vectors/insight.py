# SPDX-License-Identifier: Apache-2.0
"""What vectors have learned, and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastw2v.corpus import EncodedCorpus
from fastw2v.keyed_vectors.queries import checked_int
from fastw2v.keyed_vectors.sentences import VectorSentences

if TYPE_CHECKING:
    from fastw2v.comparison import Comparison
    from fastw2v.explanation import Explanation


class VectorInsight(VectorSentences):
    """Comparison with other vectors, explanation by a corpus; see `KeyedVectors`."""

    def compare(self, other: VectorInsight, restrict_vocab: int | None = None) -> Comparison:
        """Find the words that mean something else in other vectors, of another time or corpus.

        The spaces of two runs are turned against each other. So the other vectors are rotated
        such that the words that both have, in unit vectors, lie as near to each other as they can
        (orthogonal Procrustes); what a word's two vectors then differ by is its own.

        Parameters
        ----------
        other : KeyedVectors
            The later ones, of the same `vector_size`.
        restrict_vocab : int, optional
            Only the so many most frequent words of each. Vectors of rare words are uncertain, so
            without this they are most of those that seem to have moved.

        Returns
        -------
        Comparison
            `moved()` and `stable()` words by the cosine after the alignment, the words that
            `vanished` and those that `appeared`, and the `rotation`.

        Raises
        ------
        ValueError
            The sizes differ, no word is in both, or `restrict_vocab` is less than 1.

        References
        ----------
        Hamilton, Leskovec and Jurafsky, "Diachronic Word Embeddings Reveal Statistical Laws of
        Semantic Change", ACL 2016.
        """
        from fastw2v.comparison import compare

        if restrict_vocab is not None:
            restrict_vocab = checked_int("restrict_vocab", restrict_vocab, 1)
        return compare(self, other, restrict_vocab)

    def explain(
        self,
        w1: str,
        w2: str,
        corpus: EncodedCorpus,
        *,
        window: int = 5,
        min_count: int = 5,
        topn: int = 10,
    ) -> Explanation:
        """Find the contexts in a corpus that make two words close.

        The association of a word w with a context word c is max(0, log(P(c | w) / P_n(c))):
        how much more often c stands in the window of w than in the noise that training drew
        (counts to the power of 3/4). The share of c is the product of its associations with both
        words, divided by the lengths of the two vectors of associations: all shares together are
        the cosine of these.

        Parameters
        ----------
        w1, w2 : str
        corpus : EncodedCorpus
            What the vectors were trained on.
        window : int
            Most tokens between the words and a context; nearer ones count more, as in training.
        min_count : int
            Leave out contexts seen less often with either word: a few times may be chance.
        topn : int
            How many contexts to return.

        Returns
        -------
        Explanation

        Raises
        ------
        KeyError
            A word has no vector, or is not in the corpus.
        ValueError
            A number is out of its range.

        References
        ----------
        Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization", NIPS 2014.
        """
        from fastw2v.explanation import explain

        similarity = self.similarity(w1, w2)
        return explain((w1, w2), similarity, corpus, window=window, min_count=min_count, topn=topn)

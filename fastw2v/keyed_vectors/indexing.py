# SPDX-License-Identifier: Apache-2.0
"""An approximate index beside the vectors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from fastw2v.keyed_vectors.search import VectorSearch
from fastw2v.system import usable_cpus

if TYPE_CHECKING:
    from fastw2v.vector_index import VectorIndex


class VectorIndexing(VectorSearch):
    """Neighbours at scale; see `KeyedVectors`."""

    def index(
        self,
        backend: Literal["usearch", "faiss"] = "usearch",
        *,
        m: int = 16,
        ef_construction: int = 128,
        ef_search: int = 64,
        threads: int | None = None,
    ) -> VectorIndex:
        """Build an approximate index: its searches look at some hundreds of words, not at all.

        Parameters
        ----------
        backend : "usearch" or "faiss"
            The package that builds the graph (HNSW) and searches in it.
        m : int
            Links of each word. More take memory and find more of the true neighbours.
        ef_construction : int
            Candidates for these links. More take time to build and make better links.
        ef_search : int
            Candidates of a search; may be changed later, see `VectorIndex`.
        threads : int, optional
            For building. None: the CPUs that the process may use. With one the graph is the same
            each time.

        Returns
        -------
        VectorIndex
            With a method ``most_similar(vector, topn)``, and ``recall()``, which measures how many
            of the true neighbours it finds.

        Raises
        ------
        ModuleNotFoundError
            The package of the backend is not installed.
        ValueError
            The backend is unknown or a number out of range.
        """
        from fastw2v.vector_index import Settings, VectorIndex

        n_threads = usable_cpus() if threads is None else threads
        settings = Settings(backend, m, ef_construction)
        return VectorIndex.build(self, settings, ef_search=ef_search, threads=n_threads)

    def load_index(self, path: str | os.PathLike[str]) -> VectorIndex:
        """Read an index of these vectors that `VectorIndex.save` wrote.

        It is a graph in the format of its library, which trusts it: load files of your own only.

        Raises
        ------
        ValueError
            It is no index, is damaged, or was built from other vectors or words than these.
        ModuleNotFoundError
            The package of its backend is not installed.
        """
        from fastw2v.vector_index import VectorIndex

        return VectorIndex.load(path, self)

"""How what was said is found again: pure rules that join meaning and words. `services/recall.py` carries them out.

A search is five steps, the same for messages and for passages:

1. `terms_of(query)`: what to look for by its words.
2. In a transaction: how often each term occurs, and which rows have it (`adapters/database/search_terms.py: match_of`
   is a term for FTS5). `asked(terms, frequencies, total)` weighs them; `heaviest` picks the fifty best rows.
3. `VectorIndex.nearest` gives the fifty nearest of the query's vector, and the cosines of the rows found by words
   (`among`). Without an embedder or its process this step is left out.
4. A `Candidate` for each row that either found, with its text; `passages_ranked` or `messages_ranked` orders them.
5. The first ones are the hits, each with its reasons (`app.domain.retrieval`).
"""

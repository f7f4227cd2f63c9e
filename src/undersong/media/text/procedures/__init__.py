"""Ways to make a text of texts that are older than computers: cut-up, n+7, erasure, cento, permutation."""

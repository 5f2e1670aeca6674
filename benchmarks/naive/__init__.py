"""A mirror of sales orders as a competent developer writes the first one, and the second.

Baselines to compare with: plain Django models, plain HTTP, no hashes, no proofs, no history.
"""

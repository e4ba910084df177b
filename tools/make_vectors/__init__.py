"""Writes spec/vectors: small files with what a decoder must make of them, for whoever implements the format.

    python -m tools.make_vectors            writes the vectors that are not there yet; never touches one that is
    python -m tools.make_vectors --check    says whether each vector is what would be written today

They are built by plain models of the specification (here and in tests/), never by spformat: the planner may change
its mind, a vector may not.
"""

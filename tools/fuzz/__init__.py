"""Attacks by the million: damaged and forged files made from the conformance vectors, read in a confined process.

python -m tools.fuzz --files 1000000        mutated files (mutants.py) against what must hold (oracle.py)
python -m tools.fuzz.kill --kills 1000      kill -9 while a file is packed
bash tools/fuzz/native/run SECONDS          coverage-guided, over the kernels, under ASan and UBSan
"""

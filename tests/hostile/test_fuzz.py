"""The tool that reads mutated files by the million: a short run of it, and that it sees what it is there to see."""

import dataclasses
import json
import os
import signal

import pytest

from spformat.errors import LimitError
from spformat.reader import Reader
from tools.fuzz import oracle, worker
from tools.fuzz.__main__ import as_text, summary
from tools.fuzz.content import content_of
from tools.fuzz.mutants import KINDS, Mutant, mutant
from tools.fuzz.seeds import seeds
from tools.fuzz.supervisor import attack

SEEDS = seeds()
BAD = 1010  # a number in the second span


def unchanged(seed, forged=False):
    return Mutant(0, "none", seed.data, (seed, SEEDS[0]), forged)


def test_a_short_run_finds_nothing():
    tally = attack(seed=5, span=(0, 2000))
    assert tally.wrong == {}
    assert tally.outcomes.total() == 2000
    assert {kind for kind, _ in tally.outcomes} == set(KINDS)


def test_mutants_are_a_function_of_seed_and_number():
    assert [mutant(SEEDS, 3, n) for n in range(200)] == [mutant(SEEDS, 3, n) for n in range(200)]
    assert len({mutant(SEEDS, 3, n).data for n in range(200)}) > 150


def test_forged_files_get_past_the_digests():
    """Else only the digests would be tested."""
    outcomes = [
        oracle.judge(one, both=False).outcome for one in (mutant(SEEDS, 4, n) for n in range(1500)) if one.forged
    ]
    assert outcomes.count("read") > 30
    assert len({outcome for outcome in outcomes if not outcome.startswith(("prologue", "footer"))}) > 25


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_the_seeds_are_what_they_should_be(seed):
    assert oracle.judge(unchanged(seed), both=True) == oracle.Verdict("read")


def tensors_of(seed):
    return seed.content.tensors.values()


def other_numbers(content):
    """The content with one byte changed."""
    name, tensor = next((name, tensor) for name, tensor in content.tensors.items() if tensor.data)
    changed = dataclasses.replace(tensor, data=bytes([tensor.data[0] ^ 1]) + tensor.data[1:])
    return dataclasses.replace(content, tensors=content.tensors | {name: changed})


@pytest.mark.parametrize("forged", [False, True])
def test_a_wrong_number_is_seen(monkeypatch, forged):
    seed = next(seed for seed in SEEDS if any(tensor.data for tensor in tensors_of(seed)))
    monkeypatch.setattr(oracle, "content_of", lambda data: other_numbers(content_of(data)))
    assert oracle.judge(unchanged(seed, forged), both=False).wrong is not None


@pytest.mark.parametrize("task", ["read_nonzeros", "read_rows"])
def test_ways_of_reading_that_disagree_are_seen(monkeypatch, task):
    seed = next(seed for seed in SEEDS if any(tensor.shape and any(tensor.data) for tensor in tensors_of(seed)))
    right = getattr(Reader, task)

    def wrong(self, *arguments):
        found = right(self, *arguments)
        (found[1] if task == "read_nonzeros" else found)[...] ^= 1
        return found

    monkeypatch.setattr(Reader, task, wrong)
    assert oracle.judge(unchanged(seed), both=False).outcome == "DisagreementError"


@pytest.mark.parametrize("error", [ValueError("x"), LimitError("x", kind="limits/memory"), MemoryError()])
def test_errors_that_should_not_be_are_seen(monkeypatch, error):
    def fail(_data):
        raise error

    monkeypatch.setattr(oracle, "content_of", fail)
    assert oracle.judge(unchanged(SEEDS[0]), both=False).wrong is not None


def _spoilt(what):
    """Something bad happens at one number, in this process from now on."""
    right = oracle.judge

    def judge(one, both):
        if one.number == BAD:
            what()
        return right(one, both)

    oracle.judge = judge


def _endless():
    while True:
        pass


def crashing(*arguments):
    _spoilt(lambda: os.kill(os.getpid(), signal.SIGKILL))
    worker.work(*arguments)


def hanging(*arguments):
    _spoilt(_endless)
    worker.work(*arguments)


def greedy(*arguments):
    _spoilt(lambda: bytearray(2 * worker.ALLOWANCE))
    worker.work(*arguments)


def _fate(target):
    """Everything but the bad file is judged whatever the bad one does."""
    tally = attack(seed=5, span=(900, 1100), target=target)
    assert tally.outcomes.total() == 200
    assert list(tally.wrong) == [BAD]
    return tally.wrong[BAD]


def test_a_crash_is_seen():
    assert "SIGKILL" in _fate(crashing)


def test_a_hang_is_seen():
    assert "second" in _fate(hanging)


def test_an_allocation_beyond_the_allowance_ends_the_worker():
    """Outside of what judge() catches, as the file is not even made then."""
    assert "exit code 1" in _fate(greedy)


def test_the_summary_says_what_was_found():
    tally = worker.Tally(slowest=0.5, resident=1_000_000)
    tally.outcomes["bit flips", "read"] = 2
    tally.outcomes["bit flips", "block/digest"] = 3
    tally.wrong[7] = "it hangs"
    found = summary(tally, seed=1, seconds=2.0)
    assert json.loads(json.dumps(found)) == found
    assert (found["files"], found["findings"]) == (5, {"7": "it hangs"})
    assert "7: it hangs" in as_text(found)

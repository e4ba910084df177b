"""Each claim of the lecture beside what was measured, and whether they agree: computed, not written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from tools.experiments.connections import ONE_SHOT, RETRAINED, TWELVE_TIMES

Fold = dict[str, Any]
NETWORKS = {"lenet_300_100": "LeNet-300-100", "lenet_5": "LeNet-5"}
WITHIN = 0.2  # points of accuracy that count as none


def claims(folds: Sequence[Fold]) -> list[list[str]]:
    """(claim, measured, "yes", "no" or "partly")."""
    return [
        twelve_times(folds, "lenet_300_100", "LeNet-300-100: 12 times fewer weights at no loss (Han et al.)"),
        twelve_times(folds, "lenet_5", "LeNet-5: 12 times fewer weights at no loss (Han et al.)"),
        retraining(folds),
        iterating(folds),
        norms(folds),
        ranges(folds),
        large_sparse(folds),
        low_rate(folds),
        high_rate(folds),
        warm_up(folds),
        scratch(folds),
    ]


def twelve_times(folds: Sequence[Fold], network: str, claim: str) -> list[str]:
    """Iterative pruning at the first round that leaves at least twelve times fewer weights."""
    entries = [_round(fold, network, TWELVE_TIMES) for fold in folds]
    changes = [e["retrained"] - fold[network]["dense"]["L2"] for e, fold in zip(entries, folds, strict=True)]
    measured = f"{1 / (1 - entries[0]['sparsity']):.1f} times fewer, {_paired(changes)}"
    return [claim, measured, _verdict(mean(changes) >= -WITHIN)]


def retraining(folds: Sequence[Fold]) -> list[str]:
    """One shot at twelve times, without and with retraining."""
    before, after = (_one_shot(folds, "L2", TWELVE_TIMES, key) for key in ("pruned", "retrained"))
    measured = f"one shot to 12 times fewer: {before:.1f} % without, {after:.1f} % with retraining"
    return ["Without retraining accuracy drops significantly", measured, _verdict(after - before > 1)]


def iterating(folds: Sequence[Fold]) -> list[str]:
    """Iterative against one shot, both retrained, at the sparsities that both have."""
    gains = {}
    for sparsity in (TWELVE_TIMES, RETRAINED[-1]):
        at = ONE_SHOT.index(sparsity)
        shots = [fold["lenet_300_100"]["one_shot"]["L2"][at]["retrained"] for fold in folds]
        rounds = [_round(fold, "lenet_300_100", sparsity)["retrained"] for fold in folds]
        gains[sparsity] = [after - shot for after, shot in zip(rounds, shots, strict=True)]
    measured = ", ".join(f"{_paired(gain)} at {100 * sparsity:.1f} %" for sparsity, gain in gains.items())
    text = f"against one shot with retraining: {measured}; but it is trained for longer"
    better = [mean(gain) > 2 * _error(gain) for gain in gains.values()]
    return ["Iterative pruning is the best", text, _verdict(all(better), any(better))]


def norms(folds: Sequence[Fold]) -> list[str]:
    """L1 against L2, before and after retraining."""
    before = [_one_shot(folds, "L1", s, "pruned") - _one_shot(folds, "L2", s, "pruned") for s in ONE_SHOT]
    after = [_one_shot(folds, "L1", s, "retrained") - _one_shot(folds, "L2", s, "retrained") for s in RETRAINED]
    texts = [", ".join(f"{d:+.2f}" for d in part) for part in (before, after)]
    measured = f"L1 less L2, by rising sparsity: before retraining {texts[0]}; after {texts[1]}"
    right = mean(before) > 0, mean(after) < -WITHIN
    return ["L1 is better before retraining, L2 after", measured, _verdict(all(right), any(right))]


def ranges(folds: Sequence[Fold]) -> list[str]:
    """How far the weights of the largest layer spread before and after."""
    found = [fold["lenet_300_100"]["iterative"] for fold in folds]
    wide = [mean(f[key][1] - f[key][0] for f in found) for key in ("range_dense", "range_pruned")]
    measured = f"99.8 % of the largest layer's weights lie in a range {wide[0]:.2f} wide before, {wide[1]:.2f} after"
    return ["Pruning and retraining widen the weights' range, by 1.7", measured, _verdict(wide[1] > wide[0])]


def large_sparse(folds: Sequence[Fold]) -> list[str]:
    """Large-sparse against small-dense."""
    gains = []
    for at in range(len(folds[0]["gradual"])):
        pairs = [fold["gradual"][at] for fold in folds]
        gains.append((pairs[0]["sparsity"], [e["large_sparse"] - e["small_dense"] for e in pairs]))
    measured = ", ".join(f"{_paired(gain)} at {100 * sparsity:.0f} %" for sparsity, gain in gains)
    better = [mean(gain) > 2 * _error(gain) for _, gain in gains]
    claim = "Large-sparse beats small-dense at equal nonzeros (Zhu and Gupta)"
    return [claim, measured, _verdict(all(better), any(better))]


def low_rate(folds: Sequence[Fold]) -> list[str]:
    """At a low learning rate the ticket is better."""
    gain = _ticket_gain(folds, "low")
    return ["Low learning rate: the ticket beats weights drawn anew", _gain_text(gain), _verdict(gain > WITHIN)]


def high_rate(folds: Sequence[Fold]) -> list[str]:
    """At a high learning rate they are alike, and better than at the low one."""
    gain = _ticket_gain(folds, "high")
    dense = {rate: mean(fold["tickets"][rate][0]["ticket"] for fold in folds) for rate in ("low", "high")}
    measured = f"{_gain_text(gain)}; dense, high against low: {dense['high'] - dense['low']:+.2f}"
    right = abs(gain) <= 1, dense["high"] > dense["low"]
    claim = "High learning rate: both perform similarly, and better than at the low one (Liu et al.)"
    return [claim, measured, _verdict(all(right), any(right))]


def warm_up(folds: Sequence[Fold]) -> list[str]:
    """With a warm-up tickets are found at the high rate, too."""
    gain, without = _ticket_gain(folds, "high, warm-up"), _mean_ticket(folds, "high")
    with_it = _mean_ticket(folds, "high, warm-up")
    measured = f"{_gain_text(gain)}; tickets with against without warm-up: {with_it - without:+.2f}"
    right = gain > WITHIN, with_it > without
    return ["High learning rate with warm-up: best, and the ticket wins", measured, _verdict(all(right), any(right))]


def scratch(folds: Sequence[Fold]) -> list[str]:
    """The pruned network drawn anew and trained for as many operations, against fine-tuning."""
    texts, right = [], []
    for network, name in NETWORKS.items():
        entries = [fold["scratch"][network] for fold in folds]
        gain = [entry["scratch_b"] - entry["fine_tuned"] for entry in entries]
        texts.append(f"{_paired(gain)} on {name}")
        right.append(mean(gain) >= -WITHIN)
    claim = "Trained from scratch for as many operations, the pruned network is as good as fine-tuned (Liu et al.)"
    return [claim, f"scratch-B less fine-tuned: {', '.join(texts)}", _verdict(all(right), any(right))]


def _verdict(right: bool, partly: bool = False) -> str:
    return "yes" if right else "partly" if partly else "no"


def _round(fold: Fold, network: str, sparsity: float) -> dict[str, Any]:
    rounds: list[dict[str, Any]] = fold[network]["iterative"]["rounds"]
    return min(rounds, key=lambda entry: abs(entry["sparsity"] - sparsity))


def _error(differences: Sequence[float]) -> float:
    """Standard error of a mean of differences, one a fold."""
    return float(stdev(differences) / len(differences) ** 0.5)


def _paired(differences: Sequence[float]) -> str:
    return f"{mean(differences):+.2f} points (standard error {_error(differences):.2f})"


def _one_shot(folds: Sequence[Fold], norm: str, sparsity: float, key: str) -> float:
    at = ONE_SHOT.index(sparsity)
    return float(mean(fold["lenet_300_100"]["one_shot"][norm][at][key] for fold in folds))


def _ticket_gain(folds: Sequence[Fold], rate: str) -> float:
    """Ticket less its control, mean over all pruned levels and folds."""
    levels = [level for fold in folds for level in fold["tickets"][rate][1:]]
    return float(mean(level["ticket"] - level["reinitialized"] for level in levels))


def _mean_ticket(folds: Sequence[Fold], rate: str) -> float:
    return float(mean(level["ticket"] for fold in folds for level in fold["tickets"][rate][1:]))


def _gain_text(gain: float) -> str:
    return f"ticket less drawn anew, mean over densities: {gain:+.2f} points"

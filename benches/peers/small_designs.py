"""Small, separated and badly scaled designs, and profiles of likelihoods by brute force."""

from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import logsumexp

import leadlens as ll


def small_designs() -> dict[str, Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]]:
    """Return draws of small, separated and badly scaled designs."""

    def separated(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.normal(size=(20, 2))
        return x, x.sum(axis=1) > 0

    def always_positive(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = np.column_stack([rng.random(50) < 0.2, rng.normal(size=50)]).astype(float)
        return x, (rng.random(50) < 0.3) | (x[:, 0] == 1)

    def ages(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.integers(18, 71, (40, 1)).astype(float)
        return x, x[:, 0] > rng.integers(30, 60)

    def far_from_zero(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.normal([1e5, 2024], [1, 2], (60, 2))
        return x, x[:, 0] + rng.normal(size=60) > 1e5

    def mixed_scales(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        scale = np.array([1e-4, 1, 1e4])
        x = rng.normal(size=(60, 3)) * scale
        return x, (x / scale).sum(axis=1) + rng.logistic(size=60) > 0

    return {f.__name__: f for f in (separated, always_positive, ages, far_from_zero, mixed_scales)}


def least(
    design: np.ndarray, y: np.ndarray, beta: np.ndarray, free: list[int], firth: bool
) -> tuple[float, np.ndarray]:
    """Return the least loss over the free coefficients, and where it is, by scoring with steps that are halved."""

    def loss(b: np.ndarray) -> float:
        eta = design @ b
        p = 1 / (1 + np.exp(-eta))
        value = np.logaddexp(0, eta).sum() - eta[y].sum()
        return value - np.linalg.slogdet((design * (p * (1 - p))[:, None]).T @ design)[1] / 2 if firth else value

    value = loss(beta)
    for _ in range(300):
        p = 1 / (1 + np.exp(-(design @ beta)))
        weight = p * (1 - p)
        information = (design * weight[:, None]).T @ design
        gradient = design.T @ (y - p)
        if firth:
            hat = weight * np.einsum("ij,ij->i", design @ np.linalg.pinv(information), design)
            gradient = gradient + design.T @ (hat * (0.5 - p))
        step = np.zeros(len(beta))
        step[free] = np.linalg.lstsq(information[np.ix_(free, free)], gradient[free], rcond=None)[0]
        fall = gradient @ step
        share = min(1.0, 5 / max(np.abs(design @ step).max(), 1e-300))
        while share > 1e-10 and not loss(beta + share * step) <= value - 1e-4 * share * fall + 1e-14 * abs(value):
            share /= 2
        beta = beta + share * step
        value = loss(beta)
        if fall < 1e-18:
            break
    return value, beta


MOST_SETS = 2_000


def exact_loss(design: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return Firth's loss at many points, ln det I as the sum over all sets of rows (Cauchy-Binet) exactly."""
    sets = np.array(list(combinations(range(len(y)), design.shape[1])))
    volume = np.abs(np.linalg.det(design[sets]))
    sets, volume = sets[volume > 1e-12], volume[volume > 1e-12]
    sign = np.where(y, 1.0, -1.0)

    def loss(points: np.ndarray) -> np.ndarray:
        eta = points @ design.T
        weight = -np.logaddexp(0, -eta) - np.logaddexp(0, eta)
        return (
            np.logaddexp(0, -sign * eta).sum(axis=1)
            - logsumexp(2 * np.log(volume) + weight[:, sets].sum(axis=2), axis=1) / 2
        )

    return loss


def lowest(design: np.ndarray, y: np.ndarray, held: int | None, value: float, best: np.ndarray, seed: int) -> float:
    """Return the least of Firth's loss, sought from each set of rows whose log-odds can be 0, and around it."""
    loss, rng = exact_loss(design, y), np.random.default_rng(seed)
    free = [k for k in range(len(best)) if k != held]

    def whole(others: np.ndarray) -> np.ndarray:
        points = np.empty((len(others), len(best)))
        points[:, free] = others
        if held is not None:
            points[:, held] = value
        return points

    if held is None:
        # Directions around the fit, up to four times as steep.
        turned = best / np.linalg.norm(best) + rng.normal(0, 0.5, (400, len(best)))
        starts = turned / np.linalg.norm(turned, axis=1)[:, None] * np.linalg.norm(best)
        starts = np.concatenate([best[None], starts * np.exp(rng.uniform(-1, 1.5, (400, 1)))])
    else:
        sets = np.array(list(combinations(range(len(y)), len(free))))
        sides = design[:, free][sets]
        regular = np.abs(np.linalg.det(sides)) > 1e-3
        on_border = np.linalg.solve(sides[regular], -(design[:, held] * value)[sets[regular]][:, :, None])[:, :, 0]
        grown = best[free] * max(value / best[held], 0.1)
        on_border = np.concatenate([on_border, [best[free], grown]])
        starts = np.concatenate([on_border + rng.normal(0, size, on_border.shape) for size in (0, 0.3, 2)])
    values = np.concatenate([loss(whole(starts[k : k + 500])) for k in range(0, len(starts), 500)])
    picked: list[np.ndarray] = []
    for start in starts[np.argsort(values)]:
        if all(np.linalg.norm(start - other) > 0.03 * (1 + np.linalg.norm(start)) for other in picked):
            picked.append(start)
        if len(picked) == 5:
            break

    def least_from(start: np.ndarray) -> float:
        precise = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000, "maxfev": 4000}
        ways = {"method": "Nelder-Mead", "options": precise}
        for _ in range(2):
            found = minimize(lambda others: loss(whole(others[None]))[0], start, **ways)
            start = found.x
        return float(found.fun)

    return min(least_from(start) for start in picked)


HALF = 3.841458820694124 / 2


def distances(x: np.ndarray, y: np.ndarray, model: ll.LogisticRegression, table: pl.DataFrame, firth: bool) -> list:
    """Return how far, in widths of the interval, each end is from where the profile by brute force has it."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(y)), (x - mean) / spread])
    start = np.append(table["coefficient"][0] + model.coef_[0] @ mean, model.coef_[0] * spread)
    exact = firth and comb(*design.shape) <= MOST_SETS
    least_of_all, best = least(design, y, start, list(range(len(start))), firth)
    if exact:
        least_of_all = lowest(design, y, None, 0.0, start, 0)
    off = []
    for j in range(1, len(best)):
        free = [k for k in range(len(best)) if k != j]
        ends = table["low"][j] * spread[j - 1], table["high"][j] * spread[j - 1]
        for end in ends:
            # A step of Newton's from the end: how far the profile is from where it should be.
            width = 1e-4 * (ends[1] - ends[0])
            values = []
            for at in (end - width, end, end + width):
                if exact:
                    values.append(lowest(design, y, j, at, best, j) - least_of_all)
                    continue
                starts = [best.copy(), best * at / best[j] if at * best[j] > 0 else best.copy()]
                for held in starts:
                    held[j] = at
                values.append(min(least(design, y, held, free, firth)[0] for held in starts) - least_of_all)
            slope = (values[2] - values[0]) / (2 * width)
            off.append(abs((values[1] - HALF) / slope) / (ends[1] - ends[0]))
    return off


def profiles(seeds: range, compared: int | None = None) -> pl.DataFrame:
    """Return fits and profiles that fail, and how far the ends of the first so many are from those of brute force."""
    out = []
    for firth in (True, False):
        for name, draw in small_designs().items():
            if not firth and name in ("separated", "always_positive", "ages"):
                continue
            failed, off = 0, []
            for seed in seeds:
                x, y = draw(np.random.default_rng([seed, 7]))
                if not 0 < y.sum() < len(y):
                    continue
                model = ll.LogisticRegression(penalty="firth") if firth else ll.LogisticRegression(np.inf)
                try:
                    table = model.fit(x, y).inference(x, y, profile=True).to_polars()
                except ll.errors.SeparationError:
                    # Without a correction there is none where classes are separated.
                    failed += firth
                    continue
                except ll.errors.LeadLensError:
                    failed += 1
                    continue
                if compared is None or seed < compared:
                    off += distances(x, y, model, table, firth)
            out.append({
                "fit": "Firth" if firth else "ordinary", "design": name, "designs": len(seeds), "failed": failed,
                "ends": len(off), "farthest": max(off), "beyond 1e-6": sum(o > 1e-6 for o in off),
            })  # fmt: skip
    return pl.DataFrame(out)

"""Small, separated and badly scaled designs, and profiles of likelihoods by brute force."""

from collections.abc import Callable

import numpy as np
import polars as pl

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


def profiles(seeds: range) -> pl.DataFrame:
    """Return fits and profiles that fail, and how far their ends are from those of brute force, in widths."""
    half = 3.841458820694124 / 2
    out = []
    for firth in (True, False):
        for name, draw in small_designs().items():
            if not firth and name in ("separated", "always_positive", "ages"):
                continue
            failed, compared, off = 0, 0, []
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
                mean, spread = x.mean(axis=0), x.std(axis=0)
                design = np.column_stack([np.ones(len(y)), (x - mean) / spread])
                start = np.append(table["coefficient"][0] + model.coef_[0] @ mean, model.coef_[0] * spread)
                lowest, best = least(design, y, start, list(range(len(start))), firth)
                for j in range(1, len(best)):
                    free = [k for k in range(len(best)) if k != j]
                    ends = table["coefficient_low"][j] * spread[j - 1], table["coefficient_high"][j] * spread[j - 1]
                    for end in ends:
                        # A step of Newton's from the end: how far the profile is from where it should be.
                        width = 1e-4 * (ends[1] - ends[0])
                        values = []
                        for at in (end - width, end, end + width):
                            # Firth's profile has branches where classes are separated.
                            starts = [best.copy(), best * at / best[j] if at * best[j] > 0 else best.copy()]
                            for held in starts:
                                held[j] = at
                            values.append(min(least(design, y, held, free, firth)[0] for held in starts) - lowest)
                        slope = (values[2] - values[0]) / (2 * width)
                        off.append(abs((values[1] - half) / slope) / (ends[1] - ends[0]))
                        compared += 1
            out.append({
                "fit": "Firth" if firth else "ordinary", "design": name, "designs": len(seeds), "failed": failed,
                "ends": compared, "farthest": max(off), "beyond 1e-6": sum(o > 1e-6 for o in off),
            })  # fmt: skip
    return pl.DataFrame(out)

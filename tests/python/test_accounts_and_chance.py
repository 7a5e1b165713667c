"""Claims of analyses in worlds without effects: leads of accounts, behaviour of long-lived leads, many segments."""

import numpy as np
import polars as pl

import leadlens as ll

START = np.datetime64("2023-01-02T00:00:00", "us")


def moment(days):
    return START + np.round(np.asarray(days, float) * 86400e6).astype("int64").astype("timedelta64[us]")


def journeys(leads, stages, *, until, events=None, **roles):
    return ll.Journeys(
        leads=ll.Leads(pl.DataFrame(leads), id="id", created="created", **roles),
        stages=ll.Stages(pl.DataFrame(stages), lead="lead", at="at", stage="stage"),
        events=None if events is None else ll.Events(pl.DataFrame(events), lead="lead", at="at", kind="kind"),
        won="won",
        lost="lost",
        observed_until=str(moment([until])[0]) + "Z",
    )


def test_accounts_widen_every_interval():
    """Each of 50 accounts wins with all 8 leads or with none: they say what 50 leads say."""
    n = np.arange(400)
    won = (n // 8) % 2 == 0
    leads = {
        "id": n,
        "created": moment(np.zeros(400)),
        "acc": [f"a{i // 8}" for i in n],
        "half": ["xy"[i // 200] for i in n],
    }
    stages = {"lead": n[won], "at": moment(np.full(won.sum(), 3.0) + n[won] / 1000), "stage": ["won"] * int(won.sum())}
    one = journeys(leads, stages, until=60, fields=["half"])
    many = journeys(leads, stages, until=60, fields=["half"], account="acc")

    def width(j):
        row = j.funnel(["created", "won"], window="30d").to_polars().row(1, named=True)
        return row["of_first_high"] - row["of_first_low"]

    assert 2.5 < width(many) / width(one) < 3.2
    curve = [j.time_to("won").to_polars().row(0, named=True) for j in (one, many)]
    assert curve[1]["incidence"] == curve[0]["incidence"]
    test = many.time_to("won", by="half").test
    assert "by account" in test["test"]


def test_behaviour_of_leads_that_live_longer_drives_nothing():
    """A rate test over 12 worlds: nominal at 5 %; a hazard ratio of 3 is found in most."""
    found, power = [], 0
    for seed in range(12):
        draw = np.random.default_rng(900 + seed)
        n = 500
        created = draw.random(n) * 100
        call = draw.exponential(20, n)
        base, after = 0.01, 0.03
        early = draw.exponential(1 / base, n)
        win = np.where(early < call, early, call + draw.exponential(1 / after, n))
        lose = draw.exponential(60, n)
        end = np.minimum(win, lose)
        noise = draw.exponential(15, n)
        kinds = [(call, "call"), (noise, "noise")]
        events = pl.concat(
            pl.DataFrame(
                {
                    "lead": np.arange(n)[t < end],
                    "at": moment((created + t)[t < end]),
                    "kind": [k] * int((t < end).sum()),
                }
            )
            for t, k in kinds
        )
        leads = {"id": np.arange(n), "created": moment(created)}
        stages = {"lead": np.arange(n), "at": moment(created + end), "stage": np.where(win < lose, "won", "lost")}
        table = journeys(leads, stages, until=900, events=events).drivers(["created", "won"], window="200d").to_polars()
        rows = {r["name"]: r for r in table.filter(pl.col("factor") == "after").to_dicts()}
        found.append(rows["noise"]["p_value"] < 0.05)
        power += rows["call"]["q_value"] < 0.05 and rows["call"]["hazard_ratio"] > 1
    # 12 worlds at 5 %: more than 3 have a chance of 0.2 %.
    assert sum(found) <= 3
    assert power >= 9


def test_first_of_many_segments_is_named_chance():
    draw = np.random.default_rng(3)
    n = 2000
    won = draw.random(n) < 0.3
    leads = {"id": np.arange(n), "created": moment(np.zeros(n)), "seg": [f"s{k}" for k in draw.integers(0, 30, n)]}
    stages = {"lead": np.arange(n)[won], "at": moment(np.full(won.sum(), 2.0)), "stage": ["won"] * int(won.sum())}
    barriers = journeys(leads, stages, until=60, fields=["seg"]).barriers(["created", "won"], by="seg", window="30d")
    first = barriers.to_polars().row(0, named=True)
    assert first["leads_lost_low"] <= 0
    assert first["q_value"] >= 0.05
    assert "may be chance" in repr(barriers)


def test_stage_funnels_count_accounts():
    """Each of 50 accounts wins with all 8 leads or with none; all wait as long: rates and times say what 50 leads say."""
    n = np.arange(400)
    won = (n // 8) % 2 == 0
    # Five days apart by account, with and without accounts alike.
    wait = 1.0 + (n // 8) % 10 * 5 + n / 1e4
    leads = {"id": n, "created": moment(np.zeros(400)), "acc": [f"a{i // 8}" for i in n]}
    stages = {"lead": n, "at": moment(wait), "stage": np.where(won, "won", "lost")}
    frame = pl.DataFrame(stages)

    def made(**roles):
        return journeys(leads, frame.to_dict(as_series=False), until=400, **roles).stage_funnel(
            pipeline=["created", "won"]
        )

    one, many = made(), made(account="acc")
    for table, low, high in (
        (lambda f: f.summary(), "win_rate_low", "win_rate_high"),
        (lambda f: f.to_polars().filter(pl.col("stage") == "won"), "of_first_low", "of_first_high"),
        (lambda f: f.to_polars().filter(pl.col("stage") == "won"), "of_previous_low", "of_previous_high"),
        (lambda f: f.times(), "median_days_low", "median_days_high"),
    ):
        widths = [table(f)[high][0] - table(f)[low][0] for f in (one, many)]
        assert 2 < widths[1] / widths[0] < 4, (low, widths)
    assert one.summary()["win_rate"][0] == many.summary()["win_rate"][0]
    few = journeys(
        {k: v[:80] for k, v in leads.items()}, frame[:80].to_dict(as_series=False), until=400, account="acc"
    ).stage_funnel(pipeline=["created", "won"])
    assert any("based on 10 accounts" in remark for remark in few.remarks)

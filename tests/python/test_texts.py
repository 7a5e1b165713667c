"""One text, one level: what a cell means does not depend on the file or the type it came from."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import leadlens as ll

LEADS = pl.DataFrame({"id": [1, 2, 3, 4], "created": ["2024-01-01"] * 4})


def routes(frame, column, folder):
    """Yield a frame with `column` as it comes from all kinds of frames and files."""
    frame.write_csv(folder / "t.csv")
    frame.write_parquet(folder / "t.parquet")
    frame.write_ipc(folder / "t.arrow")
    frame.to_pandas().to_csv(folder / "pandas.csv", index=False)
    yield frame
    yield from (folder / name for name in ("t.csv", "t.parquet", "t.arrow", "pandas.csv"))
    plain = frame.to_pandas()
    arrow = frame.to_arrow()
    yield plain
    yield plain.assign(**{column: plain[column].astype("category")})
    yield frame.to_pandas(use_pyarrow_extension_array=True)
    if not pa.types.is_decimal(arrow[column].type):
        codes = arrow[column].combine_chunks().dictionary_encode()
        yield arrow.set_column(arrow.column_names.index(column), column, codes)


def truths(folder):
    """Yield tables of four rows that say true, false, true and nothing."""
    values = [True, False, True, None]
    yield from routes(pl.DataFrame({"id": [1, 2, 3, 4], "x": values}), "x", folder)
    for words in (["True", "False"], ["TRUE", "FALSE"], ["true", "false"], [" True ", "false"]):
        texts = [words[0], words[1], words[0], None]
        yield from routes(pl.DataFrame({"id": [1, 2, 3, 4], "x": texts}), "x", folder)
    yield pd.DataFrame({"id": [1, 2, 3, 4], "x": pd.array(values, dtype="boolean")})
    yield pd.DataFrame({"id": [1, 2, 3, 4], "x": pd.Series(values, dtype=object)})


def sevens(folder):
    """Yield tables of four rows that say 7, 8, 7 and nothing."""
    values = [7, 8, 7, None]
    for dtype in (pl.Int64, pl.UInt64, pl.Int8, pl.Float64, pl.Float32, pl.Decimal(10, 2)):
        yield from routes(pl.DataFrame({"id": [1, 2, 3, 4], "x": pl.Series(values).cast(dtype)}), "x", folder)
    for texts in (["7", "8", "7", None], ["7.0", "8.0", "7.00", None], [" 7", "8 ", "7", " "]):
        yield from routes(pl.DataFrame({"id": [1, 2, 3, 4], "x": texts}), "x", folder)
    yield pd.DataFrame({"id": [1, 2, 3, 4], "x": pd.array(values, dtype="Int64")})


KINDS = {"truths": (truths, ["true", "false", "true", None]), "sevens": (sevens, ["7", "8", "7", None])}


@pytest.mark.parametrize("kind", KINDS)
def test_fields_kinds_channels_props_stages_and_deals(kind, tmp_path):
    tables, texts = KINDS[kind]
    at = pl.DataFrame({"lead": [1, 2, 3, 4], "at": ["2024-02-01T10:00:00Z"] * 4})
    pl.DataFrame({"id": [1, 2, 3, 4], "created": ["2024-01-01"] * 4}).write_csv(tmp_path / "leads.csv")
    for table in tables(tmp_path):
        leads = ll.Leads(table, "id", categories=["x"])
        flat = ll.Journeys(leads=leads).snapshot().to_polars().sort("lead_id")
        assert flat["x"].to_list() == texts, table
        rows = routed(table, at)
        stages = ll.Stages(rows, "lead", "at", stage="x", deal="x", names={"7.0": "7", "True": "true"})
        events = [
            ll.Events(rows, "lead", "at", "x", name="kinds"),
            ll.Events(rows, "lead", "at", ll.literal("v"), channel="x", props=["x"]),
        ]
        j = ll.Journeys(
            leads=ll.Leads(LEADS, "id", created="created"), events=events, stages=stages, observed_until="2024-06-01"
        )
        for lead, text in zip([1, 2, 3, 4], texts, strict=True):
            shown = j.show(lead)
            found = [
                [what.removeprefix("kinds:") for what in shown.filter(pl.col("source") == "kinds")["what"]],
                shown.filter(pl.col("what") == "v")["channel"].to_list(),
                [d for d in shown["deal"].to_list() if d],
            ]
            assert found == [[text] if text else [], [text], [text] if text else []], (lead, table)
        for name in (texts[0], " " + texts[0].upper(), f"{texts[0]}.0" if kind == "sevens" else "True"):
            step = "kinds:" + name
            assert j.funnel(["created", step]).to_polars()["leads"].to_list() == [4, 2], step


def routed(table, at):
    """Give a table of any kind columns with leads and times."""
    if isinstance(table, pl.DataFrame):
        return pl.concat([table, at], how="horizontal")
    if isinstance(table, pd.DataFrame):
        return pd.concat([table, at.to_pandas()], axis=1)
    if isinstance(table, pa.Table):
        for name in at.columns:
            table = table.append_column(name, at[name].to_arrow())
        return table
    path = table.with_name("joined" + table.suffix)
    if table.suffix == ".csv":
        lines = table.read_text().splitlines()
        extra = ["lead,at", *(f"{lead},{time}" for lead, time in at.iter_rows())]
        path.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, extra, strict=True)) + "\n")
    elif table.suffix == ".parquet":
        pl.concat([pl.read_parquet(table), at], how="horizontal").write_parquet(path)
    else:
        pl.concat([pl.read_ipc(table.read_bytes()), at], how="horizontal").write_ipc(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_conditions(kind, tmp_path):
    tables, _texts = KINDS[kind]
    conditions = {
        "truths": [True, "True", "true", "yes", 1, ["TRUE", "?"], {"not": [False, None]}],
        "sevens": [7, 7.0, "7", "7.0", ["7.00"], {"not": ["8", None]}],
    }[kind]
    for table in tables(tmp_path):
        for condition in conditions:
            j = ll.Journeys(leads=ll.Leads(table, "id", where={"x": condition}))
            assert sorted(map(str, j.snapshot().to_polars()["lead_id"])) == ["1", "3"], (condition, table)


def test_texts_that_mean_no_value_in_columns_of_any_type(tmp_path):
    for cells in ([-1, 5, 6, 7], ["-1", "5", "6", "7"], [-1.0, 5.0, 6.0, 7.0]):
        for table in routes(pl.DataFrame({"id": [1, 2, 3, 4], "x": cells}), "x", tmp_path):
            for options in ({}, {"categories": ["x"]}):
                frame = ll.Journeys(leads=ll.Leads(table, "id", nulls=["-1"], **options)).snapshot().to_polars()
                assert frame.sort("lead_id")["x"].is_null().to_list() == [True, False, False, False], (table, options)


def world(n=600):
    rng = np.random.default_rng(4)
    x = rng.integers(0, 2, n)
    frame = pl.DataFrame({"id": np.arange(n), "x": x, "z": rng.normal(size=n).round(3)})
    return frame.with_columns(y=(rng.random(n) < np.where(x == 1, 0.7, 0.2)).astype(int))


def flat(table, **options):
    return ll.Journeys(leads=ll.Leads(table, id="id", outcome="y", **options)).snapshot()


def probabilities(scorer, table, **options):
    return scorer.score(flat(table, **options)).to_polars().sort("lead_id")["probability"].to_list()


def test_training_on_one_and_scoring_on_another(tmp_path):
    frame = world()
    texts = frame.with_columns(x=pl.col("x").replace_strict({1: "True", 0: "False"}, return_dtype=pl.String))
    flags = frame.with_columns(x=pl.col("x") == 1)
    trained = [list(routes(one, "x", tmp_path))[k] for one in (texts, flags) for k in (0, 2, 5)]
    for table in trained:
        scorer = ll.LeadScorer().fit(flat(table))
        expected = probabilities(scorer, table)
        for one in (texts, flags):
            for other in routes(one, "x", tmp_path):
                assert probabilities(scorer, other) == expected
        # Numbers are no truth values, and are not taken for unknown ones.
        with pytest.raises(
            ll.SchemaError, match=r"trained on texts such as '(true|false)', but here the column has numbers"
        ):
            probabilities(scorer, frame)
    scorer = ll.LeadScorer().fit(flat(frame))
    expected = probabilities(scorer, frame)
    for other in routes(frame.with_columns(pl.col("x").cast(pl.String) + ".0"), "x", tmp_path):
        assert probabilities(scorer, other) == expected
    for one in (texts, flags):
        with pytest.raises(ll.SchemaError, match="trained on numbers, but here 600 of 600 values are text"):
            probabilities(scorer, one)
    mixed = frame.with_columns(x=pl.when(pl.col("id") == 3).then(pl.lit("TBD")).otherwise(pl.col("x").cast(pl.String)))
    with pytest.raises(ll.SchemaError, match=r"here 1 of 600 values are text \(first: 'TBD'\)"):
        probabilities(scorer, mixed)
    assert len(probabilities(scorer, mixed, nulls=["TBD"])) == 600


def test_levels_that_are_numbers(tmp_path):
    frame = world().with_columns(x=pl.col("x").replace_strict({1: "7.50", 0: "12"}, return_dtype=pl.String))
    scorer = ll.LeadScorer().fit(flat(frame))
    expected = probabilities(scorer, frame)
    frame.write_csv(tmp_path / "t.csv")
    assert probabilities(scorer, tmp_path / "t.csv") == expected
    assert probabilities(scorer, frame.with_columns(pl.col("x").cast(pl.Float64))) == expected
    running = frame.with_columns(x=pl.col("id") + 1000)
    with (
        pytest.warns(ll.errors.LeakWarning),
        pytest.raises(ll.SchemaError, match="here the column has numbers such as"),
    ):
        probabilities(scorer, running, fields=["x", "z"])


def test_dates_written_as_texts_are_times_in_frames_and_files(tmp_path):
    frame = pl.DataFrame({"id": [1, 2], "created": ["2024-01-05"] * 2, "seen": ["2024-01-01", "2024-01-03"]})
    for table in routes(frame, "seen", tmp_path):
        j = ll.Journeys(leads=ll.Leads(table, "id", created="created"), observed_until="2024-06-01")
        assert j.snapshot(as_of="2024-02-01").to_polars()["days_since(seen)"].to_list() == [31.0, 29.0]

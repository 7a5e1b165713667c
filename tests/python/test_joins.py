"""Rows find their leads and attributes through other tables, in every form in which ids are written."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

# Most rows of these small tables lead nowhere, so that each way to be left out is there.
pytestmark = pytest.mark.filterwarnings("ignore::leadlens.errors.DataWarning")


def day(n):
    return dt.datetime(2024, 3, 1, tzinfo=dt.UTC) + dt.timedelta(days=n)


def leads(*ids, **options):
    table = pl.DataFrame({"id": ids, "made": [day(0)] * len(ids)})
    return ll.Leads(table, id="id", created="made", **options)


def visits(**columns):
    n = len(next(iter(columns.values())))
    return pl.DataFrame({"at": [day(k + 1) for k in range(n)], **columns})


def owners(journeys, *ids):
    """Return how many events each lead has."""
    return {one: journeys.show(one).height - 1 for one in ids}


def counts(journeys, role="events"):
    text = str(journeys.check())
    return text[text.index(f"as {role}") :]


CONTACTS = pl.DataFrame(
    {
        "deal": ["d1", "d1", "d1", "d2", "d3"],
        "contact": ["x", "a", "b", "b", "x"],
        "main": [False, False, True, False, False],
        "rank": [1, 3, 2, 1, 1],
    }
)


def by_deal(**options):
    table = visits(deal=["d1", "d2", "d3", "d4", None])
    link = ll.lookup(CONTACTS, key="deal", lead="contact", **options)
    return ll.Journeys(
        leads=leads("a", "b"), events=ll.Events(table, link, "at", ll.literal("v")), observed_until=day(30)
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"pick": "first"}, {"a": 1, "b": 1}),
        ({"pick": "last"}, {"a": 0, "b": 2}),
        ({"pick": "primary", "primary": "main"}, {"a": 0, "b": 2}),
        ({"pick": "all"}, {"a": 1, "b": 2}),
        ({"pick": "first", "order": "rank"}, {"a": 0, "b": 2}),
    ],
)
def test_a_key_of_several_leads_is_picked_or_given_to_each(options, expected):
    journeys = by_deal(**options)
    assert owners(journeys, "a", "b") == expected
    told = counts(journeys)
    assert "5 rows read, 2 used" in told
    assert "1 noted: several leads" in told
    assert "1 quarantined: unknown lead" in told
    assert "1 quarantined: key not found in the lookup table" in told
    assert "1 quarantined: null lead key" in told
    if options["pick"] == "primary":
        assert "1 noted: without a primary lead; the first was picked" in told


def test_a_key_of_several_leads_is_refused_unasked():
    with pytest.raises(ll.SchemaError, match=r"1 key has several leads.*'d1'.*pick="):
        by_deal()
    with pytest.raises(ll.OptionError, match="primary="):
        by_deal(pick="primary")


def test_what_holds_at_the_time_of_the_row_is_picked():
    link = pl.DataFrame({"key": ["k"] * 3, "who": ["a", "b", "c"], "since": [day(0), day(2), day(4)]})
    table = pl.DataFrame({"key": ["k"] * 3, "at": [day(1), day(3), day(5)]})

    def of(**options):
        lead = ll.lookup(link, "key", "who", valid_from="since", **options)
        events = ll.Events(table, lead, "at", ll.literal("v"))
        journeys = ll.Journeys(leads=leads("a", "b", "c"), events=events, observed_until=day(30))
        return list(owners(journeys, "a", "b", "c").values())

    assert of() == [1, 1, 1]
    assert of(pick="first") == [3, 0, 0]
    assert of(pick="last") == [1, 1, 1]
    assert of(pick="all") == [3, 2, 1]


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet", "pandas"])
def test_cells_of_several_ids(kind, tmp_path):
    stages = pl.DataFrame(
        {"who": ["a; b", "b", "zz;a", ""], "at": [day(3)] * 4, "stage": ["mql", "won", "won", "won"], "sum": [10.0] * 4}
    )
    table = stages
    if kind == "csv":
        table = tmp_path / "s.csv"
        stages.write_csv(table)
    elif kind == "parquet":
        table = tmp_path / "s.parquet"
        stages.write_parquet(table)
    elif kind == "pandas":
        table = stages.to_pandas()

    def of(**options):
        given = ll.Stages(table, "who", "at", stage="stage", amount="sum", split=";", **options)
        return ll.Journeys(leads=leads("a", "b"), stages=given, won="won", observed_until=day(30))

    assert owners(of(pick="all"), "a", "b") == {"a": 2, "b": 2}
    assert owners(of(pick="first"), "a", "b") == {"a": 2, "b": 1}
    assert owners(of(pick="last"), "a", "b") == {"a": 1, "b": 2}
    one = of()
    assert owners(one, "a", "b") == {"a": 1, "b": 1}
    assert "1 quarantined: several leads in one cell; set pick=" in counts(one, "stages")


def test_an_event_of_several_leads_is_one_event_of_each():
    table = pl.DataFrame({"who": ["a;b", "a;b", "a"], "at": [day(1)] * 3, "no": [1, 1, 2], "n": [5.0, 5.0, 7.0]})
    events = ll.Events(table, "who", "at", ll.literal("v"), id="no", split=";", pick="all", values=["n"])
    journeys = ll.Journeys(leads=leads("a", "b"), events=events, observed_until=day(30))
    assert owners(journeys, "a", "b") == {"a": 2, "b": 1}
    assert "3 rows read, 2 used" in counts(journeys)
    rows = journeys.snapshot(as_of=day(9)).to_polars().sort("lead_id")
    assert rows["sum(v.n)"].to_list() == [12.0, 5.0]


def test_the_first_way_that_finds_a_lead_is_taken():
    table = visits(user=["a", None, "who", None, None], cookie=["c2", "c2", "c1", "c9", None])
    cookies = pl.DataFrame({"cookie": ["c1", "c2"], "lead": ["a", "b"]})
    lead = ["user", ll.lookup(cookies, key="cookie", lead="lead")]
    journeys = ll.Journeys(
        leads=leads("a", "b"), events=ll.Events(table, lead, "at", ll.literal("v")), observed_until=day(30)
    )
    assert owners(journeys, "a", "b") == {"a": 2, "b": 1}
    told = counts(journeys)
    assert "2 noted: lead found through 'cookie'" in told
    assert "1 quarantined: key not found in the lookup table" in told
    assert "1 quarantined: null lead key" in told


def test_two_hops():
    roles = pl.DataFrame({"deal": ["d1", "d2", "d2"], "contact": ["c1", "c2", "c3"], "main": [1, 0, 1]})
    converted = pl.DataFrame({"id": ["a", "b", "e"], "converted": ["c1", "c2", None]})
    lead = ll.lookup(roles, "deal", ll.lookup(converted, key="converted", lead="id", on="contact"))
    table = visits(deal=["d1", "d2", "d1"])
    journeys = ll.Journeys(
        leads=leads("a", "b"), events=ll.Events(table, lead, "at", ll.literal("v")), observed_until=day(30)
    )
    assert owners(journeys, "a", "b") == {"a": 2, "b": 1}


FORM = "0015000000Gv7qJ"


def test_ids_compare_in_one_form_on_both_sides():
    table = visits(who=[" Ann@X.com", "ann@x.COM", "bob@x.com", FORM + "AAR", FORM.lower() + "aar", FORM.lower()])
    for form, own, found in [
        ("email", ["ANN@x.com", "Bob@x.com "], 3),
        ("salesforce", [FORM], 2),
        ("salesforce", [FORM + "AAR"], 2),
    ]:
        for where in ("leads", "events"):
            options = {"leads": {}, "events": {}, where: {"normalize": form}}
            journeys = ll.Journeys(
                leads=leads(*own, **options["leads"]),
                events=ll.Events(table, "who", "at", ll.literal("v"), **options["events"]),
                observed_until=day(30),
            )
            assert f"6 rows read, {found} used" in counts(journeys), (form, where)
    with pytest.raises(ll.SchemaError, match="1 row repeats an earlier lead id"):
        ll.Journeys(leads=leads("a@x.com", "A@X.com ", normalize="email"), observed_until=day(30))


def test_keys_of_lookups_deals_and_accounts_compare_in_one_form(tmp_path):
    link = pl.DataFrame({"mail": ["Ann@x.com", "bob@X.com"], "lead": ["a", "b"]})
    table = visits(mail=["ann@x.com ", "BOB@x.com"])
    lead = ll.lookup(link, "mail", "lead", normalize="email")
    journeys = ll.Journeys(
        leads=leads("a", "b"), events=ll.Events(table, lead, "at", ll.literal("v")), observed_until=day(30)
    )
    assert owners(journeys, "a", "b") == {"a": 1, "b": 1}
    # One deal in two forms is one deal.
    stages = pl.DataFrame({"l": ["a", "a"], "deal": [FORM, FORM + "AAR"], "at": [day(1), day(2)], "s": ["won", "won"]})
    won = ll.Stages(stages, "l", "at", stage="s", deal="deal", normalize="salesforce")
    journeys = ll.Journeys(leads=leads("a"), stages=won, won="won", observed_until=day(30))
    assert journeys.show("a")["deal"].drop_nulls().n_unique() == 1
    people = pl.DataFrame({"id": ["a", "b"], "made": [day(0)] * 2, "firm": [FORM, FORM + "AAR"]})
    firms = pl.DataFrame({"id": [FORM + "AAR"], "size": [7.0]})
    journeys = ll.Journeys(
        leads=ll.Leads(people, "id", created="made", account="firm"),
        accounts=ll.Accounts(firms, "id", normalize="salesforce"),
        observed_until=day(30),
    )
    assert journeys.snapshot(as_of=day(9)).to_polars()["account.size"].to_list() == [7.0, 7.0]
    # The form is kept with saved journeys.
    mails = ll.Journeys(leads=leads("Ann@x.com", normalize="email"), observed_until=day(30))
    mails.save(tmp_path / "j")
    again, _ = ll.Journeys.open(tmp_path / "j").extend(
        events=ll.Events(visits(who=["ANN@X.com"]), "who", "at", ll.literal("v")), observed_until=day(31)
    )
    assert owners(again, "Ann@X.COM") == {"Ann@X.COM": 1}


def test_attributes_by_lookups():
    campaigns = pl.DataFrame({"id": [1, 2, 3], "type": ["cpc", "mail", "fair"]})
    channels = pl.DataFrame({"type": ["cpc", "mail"], "channel": ["paid", "owned"]})
    table = visits(who=["a"] * 5, campaign=[1, 2, 3, 9, None], code=["7", "8", "7", "7", "8"])
    kinds = pl.DataFrame({"code": [7, 8], "kind": ["click", "open"]})
    events = ll.Events(
        table,
        "who",
        "at",
        ll.lookup(kinds, key="code", value="kind"),
        channel=ll.lookup(campaigns, "id", value=ll.lookup(channels, "type", value="channel"), on="campaign"),
        campaign=ll.lookup(campaigns, "id", value="type", on="campaign"),
    )
    journeys = ll.Journeys(leads=leads("a"), events=events, observed_until=day(30))
    shown = journeys.show("a")
    assert shown["what"].to_list() == ["created", "click", "open", "click", "click", "open"]
    assert shown["channel"].to_list() == [None, "paid", "owned", None, None, None]
    told = counts(journeys)
    assert "2 noted: channel: key not found in the lookup table; read as missing" in told
    assert "1 noted: campaign: key not found in the lookup table; read as missing" in told
    stages = pl.DataFrame({"l": ["a", "a"], "at": [day(1), day(2)], "s": [10, 20]})
    labels = pl.DataFrame({"s": [10, 20], "label": ["Demo", "Closed Won"]})
    given = ll.Stages(stages, "l", "at", stage=ll.lookup(labels, "s", value="label"), names={"Closed*": "won"})
    journeys = ll.Journeys(leads=leads("a"), stages=given, won="won", observed_until=day(30))
    assert journeys.show("a")["what"].to_list() == ["created", "Demo", "won"]
    twice = pl.DataFrame({"id": [1, 1], "type": ["cpc", "mail"]})
    with pytest.raises(ll.SchemaError, match="several values"):
        ll.Journeys(
            leads=leads("a"),
            events=ll.Events(table, "who", "at", "code", channel=ll.lookup(twice, "id", value="type", on="campaign")),
        )


def test_lookups_in_toml(tmp_path):
    pl.DataFrame({"id": ["a", "B@x.com"], "made": [day(0)] * 2}).write_csv(tmp_path / "leads.csv")
    visits(user=["a", "", ""], deal=["", "d1", "d2"], ad=["1", "2", "9"]).write_csv(tmp_path / "visits.csv")
    pl.DataFrame({"deal": ["d1", "d1"], "who": ["a", "b@X.com"]}).write_csv(tmp_path / "roles.csv")
    pl.DataFrame({"ad": [1, 2], "type": ["cpc", "mail"]}).write_csv(tmp_path / "ads.csv")
    text = """
        observed_until = "2024-04-01"
        [leads]
        table = "leads.csv"
        id = "id"
        created = "made"
        normalize = "email"
        [[events]]
        table = "visits.csv"
        lead = ["user", { table = "roles.csv", key = "deal", lead = "who", pick = "all" }]
        at = "at"
        kind = { literal = "v" }
        channel = { table = "ads.csv", key = "ad", value = "type" }
        names = { channel = { "m*" = "e-mail" } }
    """
    (tmp_path / "c.toml").write_text(text)
    journeys = ll.Journeys.from_config(tmp_path / "c.toml")
    assert owners(journeys, "a", "b@x.com") == {"a": 2, "b@x.com": 1}
    assert journeys.show("b@x.com")["channel"].to_list() == [None, "e-mail"]
    for wrong, right in [("pick =", "pik ="), ('value = "type"', 'valu = "type"')]:
        (tmp_path / "c.toml").write_text(text.replace(wrong, right))
        with pytest.raises(ll.ConfigError, match="did you mean"):
            ll.Journeys.from_config(tmp_path / "c.toml")


def test_a_lookup_is_of_a_lead_or_of_an_attribute():
    with pytest.raises(ll.OptionError, match=r"lead=.*value="):
        ll.lookup(CONTACTS, "deal")
    with pytest.raises(ll.OptionError, match="value="):
        ll.Journeys(
            leads=leads("a"),
            events=ll.Events(visits(l=["a"]), "l", "at", ll.lookup(CONTACTS, "deal", "contact", on="l")),
        )


def test_the_first_of_several_columns_that_names_a_lead():
    table = visits(user=["a", None, "zz"], other=["b", "b", "b"], third=["a", "a", "a"])
    for columns, expected in (
        (["user"], {"a": 1, "b": 0}),
        (["user", "other"], {"a": 1, "b": 2}),
        (["user", "third", "other"], {"a": 3, "b": 0}),
    ):
        events = ll.Events(table, columns, "at", ll.literal("v"))
        journeys = ll.Journeys(leads=leads("a", "b"), events=events, observed_until=day(30))
        assert owners(journeys, "a", "b") == expected

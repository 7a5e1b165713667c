"""CSV files: encodings, separators, marks of numbers, and quotes out of place."""

import gzip

import polars as pl
import pytest

import leadlens as ll

TEXT = "id;created;name;amount\n1;2024-01-01;Müller;1.234,50\n2;2024-01-02;Zoë;7,25\n"


def read(path, **options) -> pl.DataFrame:
    j = ll.Journeys(
        leads=ll.Leads(path, "id", created="created", fields=["name", "amount"], **options), observed_until="2024-03-01"
    )
    return j.snapshot(as_of="2024-02-01").to_polars()


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-8-sig", "utf-8"),
        ("latin-1", "latin-1"),
        ("cp1252", "cp1252"),
        ("utf-16", None),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
    ],
)
def test_encodings_and_marks(tmp_path, encoding, said):
    path = tmp_path / "l.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode(encoding)))
    frame = read(path, encoding=said, decimal=",", thousands=".")
    assert frame["name"].to_list() == ["Müller", "Zoë"]
    assert frame["amount"].to_list() == [1234.5, 7.25]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (TEXT.encode("latin-1"), {}, "line 2: not valid UTF-8.*encoding='latin-1'"),
        (TEXT.encode(), {"encoding": "latin-1"}, "line 2: the text is UTF-8"),
        (TEXT.encode("utf-16-le"), {}, "NUL byte; remove it, or set encoding='utf-16'"),
        (
            b'id,created,name,amount\n1,2024-01-01,"a\n2,2024-01-02,b,5\n3,2024-01-03,"c,6\n',
            {},
            "line 4: text after a closing quote",
        ),
        (
            b'id,created,name,amount\n1,2024-01-01,"a,5\n2,2024-01-02,b",6\n',
            {},
            "line 2: a quoted cell spans 2 lines that look like rows",
        ),
        (b'id,created,name,amount\n1,2024-01-01,"say \\"hi\\"",5\n', {}, "line 2: backslash"),
    ],
)
def test_what_cannot_be_read_right_is_refused_with_its_line(tmp_path, content, options, message):
    path = tmp_path / "l.csv"
    path.write_bytes(content)
    with pytest.raises(ll.ReadError, match=message):
        read(path, **options)


def test_old_line_ends_and_cells_of_several_lines(tmp_path):
    path = tmp_path / "l.csv"
    path.write_bytes(b'id,created,name,amount\r1,2024-01-01,"two\nlines, ""quoted""",5\r2,2024-01-02,5" pipe,6\r')
    assert read(path)["name"].to_list() == ['two\nlines, "quoted"', '5" pipe']


def test_options_that_no_file_can_have():
    for options in ({"separator": ";;"}, {"decimal": ";"}, {"thousands": "."}, {"encoding": "utf-99"}):
        with pytest.raises(ll.OptionError, match=next(iter(options))):
            read(__file__.replace(".py", ".csv"), **options)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("separator", "said"), [(";", ";"), ("\t", "\t"), ("^", "^")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_first_line_that_says_the_separator(tmp_path, end, separator, said, encoding):
    path = tmp_path / "l.csv"
    lines = [f"sep={said}", *TEXT.replace(";", separator).splitlines()]
    path.write_bytes((end.join(lines) + end).encode(encoding))
    frame = read(path, decimal=",", thousands=".")
    assert frame["name"].to_list() == ["Müller", "Zoë"]
    assert frame["amount"].to_list() == [1234.5, 7.25]


def test_lines_after_one_that_says_the_separator_keep_their_numbers(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("sep=;\nid;created;name;amount\n1;2024-01-01;a;5\n2;2024-01-02;b;5;6\n")
    with pytest.raises(ll.ReadError, match="line 4 has 5 fields"):
        read(path)
    path.write_text('sep=;\nid;created;name;amount\n1;2024-01-01;"a"b;5\n')
    with pytest.raises(ll.ReadError, match="line 3: text after a closing quote"):
        read(path)
    # A column may be called so.
    path.write_text("id,created,name,amount,sep=\n1,2024-01-01,a,5,x\n")
    assert read(path)["name"].to_list() == ["a"]

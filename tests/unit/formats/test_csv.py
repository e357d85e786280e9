"""CSV: headers, rows, quotes, delimiters, and the faults that a person must be able to find."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RejectedError, Violation
from gateway.formats import ReadOptions, Row, Table, read
from gateway.formats.csv_format import MAX_COLUMNS, MAX_FAULTS

# Any text that XML can carry; carriage returns and line ends within cells included.
CELL = st.text(
    st.characters(codec="gb18030", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff")
    | st.sampled_from("\n\r\t,;|\"' 数量"),
    max_size=8,
)


def table(data: bytes, **options: str) -> Table:
    """Read a CSV file."""
    content = read("orders.csv", data, ReadOptions(format="csv", **options)).content
    assert isinstance(content, Table)
    return content


def faults(data: bytes, **options: str) -> list[Violation]:
    """Read a CSV file that must be refused."""
    with pytest.raises(RejectedError) as caught:
        table(data, **options)
    return list(caught.value.violations)


@pytest.mark.requirement("ER-02")
def test_a_table_has_its_columns_and_each_row_knows_its_line():
    """A blank line is left out and a line end within quotes does not shift what follows."""
    found = table(b'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n')
    assert found.columns == ("a", "b")
    assert found.header_line == 1
    assert found.rows == (Row(2, ["1", "x\r\ny"]), Row(5, ["2", "z"]))


def test_headers_lose_their_white_space_and_cells_keep_it():
    """Only the names of columns are compared, so only they are trimmed."""
    found = table(b" a , b\n 1 , 2\n")
    assert found.columns == ("a", "b")
    assert found.rows[0].cells == [" 1 ", " 2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_itself(delimiter: str):
    """The one that cuts all first rows alike, and into most pieces, is meant."""
    text = delimiter.join(["品名", "数量", "备注"]) + "\n" + delimiter.join(["鲜 a", "1", "x"]) + "\n"
    assert table(text.encode()).columns == ("品名", "数量", "备注")


def test_a_delimiter_within_a_cell_is_no_delimiter():
    """A semicolon in some remark does not make a file of commas a file of semicolons."""
    assert table(b"a,b;c\n1,x;y\n2,z\n3,w\n").columns == ("a", "b;c")


def test_a_file_that_two_delimiters_cut_alike_needs_a_declaration():
    """Guessing would move values into wrong columns."""
    data = b"a,b;c\n1,x;y\n"
    assert [fault.code for fault in faults(data)] == ["format.delimiter-unclear"]
    assert table(data, delimiter=";").columns == ("a,b", "c")


def test_a_file_of_one_column_needs_no_delimiter():
    """One column is a table too."""
    assert table(b"number\nA1\nA2\n").rows == (Row(2, ["A1"]), Row(3, ["A2"]))


@pytest.mark.requirement("EN-05")
def test_every_ragged_row_is_told_at_once_with_its_line():
    """Rows with too few and too many cells are told together."""
    found = faults(b"a,b\n1\n1,2\n1,2,3\n")
    assert [(fault.code, fault.place.row) for fault in found if fault.place] == [
        ("format.ragged-row", 2),
        ("format.ragged-row", 4),
    ]
    assert found[0].values == {"row": 2, "found": 1, "expected": 2}


def test_the_list_of_faults_ends_somewhere():
    """Nobody reads ten thousand ragged rows."""
    assert len(faults(b"a,b\n" + b"1\n" * 10_000)) == MAX_FAULTS


def test_a_header_that_stands_twice_is_refused():
    """Which of the two a mapping means cannot be known."""
    (fault,) = faults("数量,单价,数量\n1,2,3\n".encode())
    assert fault.code == "format.duplicate-header"
    assert fault.values["column"] == "数量"
    assert "第 1 列和第 3 列" in fault.text("zh")


def test_a_column_without_name_may_only_be_empty():
    """Spreadsheets leave empty columns behind; a value in one would be lost."""
    assert table(b"a,b,\n1,2,\n").columns == ("a", "b", "")
    (fault,) = faults(b"a,b,\n1,2,lost\n")
    assert (fault.code, fault.values["value"]) == ("format.unnamed-column", "lost")


@pytest.mark.parametrize(
    ("data", "code", "row"),
    [
        (b'a,b\n1,2\n3,"open\n5,6\n', "format.unterminated-quote", 3),
        (b'a,b\n1,"x"y\n', "format.bad-quote", 2),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "format.huge-field", 2),
        (b"a,b\n", "format.no-rows", 1),
        (b"a,b\n1,\x002\n", "format.control-character", 2),
        (b"," * MAX_COLUMNS + b"a\n1\n", "format.too-many-columns", 1),
    ],
)
def test_what_makes_a_file_unreadable_is_told_with_its_row(data: bytes, code: str, row: int):
    """The row is that on which the record begins."""
    (fault,) = faults(data, delimiter=",")
    assert fault.code == code
    assert fault.place is not None
    assert fault.place.row == row


@pytest.mark.parametrize("data", [b"", b"\n\r\n  \n", b"\xef\xbb\xbf", b",,,\n,,\n"])
def test_a_file_without_anything_is_empty(data: bytes):
    """White space, a byte order mark and delimiters are nothing."""
    assert [fault.code for fault in faults(data)] == ["format.empty-file"]


@pytest.mark.requirement("ER-02")
@given(
    header=st.lists(CELL.map(str.strip).filter(bool), min_size=1, max_size=5, unique=True),
    data=st.data(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_written_is_read_back_from_the_right_rows(header, data, encoding, delimiter, end):
    """Any table in any of the encodings gives the same cells, each row with its line."""
    filled = st.lists(CELL, min_size=len(header), max_size=len(header)).filter(
        lambda cells: any(map(str.strip, cells))
    )
    rows = data.draw(st.lists(filled, min_size=1, max_size=5))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    lines = []
    for cells in [header, *rows]:
        # A carriage return, a line feed or both together end a line, as in every editor.
        lines.append(len(io.StringIO(text.getvalue() + "x", newline=None).getvalue().split("\n")))
        writer.writerow(cells)
    found = table(
        text.getvalue().encode(encoding), encoding=encoding.removesuffix("-sig"), delimiter=delimiter
    )
    assert found.columns == tuple(header)
    assert [row.cells for row in found.rows] == rows
    assert [row.line for row in found.rows] == lines[1:]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("second", ["A2,2", '"A2",2', "编号,数量"])
def test_joined_files_are_refused_where_the_second_one_begins(end: str, second: str):
    """Its byte order mark would become a part of the first value that nobody sees."""
    data = end.join(["编号,数量", "A1,1", "\ufeff" + second, ""]).encode("utf-8-sig")
    (fault,) = faults(data)
    assert (fault.code, fault.values["character"], fault.values["row"]) == (
        "format.control-character",
        "U+FEFF",
        3,
    )
    assert fault.place is not None
    assert (fault.place.row, fault.place.column) == (3, "编号")

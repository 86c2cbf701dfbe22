//! Tables: columns as wide as their widest cell, two spaces between them, `-` for what is not known.
//!
//! A cell of a narrow table is cut, so that one long name does not push the columns of every row out of sight; the last column, which
//! pushes nothing, is whole.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Column;

const UNKNOWN: Cow<'static, str> = Cow::Borrowed("-");

/// A header and a line for each record. A cell, but for those of the last column, takes at most `max` cells of the terminal.
pub(super) fn rows<T>(
    records: &[T],
    columns: &[Column<T>],
    max: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let last = columns.last().map(|column| column.key);
    let cell = |record, column: &Column<T>| {
        let cell = (column.cell)(record).unwrap_or(UNKNOWN);
        if Some(column.key) == last {
            cell
        } else {
            cut(cell, max)
        }
    };
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            let cells = records.iter().map(|record| cell(record, column).width());
            cells.max().unwrap_or(0).max(column.key.len())
        })
        .collect();
    let mut line = String::new();
    let mut print = |cells: &mut dyn Iterator<Item = Cow<'_, str>>| {
        line.clear();
        for ((text, column), width) in cells.zip(columns).zip(&widths) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let pad = " ".repeat(width.saturating_sub(text.width()));
            let (before, after) = if column.number {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            line.extend([before, &text, after]);
        }
        line.truncate(line.trim_end().len());
        writeln!(out, "{line}")
    };
    print(
        &mut columns
            .iter()
            .map(|column| column.key.to_uppercase().into()),
    )?;
    for record in records {
        print(&mut columns.iter().map(|column| cell(record, column)))?;
    }
    Ok(())
}

/// The text if it takes no more than `max` cells of the terminal, else its beginning and `…`.
fn cut(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    if text.width() <= max {
        return text;
    }
    let mut kept = String::new();
    let mut width = 1;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > max {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    Cow::Owned(kept)
}

/// One record, a line for each column.
pub(super) fn list<T>(record: &T, columns: &[Column<T>], out: &mut dyn Write) -> io::Result<()> {
    let width = columns
        .iter()
        .map(|column| column.key.len())
        .max()
        .unwrap_or(0);
    for column in columns {
        let text = (column.cell)(record).unwrap_or(UNKNOWN);
        writeln!(out, "{:width$}  {text}", column.key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::{From, value};
    use super::*;

    struct Row(&'static str, Option<u32>, &'static str);

    fn columns() -> Vec<Column<Row>> {
        vec![
            Column::text("name", From::Table, |row| Some(row.0.into())),
            Column::number("cpu", From::Table, |row| row.1.and_then(value)),
            Column::text("note", From::Table, |row| Some(row.2.into())),
        ]
    }

    fn printed(records: &[Row]) -> String {
        let mut out = Vec::new();
        rows(records, &columns(), 10, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_line_up_by_cells_of_the_terminal_and_numbers_to_the_right() {
        let text = printed(&[
            Row("web", Some(16), "x"),
            Row("数据库", None, ""),
            Row("a", Some(4), "y"),
        ]);
        assert_eq!(
            text,
            "NAME    CPU  NOTE\n\
             web      16  x\n\
             数据库    -\n\
             a         4  y\n"
        );
    }

    #[test]
    fn a_long_cell_is_cut_unless_it_is_the_last_of_its_row() {
        let text = printed(&[
            Row(
                "a-name-that-never-ends",
                Some(1),
                "a note that never ends either",
            ),
            Row("数据库数据库", Some(2), "x"),
            Row("ten-cells-", Some(3), ""),
        ]);
        assert_eq!(
            text,
            "NAME        CPU  NOTE\n\
             a-name-th…    1  a note that never ends either\n\
             数据库数…     2  x\n\
             ten-cells-    3\n"
        );
    }

    #[test]
    fn without_records_the_header_stands_alone() {
        assert_eq!(printed(&[]), "NAME  CPU  NOTE\n");
    }

    #[test]
    fn one_record_is_a_line_for_each_column() {
        let mut out = Vec::new();
        list(&Row("web", None, "x"), &columns(), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "name  web\ncpu   -\nnote  x\n"
        );
    }
}

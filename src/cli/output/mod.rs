//! How results are printed: tables for people, JSON, CSV and names for scripts.
//!
//! One record type for each kind of result. Its serde shape is the JSON, every key always present; its columns are the
//! table, the wide table and the CSV.

pub mod cloud;
pub mod event;
pub mod host;
pub mod outcome;
pub mod remote;
mod table;
pub mod task;
pub mod vapp;
pub mod vm;

use std::borrow::Cow;
use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

/// The most that a cell of `-o table` takes, in cells of the terminal.
const CELL_MAX: usize = 40;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Columns for people
    #[default]
    Table,
    /// More columns
    Wide,
    /// An array of objects with every key, or one object for `show`
    Json,
    /// A header and a line for each, every column
    Csv,
    /// CLOUD/ID alone, a line for each
    Name,
}

/// From which format on a column is there; each has those of the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// In every table, and in CSV.
    Table,
    /// In wide tables, and in CSV.
    Wide,
    /// In CSV alone.
    Csv,
}

/// One column of a kind of result.
pub struct Column<T> {
    /// Its name in CSV; in capitals, its title in a table.
    pub key: &'static str,
    /// Where it is.
    pub from: From,
    /// Whether it is a number: those are aligned to the right.
    pub number: bool,
    /// The cell; `None` for what is not known.
    pub cell: fn(&T) -> Option<Cow<'_, str>>,
}

impl<T> Column<T> {
    /// A column of text.
    pub fn text(key: &'static str, from: From, cell: fn(&T) -> Option<Cow<'_, str>>) -> Self {
        Self {
            key,
            from,
            number: false,
            cell,
        }
    }

    /// A column of numbers.
    pub fn number(key: &'static str, from: From, cell: fn(&T) -> Option<Cow<'_, str>>) -> Self {
        Self {
            key,
            from,
            number: true,
            cell,
        }
    }
}

/// A kind of result.
pub trait Record: Serialize + Sized {
    /// Its columns, in the order of tables and CSV.
    fn columns() -> Vec<Column<Self>>;
    /// What a script passes on to the next command: `cloud/id`.
    fn name(&self) -> String;
}

/// Prints results in a format.
///
/// # Errors
/// When they cannot be written.
pub fn print<T: Record>(records: &[T], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table::rows(records, &columns(From::Table), CELL_MAX, out),
        Format::Wide => table::rows(records, &columns(From::Wide), usize::MAX, out),
        Format::Json => json(records, out),
        Format::Csv => csv(records, out),
        Format::Name => names(records, out),
    }
}

/// Prints one result: in tables as a line for each column, in JSON as an object.
///
/// # Errors
/// When it cannot be written.
pub fn print_one<T: Record>(record: &T, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let one = std::slice::from_ref(record);
    match format {
        Format::Table | Format::Wide => table::list(record, &columns(From::Csv), out),
        Format::Json => json(record, out),
        Format::Csv => csv(one, out),
        Format::Name => names(one, out),
    }
}

fn columns<T: Record>(up_to: From) -> Vec<Column<T>> {
    let mut columns = T::columns();
    columns.retain(|column| column.from <= up_to);
    columns
}

fn json(value: &(impl Serialize + ?Sized), out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn csv<T: Record>(records: &[T], out: &mut dyn Write) -> io::Result<()> {
    let columns = T::columns();
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns.iter().map(|column| column.key))?;
    for record in records {
        for column in &columns {
            writer.write_field((column.cell)(record).as_deref().unwrap_or_default())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

fn names<T: Record>(records: &[T], out: &mut dyn Write) -> io::Result<()> {
    records
        .iter()
        .try_for_each(|record| writeln!(out, "{}", record.name()))
}

/// Whether one of the columns of a wide table contains the text, which is in lower case.
#[must_use]
pub fn matches<T: Record>(record: &T, columns: &[Column<T>], lower: &str) -> bool {
    columns
        .iter()
        .filter(|column| column.from <= From::Wide)
        .filter_map(|column| (column.cell)(record))
        .any(|cell| cell.to_lowercase().contains(lower))
}

/// What is known as a cell: a number, a time.
pub(super) fn value(known: impl ToString) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(known.to_string()))
}

/// A text as a cell; an empty one is not known.
pub(super) fn text(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.filter(|text| !text.is_empty()).map(Cow::Borrowed)
}

/// Yes or no as a cell.
pub(super) fn flag(flag: Option<bool>) -> Option<Cow<'static, str>> {
    flag.map(|flag| Cow::Borrowed(if flag { "true" } else { "false" }))
}

#[cfg(test)]
mod tests;

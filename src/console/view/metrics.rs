//! What was measured of a VM: one line for each measure, as a curve with its latest value.

use super::paint::Pieces;
use super::popup::wrapped;
use crate::console::app::App;
use crate::console::text::{cut, width};
use crate::fleet::Overview;
use crate::model::Series;

/// The cells of a name.
const NAME: usize = 16;
/// The cells of a value with its unit.
const VALUE: usize = 12;
/// The most cells of a curve.
const CURVE_MAX: usize = 40;
/// The most measures that are shown.
const SHOWN_MAX: usize = 8;

/// What stands first: the word in its name, in this order.
const ORDER: [&str; 6] = ["cpu", "mem", "ram", "net", "disk", "io"];

/// The lines under their heading; none where the cloud measures nothing of this VM.
pub fn lines(app: &App, vm: &Overview<'_>, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    if !vm.vm.monitored || !vm.cloud.info.capabilities.metrics {
        return;
    }
    super::details::heading(app, "Measured", lines);
    let answer = app.metrics.of(&vm.vm.key).map(|known| &known.answer);
    let (text, style) = match answer {
        None | Some(None) => ("being read …", theme.dim),
        Some(Some(Err(why))) => (why.as_str(), theme.dim),
        Some(Some(Ok(all))) => {
            let shown = shown(all);
            if !shown.is_empty() {
                lines.extend(shown.into_iter().map(|series| line(app, series, cells)));
                return;
            }
            ("nothing was measured lately", theme.dim)
        }
    };
    wrapped(text, cells, style, lines);
}

/// Those that have points: processor, memory, network and disk first, the others behind.
fn shown(all: &[Series]) -> Vec<&Series> {
    let rank = |series: &&Series| {
        let name = series.name.to_lowercase();
        ORDER
            .iter()
            .position(|word| name.contains(word))
            .unwrap_or(ORDER.len())
    };
    let mut shown: Vec<_> = all
        .iter()
        .filter(|series| !series.points.is_empty())
        .collect();
    shown.sort_by_key(rank);
    shown.truncate(SHOWN_MAX);
    shown
}

fn line(app: &App, series: &Series, cells: usize) -> Pieces {
    let theme = &app.look.theme;
    let name = series.name.replace('_', " ");
    let name = cut(&name, NAME, theme.glyphs.ellipsis).into_owned();
    let latest = series.points.last().map_or(0.0, |(_, value)| *value);
    let value = value(latest, series.unit.as_deref().unwrap_or(""));
    let room = cells.saturating_sub(NAME + VALUE + 2).min(CURVE_MAX);
    let curve = curve(series, room, &theme.glyphs.levels);
    let mut pieces = Pieces::default();
    pieces
        .add(
            format!("{name}{} ", " ".repeat(NAME.saturating_sub(width(&name)))),
            theme.dim,
        )
        .add(curve, theme.accent)
        .add(
            format!(
                " {}{value}",
                " ".repeat(VALUE.saturating_sub(width(&value)))
            ),
            theme.text,
        );
    pieces
}

/// The latest points, as many to a cell as it takes; always as many cells as asked for. Percents stand on a scale to a hundred, everything
/// else on one to its own largest value.
fn curve(series: &Series, cells: usize, levels: &[&'static str; 8]) -> String {
    if cells == 0 {
        return String::new();
    }
    let points = &series.points;
    let drawn = cells.min(points.len());
    let mean = |at: usize| {
        let part = &points[at * points.len() / drawn..(at + 1) * points.len() / drawn];
        part.iter().map(|(_, value)| *value).sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = (0..drawn).map(mean).collect();
    let largest = means.iter().copied().fold(0.0_f64, f64::max);
    let top = if is_percent(series.unit.as_deref()) {
        largest.max(100.0)
    } else {
        largest
    };
    let blank = " ".repeat(cells.saturating_sub(means.len()));
    let drawn = means.iter().map(|mean| {
        let part = if top > 0.0 { mean / top } else { 0.0 };
        // As casts from floats go, what is below 0 or no number is 0.
        let at = (part * levels.len() as f64) as usize;
        levels[at.min(levels.len() - 1)]
    });
    blank + &drawn.collect::<String>()
}

fn is_percent(unit: Option<&str>) -> bool {
    unit.is_some_and(|unit| unit == "%" || unit.to_lowercase().starts_with("percent"))
}

/// `42 %`, `1.5 MiB/s`, `12 ops`.
fn value(value: f64, unit: &str) -> String {
    if is_percent(Some(unit)) {
        return format!("{value:.0} %");
    }
    let lower = unit.to_lowercase();
    let (bytes, rest) = match lower.strip_prefix("bytes").or(lower.strip_prefix("byte")) {
        Some(rest) => (true, rest),
        None => (false, unit),
    };
    let (base, steps) = if bytes {
        (1_024.0, ["B", "KiB", "MiB", "GiB", "TiB"])
    } else {
        (1_000.0, ["", "k", "M", "G", "T"])
    };
    let (mut scaled, mut step) = (value, 0);
    while scaled.abs() >= base && step + 1 < steps.len() {
        scaled /= base;
        step += 1;
    }
    let digits = usize::from(scaled.abs() < 10.0 && scaled.fract() != 0.0);
    let rest = rest.replace("/second", "/s").replace("persecond", "/s");
    let joint = if bytes || rest.is_empty() { "" } else { " " };
    format!("{scaled:.digits$} {}{joint}{rest}", steps[step])
        .trim_end()
        .replace("  ", " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::{ASCII, UNICODE};
    use jiff::Timestamp;

    fn series(unit: &str, values: &[f64]) -> Series {
        Series {
            name: "cpu_load".into(),
            unit: Some(unit.into()),
            points: values
                .iter()
                .map(|value| (Timestamp::UNIX_EPOCH, *value))
                .collect(),
        }
    }

    #[test]
    fn values_are_told_as_people_say_them() {
        for (number, unit, text) in [
            (42.4, "percent", "42 %"),
            (0.0, "bytes/s", "0 B/s"),
            (1_572_864.0, "bytes/s", "1.5 MiB/s"),
            (2_048.0, "Bytes", "2 KiB"),
            (12.0, "ops", "12 ops"),
            (12_000.0, "ops", "12 k ops"),
            (3.5, "", "3.5"),
        ] {
            assert_eq!(value(number, unit), text, "{number} {unit}");
        }
    }

    #[test]
    fn a_curve_has_its_width_and_its_scale() {
        let percent = series("percent", &[0.0, 50.0, 100.0]);
        assert_eq!(curve(&percent, 5, &UNICODE.levels), "  ▁▅█");
        let bytes = series("bytes/s", &[0.0, 5.0, 10.0]);
        assert_eq!(curve(&bytes, 3, &UNICODE.levels), "▁▅█");
        assert!(curve(&bytes, 3, &ASCII.levels).is_ascii());
        let many = series("percent", &[10.0; 1_000]);
        assert_eq!(width(&curve(&many, 30, &UNICODE.levels)), 30);
        let strange = series("x", &[-5.0, 0.0]);
        assert_eq!(curve(&strange, 2, &UNICODE.levels), "▁▁");
    }
}

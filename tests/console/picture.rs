//! The picture in the README, made from the screen itself.

use std::fmt::Write as _;
use std::path::Path;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::scene::Deck;

const CELL: (usize, usize) = (9, 19);
const PAPER: &str = "#16181d";
const INK: &str = "#d0d3da";

/// The colours of the picture; a terminal has its own.
fn hex(colour: Color, otherwise: &str) -> String {
    match colour {
        Color::Black => "#000000".to_owned(),
        Color::Red => "#e06c75".to_owned(),
        Color::Green => "#7fc46d".to_owned(),
        Color::Yellow => "#e5c07b".to_owned(),
        Color::Blue => "#61afef".to_owned(),
        Color::Magenta => "#c678dd".to_owned(),
        Color::Cyan => "#56b6c2".to_owned(),
        Color::LightRed => "#ff6b74".to_owned(),
        Color::LightMagenta => "#e08df0".to_owned(),
        Color::Indexed(75) => "#5fafff".to_owned(),
        Color::Indexed(76) => "#5fd700".to_owned(),
        Color::Indexed(124) => "#af0000".to_owned(),
        Color::Indexed(167) => "#d75f5f".to_owned(),
        Color::Indexed(176) => "#d787d7".to_owned(),
        Color::Indexed(203) => "#ff5f5f".to_owned(),
        Color::Indexed(213) => "#ff87ff".to_owned(),
        Color::Indexed(231) => "#ffffff".to_owned(),
        Color::Indexed(grey @ 232..=255) => {
            let level = 8 + 10 * (u16::from(grey) - 232);
            format!("#{level:02x}{level:02x}{level:02x}")
        }
        _ => otherwise.to_owned(),
    }
}

fn colours(cell: &Cell) -> (String, String) {
    let (ink, paper) = (hex(cell.fg, INK), hex(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        (paper, ink)
    } else {
        (ink, paper)
    }
}

fn svg(deck: &Deck) -> String {
    let buffer = deck.terminal.backend().buffer();
    let (wide, high) = (
        usize::from(buffer.area.width) * CELL.0 + 16,
        usize::from(buffer.area.height) * CELL.1 + 16,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let (ink, paper) = colours(cell);
            let (left, top) = (8 + usize::from(x) * CELL.0, 8 + usize::from(y) * CELL.1);
            if paper != PAPER {
                writeln!(
                    out,
                    "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"{paper}\"/>",
                    CELL.0, CELL.1
                )
                .unwrap();
            }
            if cell.symbol().trim().is_empty() {
                continue;
            }
            let bold = if cell.modifier.contains(Modifier::BOLD) {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let symbol = cell
                .symbol()
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            writeln!(
                out,
                "<text x=\"{left}\" y=\"{}\" fill=\"{ink}\"{bold}>{symbol}</text>",
                top + 15
            )
            .unwrap();
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Run with `VMDECK_PICTURE=1` to make the picture anew.
#[test]
fn the_picture_in_the_readme_is_what_the_console_shows() {
    let mut deck = Deck::new(120, 30);
    deck.press("j j j j j");
    let picture = svg(&deck);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/console.svg");
    if std::env::var_os("VMDECK_PICTURE").is_some() {
        std::fs::write(&path, &picture).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == picture,
        "assets/console.svg is old: VMDECK_PICTURE=1 cargo test --test console picture"
    );
}

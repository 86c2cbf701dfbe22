//! The choice of the tenant that a cloud is looked at as.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::footer::hint_line;
use super::forms::draw_field;
use super::paint::Strip;
use super::popup;
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::TenantChoice;
use crate::console::naming::cloud_words;
use crate::console::text::find_ignoring_case;
use crate::console::update::listed_tenants;
use crate::console::viewports::Port;

/// The most tenants that are shown at once.
const ROWS: usize = 16;

/// Draws it; answers where the text cursor stands.
pub fn draw(
    app: &App,
    choice: &TenantChoice,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &app.look.theme;
    let cloud = app.inventory.cloud(&choice.cloud)?;
    let tenants = listed_tenants(app, choice);
    let all = match &cloud.tenants {
        Some(Ok(all)) => all.len() + 1,
        _ => 3,
    };
    let high = u16::try_from(all.clamp(3, ROWS) + 4).unwrap_or(20);
    let place = popup::centred(area, 60, high);
    let hints = hint_line(app, &[UiCommand::Choose, UiCommand::Back], &[]);
    let title = format!("Look at {} as", cloud_words(cloud));
    let inside = popup::frame(theme, &title, theme.accent, &hints, place, buffer);
    Strip::new(buffer, theme.glyphs, inside, inside.y).text("Filter", theme.dim);
    let field = Rect {
        x: inside.x + 8,
        width: inside.width.saturating_sub(8),
        height: 1,
        ..inside
    };
    let cursor = draw_field(app, &choice.input, field, buffer);
    let list = Rect {
        y: inside.y + 2,
        height: inside.height.saturating_sub(2),
        ..inside
    };
    port.rows = tenants.len();
    port.page = usize::from(list.height);
    let at = choice.at.min(tenants.len().saturating_sub(1));
    let first = (at + 1).saturating_sub(port.page);
    let typed = choice.input.value().trim().to_lowercase();
    for (line, tenant) in tenants.iter().enumerate().skip(first).take(port.page) {
        let y = list.y + u16::try_from(line - first).unwrap_or(0);
        let mut strip = Strip::new(buffer, theme.glyphs, list, y);
        let is_now = cloud.tenant.as_ref() == tenant.as_ref();
        strip.text(
            if is_now { theme.glyphs.success } else { " " },
            theme.success,
        );
        strip.gap(1);
        match tenant {
            None => {
                let own = cloud.session.as_ref().and_then(|own| own.tenant.as_deref());
                strip.text("own", theme.accent);
                if let Some(own) = own {
                    strip.text(&format!("  {own}"), theme.dim);
                }
            }
            Some(tenant) => {
                let found = find_ignoring_case(&tenant.name, &typed);
                let room = strip.room();
                strip.marked(&tenant.name, found, room, theme.text, theme.matched);
            }
        }
        if line == at {
            let row = Rect {
                y,
                height: 1,
                ..list
            };
            buffer.set_style(row, theme.selection);
        }
    }
    let told = match &cloud.tenants {
        None => Some(("being read …", theme.dim)),
        Some(Err(why)) => Some((why.as_str(), theme.danger)),
        Some(Ok(_)) if tenants.is_empty() => Some(("No tenant has that in its name.", theme.dim)),
        Some(Ok(_)) => None,
    };
    if let Some((text, style)) = told {
        let below = Rect {
            y: list.y + u16::try_from(tenants.len()).unwrap_or(0),
            height: list
                .height
                .saturating_sub(u16::try_from(tenants.len()).unwrap_or(0)),
            ..list
        };
        let mut lines = Vec::new();
        popup::wrapped(text, usize::from(below.width), style, &mut lines);
        popup::lines(theme, &lines, 0, below, buffer);
    }
    Some(cursor)
}

//! The table of clouds.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::header::vm_count;
use super::list::{List, Look, environment, gutter};
use super::paint::Strip;
use crate::console::app::{App, Focus};
use crate::console::text::since;
use crate::console::viewports::Port;
use crate::fleet::{CloudStatus, CloudView};

/// Draws heads, rows, and under them what is wrong with the one under the cursor.
pub fn draw(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let clouds = app.inventory.clouds();
    let wide = area.width >= 110;
    let mut strip = Strip::new(buffer, theme.glyphs, area, area.y);
    strip
        .gap(2)
        .column("STATUS", 18, theme.dim)
        .column("CLOUD", 16, theme.dim)
        .column("PROVIDER", 15, theme.dim);
    strip
        .number("VMS", 7, theme.dim)
        .number("PROTECTED", 9, theme.dim)
        .number("LATENCY", 8, theme.dim);
    if wide {
        strip
            .number("LISTING", 8, theme.dim)
            .number("AGE", 5, theme.dim)
            .number("UNREAD", 7, theme.dim);
        strip.column("USER", 16, theme.dim);
    }
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let list = List {
        body,
        rows: clouds.len(),
        at: app.clouds.at(),
        focus: Focus::Main,
        always: true,
    };
    list.draw(app, port, buffer, |at, current, strip| {
        gutter(app, current, false, strip);
        if let Some(cloud) = clouds.get(at) {
            draw_row(app, cloud, wide, strip);
        }
        Look::Plain
    });
    // What is under the rows would stand empty: it tells all of the cloud under the cursor.
    let below = body.y + u16::try_from(clouds.len().min(port.page)).unwrap_or(0) + 1;
    if let Some(cloud) = clouds
        .get(app.clouds.at())
        .filter(|_| below < body.bottom())
    {
        let place = Rect {
            x: area.x + 2,
            width: area.width.saturating_sub(4),
            y: below,
            height: body.bottom() - below,
        };
        let lines = super::pages::cloud(app, &cloud.info.name, usize::from(place.width), false);
        super::popup::lines(theme, &lines, 0, place, buffer);
    }
}

fn draw_row(app: &App, cloud: &CloudView, wide: bool, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    let none = theme.glyphs.none;
    let (style, dot) = theme.cloud(&cloud.status, cloud.is_stale());
    strip.column(&format!("{dot} {}", status_word(&cloud.status)), 18, style);
    strip.parts(16, |strip| {
        strip.text(cloud.info.name.as_str(), theme.text);
        if let Some((word, style)) = environment(app, &cloud.info) {
            strip.gap(1).text(&word, style);
        }
    });
    strip.column(cloud.info.capabilities.provider, 15, theme.dim);
    strip.number(&vm_count(app, cloud), 7, theme.text);
    strip.number(&cloud.protected.to_string(), 9, theme.text);
    let milliseconds = |duration: Option<std::time::Duration>| {
        duration.map_or_else(
            || none.to_owned(),
            |duration| format!("{} ms", duration.as_millis()),
        )
    };
    strip.number(&milliseconds(cloud.latency), 8, theme.text);
    if wide {
        strip.number(&milliseconds(cloud.listing_took), 8, theme.dim);
        strip.number(
            &cloud
                .as_of
                .map_or_else(|| none.to_owned(), |at| since(at, app.now)),
            5,
            theme.text,
        );
        strip.number(&cloud.unread.to_string(), 7, theme.dim);
        strip.column(
            cloud.session.as_ref().map_or(none, |session| &session.user),
            16,
            theme.text,
        );
    }
}

/// How it stands with a cloud, in a word or two.
pub fn status_word(status: &CloudStatus) -> String {
    match status {
        CloudStatus::Connecting => "signing in".to_owned(),
        CloudStatus::Listing {
            read,
            total: Some(total),
        } => format!("listing {read}/{total}"),
        CloudStatus::Listing { read, total: None } => format!("listing {read}"),
        CloudStatus::Ok => "ok".to_owned(),
        CloudStatus::Failing { sign_in: true, .. } => "sign-in refused".to_owned(),
        CloudStatus::Failing { .. } => "no answer".to_owned(),
    }
}

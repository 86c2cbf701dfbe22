//! Every colour and every glyph, by what it means. No view names one.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

use crate::fleet::CloudStatus;
use crate::model::{PowerState, Severity, VappState, VmState};

macro_rules! roles {
    ($($(#[$meta:meta])* $field:ident = $name:literal,)+) => {
        /// The styles of the screen, resolved once.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Theme {
            $($(#[$meta])* pub $field: Style,)+
            /// The glyphs that go with it.
            pub glyphs: &'static Glyphs,
        }

        impl Theme {
            const ROLES: &'static [&'static str] = &[$($name),+];

            fn from_styles(mut style: impl FnMut(&str) -> Result<Style, ThemeError>, glyphs: &'static Glyphs) -> Result<Self, ThemeError> {
                Ok(Self { $($field: style($name)?,)+ glyphs })
            }

            fn map(self, f: impl Fn(Style) -> Style) -> Self {
                Self { $($field: f(self.$field),)+ glyphs: self.glyphs }
            }
        }
    };
}

roles! {
    /// Ordinary text.
    text = "text",
    /// What is secondary: ids, ages, units, column heads.
    dim = "dim",
    /// The program's name, the active tab, the focused border.
    accent = "accent",
    /// Borders and rules.
    rule = "rule",
    /// The row under the cursor of the part that has the focus.
    selection = "selection",
    /// The row under the cursor of a part without the focus.
    selection_inactive = "selection.inactive",
    /// The letters that the filter found.
    matched = "matched",
    /// A key, in hints and menus.
    key = "key",
    /// The band of a production cloud.
    production = "production",
    /// Failure and danger.
    danger = "danger",
    /// A warning that is no failure.
    caution = "caution",
    /// It went well.
    success = "success",
    /// The restricted sign.
    restricted = "restricted",
    /// VM states.
    state_on = "state.on",
    /// See [`Self::state_on`].
    state_paused = "state.paused",
    /// See [`Self::state_on`].
    state_off = "state.off",
    /// See [`Self::state_on`].
    state_locked = "state.locked",
    /// See [`Self::state_on`].
    state_maintenance = "state.maintenance",
    /// See [`Self::state_on`].
    state_not_allocated = "state.not_allocated",
    /// See [`Self::state_on`].
    state_unknown = "state.unknown",
    /// Appliance states.
    vapp_deployed = "vapp.deployed",
    /// See [`Self::vapp_deployed`].
    vapp_undeployed = "vapp.undeployed",
    /// See [`Self::vapp_deployed`].
    vapp_partially_deployed = "vapp.partially_deployed",
    /// See [`Self::vapp_deployed`].
    vapp_locked = "vapp.locked",
    /// See [`Self::vapp_deployed`].
    vapp_unknown = "vapp.unknown",
    /// See [`Self::vapp_deployed`].
    vapp_empty = "vapp.empty",
}

/// The signs, each one cell wide in every common font.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether this is the ASCII set.
    pub ascii: bool,
    on: &'static str,
    paused: &'static str,
    off: &'static str,
    locked: &'static str,
    /// The padlock sign of a protected VM.
    pub maintenance: &'static str,
    not_allocated: &'static str,
    allocated: &'static str,
    configured: &'static str,
    unknown: &'static str,
    vapp_deployed: &'static str,
    vapp_partially_deployed: &'static str,
    vapp_undeployed: &'static str,
    /// A warning, with a count after it.
    pub warning: &'static str,
    /// A failure.
    pub failure: &'static str,
    /// Something went well.
    pub success: &'static str,
    /// A restricted appliance.
    pub restricted: &'static str,
    /// The server says otherwise.
    pub differs: &'static str,
    /// The cursor.
    pub cursor: &'static str,
    /// An open branch.
    pub open: &'static str,
    /// A closed branch.
    pub closed: &'static str,
    /// A cloud that is being read.
    pub busy: &'static str,
    /// Between two parts of a line.
    pub dot: &'static str,
    /// What is not known.
    pub none: &'static str,
    /// What was cut off.
    pub ellipsis: &'static str,
    /// Ascending order.
    pub ascending: &'static str,
    /// Descending order.
    pub descending: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A vertical rule.
    pub bar: &'static str,
    /// The levels of a curve, from nothing to full.
    pub levels: [&'static str; 8],
    /// The corners of a box: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    spinner: &'static [&'static str],
}

/// The glyphs of every common font.
pub const UNICODE: Glyphs = Glyphs {
    ascii: false,
    on: "●",
    paused: "‖",
    off: "○",
    locked: "◌",
    maintenance: "◆",
    not_allocated: "·",
    allocated: "◔",
    configured: "◑",
    unknown: "?",
    vapp_deployed: "■",
    vapp_partially_deployed: "▣",
    vapp_undeployed: "□",
    warning: "▲",
    failure: "✖",
    success: "✓",
    restricted: "⊘",
    differs: "≠",
    cursor: "›",
    open: "▾",
    closed: "▸",
    busy: "◐",
    dot: "·",
    none: "–",
    ellipsis: "…",
    ascending: "↑",
    descending: "↓",
    rule: "─",
    bar: "│",
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    corners: ["┌", "┐", "└", "┘"],
    spinner: &["◴", "◷", "◶", "◵"],
};

/// The same in ASCII.
pub const ASCII: Glyphs = Glyphs {
    ascii: true,
    on: "*",
    paused: "=",
    off: "o",
    locked: "~",
    maintenance: "#",
    not_allocated: ".",
    allocated: "-",
    configured: "+",
    unknown: "?",
    vapp_deployed: "*",
    vapp_partially_deployed: "%",
    vapp_undeployed: "o",
    warning: "!",
    failure: "x",
    success: "+",
    restricted: "@",
    differs: "!",
    cursor: ">",
    open: "v",
    closed: ">",
    busy: "~",
    dot: "-",
    none: "-",
    ellipsis: "~",
    ascending: "^",
    descending: "v",
    rule: "-",
    bar: "|",
    levels: ["_", ".", ",", "-", "=", "+", "*", "#"],
    corners: ["+", "+", "+", "+"],
    spinner: &["|", "/", "-", "\\"],
};

/// What is wrong with a theme file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// Not TOML.
    #[error("the theme cannot be read: {0}")]
    Syntax(String),
    /// A role has no style.
    #[error("the theme lacks the role {0:?}")]
    Missing(String),
    /// Not a role.
    #[error("the theme names {0:?}, which is no role")]
    Unknown(String),
    /// Not a colour and not an attribute.
    #[error("the theme's role {role:?} has {word:?}, which is neither a colour nor an attribute")]
    Word {
        /// The role.
        role: String,
        /// What was written.
        word: String,
    },
}

/// The themes that come with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
}

impl Theme {
    /// A theme of the program. With `colour` false (NO_COLOR) only attributes are left; with `ascii` the glyphs are ASCII.
    ///
    /// # Errors
    /// None in a program that passed its tests: the files are part of it.
    pub fn preset(preset: Preset, colour: bool, ascii: bool) -> Result<Self, ThemeError> {
        let text = match preset {
            Preset::Dark => include_str!("../../assets/themes/dark.toml"),
            Preset::Light => include_str!("../../assets/themes/light.toml"),
        };
        let theme = Self::parse(text, if ascii { &ASCII } else { &UNICODE })?;
        if colour {
            return Ok(theme);
        }
        let mut theme = theme.map(|style| Style {
            fg: None,
            bg: None,
            ..style
        });
        // What only a background told is told by reverse video.
        theme.selection = theme.selection.add_modifier(Modifier::REVERSED);
        theme.selection_inactive = theme.selection_inactive.add_modifier(Modifier::UNDERLINED);
        theme.production = theme.production.add_modifier(Modifier::REVERSED);
        Ok(theme)
    }

    fn parse(text: &str, glyphs: &'static Glyphs) -> Result<Self, ThemeError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| ThemeError::Syntax(error.message().to_owned()))?;
        if let Some(unknown) = table
            .keys()
            .find(|key| !Self::ROLES.contains(&key.as_str()))
        {
            return Err(ThemeError::Unknown(unknown.clone()));
        }
        Self::from_styles(
            |role| {
                let words = table.get(role).and_then(toml::Value::as_str);
                parse_style(
                    role,
                    words.ok_or_else(|| ThemeError::Missing(role.to_owned()))?,
                )
            },
            glyphs,
        )
    }

    /// The style of a VM state.
    #[must_use]
    pub fn vm_state(&self, state: VmState) -> Style {
        match state {
            VmState::Maintenance => self.state_maintenance,
            VmState::Power(PowerState::On) => self.state_on,
            VmState::Power(PowerState::Paused) => self.state_paused,
            VmState::Power(PowerState::Off) => self.state_off,
            VmState::Power(PowerState::Locked | PowerState::Allocated | PowerState::Configured) => {
                self.state_locked
            }
            VmState::Power(PowerState::NotAllocated) => self.state_not_allocated,
            VmState::Power(PowerState::Unknown) => self.state_unknown,
        }
    }

    /// The style of an appliance state.
    #[must_use]
    pub fn vapp_state(&self, state: VappState) -> Style {
        match state {
            VappState::Deployed => self.vapp_deployed,
            VappState::Undeployed => self.vapp_undeployed,
            VappState::PartiallyDeployed => self.vapp_partially_deployed,
            VappState::Locked => self.vapp_locked,
            VappState::Unknown => self.vapp_unknown,
            VappState::Empty => self.vapp_empty,
        }
    }

    /// The style and sign of an event's severity.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> (Style, &'static str) {
        match severity {
            Severity::Info => (self.dim, "I"),
            Severity::Warning => (self.caution, "W"),
            Severity::Error => (self.danger, "E"),
        }
    }

    /// The dot of a cloud and its style.
    #[must_use]
    pub fn cloud(&self, status: &CloudStatus, stale: bool) -> (Style, &'static str) {
        match status {
            CloudStatus::Ok => (self.success, self.glyphs.on),
            CloudStatus::Connecting | CloudStatus::Listing { .. } => {
                (self.caution, self.glyphs.busy)
            }
            CloudStatus::Failing { sign_in: true, .. } => (self.danger, self.glyphs.failure),
            CloudStatus::Failing { .. } if stale => (self.danger, self.glyphs.failure),
            CloudStatus::Failing { .. } => (self.caution, self.glyphs.busy),
        }
    }
}

impl Glyphs {
    /// The sign of a power state, at rest.
    #[must_use]
    pub fn power(&self, state: PowerState) -> &'static str {
        match state {
            PowerState::On => self.on,
            PowerState::Paused => self.paused,
            PowerState::Off => self.off,
            PowerState::Locked => self.locked,
            PowerState::NotAllocated => self.not_allocated,
            PowerState::Allocated => self.allocated,
            PowerState::Configured => self.configured,
            PowerState::Unknown => self.unknown,
        }
    }

    /// The sign of a shown state, at rest.
    #[must_use]
    pub fn vm_state(&self, state: VmState) -> &'static str {
        match state {
            VmState::Maintenance => self.maintenance,
            VmState::Power(power) => self.power(power),
        }
    }

    /// The sign of an appliance state.
    #[must_use]
    pub fn vapp(&self, state: VappState) -> &'static str {
        match state {
            VappState::Deployed => self.vapp_deployed,
            VappState::Undeployed => self.vapp_undeployed,
            VappState::PartiallyDeployed => self.vapp_partially_deployed,
            VappState::Locked => self.locked,
            VappState::Unknown => self.unknown,
            VappState::Empty => self.not_allocated,
        }
    }

    /// The sign of something that runs, at one moment of its turning.
    #[must_use]
    pub fn spinner(&self, frame: usize) -> &'static str {
        self.spinner[frame % self.spinner.len()]
    }
}

/// "red bold reversed on-black": colours of the terminal's palette by name, `#rrggbb`, an index, and attributes.
fn parse_style(role: &str, words: &str) -> Result<Style, ThemeError> {
    let mut style = Style::default();
    for word in words.split_whitespace() {
        let colour = |word: &str| {
            Color::from_str(word).map_err(|_| ThemeError::Word {
                role: role.to_owned(),
                word: word.to_owned(),
            })
        };
        style = match word {
            "default" => style,
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            word => match word.strip_prefix("on-") {
                Some(background) => style.bg(colour(background)?),
                None => style.fg(colour(word)?),
            },
        };
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn every_preset_has_every_role_and_no_other() {
        for preset in [Preset::Dark, Preset::Light] {
            assert!(Theme::preset(preset, true, false).is_ok(), "{preset:?}");
        }
    }

    #[test]
    fn without_colour_only_attributes_are_left() {
        let theme = Theme::preset(Preset::Dark, false, true).unwrap();
        assert_eq!(theme.state_on.fg, None);
        assert!(theme.danger.add_modifier.contains(Modifier::BOLD));
        assert!(theme.selection.add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_failure_never_looks_like_a_vm_that_is_off() {
        let theme = Theme::preset(Preset::Dark, true, false).unwrap();
        assert_ne!(theme.danger, theme.state_off);
        assert!(theme.danger.add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn every_sign_is_one_cell_wide() {
        use unicode_width::UnicodeWidthStr;
        for glyphs in [&UNICODE, &ASCII] {
            for state in VmState::ALL {
                assert_eq!(glyphs.vm_state(state).width(), 1, "{state}");
            }
            for state in VappState::ALL {
                assert_eq!(glyphs.vapp(state).width(), 1, "{state}");
            }
            for frame in 0..8 {
                assert_eq!(glyphs.spinner(frame).width(), 1);
            }
            for sign in [
                glyphs.warning,
                glyphs.failure,
                glyphs.success,
                glyphs.restricted,
                glyphs.cursor,
                glyphs.open,
                glyphs.closed,
            ] {
                assert_eq!(sign.width(), 1, "{sign}");
            }
        }
    }

    #[test]
    fn mistakes_in_a_theme_are_named() {
        assert_eq!(
            parse_style("danger", "red blod"),
            Err(ThemeError::Word {
                role: "danger".into(),
                word: "blod".into()
            })
        );
    }
}

//! The table `[keys]`, which only the console understands.

use crate::cli::exit::{Exit, Stop};
use crate::config::Loaded;
use crate::console::keymap::Keymap;

/// Tries the keys that the configuration gives to actions of the console.
///
/// # Errors
/// All that cannot be used, by file and line.
pub fn usable_keys(loaded: &Loaded) -> Result<(), Stop> {
    let mut keymap = Keymap::shipped().map_err(Stop::failed)?;
    let mut problems = Vec::new();
    for keys in &loaded.config.keys {
        if let Err(error) = keymap.rebind(&keys.action, &keys.keys) {
            let (file, place) = (loaded.path.display(), keys.position);
            problems.push(format!("{file}:{}:{}: {error}", place.line, place.column));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Stop {
        exit: Exit::Usage,
        messages: problems,
    })
}

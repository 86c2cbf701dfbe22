//! What is done outside the screen and may take its time: files, programs. Never on the thread that draws.

pub mod export;
pub mod screen_file;
pub mod viewer;

use tokio::sync::mpsc::Sender;

use super::message::Message;
use super::notices::Level;

pub use export::{Export, Unwritten};
pub use screen_file::ScreenFile;
pub use viewer::Launch;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// Write events into a file.
    Export(Export),
    /// Open the screen of a VM in another program.
    Launch(Launch),
    /// Write a connection file for virt-viewer.
    ScreenFile(ScreenFile),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The events are written, or why they are not.
    Exported {
        /// The file, as it was typed.
        path: String,
        /// How many there are in it.
        written: Result<usize, Unwritten>,
    },
    /// Something to read.
    Notice(Level, String),
}

/// Does it and tells what became of it. Ends with the program that it starts.
pub(super) async fn perform(order: Outside, tell: Sender<Message>) {
    let told = match order {
        Outside::Export(export) => {
            let path = export.typed.clone();
            let written = tokio::task::spawn_blocking(move || export.write()).await;
            let written = written.unwrap_or_else(|_| Err(Unwritten::broken()));
            Some(Told::Exported { path, written })
        }
        Outside::ScreenFile(file) => {
            let written = tokio::task::spawn_blocking(move || file.write()).await;
            Some(match written {
                Ok(Ok(path)) => Told::Notice(
                    Level::Good,
                    format!(
                        "{} is written; virt-viewer takes it away once it is opened",
                        path.display()
                    ),
                ),
                Ok(Err(error)) => Told::Notice(
                    Level::Failure,
                    format!("The connection file cannot be written: {error}"),
                ),
                Err(_) => Told::Notice(
                    Level::Failure,
                    "The connection file could not be written".to_owned(),
                ),
            })
        }
        Outside::Launch(launch) => launch
            .run()
            .await
            .err()
            .map(|why| Told::Notice(Level::Failure, why)),
    };
    if let Some(told) = told {
        // Nobody listens any more once the screen is left.
        let _left = tell.send(Message::Outside(told)).await;
    }
}

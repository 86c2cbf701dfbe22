//! A connection file for virt-viewer: where the screen of a VM is, never with which password.

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::viewer::Reach;

/// The content of a connection file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenFile {
    /// The name of its VM, for the file's own name.
    name: String,
    text: String,
}

impl ScreenFile {
    /// The file for a screen; `title` stands over its window.
    ///
    /// # Errors
    /// Why there can be none, as the rest of a sentence.
    pub fn of(reach: &Reach, name: &str, title: &str) -> Result<Self, String> {
        let kind = match reach.protocol.as_deref() {
            Some(kind @ ("vnc" | "spice")) => kind,
            Some(other) => return Err(format!("virt-viewer knows vnc and spice, not {other}")),
            None => return Err("the cloud does not say whether it is vnc or spice".to_owned()),
        };
        let (Some(host), Some(port)) = (&reach.host, reach.port) else {
            return Err("the cloud tells no host and port".to_owned());
        };
        if !host.chars().all(|c| c.is_ascii_graphic()) {
            return Err("what the cloud tells is no host".to_owned());
        }
        let text = format!(
            "[virt-viewer]\ntype={kind}\nhost={}\nport={port}\ntitle={}\ndelete-this-file=1\n",
            value(host),
            value(title)
        );
        Ok(Self {
            name: name.to_owned(),
            text,
        })
    }

    /// Writes it where files of the session go, for its owner alone, under a name that nothing has yet.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self) -> io::Result<PathBuf> {
        let folder = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let folder = folder
            .filter(|folder| folder.is_absolute() && folder.is_dir())
            .unwrap_or_else(std::env::temp_dir);
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = self.name.chars().filter(plain).take(40).collect();
        let mut file = tempfile::Builder::new()
            .prefix(&format!("vmdeck-{name}-"))
            .suffix(".vv")
            .tempfile_in(folder)?;
        file.write_all(self.text.as_bytes())?;
        let (_, path) = file.keep().map_err(|error| error.error)?;
        Ok(path)
    }

    /// What stands in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// One line, in which no letter after a backslash means another one.
fn value(text: &str) -> String {
    crate::model::text::clean_name(text.trim()).replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn reach(protocol: &str, host: &str) -> Reach {
        Reach {
            url: None,
            protocol: Some(protocol.to_owned()),
            host: Some(host.to_owned()),
            port: Some(5_901),
        }
    }

    #[test]
    fn a_file_says_where_and_is_deleted_by_who_opens_it() {
        let file = ScreenFile::of(&reach("vnc", "10.0.0.5"), "web-01", "web-01 on prod").unwrap();
        assert_eq!(
            file.text(),
            "[virt-viewer]\ntype=vnc\nhost=10.0.0.5\nport=5901\ntitle=web-01 on prod\ndelete-this-file=1\n"
        );
        let path = file.write().unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), file.text());
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn nothing_that_a_server_tells_becomes_a_line_of_its_own() {
        let title = "web\npassword=x\r\u{2028}fullscreen=1 a\\nb";
        let file = ScreenFile::of(&reach("vnc", "h"), "../../etc/x", title).unwrap();
        assert_eq!(file.text().lines().count(), 6, "{}", file.text());
        assert!(file.text().contains("a\\\\nb"), "{}", file.text());
        let path = file.write().unwrap();
        assert_eq!(path.parent(), std::path::Path::new(&path).parent());
        assert!(
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("vmdeck-etcx-")
        );
        fs::remove_file(path).unwrap();
        for host in ["a b", "a\npassword=x", ""] {
            let mut to = reach("vnc", host);
            to.host = (!host.is_empty()).then(|| host.to_owned());
            assert!(ScreenFile::of(&to, "x", "x").is_err(), "{host:?}");
        }
        assert!(ScreenFile::of(&reach("rdp", "h"), "x", "x").is_err());
    }
}

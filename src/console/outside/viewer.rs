//! Another program that shows the screen of a VM: its command line, made of what the configuration says and what the cloud tells.

use std::process::Stdio;

use tokio::process::Command;
use url::Url;

use super::screen_file::ScreenFile;
use crate::config::{Part, Placeholder, Viewer};
use crate::model::RemoteAccess;

/// What an address of a screen may begin with. Anything else, such as a file, is not opened for a server that names it.
const SCHEMES: [&str; 11] = [
    "http",
    "https",
    "rdp",
    "spice",
    "spice+tls",
    "spices",
    "ssh",
    "vnc",
    "vnc+ssh",
    "ws",
    "wss",
];

/// Where a screen is, as far as the cloud tells, every part checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// The whole address.
    pub url: Option<String>,
    /// `vnc`, `spice`, `rdp`, in small letters.
    pub protocol: Option<String>,
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
}

impl Reach {
    /// What is told of a screen; protocol, host and port are taken from the address where they are not told beside it.
    #[must_use]
    pub fn of(access: &RemoteAccess) -> Self {
        let protocol = access.protocol.as_deref().map(str::to_lowercase);
        let told = RemoteAccess {
            protocol: protocol.as_deref().map(Into::into),
            password: None,
            ..access.clone()
        };
        let address = told.address();
        let url = address.filter(|url| scheme(url).is_some_and(|own| SCHEMES.contains(&&*own)));
        let parsed = url.as_deref().and_then(|url| Url::parse(url).ok());
        let web = |url: &Url| matches!(url.scheme(), "http" | "https" | "ws" | "wss");
        // The host of a page that shows a screen is not the host of the screen.
        let direct = parsed.as_ref().filter(|url| !web(url));
        let bare = |host: &str| host.trim_matches(['[', ']']).to_owned();
        Self {
            protocol: protocol.or_else(|| direct.map(|url| url.scheme().to_owned())),
            host: (access.host.as_deref().map(bare))
                .or_else(|| direct.and_then(|url| url.host_str().map(bare))),
            port: access.port.or_else(|| direct.and_then(Url::port)),
            url,
        }
    }
}

/// What stands before the first colon of an address, in small letters, where it can be a scheme.
fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once(':')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (!scheme.is_empty() && scheme.chars().all(fits)).then(|| scheme.to_ascii_lowercase())
}

/// A part of an argument that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// Text.
    Text(String),
    /// The path of the connection file, which is written first.
    File,
}

/// A program to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program.
    pub program: String,
    /// Its arguments, each of its parts.
    pub arguments: Vec<Vec<Ready>>,
    /// The connection file that one of them names.
    pub file: Option<ScreenFile>,
}

impl Launch {
    /// The command line of a viewer for a screen.
    ///
    /// # Errors
    /// Why it is not started, as the rest of a sentence: the cloud does not tell what it needs, or what it tells must not be put into
    /// a command line.
    pub fn of(viewer: &Viewer, reach: &Reach, name: &str, title: &str) -> Result<Self, String> {
        let mut file = None;
        let mut arguments = Vec::new();
        for parts in &viewer.arguments {
            let mut ready = Vec::new();
            for part in parts {
                ready.push(match part {
                    Part::Text(text) => Ready::Text(text.clone()),
                    Part::Value(Placeholder::File) => {
                        file = Some(ScreenFile::of(reach, name, title)?);
                        Ready::File
                    }
                    Part::Value(of) => Ready::Text(value(*of, reach, name)?),
                });
            }
            // An option is what the configuration calls one, never what a server sends.
            if let (Some(Part::Value(of)), Some(Ready::Text(text))) = (parts.first(), ready.first())
                && text.starts_with('-')
            {
                return Err(format!(
                    "its {} begins with \"-\", which a program takes for an option",
                    of.word()
                ));
            }
            arguments.push(ready);
        }
        Ok(Self {
            program: viewer.program.clone(),
            arguments,
            file,
        })
    }

    /// Starts it, on its own and without a terminal, and waits until it ends.
    ///
    /// # Errors
    /// That it cannot be started or ended badly, as a sentence.
    pub(super) async fn run(self) -> Result<(), String> {
        let program = self.program;
        let mut path = String::new();
        if let Some(file) = self.file {
            let written = tokio::task::spawn_blocking(move || file.write()).await;
            let written = written.map_err(|_| std::io::Error::other("writing has broken off"));
            path = written
                .and_then(|written| written)
                .map_err(|error| format!("The connection file cannot be written: {error}"))?
                .display()
                .to_string();
        }
        let arguments = self.arguments.iter().map(|parts| {
            let text = |part: &Ready| match part {
                Ready::Text(text) => text.clone(),
                Ready::File => path.clone(),
            };
            parts.iter().map(text).collect::<String>()
        });
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What stops or ends the program's group leaves it alone, and it stays when the program is left.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                format!(
                    "{program} cannot be started: {error}; is it installed, and is `viewer` right?"
                )
            })?;
        match child.wait().await {
            Ok(status) if !status.success() => Err(format!("{program} ended with {status}")),
            _ => Ok(()),
        }
    }
}

fn value(of: Placeholder, reach: &Reach, name: &str) -> Result<String, String> {
    let value = match of {
        Placeholder::Url => reach.url.clone(),
        Placeholder::Host => reach.host.clone(),
        Placeholder::Port => reach.port.map(|port| port.to_string()),
        Placeholder::Protocol => reach.protocol.clone(),
        Placeholder::Name => Some(name.to_owned()),
        Placeholder::File => None,
    };
    let value = value.filter(|value| !value.is_empty());
    let Some(value) = value else {
        return Err(format!("the cloud tells no {} that can be used", of.word()));
    };
    if !value.chars().all(crate::model::text::is_safe) {
        return Err(format!(
            "its {} has characters that cannot be shown",
            of.word()
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn viewer(line: &str) -> Viewer {
        let text = format!("[console]\nviewer = '''{line}'''\n");
        let loaded = crate::config::parse(&text, std::path::Path::new("/x.toml")).unwrap();
        loaded.config.console.viewer.unwrap()
    }

    fn access(url: Option<&str>, host: Option<&str>) -> RemoteAccess {
        RemoteAccess {
            protocol: Some("VNC".into()),
            host: host.map(Into::into),
            port: host.map(|_| 5_901),
            url: url.map(Into::into),
            ..RemoteAccess::default()
        }
    }

    fn line(viewer_line: &str, access: &RemoteAccess, name: &str) -> Result<Vec<String>, String> {
        let launch = Launch::of(&viewer(viewer_line), &Reach::of(access), name, name)?;
        let text = |parts: &Vec<Ready>| {
            parts
                .iter()
                .map(|part| match part {
                    Ready::Text(text) => text.as_str(),
                    Ready::File => "FILE",
                })
                .collect::<String>()
        };
        Ok(launch.arguments.iter().map(text).collect())
    }

    #[test]
    fn what_the_cloud_tells_stands_where_the_configuration_says() {
        let access = access(None, Some("10.0.0.5"));
        assert_eq!(
            line(
                "v --title={name} {url} {host}:{port} {protocol}",
                &access,
                "a b"
            ),
            Ok(vec![
                "--title=a b".to_owned(),
                "vnc://10.0.0.5:5901".to_owned(),
                "10.0.0.5:5901".to_owned(),
                "vnc".to_owned()
            ])
        );
        assert_eq!(line("v {file}", &access, "x"), Ok(vec!["FILE".to_owned()]));
    }

    #[test]
    fn nothing_that_a_server_tells_becomes_an_option_or_another_file() {
        let option = access(None, Some("-oProxyCommand=reboot"));
        for viewer in ["v {host}", "v {host}:{port}"] {
            let why = line(viewer, &option, "x").unwrap_err();
            assert!(why.contains("begins with \"-\""), "{why}");
        }
        assert_eq!(
            line("v {name} {port}", &access(None, Some("h")), "--run").unwrap_err(),
            "its name begins with \"-\", which a program takes for an option"
        );
        for url in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--exec=x",
            "-x://h",
            "vnc",
        ] {
            let why = line("v {url}", &access(Some(url), None), "x").unwrap_err();
            assert!(why.contains("tells no url"), "{url}: {why}");
        }
        let broken = access(None, Some("h\nx"));
        assert!(line("v {host}", &broken, "x").is_err());
    }

    fn shell(script: &str, argument: &str) -> Launch {
        let text = |text: &str| vec![Ready::Text(text.to_owned())];
        Launch {
            program: "sh".to_owned(),
            arguments: vec![text("-c"), text(script), text("x"), text(argument)],
            file: None,
        }
    }

    #[tokio::test]
    async fn a_program_gets_its_arguments_whole_and_no_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let script = format!("cat > /dev/null; printf %s \"$1\" > '{}'", file.display());
        let argument = "$(reboot); `x` 'y' \"z\" *";
        assert_eq!(shell(&script, argument).run().await, Ok(()));
        assert_eq!(std::fs::read_to_string(file).unwrap(), argument);
    }

    #[tokio::test]
    async fn a_connection_file_is_there_before_the_program_that_reads_it() {
        let mut launch = shell("", "");
        let text = |text: &str| vec![Ready::Text(text.to_owned())];
        launch.arguments = vec![
            text("-c"),
            text("grep -q host=10.0.0.5 \"$1\" && rm \"$1\""),
            text("x"),
            vec![Ready::File],
        ];
        let reach = Reach::of(&access(None, Some("10.0.0.5")));
        launch.file = Some(ScreenFile::of(&reach, "web-01", "web-01").unwrap());
        assert_eq!(launch.run().await, Ok(()));
    }

    #[tokio::test]
    async fn a_program_that_fails_or_is_not_there_is_told() {
        let why = shell("exit 3", "").run().await.unwrap_err();
        assert_eq!(why, "sh ended with exit status: 3");
        let mut missing = shell("", "");
        missing.program = "/nowhere/viewer".to_owned();
        let why = missing.run().await.unwrap_err();
        assert!(
            why.starts_with("/nowhere/viewer cannot be started:"),
            "{why}"
        );
    }

    #[test]
    fn an_address_tells_its_parts_unless_it_is_a_page() {
        let direct = Reach::of(&RemoteAccess {
            url: Some("vnc://[fe80::1]:5902".into()),
            ..RemoteAccess::default()
        });
        assert_eq!(direct.host.as_deref(), Some("fe80::1"));
        assert_eq!(
            (direct.port, direct.protocol.as_deref()),
            (Some(5_902), Some("vnc"))
        );
        let page = Reach::of(&RemoteAccess {
            url: Some("https://cloud.example.com:8443/console?token=1".into()),
            ..RemoteAccess::default()
        });
        assert_eq!((page.host, page.port, page.protocol), (None, None, None));
    }
}

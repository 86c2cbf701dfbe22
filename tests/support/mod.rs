//! A server whose every answer a test writes by hand, and that remembers what it was asked.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(dead_code, reason = "each test program uses its own part of it")]

pub mod zstack;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use vmdeck::clouds::http::Limits;
use vmdeck::clouds::{Cloud, open_with};
use vmdeck::config::{CloudEntry, Credentials, Provider, Secret, SecretSource, Tls};

/// The password of every test: no error may show it.
pub const PASSWORD: &str = "hunter2-password";

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// `GET /api/login`
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// These bytes and then the end of the connection.
    Bytes(Vec<u8>),
    /// The end of the connection, at once.
    Drop,
    /// These bytes, and then nothing, for as long as the other side waits.
    Stall(Vec<u8>),
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Http {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.into(),
        }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The server. It lives as long as the test's runtime.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, handler): (_, Arc<Handler>) = (asked.clone(), Arc::new(handler));
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, connection, log.clone(), handler.clone()));
                connection += 1;
            }
        });
        Self { port, asked }
    }

    /// A server that signs everybody in and hands the rest to `handler`.
    pub async fn signed_in(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |asked| {
            if asked.path.starts_with("/api/login") {
                login()
            } else {
                handler(asked)
            }
        })
        .await
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked after the sign-in, as `METHOD path`.
    pub fn lines(&self) -> Vec<String> {
        self.asked()
            .iter()
            .filter(|asked| !asked.path.starts_with("/api/login"))
            .map(Asked::line)
            .collect()
    }

    pub fn entry(&self) -> CloudEntry {
        entry(&format!("http://127.0.0.1:{}/api", self.port))
    }

    /// A client of it with short limits.
    pub fn cloud(&self) -> Arc<dyn Cloud> {
        open_with(&self.entry(), limits()).unwrap()
    }

    /// A client that has signed in.
    pub async fn connected(&self) -> Arc<dyn Cloud> {
        let cloud = self.cloud();
        cloud.connect().await.unwrap();
        cloud
    }
}

/// Limits that a test can reach: a stall ends soon, bodies are small, and what should come has time enough.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(20),
        answer: Duration::from_secs(20),
        stall: Duration::from_secs(20),
        whole: Duration::from_secs(40),
        whole_list: Duration::from_secs(40),
        idle: Duration::from_secs(30),
        body: 64 << 10,
        body_list: 256 << 10,
    }
}

pub fn entry(url: &str) -> CloudEntry {
    CloudEntry {
        name: "prod".into(),
        provider: Provider::Abiquo { api_version: None },
        url: Url::parse(url).unwrap(),
        environment: None,
        credentials: Credentials::Password {
            username: "privers".into(),
            password: SecretSource::Plain(Secret::new(PASSWORD)),
        },
        read_only: false,
        group_by: None,
        concurrency: 4,
        tls: Tls::default(),
    }
}

/// A recorded shape.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/tests/fixtures/abiquo/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).unwrap()
}

/// The answer to a sign-in, with a token.
pub fn login() -> Reply {
    Reply::ok(fixture("login_expand_privileges")).header("X-Abiquo-Token", "first-token")
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    log: Arc<Mutex<Vec<Asked>>>,
    handler: Arc<Handler>,
) {
    let mut buffer = Vec::new();
    while let Some(asked) = read(&mut stream, &mut buffer, connection).await {
        log.lock().unwrap().push(asked.clone());
        match handler(&asked) {
            Reply::Http {
                status,
                headers,
                body,
            } => {
                let mut head = format!("HTTP/1.1 {status} Status\r\n");
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                if status != 204 {
                    head.push_str(&format!("Content-Length: {}\r\n", body.len()));
                }
                head.push_str("\r\n");
                let mut bytes = head.into_bytes();
                if status != 204 {
                    bytes.extend(body);
                }
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Drop => return,
            Reply::Stall(bytes) => {
                let _ = stream.write_all(&bytes).await;
                // Until the other side gives up.
                let _ = stream.read(&mut [0; 64]).await;
                return;
            }
        }
    }
}

/// The next request of a connection; `None` at its end.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>, connection: usize) -> Option<Asked> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < end + 4 + length {
        fill(stream, buffer).await?;
    }
    let body = buffer[end + 4..end + 4 + length].to_vec();
    buffer.drain(..end + 4 + length);
    Some(Asked {
        method,
        path,
        headers,
        body,
        connection,
    })
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 << 10];
    match stream.read(&mut chunk).await {
        Ok(0) | Err(_) => None,
        Ok(read) => {
            buffer.extend_from_slice(&chunk[..read]);
            Some(())
        }
    }
}

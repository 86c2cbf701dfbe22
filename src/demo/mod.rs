//! Clouds that run on this machine: real HTTP servers on the loopback, written from the APIs' documents alone.
//! They share no type with the clients, so that a client's mistake is not the server's as well.

pub mod clock;

mod abiquo;
mod identity;
mod json;
mod zstack;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use self::clock::Clock;

/// The port that links carry, which is not the one that answers: as behind a proxy.
const LINK_PORT: u16 = 443;

/// How the demo clouds are.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// How many VMs in total; the default fleet when `None`.
    pub vms: Option<usize>,
    /// Decides every generated name, number and identifier.
    pub seed: u64,
    /// Added to every answer.
    pub latency: Duration,
    /// How fast operations run: 1.0 normal, 2.0 twice as fast, infinity at once.
    pub pace: f64,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            vms: None,
            seed: 1,
            latency: Duration::ZERO,
            pace: 1.0,
        }
    }
}

/// Where a demo cloud is and how to sign in.
#[derive(Clone, Serialize)]
pub struct DemoCloud {
    /// A name for the configuration.
    pub name: String,
    /// The configuration's word for the API.
    pub provider: &'static str,
    /// The API's root.
    pub url: String,
    /// Who to sign in as.
    pub username: String,
    /// With which password.
    pub password: String,
}

impl fmt::Debug for DemoCloud {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = out.debug_struct("DemoCloud");
        all.field("name", &self.name)
            .field("url", &self.url)
            .field("username", &self.username);
        all.finish_non_exhaustive()
    }
}

/// Running demo clouds. Dropping this stops them.
#[derive(Debug)]
pub struct DemoClouds {
    /// The clouds.
    pub clouds: Vec<DemoCloud>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for DemoClouds {
    fn drop(&mut self) {
        // The other end is gone only when the thread already is.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

/// The demo clouds cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No port on the loopback.
    #[error("the demo cloud cannot listen on this machine's loopback: {0}")]
    Listen(#[source] io::Error),
    /// No threads.
    #[error("the demo cloud cannot start its threads: {0}")]
    Threads(#[source] io::Error),
    /// The built-in fleet is broken.
    #[error("the demo's fleet cannot be read: {0}")]
    Fleet(String),
    /// A pace that moves nothing.
    #[error("the demo's pace must be more than 0, and {0} is not")]
    Pace(f64),
}

/// What makes the service of a cloud. The text is what its links start with.
type Service = fn(&DemoOptions, Clock, String) -> Result<Router, DemoError>;

/// Starts the demo clouds on ports of their own.
///
/// # Errors
/// The pace is not above zero, or this machine gives no port or thread.
pub fn start(options: &DemoOptions) -> Result<DemoClouds, DemoError> {
    start_with_clock(options, Clock::system())
}

/// Starts the demo clouds with a clock of the caller's: a test moves it instead of waiting.
///
/// # Errors
/// As [`start`].
pub fn start_with_clock(options: &DemoOptions, clock: Clock) -> Result<DemoClouds, DemoError> {
    if options.pace.is_nan() || options.pace <= 0.0 {
        return Err(DemoError::Pace(options.pace));
    }
    let mut clouds = Vec::new();
    let mut services = Vec::new();
    let mut seat = |name: &str, provider, path: &str, user: (&str, &str), service: Service| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(DemoError::Listen)?;
        listener.set_nonblocking(true).map_err(DemoError::Listen)?;
        let address = listener.local_addr().map_err(DemoError::Listen)?;
        let base = format!(
            "http://{}{path}",
            SocketAddr::from((address.ip(), LINK_PORT))
        );
        services.push((listener, service(options, clock.clone(), base)?));
        clouds.push(DemoCloud {
            name: name.to_owned(),
            provider,
            url: format!("http://{address}{path}"),
            username: user.0.to_owned(),
            password: user.1.to_owned(),
        });
        Ok(())
    };
    seat(
        "abiquo",
        "abiquo",
        "/api",
        (abiquo::USERNAME, abiquo::PASSWORD),
        abiquo::service,
    )?;
    seat(
        "zstack",
        "zstack",
        "/zstack",
        (zstack::USERNAME, zstack::PASSWORD),
        zstack::service,
    )?;

    let (stop, stopped) = oneshot::channel();
    let (started, has_started) = mpsc::channel();
    // The runtime lives and dies in the thread: the caller may be inside another one.
    let thread = thread::Builder::new()
        .name("demo-clouds".to_owned())
        .spawn(move || run(services, stopped, &started))
        .map_err(DemoError::Threads)?;
    let gone = || {
        Err(DemoError::Threads(io::Error::other(
            "the thread ended early",
        )))
    };
    has_started.recv().unwrap_or_else(|_| gone())?;
    Ok(DemoClouds {
        clouds,
        stop: Some(stop),
        thread: Some(thread),
    })
}

fn run(
    services: Vec<(TcpListener, Router)>,
    stopped: oneshot::Receiver<()>,
    started: &mpsc::Sender<Result<(), DemoError>>,
) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("demo-cloud")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return report(started, Err(DemoError::Threads(error))),
    };
    for (listener, service) in services {
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)
        };
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) => return report(started, Err(DemoError::Listen(error))),
        };
        runtime.spawn(async move {
            // Small answers must not wait for more to send.
            let listener = listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            });
            let _ = axum::serve(listener, service).await;
        });
    }
    report(started, Ok(()));
    // Dropping `DemoClouds` sends or hangs up: both mean stop.
    let _ = runtime.block_on(stopped);
    // Waits until the port is free again; answers under way are short.
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// Nobody waits for the report only when the caller is gone, and then nobody needs it.
fn report(started: &mpsc::Sender<Result<(), DemoError>>, result: Result<(), DemoError>) {
    let _ = started.send(result);
}

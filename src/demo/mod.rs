//! Clouds that run on this machine: real HTTP servers on the loopback, written from the APIs' documents alone.
//! They share no type with the clients, so that a client's mistake is not the server's as well.

pub mod clock;

mod abiquo;
mod elastic_hosting;
mod identity;
mod json;
mod openstack;
mod scloudm;
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

/// How the demo OpenStack differs from what it usually is.
#[derive(Debug, Clone)]
pub struct OpenStackOptions {
    /// How long a token is good for.
    pub token_life: Duration,
    /// How many rows a page has at most.
    pub page: usize,
    /// Servers are made up until there are this many; `None` for those of the default fleet.
    pub servers: Option<usize>,
}

impl Default for OpenStackOptions {
    fn default() -> Self {
        Self {
            token_life: Duration::from_secs(3_600),
            page: 1_000,
            servers: None,
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
    check(options)?;
    serve(vec![
        abiquo(options, &clock)?,
        zstack(options, &clock)?,
        ecp(options, &clock)?,
        scloudm(options, &clock)?,
        openstack(options, &OpenStackOptions::default(), &clock)?,
    ])
}

/// Starts the demo OpenStack alone, with a clock of the caller's.
///
/// # Errors
/// As [`start`].
pub fn start_openstack(
    options: &DemoOptions,
    own: &OpenStackOptions,
    clock: &Clock,
) -> Result<DemoClouds, DemoError> {
    check(options)?;
    serve(vec![openstack(options, own, clock)?])
}

fn check(options: &DemoOptions) -> Result<(), DemoError> {
    if options.pace.is_nan() || options.pace <= 0.0 {
        return Err(DemoError::Pace(options.pace));
    }
    Ok(())
}

fn serve(sites: Vec<Site>) -> Result<DemoClouds, DemoError> {
    let (clouds, servers) = sites
        .into_iter()
        .map(|site| (site.cloud, (site.listener, site.service)))
        .unzip();

    let (stop, stopped) = oneshot::channel();
    let (started, has_started) = mpsc::channel();
    // The runtime lives and dies in the thread: the caller may be inside another one.
    let thread = thread::Builder::new()
        .name("demo-clouds".to_owned())
        .spawn(move || run(servers, stopped, &started))
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

/// A cloud that is ready to be served.
struct Site {
    cloud: DemoCloud,
    listener: TcpListener,
    service: Router,
}

fn abiquo(options: &DemoOptions, clock: &Clock) -> Result<Site, DemoError> {
    let (listener, address) = listen()?;
    let base = format!("http://{}/api", SocketAddr::from((address.ip(), LINK_PORT)));
    Ok(Site {
        cloud: DemoCloud {
            name: "abiquo".to_owned(),
            provider: "abiquo",
            url: format!("http://{address}/api"),
            username: abiquo::USERNAME.to_owned(),
            password: abiquo::PASSWORD.to_owned(),
        },
        listener,
        service: abiquo::service(options, clock.clone(), base)?,
    })
}

fn zstack(options: &DemoOptions, clock: &Clock) -> Result<Site, DemoError> {
    let (listener, address) = listen()?;
    let base = format!(
        "http://{}/zstack",
        SocketAddr::from((address.ip(), LINK_PORT))
    );
    Ok(Site {
        cloud: DemoCloud {
            name: "zstack".to_owned(),
            provider: "zstack",
            url: format!("http://{address}/zstack"),
            username: zstack::USERNAME.to_owned(),
            password: zstack::PASSWORD.to_owned(),
        },
        listener,
        service: zstack::service(options, clock.clone(), base)?,
    })
}

fn ecp(options: &DemoOptions, clock: &Clock) -> Result<Site, DemoError> {
    let (listener, address) = listen()?;
    Ok(Site {
        cloud: DemoCloud {
            name: "ecp".to_owned(),
            provider: "elastic-hosting",
            url: format!("http://{address}"),
            username: elastic_hosting::USERNAME.to_owned(),
            password: elastic_hosting::PASSWORD.to_owned(),
        },
        listener,
        service: elastic_hosting::service(options, clock.clone())?,
    })
}

/// The SCloudM gateway.
fn scloudm(options: &DemoOptions, clock: &Clock) -> Result<Site, DemoError> {
    let (listener, address) = listen()?;
    Ok(Site {
        cloud: DemoCloud {
            name: "scloudm".to_owned(),
            provider: "scloudm",
            url: format!("http://{address}"),
            username: scloudm::USERNAME.to_owned(),
            password: scloudm::PASSWORD.to_owned(),
        },
        listener,
        service: scloudm::service(options, clock.clone())?,
    })
}

fn openstack(
    options: &DemoOptions,
    own: &OpenStackOptions,
    clock: &Clock,
) -> Result<Site, DemoError> {
    let (listener, address) = listen()?;
    // The catalogue tells the truth; the services behind it put their own idea of the address into links.
    let root = format!("http://{address}");
    let links = format!("http://{}", SocketAddr::from((address.ip(), LINK_PORT)));
    Ok(Site {
        cloud: DemoCloud {
            name: "openstack".to_owned(),
            provider: "openstack",
            url: format!("{root}/v3"),
            username: openstack::USERNAME.to_owned(),
            password: openstack::PASSWORD.to_owned(),
        },
        listener,
        service: openstack::service(options, own, clock.clone(), root, links)?,
    })
}

/// A port of its own on the loopback.
fn listen() -> Result<(TcpListener, SocketAddr), DemoError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(DemoError::Listen)?;
    listener.set_nonblocking(true).map_err(DemoError::Listen)?;
    let address = listener.local_addr().map_err(DemoError::Listen)?;
    Ok((listener, address))
}

fn run(
    servers: Vec<(TcpListener, Router)>,
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
    for (listener, service) in servers {
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

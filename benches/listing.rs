//! Listing 10,000 VMs against nothing but the GETs of the same pages: four connections on both sides, each answer 40 ms late, the
//! server in a process of its own. All take turns, so that whatever else the machine does is on every side.
//!
//! A first listing learns from its first page how many there are, and is also compared with GETs that begin with that page alone; a
//! later one expects the pages of the one before, and is compared with GETs of all of them at once.
//!
//! `cargo bench --bench listing`

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support {
    pub mod demo;
    pub mod figures;
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use rustix::time::{ClockId, clock_gettime};
use support::demo::Demo;
use support::figures::{is_wanted, median, ms, us};
use vmdeck::clouds::{self, Cloud};

const VMS: usize = 10_000;
const PAGE: usize = 500;
const CONNECTIONS: usize = 4;
const LATENCY_MS: u64 = 40;
const ROUNDS: usize = 25;

/// One run: on the clock on the wall, and on the processors, of all threads of this process.
#[derive(Clone, Copy)]
struct Run {
    took: Duration,
    cpu: Duration,
}

fn main() {
    if !is_wanted() {
        return;
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let demo = Demo::start(VMS, LATENCY_MS);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&demo));
}

async fn measure(demo: &Demo) {
    let plain = Plain::new(demo).await;
    let later = open(demo).await;
    // Warms both: connections, the server's memory, ours.
    plain.get_all().await;
    list(&*later).await;
    let bytes = plain.get_all().await;

    let (mut at_once, mut one_first) = (Vec::new(), Vec::new());
    let (mut firsts, mut laters) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        at_once.push(run(plain.get_all()).await);
        laters.push(run(list(&*later)).await);
        one_first.push(run(plain.get_one_first()).await);
        let fresh = open(demo).await;
        firsts.push(run(list(&*fresh)).await);
    }

    println!(
        "{VMS} VMs, {:.1} MB, in pages of {PAGE} over {CONNECTIONS} connections, {LATENCY_MS} ms added to each answer; \
         medians of {ROUNDS} rounds",
        bytes as f64 / 1e6
    );
    let (at_once, one_first) = (Figures::of(&at_once), Figures::of(&one_first));
    let (first, later) = (Figures::of(&firsts), Figures::of(&laters));
    at_once.tell("plain GETs, all at once");
    later.tell("later listing");
    one_first.tell("plain GETs, one page first");
    first.tell("first listing");
    let ratio = |ours: &Figures, plain: &Figures| ours.ms / plain.ms;
    println!(
        "later listing / GETs at once:        {:.2}",
        ratio(&later, &at_once)
    );
    println!(
        "first listing / GETs one page first: {:.2}",
        ratio(&first, &one_first)
    );
    println!(
        "first listing / GETs at once:        {:.2}",
        ratio(&first, &at_once)
    );
}

async fn run<T>(work: impl Future<Output = T>) -> Run {
    let (start, cpu) = (Instant::now(), cpu_time());
    work.await;
    Run {
        took: start.elapsed(),
        cpu: cpu_time() - cpu,
    }
}

/// What many runs come to.
struct Figures {
    /// The median, in milliseconds.
    ms: f64,
    /// Processor time for each VM, in microseconds.
    cpu_us: f64,
}

impl Figures {
    fn of(runs: &[Run]) -> Self {
        let took: Vec<_> = runs.iter().map(|run| run.took).collect();
        let cpu: Duration = runs.iter().map(|run| run.cpu).sum();
        Self {
            ms: ms(median(&took)),
            cpu_us: us(cpu) / (runs.len() * VMS) as f64,
        }
    }

    fn tell(&self, what: &str) {
        let Self { ms, cpu_us } = self;
        println!("{what:<28} {ms:>7.1} ms   {cpu_us:>5.1} µs of CPU per VM");
    }
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

/// A signed-in client that has listed nothing yet.
async fn open(demo: &Demo) -> Arc<dyn Cloud> {
    let cloud = clouds::open(&demo.entry(CONNECTIONS)).unwrap();
    cloud.connect().await.unwrap();
    cloud
}

/// What is measured: every VM, read and mapped, let go page by page.
async fn list(cloud: &dyn Cloud) {
    let read = cloud
        .vms()
        .try_fold(0, async |read, page| Ok(read + page.vms.len()));
    assert_eq!(read.await.unwrap(), VMS);
}

/// What it is measured against: the pages are known beforehand, and no byte of them is looked at.
struct Plain {
    client: reqwest::Client,
    pages: Vec<String>,
}

impl Plain {
    async fn new(demo: &Demo) -> Self {
        let builder = || {
            reqwest::Client::builder()
                .no_proxy()
                .tcp_nodelay(true)
                .pool_max_idle_per_host(CONNECTIONS)
        };
        let login = builder().build().unwrap();
        let answer = login
            .get(format!("{}/login", demo.url))
            .header(AUTHORIZATION, basic(demo))
            .send()
            .await
            .unwrap();
        let token = answer.headers()["x-abiquo-token"].to_str().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Token {token}").parse().unwrap());
        let media = "application/vnd.abiquo.virtualmachines+json; version=6.1";
        headers.insert(ACCEPT, HeaderValue::from_static(media));
        let page = |at| {
            format!(
                "{}/cloud/virtualmachines?startwith={at}&limit={PAGE}",
                demo.url
            )
        };
        Self {
            client: builder().default_headers(headers).build().unwrap(),
            pages: (0..VMS).step_by(PAGE).map(page).collect(),
        }
    }

    /// Gets all pages, as many at once as there are connections; answers how many bytes they had.
    async fn get_all(&self) -> usize {
        self.get(&self.pages).await
    }

    /// Gets the first page, and then the others as above.
    async fn get_one_first(&self) -> usize {
        let (first, others) = self.pages.split_at(1);
        self.get(first).await + self.get(others).await
    }

    async fn get(&self, pages: &[String]) -> usize {
        let get = async |page: &String| {
            let mut answer = self.client.get(page).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let mut bytes = 0;
            while let Some(chunk) = answer.chunk().await.unwrap() {
                bytes += chunk.len();
            }
            bytes
        };
        stream::iter(pages)
            .map(get)
            .buffer_unordered(CONNECTIONS)
            .fold(0, async |sum, bytes| sum + bytes)
            .await
    }
}

fn basic(demo: &Demo) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", demo.username, demo.password);
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    format!("Basic {pair}")
}

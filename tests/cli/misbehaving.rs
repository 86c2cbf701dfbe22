//! Clouds that answer wrongly: what was read is printed, and nothing is believed that was not confirmed.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Run, each, program};
use crate::support::{Asked, PASSWORD, Reply, Server, fixture};

const VM: &str = "/api/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501";
const PAGE: &str = "<html><title>please log in</title></html>";

fn empty() -> Reply {
    Reply::ok(r#"{"links":[],"collection":[]}"#)
}

fn vm() -> Value {
    serde_json::from_slice(&fixture("vm_on")).unwrap()
}

/// A server with one VM, 501, but for what `special` answers.
async fn server(special: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::signed_in(move |asked| {
        let other = || match &*asked.path {
            path if path == VM => Reply::ok(vm().to_string()),
            path if path.starts_with("/api/cloud/virtualmachines?") => {
                Reply::ok(json!({ "links": [], "collection": [vm()], "totalSize": 1 }).to_string())
            }
            _ => empty(),
        };
        special(asked).unwrap_or_else(other)
    })
    .await
}

async fn vmdeck(server: &Server, home: &Path, args: &[&str]) -> Run {
    let config = home.join("config.toml");
    let text = format!(
        "[[clouds]]\nname = \"prod\"\nprovider = \"abiquo\"\nurl = \"http://127.0.0.1:{}/api\"\n\
         username = \"privers\"\npassword = \"{PASSWORD}\"\n",
        server.port
    );
    fs::write(&config, text).unwrap();
    let mut command = program(home);
    command.arg("--config").arg(&config).args(args);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    Run::of(output.await.unwrap())
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn appliances_that_cannot_be_read_fail_vapps_and_are_said_by_vms() {
    let server = server(|asked| {
        asked
            .path
            .starts_with("/api/cloud/virtualdatacenters?")
            .then(|| Reply::new(403, ""))
    })
    .await;
    let home = home();
    let said = "Reading the appliances of prod failed: not permitted";
    let vapps = vmdeck(&server, home.path(), &["vapps"]).await.ends_with(3);
    assert!(vapps.err.contains(said), "{vapps:?}");
    let vms = vmdeck(&server, home.path(), &["vms", "-o", "json"]).await;
    let vms = vms.ends_with(0);
    assert_eq!(each(&vms.json(), "id"), ["501"]);
    assert!(vms.err.contains(said), "{vms:?}");
}

#[tokio::test]
async fn events_that_cannot_be_read_are_said() {
    let server = server(|asked| {
        asked
            .path
            .starts_with("/api/events")
            .then(|| Reply::new(500, ""))
    })
    .await;
    let vms = vmdeck(&server, home().path(), &["vms"]).await.ends_with(0);
    assert!(
        vms.err.contains("Reading the events of prod failed"),
        "{vms:?}"
    );
}

#[tokio::test]
async fn a_page_that_fails_leaves_what_was_read_and_its_ids_can_be_acted_on() {
    let server = server(|asked| match &*asked.path {
        path if path.contains("startwith=") => Some(Reply::new(500, "")),
        path if path.starts_with("/api/cloud/virtualmachines?") => Some(Reply::ok(
            json!({ "links": [], "collection": [vm()], "totalSize": 2 }).to_string(),
        )),
        path if path.ends_with("/state") => Some(Reply::new(204, "")),
        _ => None,
    })
    .await;
    let home = home();
    let vms = vmdeck(&server, home.path(), &["vms", "-o", "json"]).await;
    let vms = vms.ends_with(3);
    assert_eq!(each(&vms.json(), "id"), ["501"]);
    assert!(vms.err.contains("prod"), "{vms:?}");
    for name in ["web-01", "prod/web-01"] {
        let args = ["power", "off", name, "--yes"];
        vmdeck(&server, home.path(), &args).await.ends_with(3);
    }
    let args = ["power", "off", "prod/501", "--yes"];
    vmdeck(&server, home.path(), &args).await.ends_with(0);
}

#[tokio::test]
async fn what_nobody_confirmed_is_not_done_and_the_time_limit_holds() {
    let answers = [
        Reply::ok(PAGE),
        Reply::new(202, r#"{"links":[]}"#),
        Reply::Drop,
        Reply::Stall(Vec::new()),
    ];
    for answer in answers {
        let reply = answer.clone();
        let server = server(move |asked| match &*asked.method {
            "PUT" => Some(reply.clone()),
            _ if asked.path.contains("/tasks") => Some(Reply::new(500, "")),
            _ => None,
        })
        .await;
        let args = [
            "power",
            "off",
            "prod/501",
            "--yes",
            "--timeout",
            "3",
            "-o",
            "json",
        ];
        let start = Instant::now();
        let run = vmdeck(&server, home().path(), &args).await.ends_with(1);
        assert!(
            start.elapsed() < Duration::from_secs(6),
            "{answer:?}: {:?}",
            start.elapsed()
        );
        assert_eq!(run.json()[0]["outcome"], "unknown", "{answer:?}");
    }
}

#[tokio::test]
async fn a_vm_protected_after_the_listing_is_not_run_over() {
    let server = server(|asked| {
        let mut vm = vm();
        vm["protected"] = json!(true);
        vm["protectedCause"] = json!("disk swap");
        (asked.path == VM).then(|| Reply::ok(vm.to_string()))
    })
    .await;
    let args = ["power", "shutdown", "prod/501", "-o", "json"];
    let run = vmdeck(&server, home().path(), &args).await.ends_with(1);
    let record = run.json();
    assert_eq!(record[0]["outcome"], "refused");
    assert!(
        record[0]["message"]
            .as_str()
            .unwrap()
            .contains("protected meanwhile: disk swap; ask again"),
        "{record}"
    );
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));
}

//! The screen of an Abiquo VM and what was measured of it, against answers that are written by hand from the API's documents. The
//! members of the screen's answer and of a datapoint are in no document: what stands here is what the client takes for one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use abiquo::{VM, changes, fixture_json, placeholder, refused, vm_with_link, with};
use serde_json::{Value, json};
use support::{Asked, Reply, Server};
use vmdeck::clouds::{Error, Result};
use vmdeck::model::{RemoteAccess, Series};

const JSON: &str = "application/vnd.abiquo.virtualmachineconsole+json";

/// VM 501 with a screen of this media type.
fn with_screen(kind: &str, more: Value) -> Value {
    let mut vm = vm_with_link(
        "rdpaccess",
        kind,
        &format!("https://h{VM}/config/rdpaccess"),
    );
    let members = vm.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    vm
}

async fn screen(vm: Value, reveal: bool, reply: Reply) -> (Server, Result<RemoteAccess>) {
    let (server, cloud, target) = with(vm, move |asked| {
        assert_eq!(asked.line(), format!("GET {VM}/config/rdpaccess"));
        reply.clone()
    })
    .await;
    let answer = cloud.remote_access(&target.vm, reveal).await;
    assert!(changes(&server).is_empty());
    (server, answer)
}

fn last_accept(server: &Server) -> String {
    let asked = server.asked().pop().unwrap();
    asked.header("accept").unwrap().to_owned()
}

#[tokio::test]
async fn a_newer_screen_is_an_object_that_holds_an_address() {
    let answer = json!({ "token": "abc", "consoleUrl": "https://cloud.example.com/guacamole/#/client/YQ", "protocol": "VNC", "links": [] });
    let vm = with_screen(JSON, json!({ "password": "s3cret12" }));
    let (server, access) = screen(vm, false, Reply::ok(answer.to_string())).await;
    let access = access.unwrap();
    assert_eq!(
        access.address().as_deref(),
        Some("https://cloud.example.com/guacamole/#/client/YQ")
    );
    assert_eq!(access.protocol.as_deref(), Some("vnc"));
    assert_eq!((access.has_password, access.password), (Some(true), None));
    assert_eq!(last_accept(&server), format!("{JSON}; version=6.1"));
}

#[tokio::test]
async fn an_older_screen_is_a_text_and_the_vm_says_host_and_port() {
    let more = json!({ "vdrpIP": "10.0.0.5", "vdrpPort": 5901 });
    let vm = with_screen("text/plain", more);
    let (server, access) = screen(vm, false, Reply::ok("bm8gYWRkcmVzcw==")).await;
    let access = access.unwrap();
    assert_eq!(access.address().as_deref(), Some("10.0.0.5:5901"));
    assert_eq!((access.has_password, access.url), (None, None));
    assert_eq!(last_accept(&server), "text/plain");

    let vm = with_screen("text/plain", json!({}));
    let (_, access) = screen(vm, false, Reply::ok("vnc://10.0.0.6:5902\n")).await;
    let access = access.unwrap();
    assert_eq!(access.address().as_deref(), Some("vnc://10.0.0.6:5902"));
}

#[tokio::test]
async fn the_password_is_told_only_to_who_wants_to_see_it() {
    let vm = |password: Value| with_screen(JSON, json!({ "password": password }));
    for (password, reveal, has, shown) in [
        (json!("s3cret12"), false, Some(true), None),
        (json!("s3cret12"), true, Some(true), Some("s3cret12")),
        (
            json!("\u{1b}[2Js3\u{202e}"),
            true,
            Some(true),
            Some("[2Js3"),
        ),
        (json!(""), true, Some(false), None),
        (json!(null), true, None, None),
        (json!({ "x": 1 }), true, None, None),
    ] {
        let reply = Reply::ok(r#"{"host":"10.0.0.5","port":5901}"#);
        let (_, access) = screen(vm(password.clone()), reveal, reply).await;
        let access = access.unwrap();
        assert_eq!(access.has_password, has, "{password}");
        let told = access.password.as_ref().map(|password| password.expose());
        assert_eq!(told, shown, "{password}");
        assert!(!format!("{access:?}").contains("s3"), "{access:?}");
        assert_eq!(access.address().as_deref(), Some("10.0.0.5:5901"));
    }
    let reply = || Reply::ok(r#"{"url":"vnc://:s3cret12@10.0.0.5:5901"}"#);
    let (_, access) = screen(vm(json!(null)), false, reply()).await;
    let access = access.unwrap();
    assert_eq!(access.url.as_deref(), Some("vnc://10.0.0.5:5901"));
    assert_eq!(access.has_password, Some(true));
}

#[tokio::test]
async fn a_screen_that_is_refused_says_why_unless_the_vm_itself_tells() {
    let off = || refused(409, "VM-164", "the VM is off");
    let (_, access) = screen(with_screen(JSON, json!({})), false, off()).await;
    let error = access.unwrap_err();
    assert!(matches!(&error, Error::Conflict(_)), "{error:?}");
    assert!(error.to_string().contains("VM-164"));

    let more = json!({ "vdrpIP": "10.0.0.5", "vdrpPort": "5901", "password": "x" });
    let (_, access) = screen(with_screen(JSON, more), false, off()).await;
    assert_eq!(access.unwrap().address().as_deref(), Some("10.0.0.5:5901"));
}

#[tokio::test]
async fn a_media_type_that_is_not_served_is_left_to_the_server() {
    let vm = with_screen("", json!({}));
    let (server, cloud, target) = with(vm, |asked| match asked.header("accept") {
        Some("*/*") => Reply::ok("10.0.0.5:5901"),
        _ => Reply::new(406, ""),
    })
    .await;
    let access = cloud.remote_access(&target.vm, false).await.unwrap();
    assert_eq!(access.address().as_deref(), Some("10.0.0.5:5901"));
    assert_eq!(last_accept(&server), "*/*");
}

#[tokio::test]
async fn hostile_screens_say_nothing() {
    let huge = format!("{{\"url\":\"https://h/{}\"}}", "x".repeat(5_000));
    for body in [
        "",
        "null",
        "[[[[]]]]",
        "{\"url\":\"javascript:alert(1)\",\"host\":\"a\\u001bb\",\"port\":99999}",
        "{\"host\":{\"host\":5},\"port\":-5}",
        &huge,
    ] {
        let vm = with_screen(JSON, json!({ "vdrpIP": "10.0.0.5;rm", "vdrpPort": 0 }));
        let (_, access) = screen(vm, true, Reply::ok(body)).await;
        let access = access.unwrap();
        assert_eq!((access.address(), access.port), (None, None), "{body}");
    }
    let page = Reply::ok("<html>log in at https://evil.example</html>");
    let (_, access) = screen(with_screen(JSON, json!({})), true, page).await;
    assert!(matches!(access, Err(Error::Protocol(_))));
    // A link that leads elsewhere is not followed.
    let vm = vm_with_link("rdpaccess", JSON, "https://evil.example/steal");
    let (server, cloud, target) = with(vm, |asked| panic!("{asked:?}")).await;
    let access = cloud.remote_access(&target.vm, true).await.unwrap();
    assert_eq!(access.address(), None);
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn another_vms_screen_and_measures_are_refused() {
    let mut vm = fixture_json("vm_on");
    vm["id"] = json!(99);
    let server = Server::signed_in(move |_| Reply::ok(vm.to_string())).await;
    let cloud = server.connected().await;
    let asked_for = placeholder("501", VM);
    let screen = cloud.remote_access(&asked_for, true).await;
    assert!(matches!(screen, Err(Error::Protocol(_))));
    let measured = cloud.metrics(&asked_for).await;
    assert!(matches!(measured, Err(Error::Protocol(_))));
    assert_eq!(server.lines().len(), 2);
}

const LATELY: &str = "granularity=60&statistic=average&startrelative=PT1H";

/// The measures of VM 501 by these names, and what each of them answers.
async fn measured(
    names: &[&str],
    answer: impl Fn(&str, &Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Result<Vec<Series>>) {
    let list: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({ "name": name, "namespace": "Abiquo", "unit": "percent", "description": "x", "dimensions": {},
                "links": [{ "rel": "metric", "href": format!("https://h{VM}/metrics/{name}") }, { "rel": "alarms", "href": "https://h/x" }] })
        })
        .collect();
    let list = json!({ "links": [], "collection": list }).to_string();
    let (server, cloud, target) = with(fixture_json("vm_on"), move |asked| {
        if asked.path == format!("{VM}/metrics") {
            return Reply::ok(list.clone());
        }
        let rest = asked.path.strip_prefix(&format!("{VM}/metrics/")).unwrap();
        answer(rest.split('?').next().unwrap(), asked)
    })
    .await;
    let series = cloud.metrics(&target.vm).await;
    assert!(changes(&server).is_empty());
    (server, series)
}

fn points(points: Value) -> Reply {
    Reply::ok(json!({ "namespace": "Abiquo", "name": "x", "datapoints": points }).to_string())
}

fn some(_: &str, _: &Asked) -> Reply {
    points(json!([{ "timestamp": 1_752_480_000_000_i64, "value": 12.5 }]))
}

fn names(series: &[Series]) -> Vec<&str> {
    series.iter().map(|series| &*series.name).collect()
}

#[tokio::test]
async fn the_most_telling_measures_of_the_last_hour_are_read() {
    let all = [
        "uptime",
        "vdisk_read",
        "if_octets-rx",
        "memory_used",
        "cpu_load",
        "cpu_wait",
        "users",
        "a",
        "b",
        "c",
        "cpu_load",
    ];
    let (server, series) = measured(&all, some).await;
    let series = series.unwrap();
    assert_eq!(
        names(&series),
        [
            "cpu_load",
            "cpu_wait",
            "memory_used",
            "if_octets-rx",
            "vdisk_read",
            "uptime",
            "users",
            "a"
        ]
    );
    assert_eq!(series[0].unit.as_deref(), Some("percent"));
    assert_eq!(series[0].points.len(), 1);
    assert_eq!(series[0].points[0].0.to_string(), "2025-07-14T08:00:00Z");
    let asked = server.asked();
    let (list, one) = (
        &asked[3],
        asked
            .iter()
            .find(|one| one.path.contains("cpu_load"))
            .unwrap(),
    );
    assert_eq!(
        list.header("accept"),
        Some("application/vnd.abiquo.metricsmetadata+json; version=6.1")
    );
    assert_eq!(one.path, format!("{VM}/metrics/cpu_load?{LATELY}"));
    assert_eq!(
        one.header("accept"),
        Some("application/vnd.abiquo.metric+json; version=6.1")
    );
    assert_eq!(server.lines().len(), 2 + 1 + 8);
}

#[tokio::test]
async fn points_come_in_order_finite_and_bounded() {
    let (_, series) = measured(&["cpu"], |_, _| {
        points(json!([
            { "timestamp": "2025-07-14T08:02:00Z", "value": "3" }, { "timestamp": 1_752_480_060, "value": 2 },
            { "timestamp": 1_752_480_000_000_i64, "value": 1.0 }, { "timestamp": 1_752_480_000, "value": "NaN" },
            { "timestamp": 1_752_480_000, "value": "inf" }, { "timestamp": "yesterday", "value": 1 }, { "value": 1 }, 7, null,
            { "timestamp": 1_752_480_000, "value": [1] },
        ]))
    })
    .await;
    let values: Vec<f64> = series.unwrap()[0]
        .points
        .iter()
        .map(|(_, value)| *value)
        .collect();
    assert_eq!(values, [1.0, 2.0, 3.0]);

    let many: Vec<Value> = (0..600)
        .map(|at| json!({ "timestamp": 1_752_480_000 + at, "value": at }))
        .collect();
    let many = json!(many);
    let (_, series) = measured(&["cpu"], move |_, _| points(many.clone())).await;
    let series = series.unwrap();
    assert_eq!(series[0].points.len(), 240);
    assert_eq!(series[0].points.last().unwrap().1, 599.0, "the newest");
}

#[tokio::test]
async fn a_span_that_is_not_understood_is_left_to_the_server() {
    let (server, series) = measured(&["cpu"], |name, asked| {
        if asked.path.contains('?') {
            refused(400, "METRIC-1", "no such statistic")
        } else {
            some(name, asked)
        }
    })
    .await;
    assert_eq!(series.unwrap().len(), 1);
    assert_eq!(
        server.lines().last().unwrap(),
        &format!("GET {VM}/metrics/cpu")
    );
}

#[tokio::test]
async fn a_series_that_fails_costs_no_other_one_and_all_of_them_are_an_error() {
    let (_, series) = measured(&["cpu", "mem", "net"], |name, asked| match name {
        "cpu" => Reply::new(500, ""),
        "mem" => Reply::ok("{\"datapoints\":[{\"timestamp\":1,\"value\":1e999}]}"),
        _ => some(name, asked),
    })
    .await;
    assert_eq!(names(&series.unwrap()), ["net"]);
    let (_, series) = measured(&["cpu", "mem"], |_, _| Reply::new(500, "")).await;
    assert!(matches!(series, Err(Error::Unavailable { .. })));
    let (_, series) = measured(&["cpu"], |_, _| points(json!([]))).await;
    assert!(series.unwrap().is_empty(), "nothing was measured");
}

#[tokio::test]
async fn a_vm_that_nothing_measures_has_no_series() {
    let mut bare = fixture_json("vm_on");
    let links = bare["links"].as_array_mut().unwrap();
    links.retain(|link| link["rel"] != "metricsmetadata");
    let (_, cloud, target) = with(bare, |asked| panic!("{asked:?}")).await;
    assert!(cloud.metrics(&target.vm).await.unwrap().is_empty());
    for reply in [
        Reply::new(404, ""),
        Reply::ok(r#"{"collection":[{"name":"../x"},{},5]}"#),
    ] {
        let (_, cloud, target) = with(fixture_json("vm_on"), move |asked| {
            assert_eq!(asked.path, format!("{VM}/metrics"));
            reply.clone()
        })
        .await;
        assert!(cloud.metrics(&target.vm).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_measure_without_its_link_is_found_by_its_name() {
    let list = r#"{"collection":[{"name":"cpu.load"},{"name":"mem\u001b[31m","links":[{"rel":"metric","href":"https://h/api/m"}]}]}"#;
    let (server, cloud, target) = with(fixture_json("vm_on"), move |asked| {
        if asked.path == format!("{VM}/metrics") {
            Reply::ok(list)
        } else {
            some("", asked)
        }
    })
    .await;
    let series = cloud.metrics(&target.vm).await.unwrap();
    assert_eq!(names(&series), ["cpu.load", "mem[31m"]);
    let lines = server.lines();
    assert!(
        lines.contains(&format!("GET {VM}/metrics/cpu.load?{LATELY}")),
        "{lines:?}"
    );
    assert!(lines.contains(&format!("GET /api/m?{LATELY}")), "{lines:?}");
}

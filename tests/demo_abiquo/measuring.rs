//! Consoles and metrics (13).

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::api::{Answer, Api, START_MS, link, path, refusal, rels};

async fn metric(api: &Api, vm: &Value, tail: &str) -> Answer {
    let address = format!("{}/metrics/{tail}", path(vm, "edit"));
    api.get_as("viewer", &address, "metric").await
}

#[tokio::test]
async fn a_console_is_opened_while_a_vm_is_on_and_leaves_an_event() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    let console = path(&vm, "rdpaccess");
    let answer = api
        .get_as("operator", &console, "virtualmachineconsole")
        .await;
    assert_eq!(answer.status, 200);
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("http://127.0.0.1:443/guacamole/#/client/"),
        "{url}"
    );
    let (_, action, message) = api.events_of("web-01").await.remove(0);
    assert_eq!(action, "REQUEST_ACCESS");
    assert!(message.contains("Robin Marsh"));

    // Before 5.0 it was a text.
    let request = api
        .bare(Method::GET, &console)
        .basic_auth("admin", Some("demo"))
        .header(header::ACCEPT, "text/plain");
    let old = api.send(request).await;
    assert_eq!(
        (old.header("content-type"), old.text.as_str()),
        ("text/plain", vm["password"].as_str().unwrap())
    );

    for (name, code) in [
        ("runner-04", "VM-163"),
        ("web-05", "VM-164"),
        ("golden-debian", "VM-164"),
        ("batch-05", "VM-164"),
    ] {
        let console = path(&api.vm(name).await, "rdpaccess");
        let answer = api.get_as("admin", &console, "virtualmachineconsole").await;
        assert_eq!(refusal(&answer), (409, code.to_owned()), "{name}");
    }
    let answer = api
        .get_as("viewer", &console, "virtualmachineconsole")
        .await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn a_vm_that_is_on_tells_where_its_console_is() {
    let api = Api::start();
    let on = api.vm("web-01").await;
    assert_eq!(on["vdrpEnabled"], true);
    assert_eq!(on["vdrpIP"], "198.51.100.11");
    assert!(on["vdrpPort"].as_i64().unwrap() >= 5_900);
    assert_eq!(on["password"].as_str().unwrap().len(), 8);
    for name in ["web-05", "burst-01", "golden-debian"] {
        let vm = api.vm(name).await;
        assert_eq!(vm["vdrpPort"], 0, "{name}");
        assert!(vm.get("vdrpIP").is_none(), "{name}");
    }
    let without = api.vm("runner-04").await;
    assert_eq!(
        (&without["vdrpEnabled"], &without["vdrpPort"]),
        (&json!(false), &json!(0))
    );
}

#[tokio::test]
async fn what_is_monitored_lists_its_metrics_and_their_values() {
    let api = Api::start();
    let vm = api.vm("web-03").await;
    assert_eq!(vm["monitored"], true);
    let list = api
        .get(&path(&vm, "metricsmetadata"), "metricsmetadata")
        .await;
    let metrics = list["collection"].as_array().unwrap();
    let names: Vec<_> = metrics
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "cpu_load",
            "memory_used",
            "network_in",
            "network_out",
            "disk_read",
            "disk_write"
        ]
    );
    let cpu = &metrics[0];
    assert_eq!(
        (&cpu["unit"], rels(cpu)),
        (&json!("percent"), vec!["metric", "alarms"])
    );
    assert!(cpu["namespace"].is_string() && cpu["dimensions"].is_object());
    assert_eq!(
        link(cpu, "metric").unwrap()["type"],
        "application/vnd.abiquo.metric+json"
    );

    let values = api.get(&path(cpu, "metric"), "metric").await;
    assert_eq!(values["name"], "cpu_load");
    let points = values["datapoints"].as_array().unwrap();
    assert_eq!(points.len(), 59, "an hour, a minute each");
    let seconds = START_MS / 1_000;
    assert_eq!(points[0]["timestamp"], seconds - 59 * 60);
    assert!(
        points
            .iter()
            .all(|point| (0.0..=100.0).contains(&point["value"].as_f64().unwrap()))
    );
    let again = api.get(&path(cpu, "metric"), "metric").await;
    assert_eq!(again, values, "the same every time");

    let day = metric(&api, &vm, "network_in?startrelative=P1D&granularity=3600").await;
    assert_eq!(day.json()["datapoints"].as_array().unwrap().len(), 23);
    let fixed = metric(
        &api,
        &vm,
        "disk_read?start=202507140600GMT&end=202507140700GMT&statistic=maximum&granularity=600",
    )
    .await;
    assert_eq!(fixed.json()["datapoints"][0]["timestamp"], 1_752_473_400);
    for wrong in ["cpu_load?granularity=1", "cpu_load?startrelative=P2M"] {
        let answer = metric(&api, &vm, wrong).await;
        assert_eq!(refusal(&answer), (400, "400-BAD-REQUEST".to_owned()));
    }
    assert_eq!(metric(&api, &vm, "no_such").await.status, 404);
}

#[tokio::test]
async fn monitoring_is_switched_on_and_off() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    assert!(link(&vm, "disablemonitoring").is_none());
    let list = api
        .get(&path(&vm, "metricsmetadata"), "metricsmetadata")
        .await;
    assert_eq!(list, json!({"links": [], "collection": []}));
    assert_eq!(metric(&api, &vm, "cpu_load").await.status, 404);
    let switch = path(&vm, "enablemonitoring");
    assert_eq!(api.post("viewer", &switch, "").await.status, 403);
    let answer = api.post("operator", &switch, "").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let vm = api.vm("web-01").await;
    assert_eq!(vm["monitored"], true);
    assert!(link(&vm, "enablemonitoring").is_none());
    assert_eq!(metric(&api, &vm, "cpu_load").await.status, 200);
    let answer = api
        .post("operator", &path(&vm, "disablemonitoring"), "")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(api.vm("web-01").await["monitored"], false);
}

#[tokio::test]
async fn what_is_off_has_no_values() {
    let api = Api::start();
    let vm = api.vm("web-05").await;
    api.post("admin", &path(&vm, "enablemonitoring"), "").await;
    let answer = metric(&api, &vm, "cpu_load").await;
    assert_eq!(answer.json()["datapoints"], json!([]));
}

#[tokio::test]
async fn a_note_at_a_vm_is_an_event() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    let address = path(&vm, "edit") + "/action/notification";
    let answer = api.post("operator", &address, "keep until Friday").await;
    assert_eq!(answer.status, 204);
    let latest = api.events_of("web-01").await.remove(0);
    let expected = ("INFO", "NOTIFICATION", "keep until Friday");
    assert_eq!(
        (latest.0.as_str(), latest.1.as_str(), latest.2.as_str()),
        expected
    );
    assert_eq!(api.post("operator", &address, " ").await.status, 400);
    assert_eq!(api.post("viewer", &address, "x").await.status, 403);
}

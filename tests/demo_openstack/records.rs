//! What was asked of a server, and what came of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Demo, fault};

fn actions(body: &Value) -> Vec<(String, Option<String>)> {
    let rows = body["instanceActions"].as_array().unwrap().iter();
    rows.map(|row| {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        (text("action").unwrap(), text("message"))
    })
    .collect()
}

#[tokio::test]
async fn an_action_is_followed_by_the_id_of_its_request() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let asked = alice.act(&id, json!({"os-stop": null})).await;
    let request = asked.header("x-compute-request-id").to_owned();
    let path = format!("/servers/{id}/os-instance-actions/{request}");
    let row = alice.get(&path).await["instanceAction"].clone();
    assert_eq!(row["action"], "stop");
    assert_eq!(
        (&row["request_id"], &row["instance_uuid"]),
        (&json!(request), &json!(id))
    );
    assert_eq!(
        (&row["message"], &row["start_time"]),
        (&Value::Null, &json!("2025-07-14T08:00:00.000000"))
    );
    let event = &row["events"][0];
    assert_eq!(event["event"], "compute_stop_instance");
    assert_eq!(event["start_time"], "2025-07-14T08:00:00.000000");
    assert_eq!(
        (&event["finish_time"], &event["result"]),
        (&Value::Null, &Value::Null)
    );
    // Who is no administrator sees neither the host nor a traceback.
    assert!(event.get("traceback").is_none() && event.get("host").is_none());
    assert_eq!(event["hostId"].as_str().unwrap().len(), 56);

    demo.after(5);
    let row = alice.get(&path).await["instanceAction"].clone();
    let event = &row["events"][0];
    assert_eq!(event["finish_time"], "2025-07-14T08:00:05.000000");
    assert_eq!(
        (&event["result"], &row["message"]),
        (&json!("Success"), &Value::Null)
    );
    assert_eq!(row["updated_at"], "2025-07-14T08:00:05.000000");

    let missing = alice
        .ask(
            Method::GET,
            &format!("/servers/{id}/os-instance-actions/req-0"),
            None,
        )
        .await;
    assert_eq!(
        missing.fault(),
        fault(404, "itemNotFound", "Action req-0 not found")
    );
}

#[tokio::test]
async fn an_action_of_several_events_shows_the_newest_first() {
    let demo = Demo::start();
    let admin = demo.admin().await;
    let id = admin.id("velo-web-01").await;
    let asked = admin.act(&id, json!({"migrate": null})).await;
    demo.after(9);
    let request = asked.header("x-openstack-request-id");
    let path = format!("/servers/{id}/os-instance-actions/{request}");
    let row = admin.get(&path).await["instanceAction"].clone();
    let events: Vec<(&str, &str)> = row["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            (
                event["event"].as_str().unwrap(),
                event["result"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        events,
        [
            ("compute_finish_resize", "Success"),
            ("compute_resize_instance", "Success"),
            ("compute_prep_resize", "Success"),
        ]
    );
    assert_eq!(row["events"][1]["start_time"], "2025-07-14T08:00:01.500000");
    assert_eq!(
        row["events"][1]["finish_time"],
        "2025-07-14T08:00:06.500000"
    );
}

#[tokio::test]
async fn what_failed_says_so_and_why_to_administrators() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-web-04").await;
    let list = alice
        .get(&format!("/servers/{id}/os-instance-actions"))
        .await;
    let error = Some("Error".to_owned());
    assert_eq!(
        actions(&list),
        [
            ("start".to_owned(), error.clone()),
            ("stop".to_owned(), None),
            ("create".to_owned(), None)
        ]
    );
    // 2,990 minutes before the start.
    assert_eq!(
        list["instanceActions"][0]["start_time"],
        "2025-07-12T06:10:00.000000"
    );
    let request = list["instanceActions"][0]["request_id"].as_str().unwrap();
    let path = format!("/servers/{id}/os-instance-actions/{request}");
    let event = alice.get(&path).await["instanceAction"]["events"][0].clone();
    assert_eq!(
        (&event["event"], &event["result"]),
        (&json!("compute_start_instance"), &json!("Error"))
    );
    assert!(event.get("traceback").is_none() && event.get("details").is_none());
    let event = admin.get(&path).await["instanceAction"]["events"][0].clone();
    assert!(
        event["traceback"]
            .as_str()
            .unwrap()
            .starts_with("Traceback (most recent call last):")
    );
    assert!(
        event["traceback"]
            .as_str()
            .unwrap()
            .ends_with("PortBindingFailed: Binding failed for the port of velo-web-04")
    );
    assert_eq!(event["host"], "cmp-w03");
    assert_eq!(
        event["details"],
        "Hypervisor: cannot set up the guest's network: port is bound to another host"
    );
    // The other one that failed before the demo began.
    let id = admin.id("ticket-print-02").await;
    let list = admin
        .get(&format!("/servers/{id}/os-instance-actions"))
        .await;
    assert_eq!(actions(&list)[0], ("reboot".to_owned(), error.clone()));

    // And it fails again.
    let id = alice.id("velo-web-04").await;
    let asked = alice.act(&id, json!({"os-start": null})).await;
    demo.after(3);
    assert_eq!(alice.show(&id).await["status"], "SHUTOFF");
    let request = asked.header("x-compute-request-id");
    let path = format!("/servers/{id}/os-instance-actions/{request}");
    let row = admin.get(&path).await["instanceAction"].clone();
    assert_eq!(row["message"], "Error");
    let traceback = row["events"][0]["traceback"].as_str().unwrap();
    assert!(
        traceback
            .ends_with("PortBindingFailed: The port of the server cannot be bound on its host")
    );
}

#[tokio::test]
async fn a_reboot_that_fails_leaves_a_server_in_error_with_a_fault() {
    let demo = Demo::start();
    let bob = demo.user("bob", "blue").await;
    let id = bob.id("ticket-print-01").await;
    assert_eq!(
        bob.act(&id, json!({"reboot": {"type": "HARD"}}))
            .await
            .status,
        202
    );
    demo.after(1);
    let server = bob.show(&id).await;
    assert_eq!(
        (&server["status"], &server["OS-EXT-STS:task_state"]),
        (&json!("ERROR"), &Value::Null)
    );
    assert_eq!(
        server["fault"],
        json!({
            "code": 500, "created": "2025-07-14T08:00:00Z",
            "message": "Failed to reboot instance: the disk of the guest cannot be opened",
        })
    );
}

#[tokio::test]
async fn records_have_more_to_them_from_version_to_version() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-cart-01").await;
    let path = format!("/servers/{id}/os-instance-actions");
    let list = alice.clone().in_version("2.57").get(&path).await;
    assert!(list["instanceActions"][0].get("updated_at").is_none() && list.get("links").is_none());
    let list = alice.clone().in_version("2.58").get(&path).await;
    assert_eq!(
        list["instanceActions"][0]["updated_at"],
        "2025-07-14T04:40:02.300000"
    );
    let one = format!(
        "{path}/{}",
        list["instanceActions"][0]["request_id"].as_str().unwrap()
    );
    // Events are for administrators first, and then for everybody.
    let events = |body: Value| body["instanceAction"].get("events").cloned();
    assert!(events(alice.clone().in_version("2.50").get(&one).await).is_none());
    assert!(events(admin.clone().in_version("2.50").get(&one).await).is_some());
    let event = events(alice.clone().in_version("2.51").get(&one).await).unwrap()[0].clone();
    assert!(event.get("hostId").is_none());
    let event = events(alice.clone().in_version("2.62").get(&one).await).unwrap()[0].clone();
    assert!(event.get("hostId").is_some());
    let event = events(admin.clone().in_version("2.83").get(&one).await).unwrap()[0].clone();
    assert!(event.get("details").is_none());
}

#[tokio::test]
async fn records_are_paged_and_asked_for_since_a_time() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-04").await;
    let path = format!("/servers/{id}/os-instance-actions");
    let first = alice.get(&format!("{path}?limit=2")).await;
    assert_eq!(actions(&first).len(), 2);
    let marker = first["instanceActions"][1]["request_id"].as_str().unwrap();
    let href = format!("http://127.0.0.1:443/compute/v2.1{path}?limit=2&marker={marker}");
    assert_eq!(first["links"], json!([{"rel": "next", "href": href}]));
    let second = alice.get(&format!("{path}?limit=2&marker={marker}")).await;
    assert_eq!(actions(&second), [("create".to_owned(), None)]);
    assert!(second.get("links").is_none());
    let since = alice
        .get(&format!("{path}?changes-since=2025-07-12T06:05:00Z"))
        .await;
    assert_eq!(actions(&since).len(), 1);
    let wrong = alice
        .ask(Method::GET, &format!("{path}?marker=req-0"), None)
        .await;
    assert_eq!(
        wrong.fault(),
        fault(400, "badRequest", "Marker req-0 could not be found.")
    );
}

#[tokio::test]
async fn the_records_of_a_deleted_server_stay_readable() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    assert_eq!(
        alice.act(&id, json!({"forceDelete": null})).await.status,
        202
    );
    demo.after(3);
    let path = format!("/servers/{id}/os-instance-actions");
    let list = alice.get(&path).await;
    assert_eq!(actions(&list)[0], ("delete".to_owned(), None));
    let old = alice
        .clone()
        .in_version("2.20")
        .ask(Method::GET, &path, None)
        .await;
    assert_eq!(old.status, 404);
}

#[tokio::test]
async fn locks_are_on_record_with_who_set_them() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-web-01").await;
    admin.act(&id, json!({"lock": null})).await;
    let list = alice
        .get(&format!("/servers/{id}/os-instance-actions"))
        .await;
    let row = &list["instanceActions"][0];
    assert_eq!(row["action"], "lock");
    let users = admin.elsewhere("/v3/users").await.json();
    assert_eq!(row["user_id"], users["users"][0]["id"]);
    let old = alice.id("velo-audit").await;
    let list = alice
        .get(&format!("/servers/{old}/os-instance-actions"))
        .await;
    assert_eq!(actions(&list)[0].0, "lock");
    assert_eq!(
        list["instanceActions"][0]["user_id"],
        users["users"][0]["id"]
    );
}

//! What gives a server another host or another flavor.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Demo, User, fault, state};

async fn host(admin: &User<'_>, id: &str) -> String {
    let server = admin.show(id).await;
    server["OS-EXT-SRV-ATTR:host"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_live_migration_goes_to_the_host_that_is_asked_for() {
    let demo = Demo::start();
    let admin = demo.admin().await;
    let id = admin.id("velo-web-01").await;
    assert_eq!(host(&admin, &id).await, "cmp-w01");
    let before = admin.show(&id).await["hostId"].clone();
    let to = |host: Value| json!({"os-migrateLive": {"host": host, "block_migration": "auto"}});
    assert_eq!(admin.act(&id, to(json!("cmp-w03"))).await.status, 202);
    assert_eq!(
        admin.state(&id).await,
        state("MIGRATING", "active", Some("migrating"), 1)
    );
    demo.after(9);
    assert_eq!(host(&admin, &id).await, "cmp-w01");
    demo.after(1);
    assert_eq!(admin.state(&id).await, state("ACTIVE", "active", None, 1));
    assert_eq!(host(&admin, &id).await, "cmp-w03");
    let server = admin.show(&id).await;
    assert_eq!(server["OS-EXT-AZ:availability_zone"], "west-b");
    assert_ne!(server["hostId"], before);

    let unknown = admin.act(&id, to(json!("cmp-x"))).await;
    assert_eq!(
        unknown.fault(),
        fault(400, "badRequest", "Compute host cmp-x could not be found.")
    );
    let short = admin
        .act(&id, json!({"os-migrateLive": {"host": null}}))
        .await;
    assert_eq!(
        short.fault(),
        fault(
            400,
            "badRequest",
            "Invalid input for field/attribute os-migrateLive. Value: {'host': None}. 'block_migration' is a required property"
        )
    );
}

#[tokio::test]
async fn a_live_migration_that_cannot_be_fails_later_or_at_once_by_version() {
    let demo = Demo::start();
    let admin = demo.admin().await;
    let id = admin.id("seatmap-01").await;
    // This host is disabled, and so takes nothing.
    let to = json!({"os-migrateLive": {"host": "cmp-w04", "block_migration": "auto"}});
    assert_eq!(admin.act(&id, to).await.status, 202);
    demo.after(2);
    assert_eq!(admin.state(&id).await, state("ACTIVE", "active", None, 1));
    assert_eq!(host(&admin, &id).await, "cmp-w02");
    let actions = admin
        .get(&format!("/servers/{id}/os-instance-actions"))
        .await;
    let last = &actions["instanceActions"][0];
    assert_eq!(
        (&last["action"], &last["message"]),
        (&json!("live-migration"), &json!("Error"))
    );

    let old = admin.clone().in_version("2.33");
    let to = json!({"os-migrateLive": {"host": "cmp-w04", "block_migration": "auto"}});
    let refused = old.act(&id, to).await;
    assert_eq!(
        refused.fault(),
        fault(
            400,
            "badRequest",
            "No valid host was found. There are not enough hosts available."
        )
    );
}

#[tokio::test]
async fn a_cold_migration_waits_for_its_confirmation() {
    let demo = Demo::start();
    let admin = demo.admin().await;
    let id = admin.id("velo-web-01").await;
    assert_eq!(
        admin
            .act(&id, json!({"migrate": {"host": "cmp-w02"}}))
            .await
            .status,
        202
    );
    assert_eq!(
        admin.state(&id).await,
        state("RESIZE", "active", Some("resize_prep"), 1)
    );
    demo.after(2);
    assert_eq!(
        admin.state(&id).await.2.as_deref(),
        Some("resize_migrating")
    );
    demo.after(7);
    assert_eq!(
        admin.state(&id).await,
        state("VERIFY_RESIZE", "resized", None, 1)
    );
    assert_eq!(host(&admin, &id).await, "cmp-w02");

    assert_eq!(
        admin.act(&id, json!({"revertResize": null})).await.status,
        202
    );
    assert_eq!(
        admin.state(&id).await,
        state("REVERT_RESIZE", "resized", Some("resize_reverting"), 1)
    );
    demo.after(4);
    assert_eq!(admin.state(&id).await, state("ACTIVE", "active", None, 1));
    assert_eq!(host(&admin, &id).await, "cmp-w01");

    let same = admin
        .act(&id, json!({"migrate": {"host": "cmp-w01"}}))
        .await;
    assert_eq!(
        same.fault(),
        fault(
            400,
            "badRequest",
            "Cannot migrate to the host where the server exists."
        )
    );
    let lost = admin.id("seatmap-02").await;
    let down = admin.act(&lost, json!({"migrate": null})).await;
    assert_eq!(
        down.fault(),
        fault(
            409,
            "conflictingRequest",
            "Service is unavailable at this time."
        )
    );
}

#[tokio::test]
async fn a_resize_is_confirmed_once() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-api-03").await;
    assert_eq!(
        alice.state(&id).await,
        state("VERIFY_RESIZE", "resized", None, 1)
    );
    assert_eq!(alice.show(&id).await["flavor"]["original_name"], "s1.large");
    let confirm = json!({"confirmResize": null});
    assert_eq!(alice.act(&id, confirm.clone()).await.status, 204);
    let again = alice.act(&id, confirm).await;
    assert_eq!(
        again.fault(),
        fault(400, "badRequest", "Instance has not been resized.")
    );
    demo.after(2);
    assert_eq!(alice.state(&id).await, state("ACTIVE", "active", None, 1));

    // A stopped server is resized too, and is stopped in the end.
    let id = alice.id("velo-web-04").await;
    let flavors = alice.get("/flavors").await;
    let large = flavors["flavors"].as_array().unwrap().iter();
    let large = large
        .clone()
        .find(|flavor| flavor["name"] == "s1.large")
        .unwrap();
    let resize = |flavor: &Value| json!({"resize": {"flavorRef": flavor}});
    assert_eq!(alice.act(&id, resize(&large["id"])).await.status, 202);
    assert_eq!(
        alice.state(&id).await,
        state("RESIZE", "stopped", Some("resize_prep"), 4)
    );
    demo.after(9);
    assert_eq!(
        alice.state(&id).await,
        state("VERIFY_RESIZE", "resized", None, 4)
    );
    assert_eq!(
        alice.act(&id, json!({"confirmResize": null})).await.status,
        204
    );
    demo.after(2);
    assert_eq!(alice.state(&id).await, state("SHUTOFF", "stopped", None, 4));
    let same = alice.act(&id, resize(&large["id"])).await;
    assert_eq!(
        same.fault(),
        fault(
            400,
            "badRequest",
            "When resizing, instances must change flavor!"
        )
    );
    let none = alice.act(&id, resize(&json!("huge"))).await;
    assert_eq!(
        none.fault(),
        fault(400, "badRequest", "Flavor huge could not be found.")
    );
}

#[tokio::test]
async fn only_what_is_on_a_host_that_is_down_is_evacuated() {
    let demo = Demo::start();
    let admin = demo.admin().await;
    let healthy = admin.id("velo-web-01").await;
    let cases = [
        (
            json!({}),
            400,
            "badRequest",
            "Compute service of cmp-w01 is still in use.",
        ),
        (
            json!({"host": "cmp-w01"}),
            400,
            "badRequest",
            "The target host can't be the same one.",
        ),
        (
            json!({"host": "cmp-x"}),
            404,
            "itemNotFound",
            "Compute host cmp-x not found.",
        ),
    ];
    for (form, status, name, words) in cases {
        let answer = admin.act(&healthy, json!({ "evacuate": form })).await;
        assert_eq!(answer.fault(), fault(status, name, words));
    }
    // Since 2.95 it is not started on its new host; before that it is as it was.
    for (name, version, end) in [
        ("seatmap-02", "2.96", state("SHUTOFF", "stopped", None, 4)),
        ("seatmap-03", "2.94", state("SHUTOFF", "stopped", None, 4)),
    ] {
        let id = admin.id(name).await;
        let user = admin.clone().in_version(version);
        let answer = user
            .act(&id, json!({"evacuate": {"host": "cmp-w02"}}))
            .await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        let shown = admin.state(&id).await;
        assert_eq!(
            (shown.0.as_str(), shown.2.as_deref()),
            ("REBUILD", Some("rebuilding"))
        );
        demo.after(7);
        assert_eq!(
            (admin.state(&id).await, host(&admin, &id).await),
            (end, "cmp-w02".to_owned())
        );
    }
}

#[tokio::test]
async fn what_is_offloaded_has_no_host_until_it_is_unshelved() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-render-02").await;
    assert_eq!(
        admin.act(&id, json!({"shelveOffload": null})).await.status,
        202
    );
    assert_eq!(
        admin.state(&id).await,
        state("SHELVED", "shelved", Some("shelving_offloading"), 4)
    );
    demo.after(3);
    assert_eq!(
        admin.state(&id).await,
        state("SHELVED_OFFLOADED", "shelved_offloaded", None, 4)
    );
    assert_eq!(host(&admin, &id).await, "");
    assert_eq!(alice.act(&id, json!({"unshelve": null})).await.status, 202);
    demo.after(6);
    assert_eq!(admin.state(&id).await, state("ACTIVE", "active", None, 1));
    assert_eq!(host(&admin, &id).await, "cmp-w01");

    // No host has room for this one.
    let id = alice.id("velo-render-01").await;
    assert_eq!(alice.act(&id, json!({"unshelve": null})).await.status, 202);
    demo.after(2);
    assert_eq!(
        alice.state(&id).await,
        state("SHELVED_OFFLOADED", "shelved_offloaded", None, 4)
    );
    let gone = alice
        .ask(Method::DELETE, &format!("/servers/{id}"), None)
        .await;
    assert_eq!(gone.status, 204);
}

//! Tags and metadata of a server.

use reqwest::Method;
use serde_json::json;

use crate::api::{Demo, fault};

#[tokio::test]
async fn tags_are_read_set_and_taken_off() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let path = format!("/servers/{id}/tags");
    assert_eq!(alice.get(&path).await, json!({"tags": ["web", "prod"]}));
    let one = |tag: &str| format!("{path}/{tag}");
    assert_eq!(alice.ask(Method::GET, &one("web"), None).await.status, 204);
    let missing = alice.ask(Method::GET, &one("db"), None).await;
    let words = format!("Server {id} has no tag 'db'");
    assert_eq!(missing.fault(), fault(404, "itemNotFound", &words));
    let new = alice.ask(Method::PUT, &one("on%20sale"), None).await;
    assert_eq!(new.status, 201);
    assert_eq!(
        alice.ask(Method::PUT, &one("on%20sale"), None).await.status,
        204
    );
    assert_eq!(
        alice.ask(Method::DELETE, &one("web"), None).await.status,
        204
    );
    assert_eq!(alice.show(&id).await["tags"], json!(["prod", "on sale"]));
    let all = alice
        .ask(Method::PUT, &path, Some(json!({"tags": ["a", "b", "a"]})))
        .await;
    assert_eq!((all.status, all.json()), (200, json!({"tags": ["a", "b"]})));
    for tags in [
        json!(["a,b"]),
        json!(["a/b"]),
        json!([""]),
        json!(["x".repeat(61)]),
        json!("a"),
    ] {
        let answer = alice
            .ask(Method::PUT, &path, Some(json!({ "tags": tags })))
            .await;
        assert_eq!(answer.fault().0, 400, "{tags}");
    }
    assert_eq!(alice.ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(alice.get(&path).await, json!({"tags": []}));
    // Before their version there are none.
    let old = alice
        .clone()
        .in_version("2.25")
        .ask(Method::GET, &path, None)
        .await;
    assert_eq!(old.status, 404);

    let shelved = alice.id("velo-render-01").await;
    let answer = alice
        .ask(Method::PUT, &format!("/servers/{shelved}/tags/x"), None)
        .await;
    let words =
        format!("Cannot 'update tag' instance {shelved} while it is in vm_state shelved_offloaded");
    assert_eq!(answer.fault(), fault(409, "conflictingRequest", &words));
    let rita = demo.user("rita", "red").await;
    let answer = rita.ask(Method::DELETE, &path, None).await;
    let words = "Policy doesn't allow os_compute_api:os-server-tags:delete_all to be performed.";
    assert_eq!(answer.fault(), fault(403, "forbidden", words));
}

#[tokio::test]
async fn metadata_are_read_set_and_taken_off() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-search-01").await;
    let path = format!("/servers/{id}/metadata");
    assert_eq!(
        alice.get(&path).await,
        json!({"metadata": {"role": "search"}})
    );
    let added = alice
        .ask(
            Method::POST,
            &path,
            Some(json!({"metadata": {"tier": "back"}})),
        )
        .await;
    assert_eq!(
        added.json(),
        json!({"metadata": {"role": "search", "tier": "back"}})
    );
    let one = format!("{path}/tier");
    assert_eq!(alice.get(&one).await, json!({"meta": {"tier": "back"}}));
    let set = alice
        .ask(Method::PUT, &one, Some(json!({"meta": {"tier": "front"}})))
        .await;
    assert_eq!(
        (set.status, set.json()),
        (200, json!({"meta": {"tier": "front"}}))
    );
    let other = alice
        .ask(Method::PUT, &one, Some(json!({"meta": {"role": "x"}})))
        .await;
    assert_eq!(
        other.fault(),
        fault(400, "badRequest", "Request body and URI mismatch")
    );
    assert_eq!(alice.ask(Method::DELETE, &one, None).await.status, 204);
    let missing = alice.ask(Method::DELETE, &one, None).await;
    assert_eq!(
        missing.fault(),
        fault(404, "itemNotFound", "Metadata item was not found")
    );
    let replaced = alice
        .ask(Method::PUT, &path, Some(json!({"metadata": {"a": "b"}})))
        .await;
    assert_eq!(replaced.json(), json!({"metadata": {"a": "b"}}));
    let number = alice
        .ask(Method::PUT, &path, Some(json!({"metadata": {"a": 1}})))
        .await;
    assert_eq!(number.fault().0, 400);

    let locked = alice.id("velo-db-01").await;
    let answer = alice
        .ask(
            Method::POST,
            &format!("/servers/{locked}/metadata"),
            Some(json!({"metadata": {"a": "b"}})),
        )
        .await;
    let words = format!("Instance {locked} is locked");
    assert_eq!(answer.fault(), fault(409, "conflictingRequest", &words));
}

//! Moving a VM into another virtual appliance, or into a restricted one (11).

use serde_json::{Value, json};

use crate::api::{Answer, Api, labels, link, path, refusal};

async fn to(api: &Api, user: &str, vm: &Value, body: &Value) -> Answer {
    let text = body.to_string();
    api.act(user, &path(vm, "vappmove"), Some(("links", &text)))
        .await
}

/// The body that names the appliance of another VM.
fn beside(vm: &Value) -> Value {
    json!({"links": [link(vm, "virtualappliance").unwrap()]})
}

#[tokio::test]
async fn a_moved_vm_has_another_address_and_the_old_one_leads_nowhere() {
    let api = Api::start();
    let (vm, other) = (api.vm("runner-07").await, api.vm("track-db").await);
    let answer = to(&api, "operator", &vm, &beside(&other)).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let moved = api.vm("runner-07").await;
    assert_eq!(
        link(&moved, "virtualappliance").unwrap()["title"],
        "tracking"
    );
    assert_eq!(
        (&moved["id"], &moved["uuid"], &moved["state"]),
        (&vm["id"], &vm["uuid"], &vm["state"])
    );
    let old = api
        .get_as("admin", &path(&vm, "edit"), "virtualmachine")
        .await;
    assert_eq!(refusal(&old), (404, "VM-1".to_owned()));
    assert_eq!(
        api.get(&path(&moved, "edit"), "virtualmachine").await,
        moved
    );
    let inside = path(&other, "virtualappliance") + "/virtualmachines?limit=0";
    let list = api.get(&inside, "virtualmachines").await;
    assert!(labels(&list).contains(&"runner-07"));
    let event = &api
        .get("/api/events?virtualmachine=runner-07&limit=1", "events")
        .await["collection"][0];
    assert_eq!(
        (&event["action"], &event["severity"]),
        (&json!("MOVE_TO_VAPP"), &json!("INFO"))
    );
    assert_eq!(event["entityURI"], path(&moved, "edit"));

    // It can be used where it is now, and its tasks are found there.
    let accepted = api.put_state("operator", &moved, r#"{"state":"ON"}"#).await;
    assert_eq!(accepted.status, 202);
    api.pass(20);
    assert_eq!(api.vm("runner-07").await["state"], "ON");
    let again = to(&api, "operator", &moved, &beside(&other)).await;
    assert_eq!(again.status, 204, "there already");
}

#[tokio::test]
async fn without_a_target_a_vm_goes_into_a_restricted_appliance() {
    let api = Api::start();
    let nothing = json!({"links": []});
    // One exists in this datacenter.
    let vm = api.vm("mail-relay").await;
    assert_eq!(to(&api, "admin", &vm, &nothing).await.status, 204);
    let moved = api.vm("mail-relay").await;
    assert_eq!(
        link(&moved, "virtualappliance").unwrap()["title"],
        "billing"
    );
    let hidden = api
        .get_as(
            "operator",
            "/api/cloud/virtualmachines?vmlabel=mail-relay",
            "virtualmachines",
        )
        .await;
    assert_eq!(hidden.json()["collection"], json!([]));
    let again = to(&api, "admin", &moved, &nothing).await;
    assert_eq!(refusal(&again), (409, "VAPP-22".to_owned()));

    // None exists in that one: it is made, once.
    let (first, second) = (api.vm("runner-07").await, api.vm("runner-06").await);
    assert_eq!(to(&api, "admin", &first, &nothing).await.status, 204);
    assert_eq!(to(&api, "admin", &second, &nothing).await.status, 204);
    let (first, second) = (api.vm("runner-07").await, api.vm("runner-06").await);
    assert_eq!(
        path(&first, "virtualappliance"),
        path(&second, "virtualappliance")
    );
    let made = api
        .get(&path(&first, "virtualappliance"), "virtualappliance")
        .await;
    assert_eq!(made["restricted"], true);

    // And out again, into an open one.
    let open = beside(&api.vm("runner-01").await);
    assert_eq!(to(&api, "admin", &first, &open).await.status, 204);
    let seen = api
        .get_as(
            "operator",
            "/api/cloud/virtualmachines?vmlabel=runner-07",
            "virtualmachines",
        )
        .await;
    assert_eq!(seen.json()["totalSize"], 1);
}

#[tokio::test]
async fn a_move_is_refused_with_the_documented_codes() {
    let api = Api::start();
    let tracking = beside(&api.vm("track-db").await);
    let elsewhere = beside(&api.vm("web-01").await);
    let nothing = json!({"links": []});
    let machine = json!({"links": [{"rel": "virtualappliance", "href": "http://127.0.0.1:443/api/admin/enterprises/7"}]});
    let missing = json!({"links": [{"rel": "virtualappliance",
        "href": "http://127.0.0.1:443/api/cloud/virtualdatacenters/3/virtualappliances/9999"}]});
    let two = json!({"links": [tracking["links"][0], elsewhere["links"][0]]});
    for (name, body, status, code) in [
        ("runner-02", &tracking, 409, "VM-166"),
        ("batch-05", &tracking, 409, "VM-2"),
        ("runner-01", &elsewhere, 409, "VDC-10"),
        ("runner-01", &machine, 409, "VAPP-21"),
        ("runner-01", &missing, 404, "VAPP-0"),
        ("runner-01", &two, 400, "400-BAD-REQUEST"),
    ] {
        let answer = to(&api, "admin", &api.vm(name).await, body).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{name}");
    }
    // Restricting is a privilege of its own, as is moving at all.
    let vm = api.vm("runner-01").await;
    let answer = to(&api, "operator", &vm, &nothing).await;
    assert!(answer.status == 403 && answer.text.contains("VM_RESTRICT"));
    let web = api.vm("web-01").await;
    let billing = beside(&api.vm("billing-db").await);
    let answer = to(&api, "support", &web, &billing).await;
    assert_eq!(answer.status, 403, "seen, and not to be touched");
    let answer = to(&api, "operator", &web, &billing).await;
    assert_eq!(refusal(&answer), (404, "VAPP-0".to_owned()), "not seen");
    let beside_db = beside(&api.vm("cache-01").await);
    assert_eq!(to(&api, "viewer", &web, &beside_db).await.status, 403);
    let protected = api.vm("db-01").await;
    let answer = to(&api, "operator", &protected, &beside(&web)).await;
    assert_eq!(refusal(&answer), (409, "VM-120".to_owned()));
    let plain = api.post("admin", &path(&vm, "vappmove"), "x").await;
    assert_eq!(
        refusal(&plain),
        (415, "415-UNSUPPORTED-MEDIA-TYPE".to_owned())
    );
}

//! Virtual appliances: deployed as a whole, made, changed and deleted (8).

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Api, labels, link, path, refusal};

const LISTS: &str = "/api/cloud/virtualdatacenters";

/// The appliance that a VM is in.
async fn appliance_of(api: &Api, vm: &Value) -> Value {
    api.get(&path(vm, "virtualappliance"), "virtualappliance")
        .await
}

async fn create(api: &Api, user: &str, datacenter: u32, body: &str) -> Answer {
    let address = format!("{LISTS}/{datacenter}/virtualappliances");
    let body = Some(("virtualappliance", body));
    api.ask(user, Method::POST, &address, "virtualappliance", body)
        .await
}

async fn edit(api: &Api, user: &str, appliance: &Value, body: &Value) -> Answer {
    let text = body.to_string();
    let body = Some(("virtualappliance", text.as_str()));
    api.ask(
        user,
        Method::PUT,
        &path(appliance, "edit"),
        "virtualappliance",
        body,
    )
    .await
}

fn statuses(answer: &Answer) -> usize {
    assert_eq!(answer.status, 202, "{}", answer.text);
    let body = answer.json();
    assert!(body.get("message").is_none() && body.get("entity").is_none());
    let links = body["links"].as_array().unwrap();
    assert!(
        links
            .iter()
            .all(|link| link["rel"] == "status"
                && link["type"] == "application/vnd.abiquo.task+json")
    );
    links.len()
}

#[tokio::test]
async fn a_whole_appliance_is_deployed_with_a_task_for_each_vm_that_is_missing() {
    let api = Api::start();
    let vm = api.vm("golden-debian").await;
    let templates = appliance_of(&api, &vm).await;
    // One of the three exceeds a soft limit.
    let refused = api.act("admin", &path(&templates, "deploy"), None).await;
    assert_eq!(refusal(&refused), (409, "SOFT_LIMIT_EXCEEDED".to_owned()));
    assert_eq!(api.vm("golden-debian").await["state"], "NOT_ALLOCATED");

    // One is deployed already.
    api.act("admin", &path(&vm, "deploy"), None).await;
    api.pass(30);
    let partly = appliance_of(&api, &vm).await;
    assert_eq!(partly["state"], "NEEDS_SYNC");
    let forced = path(&templates, "deploy") + "?force=true";
    let answer = api
        .act("operator", &forced, Some(("virtualmachinetask", "{}")))
        .await;
    assert_eq!(statuses(&answer), 2);
    assert_eq!(appliance_of(&api, &vm).await["state"], "LOCKED");
    assert_eq!(api.vm("golden-debian").await["state"], "ON", "untouched");
    api.pass(30);
    assert_eq!(appliance_of(&api, &vm).await["state"], "DEPLOYED");
    let again = api.act("operator", &forced, None).await;
    assert_eq!((statuses(&again), &again.json()["links"]), (0, &json!([])));
    let list = api
        .get(
            "/api/events?virtualapp=templates&entity=VIRTUAL_APPLIANCE",
            "events",
        )
        .await;
    assert_eq!(list["collection"][0]["action"], "DEPLOY");

    let down = api.act("admin", &path(&templates, "undeploy"), None).await;
    assert_eq!(statuses(&down), 3);
    api.pass(30);
    assert_eq!(appliance_of(&api, &vm).await["state"], "NOT_DEPLOYED");
    let nothing = api.act("admin", &path(&templates, "undeploy"), None).await;
    assert_eq!(statuses(&nothing), 0);
}

#[tokio::test]
async fn an_old_server_deploys_all_or_nothing() {
    let api = Api::start();
    let vm = api.apart("sub-02").await;
    let substation = appliance_of(&api, &vm).await;
    assert_eq!(substation["state"], "NEEDS_SYNC");
    let answer = api.act("admin", &path(&substation, "deploy"), None).await;
    assert_eq!(refusal(&answer), (409, "VM-7".to_owned()));
    // One by one is the way out, or all of it from nothing.
    let one = api.act("admin", &path(&vm, "deploy"), None).await;
    assert_eq!(one.status, 202);
    api.pass(30);
    api.act("admin", &path(&substation, "undeploy"), None).await;
    api.pass(30);
    let all = api.act("admin", &path(&substation, "deploy"), None).await;
    assert_eq!(statuses(&all), 2);
}

#[tokio::test]
async fn what_stops_one_vm_stops_the_undeploy_of_its_appliance() {
    let api = Api::start();
    for (name, user, code) in [
        ("batch-01", "admin", "VM-12"),
        ("db-02", "operator", "VM-120"),
        ("wiki", "admin", "VM-44"),
    ] {
        let appliance = appliance_of(&api, &api.vm(name).await).await;
        let answer = api.act(user, &path(&appliance, "undeploy"), None).await;
        assert_eq!(refusal(&answer), (409, code.to_owned()), "{name}");
        assert_ne!(api.vm(name).await["state"], "LOCKED", "{name}");
    }
    let appliance = appliance_of(&api, &api.vm("lb-01").await).await;
    for rel in ["deploy", "undeploy"] {
        let answer = api.act("viewer", &path(&appliance, rel), None).await;
        assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
    }
}

#[tokio::test]
async fn an_appliance_is_made_renamed_and_deleted() {
    let api = Api::start();
    let body = r#"{"name":"ops only","iconUrl":"","description":"operated by the provider","restricted":true}"#;
    let answer = create(&api, "admin", 3, body).await;
    assert_eq!(answer.status, 201);
    let made = answer.json();
    assert_eq!(
        (
            &made["name"],
            &made["description"],
            &made["restricted"],
            &made["state"]
        ),
        (
            &json!("ops only"),
            &json!("operated by the provider"),
            &json!(true),
            &json!("EMPTY")
        )
    );
    assert_eq!(
        api.get(&path(&made, "edit"), "virtualappliance").await,
        made
    );
    let list = format!("{LISTS}/3/virtualappliances?limit=0");
    let names = |text: &str| text.contains("\"ops only\"");
    assert!(names(
        &api.get_as("admin", &list, "virtualappliances").await.text
    ));
    assert!(
        !names(
            &api.get_as("operator", &list, "virtualappliances")
                .await
                .text
        ),
        "hidden"
    );

    let mut open = made.clone();
    open["restricted"] = json!(false);
    open["name"] = json!("everybody");
    let answer = edit(&api, "admin", &made, &open).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&answer.json()["name"], &answer.json()["restricted"]),
        (&json!("everybody"), &json!(false))
    );
    let seen = api
        .get_as("operator", &path(&made, "edit"), "virtualappliance")
        .await;
    assert_eq!(seen.json()["name"], "everybody");

    let gone = api.delete("operator", &path(&made, "edit")).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let missing = api
        .get_as("admin", &path(&made, "edit"), "virtualappliance")
        .await;
    assert_eq!(refusal(&missing), (404, "VAPP-0".to_owned()));
    let events = api
        .get("/api/events?entity=VIRTUAL_APPLIANCE&limit=3", "events")
        .await;
    let actions: Vec<_> = events["collection"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["DELETE", "MODIFY", "CREATE"]);
}

#[tokio::test]
async fn who_may_not_restrict_makes_and_changes_open_appliances_alone() {
    let api = Api::start();
    let answer = create(&api, "operator", 3, r#"{"name":"a","restricted":true}"#).await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
    assert!(answer.text.contains("VAPP_RESTRICTED_MANAGE"));
    let answer = create(&api, "viewer", 2, r#"{"name":"a"}"#).await;
    assert_eq!(answer.status, 403);
    let made = create(&api, "operator", 3, r#"{"name":"a"}"#).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let mut closed = made.clone();
    closed["restricted"] = json!(true);
    assert_eq!(edit(&api, "operator", &made, &closed).await.status, 403);
    let mut named = made.clone();
    named["name"] = json!("b");
    assert_eq!(edit(&api, "operator", &made, &named).await.status, 200);

    for body in [
        r#"{}"#,
        r#"{"name":" "}"#,
        r#"{"name":"0123456789012345678901234567890"}"#,
    ] {
        let answer = create(&api, "admin", 3, body).await;
        assert_eq!(refusal(&answer), (400, "VAPP-19".to_owned()), "{body}");
    }
    assert_eq!(create(&api, "admin", 3, "[").await.status, 400);
    let mut other = made.clone();
    other["id"] = json!(11);
    assert_eq!(edit(&api, "admin", &made, &other).await.status, 400);
}

#[tokio::test]
async fn restricting_an_appliance_hides_its_vms_and_opening_it_shows_them() {
    let api = Api::start();
    let vm = api.vm("wiki").await;
    let mut intranet = appliance_of(&api, &vm).await;
    let listed = || async {
        let address = "/api/cloud/virtualmachines?vmlabel=wiki";
        let list = api.get_as("operator", address, "virtualmachines").await;
        labels(&list.json()).len()
    };
    assert_eq!(listed().await, 1);
    intranet["restricted"] = json!(true);
    let at = intranet.clone();
    assert_eq!(edit(&api, "admin", &at, &intranet).await.status, 200);
    assert_eq!(listed().await, 0);
    let direct = api
        .get_as("operator", &path(&vm, "edit"), "virtualmachine")
        .await;
    assert_eq!(direct.status, 404);
    intranet["restricted"] = json!(false);
    assert_eq!(edit(&api, "admin", &at, &intranet).await.status, 200);
    assert_eq!(listed().await, 1);
}

#[tokio::test]
async fn who_sees_what_is_restricted_without_managing_it_reads_only() {
    let api = Api::start();
    let vm = api.vm("billing-app-01").await;
    let seen = api
        .get_as("support", &path(&vm, "edit"), "virtualmachine")
        .await;
    assert_eq!(seen.status, 200);
    let state = api.put_state("support", &vm, r#"{"state":"OFF"}"#).await;
    let billing = appliance_of(&api, &vm).await;
    for answer in [
        state,
        api.act("support", &path(&vm, "undeploy"), None).await,
        api.delete("support", &path(&vm, "edit")).await,
        api.act("support", &path(&billing, "deploy"), None).await,
        api.delete("support", &path(&billing, "edit")).await,
        edit(&api, "support", &billing, &billing).await,
    ] {
        assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
        assert!(answer.text.contains("VAPP_RESTRICTED_MANAGE"));
    }
}

#[tokio::test]
async fn an_appliance_is_deleted_with_its_vms_when_none_is_deployed() {
    let api = Api::start();
    for name in ["lb-01", "batch-01", "meter-01"] {
        let vm = if name == "meter-01" {
            api.apart(name).await
        } else {
            api.vm(name).await
        };
        let address = path(&vm, "virtualappliance");
        let answer = api.delete("admin", &address).await;
        assert_eq!(refusal(&answer), (409, "VAPP-5".to_owned()), "{name}");
    }
    let vm = api.vm("golden-debian").await;
    let templates = path(&vm, "virtualappliance");
    assert_eq!(api.delete("support", &templates).await.status, 404);
    assert_eq!(api.delete("operator", &templates).await.status, 204);
    let missing = api
        .get_as("admin", &path(&vm, "edit"), "virtualmachine")
        .await;
    assert_eq!(refusal(&missing), (404, "VAPP-0".to_owned()));
    let list = api
        .get(
            "/api/cloud/virtualmachines?limit=0&has=golden",
            "virtualmachines",
        )
        .await;
    assert_eq!(list["collection"], json!([]));

    // What is unknown may be deleted, by who holds the privilege for it.
    let lost = api.apart("meter-10").await;
    let adrift = path(&lost, "virtualappliance");
    let refused = api.delete("operator", &adrift).await;
    assert_eq!(refusal(&refused), (403, "403-FORBIDDEN".to_owned()));
    assert!(link(&lost, "machine").is_some());
    assert_eq!(api.delete("admin", &adrift).await.status, 204);
}

#[tokio::test]
async fn an_appliance_of_a_reviewed_tenant_waits_and_tells_its_last_task() {
    let api = Api::start();
    let vm = api.vm("web-06").await;
    let shop = appliance_of(&api, &vm).await;
    let answer = api.act("operator", &path(&shop, "deploy"), None).await;
    assert_eq!(statuses(&answer), 1, "one of eight is missing");
    assert_eq!(appliance_of(&api, &vm).await["state"], "LOCKED");
    let task = api.latest_task(&vm).await;
    assert_eq!(task["state"], "QUEUEING");

    let list = path(&vm, "virtualdatacenter") + "/virtualappliances?has=shop-front";
    let plain = api.get(&list, "virtualappliances").await;
    assert!(plain["collection"][0].get("expands").is_none());
    let expanded = format!("{list}&expand=last_task");
    let expanded = api.get(&expanded, "virtualappliances").await;
    assert_eq!(
        expanded["collection"][0]["expands"]["collection"],
        json!([task])
    );
}

#[tokio::test]
async fn a_lost_appliance_is_not_deleted_while_one_of_its_vms_is_held_or_protected() {
    let api = Api::start();
    let vm = api.vm("edge-01").await;
    let edge = path(&vm, "virtualappliance");
    assert_eq!(api.get(&edge, "virtualappliance").await["state"], "UNKNOWN");
    api.put_state("admin", &vm, r#"{"state":"OFF"}"#).await;
    let answer = api.delete("admin", &edge).await;
    assert_eq!(refusal(&answer), (409, "VM-8".to_owned()));
    api.pass(20);
    assert_eq!(api.delete("admin", &edge).await.status, 204);
}

//! Abiquo's appliances as a whole, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use std::sync::Arc;

use abiquo::{body, changes, fixture_json, refused, sent};
use serde_json::{Value, json};
use support::{Asked, Reply, Server, fixture};
use vmdeck::clouds::{Cloud, Error, Execution, Result, VappAccepted};
use vmdeck::model::{PowerState, Vapp, VappAction, VappState, Vm};

const VAPP: &str = "/api/cloud/virtualdatacenters/2/virtualappliances/11";

fn wire(at: usize) -> Value {
    fixture_json("vapps")["collection"][at].clone()
}

/// The appliance as an older listing knows it.
fn known() -> Vapp {
    let json = json!({ "cloud": "prod", "id": "11", "name": "old name", "project": null, "tenant": null,
        "server_state": null, "restricted": false, "locator": VAPP.strip_prefix("/api").unwrap() });
    serde_json::from_value(json).unwrap()
}

/// A server that has the appliance, and answers the rest by `handler`.
async fn with_vapp(
    handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>) {
    let server = Server::signed_in(move |asked| match &*asked.line() {
        line if line == format!("GET {VAPP}") => Reply::ok(wire(0).to_string()),
        _ => handler(asked),
    })
    .await;
    let cloud = server.connected().await;
    (server, cloud)
}

async fn perform(action: VappAction, reply: Reply) -> (Server, Result<VappAccepted>) {
    let (server, cloud) = with_vapp(move |_| reply.clone()).await;
    let answer = cloud.perform_on_vapp(&known(), &action, &[]).await;
    (server, answer)
}

const DEPLOY: VappAction = VappAction::Deploy { force: false };
const UNDEPLOY: VappAction = VappAction::Undeploy { force: false };

fn edit(name: &str, restricted: bool) -> VappAction {
    VappAction::Edit {
        name: name.into(),
        restricted,
    }
}

/// An accepted request with one status link for each VM.
fn statuses(vms: &[u32]) -> Reply {
    let link = |vm: &u32| json!({ "rel": "status", "href": format!("https://inside:9009{VAPP}/virtualmachines/{vm}/tasks/t-{vm}") });
    let links: Vec<Value> = vms.iter().map(link).collect();
    Reply::new(202, json!({ "links": links }).to_string())
}

fn told(accepted: &VappAccepted) -> Vec<(String, Option<String>, String)> {
    let tasks = accepted.tasks.iter();
    tasks
        .map(|task| {
            (
                task.key.id.to_string(),
                task.vm.as_ref().map(|vm| vm.id.to_string()),
                task.locator.to_string(),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_appliance_is_read_as_it_is_now() {
    let (server, cloud) = with_vapp(|asked| panic!("{asked:?}")).await;
    let vapp = cloud.vapp(&known()).await.unwrap();
    assert_eq!((&*vapp.id, &*vapp.name), ("11", "web tier"));
    assert_eq!(vapp.server_state, Some(VappState::PartiallyDeployed));
    assert_eq!(vapp.tenant.as_deref(), Some("Acme"));
    assert_eq!(&*vapp.locator, VAPP.strip_prefix("/api").unwrap());
    assert_eq!(
        server.asked()[1].header("accept"),
        Some("application/vnd.abiquo.virtualappliance+json; version=6.1")
    );
}

#[tokio::test]
async fn another_appliance_in_its_place_is_refused_and_nothing_is_sent() {
    let server = Server::signed_in(|_| Reply::ok(wire(1).to_string())).await;
    let cloud = server.connected().await;
    let error = cloud.vapp(&known()).await.unwrap_err();
    assert!(error.to_string().contains("another appliance"), "{error}");
    for action in [DEPLOY, UNDEPLOY, edit("x", false)] {
        let error = cloud.perform_on_vapp(&known(), &action, &[]).await;
        assert_eq!(error.unwrap_err().execution(), Execution::No);
    }
    assert!(changes(&server).is_empty());
    let lost = Vapp {
        locator: "".into(),
        ..known()
    };
    for answer in [
        cloud.vapp(&lost).await.map(drop),
        cloud
            .perform_on_vapp(&lost, &VappAction::Delete, &[])
            .await
            .map(drop),
    ] {
        assert!(matches!(answer, Err(Error::NotFound(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_link_that_is_repeated_is_one_task() {
    let (_, answer) = perform(DEPLOY, statuses(&[502, 503, 502])).await;
    let tasks: Vec<_> = told(&answer.unwrap()).into_iter().map(|it| it.0).collect();
    assert_eq!(tasks, ["t-502", "t-503"]);
}

#[tokio::test]
async fn a_deploy_has_one_task_for_each_vm() {
    for (force, query) in [(false, ""), (true, "?force=true")] {
        let (server, answer) = perform(VappAction::Deploy { force }, statuses(&[502, 503])).await;
        let accepted = answer.unwrap();
        let place = VAPP.strip_prefix("/api").unwrap();
        let expected = ["502", "503"].map(|vm| {
            (
                format!("t-{vm}"),
                Some(vm.to_owned()),
                format!("{place}/virtualmachines/{vm}/tasks/t-{vm}"),
            )
        });
        assert_eq!(told(&accepted), expected);
        assert!(!accepted.goes_on && accepted.refused.is_empty());
        let change = sent(&server);
        assert_eq!(change.line(), format!("POST {VAPP}/action/deploy{query}"));
        assert_eq!(
            change.header("accept"),
            Some("application/vnd.abiquo.acceptedrequest+json; version=6.1")
        );
        assert_eq!(
            (change.body.len(), change.header("content-type")),
            (0, None)
        );
    }
}

#[tokio::test]
async fn an_undeploy_may_name_no_task_and_then_goes_on_without() {
    for (force, flags) in [(false, json!({})), (true, json!({ "forceUndeploy": true }))] {
        for reply in [
            Reply::new(202, r#"{"links":[]}"#),
            Reply::new(202, ""),
            Reply::new(
                202,
                r#"{"links":[{"rel":"status","href":"https://evil.example/x"},5]}"#,
            ),
        ] {
            let (server, answer) = perform(VappAction::Undeploy { force }, reply).await;
            let accepted = answer.unwrap();
            assert!(accepted.goes_on && accepted.tasks.is_empty());
            let change = sent(&server);
            assert_eq!(change.line(), format!("POST {VAPP}/action/undeploy"));
            assert_eq!(
                change.header("content-type"),
                Some("application/vnd.abiquo.virtualmachinetask+json; version=6.1")
            );
            assert_eq!(body(&change), flags);
        }
    }
    let (_, answer) = perform(UNDEPLOY, Reply::new(204, "")).await;
    let accepted = answer.unwrap();
    assert!(!accepted.goes_on && accepted.tasks.is_empty(), "it is done");
    let (_, answer) = perform(UNDEPLOY, statuses(&[501])).await;
    assert_eq!(answer.unwrap().tasks.len(), 1);
}

#[tokio::test]
async fn what_the_cloud_asks_first_is_a_question_once() {
    let cases = [
        (DEPLOY, "SOFT_LIMIT_EXCEEDED", true),
        (
            VappAction::Deploy { force: true },
            "SOFT_LIMIT_EXCEEDED",
            false,
        ),
        (UNDEPLOY, "VM-44", true),
        (UNDEPLOY, "VM-109", true),
        (UNDEPLOY, "VM-148", true),
        (VappAction::Undeploy { force: true }, "VM-148", false),
        (UNDEPLOY, "VM-12", false),
        (UNDEPLOY, "VM-120", false),
        (VappAction::Delete, "VAPP-5", false),
        (edit("x", false), "409-CONFLICT-StaleObject", false),
    ];
    for (action, code, asks) in cases {
        let (server, answer) = perform(action.clone(), refused(409, code, "why")).await;
        let error = answer.unwrap_err();
        let is_asked = matches!(&error, Error::NeedsForce(no) if no.code.as_deref() == Some(code));
        let is_refused = matches!(&error, Error::Conflict(no) if no.code.as_deref() == Some(code));
        assert_eq!(
            (is_asked, is_refused),
            (asks, !asks),
            "{action:?}: {error:?}"
        );
        sent(&server);
    }
}

/// The VMs as an older listing knows them.
fn vms(states: &[(&str, &str)]) -> Vec<Arc<Vm>> {
    let vm = |(id, power): &(&str, &str)| {
        let path = format!("{VAPP}/virtualmachines/{id}");
        let mut vm = abiquo::placeholder(id, &path);
        vm.power = PowerState::from_word(power).unwrap();
        Arc::new(vm)
    };
    states.iter().map(vm).collect()
}

/// An old server: it refuses the appliance as a whole, and has VMs of these states.
async fn all_or_nothing(
    code: &'static str,
    states: &'static [(&'static str, &'static str)],
    on_deploy: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>) {
    with_vapp(move |asked| {
        if asked.path.starts_with(&format!("{VAPP}/action/")) {
            return refused(409, code, "not all of them");
        }
        let rest = asked.path.strip_prefix(&format!("{VAPP}/virtualmachines/"));
        let rest = rest.unwrap_or_else(|| panic!("{asked:?}"));
        let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
        if action.starts_with("action/deploy") {
            return on_deploy(id);
        }
        let (_, state) = states.iter().find(|(known, _)| *known == id).unwrap();
        let link = |rel: &str, tail: &str| json!({ "rel": rel, "href": format!("https://h{VAPP}/virtualmachines/{id}{tail}") });
        let links = [link("edit", ""), link("deploy", "/action/deploy")];
        Reply::ok(json!({ "id": id, "state": state, "links": links }).to_string())
    })
    .await
}

fn accepted_for(id: &str) -> Reply {
    statuses(&[id.parse().unwrap()])
}

#[tokio::test]
async fn an_old_server_is_asked_for_each_vm_that_is_on_no_host() {
    let now: &[_] = &[
        ("501", "ON"),
        ("502", "NOT_ALLOCATED"),
        ("503", "NOT_ALLOCATED"),
        ("504", "ON"),
    ];
    let (server, cloud) = all_or_nothing("VM-7", now, |id| match id {
        "503" => refused(409, "ALLOC-0", "no host"),
        id => accepted_for(id),
    })
    .await;
    // 504 was deployed meanwhile.
    let before = vms(&[
        ("501", "ON"),
        ("502", "NOT_ALLOCATED"),
        ("503", "NOT_ALLOCATED"),
        ("504", "NOT_ALLOCATED"),
    ]);
    let action = VappAction::Deploy { force: true };
    let accepted = cloud
        .perform_on_vapp(&known(), &action, &before)
        .await
        .unwrap();
    let ids: Vec<String> = told(&accepted).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, ["t-502"]);
    assert_eq!(accepted.refused.len(), 1);
    let (vm, error) = &accepted.refused[0];
    assert_eq!((&*vm.id, error.execution()), ("503", Execution::No));
    assert!(error.to_string().contains("ALLOC-0"), "{error}");
    let lines: Vec<String> = changes(&server).iter().map(Asked::line).collect();
    assert_eq!(
        lines,
        [
            format!("POST {VAPP}/action/deploy?force=true"),
            format!("POST {VAPP}/virtualmachines/502/action/deploy?force=true"),
            format!("POST {VAPP}/virtualmachines/503/action/deploy?force=true"),
        ]
    );
}

const TWO: &[(&str, &str)] = &[("502", "NOT_ALLOCATED"), ("503", "NOT_ALLOCATED")];

#[tokio::test]
async fn a_question_that_every_vm_asks_is_the_appliances() {
    let soft = |_: &str| Reply::new(409, fixture("errors_soft_limit"));
    let (server, cloud) = all_or_nothing("VM-7", TWO, soft).await;
    let answer = cloud.perform_on_vapp(&known(), &DEPLOY, &vms(TWO)).await;
    assert!(matches!(answer, Err(Error::NeedsForce(_))), "{answer:?}");
    assert_eq!(changes(&server).len(), 3);
}

#[tokio::test]
async fn after_a_silence_no_other_vm_is_asked_for() {
    let (server, cloud) = all_or_nothing("VM-7", TWO, |_| Reply::Drop).await;
    let accepted = cloud
        .perform_on_vapp(&known(), &DEPLOY, &vms(TWO))
        .await
        .unwrap();
    let executions: Vec<Execution> = accepted
        .refused
        .iter()
        .map(|(_, error)| error.execution())
        .collect();
    assert_eq!(executions, [Execution::Maybe, Execution::No]);
    assert_eq!(changes(&server).len(), 2, "the appliance and the first VM");
}

#[tokio::test]
async fn what_is_no_matter_of_states_is_not_tried_one_by_one() {
    for code in ["VM-120", "LIMIT_EXCEEDED", "ALLOC-1"] {
        let (server, cloud) = all_or_nothing(code, TWO, accepted_for).await;
        let answer = cloud.perform_on_vapp(&known(), &DEPLOY, &vms(TWO)).await;
        assert!(
            matches!(&answer, Err(Error::Conflict(no)) if no.code.as_deref() == Some(code)),
            "{answer:?}"
        );
        sent(&server);
    }
    // Nothing to ask for one by one: the refusal stands.
    let (server, cloud) = all_or_nothing("VM-7", &[("501", "ON")], accepted_for).await;
    for vms in [
        vms(&[]),
        vms(&[("501", "ON")]),
        vms(&[("501", "NOT_ALLOCATED")]),
    ] {
        let answer = cloud.perform_on_vapp(&known(), &DEPLOY, &vms).await;
        assert!(matches!(answer, Err(Error::Conflict(_))), "{answer:?}");
    }
    assert_eq!(changes(&server).len(), 3);
}

#[tokio::test]
async fn an_edit_puts_the_whole_appliance_back_with_two_members_changed() {
    let mut whole = wire(0);
    whole["futureThing"] =
        json!({ "deep": [1, 2.5, null, "é"], "big": 18_446_744_073_709_551_615_u64 });
    let server = {
        let whole = whole.clone();
        Server::signed_in(move |_| Reply::ok(whole.to_string())).await
    };
    let cloud = server.connected().await;
    let answer = cloud
        .perform_on_vapp(&known(), &edit("shop „front\"", true), &[])
        .await;
    let accepted = answer.unwrap();
    assert!(!accepted.goes_on && accepted.tasks.is_empty());
    let change = sent(&server);
    assert_eq!(change.line(), format!("PUT {VAPP}"));
    let media = Some("application/vnd.abiquo.virtualappliance+json; version=6.1");
    assert_eq!(
        (change.header("accept"), change.header("content-type")),
        (media, media)
    );
    whole["name"] = json!("shop „front\"");
    whole["restricted"] = json!(true);
    assert_eq!(body(&change), whole);
}

#[tokio::test]
async fn a_server_without_restrictions_is_told_of_none() {
    let mut old = wire(0);
    old.as_object_mut().unwrap().remove("restricted");
    let server = {
        let old = old.clone();
        Server::signed_in(move |_| Reply::ok(old.to_string())).await
    };
    let cloud = server.connected().await;
    cloud
        .perform_on_vapp(&known(), &edit("new", false), &[])
        .await
        .unwrap();
    assert!(body(&sent(&server)).get("restricted").is_none());
}

#[tokio::test]
async fn an_appliance_is_deleted_at_its_own_address() {
    let (server, answer) = perform(VappAction::Delete, Reply::new(204, "")).await;
    assert!(!answer.unwrap().goes_on);
    let change = sent(&server);
    assert_eq!(
        (change.line(), change.body.len()),
        (format!("DELETE {VAPP}"), 0)
    );
}

#[tokio::test]
async fn no_change_of_an_appliance_is_sent_twice_or_believed_from_a_stranger() {
    for action in [DEPLOY, UNDEPLOY, edit("x", true), VappAction::Delete] {
        let (server, cloud) = with_vapp(|_| Reply::Drop).await;
        let answer = cloud.perform_on_vapp(&known(), &action, &vms(TWO)).await;
        assert_eq!(answer.unwrap_err().execution(), Execution::Maybe);
        sent(&server);
        let (server, answer) = perform(action, Reply::ok("<html>log in</html>")).await;
        assert_eq!(answer.unwrap_err().execution(), Execution::Maybe);
        sent(&server);
    }
    for reply in [
        Reply::Drop,
        Reply::new(500, ""),
        Reply::ok("nonsense"),
        Reply::ok("{}"),
    ] {
        let server = Server::signed_in(move |_| reply.clone()).await;
        let cloud = server.connected().await;
        for action in [DEPLOY, UNDEPLOY, edit("x", true)] {
            let answer = cloud.perform_on_vapp(&known(), &action, &[]).await;
            let error = answer.unwrap_err();
            assert_eq!(
                error.execution(),
                Execution::No,
                "only reading failed: {error:?}"
            );
        }
        assert!(changes(&server).is_empty());
    }
    // An appliance without its links.
    let bare = json!({ "id": 11, "name": "x", "links": [] }).to_string();
    let server = Server::signed_in(move |_| Reply::ok(bare.clone())).await;
    let cloud = server.connected().await;
    let answer = cloud.perform_on_vapp(&known(), &DEPLOY, &[]).await;
    assert!(matches!(answer, Err(Error::NotFound(why)) if why.contains("no deploy")));
    assert!(changes(&server).is_empty());
}

#[tokio::test]
async fn a_new_appliance_is_posted_to_its_virtual_datacenter() {
    let made = wire(4);
    let server = {
        let made = made.clone();
        Server::signed_in(move |_| Reply::new(201, made.to_string())).await
    };
    let cloud = server.connected().await;
    let vapp = cloud.create_vapp("2", "ops only", true).await.unwrap();
    assert_eq!(&*vapp.id, made["id"].to_string());
    assert!(vapp.restricted && !vapp.locator.is_empty());
    let change = sent(&server);
    assert_eq!(
        change.line(),
        "POST /api/cloud/virtualdatacenters/2/virtualappliances"
    );
    let media = Some("application/vnd.abiquo.virtualappliance+json; version=6.1");
    assert_eq!(
        (change.header("accept"), change.header("content-type")),
        (media, media)
    );
    let mut expected = fixture_json("vapp_create_request");
    expected["description"] = json!("");
    assert_eq!(body(&change), expected);
}

#[tokio::test]
async fn an_appliance_that_was_not_made_says_why() {
    let cases = [
        (refused(403, "403-FORBIDDEN", "no"), Execution::No),
        (
            refused(400, "CONSTR-1", "the name is too long"),
            Execution::No,
        ),
        (Reply::new(201, "<html>"), Execution::Maybe),
        (Reply::new(201, "{}"), Execution::Maybe),
        (Reply::Drop, Execution::Maybe),
    ];
    for (reply, execution) in cases {
        let server = Server::signed_in(move |_| reply.clone()).await;
        let cloud = server.connected().await;
        let error = cloud.create_vapp("2", "x", false).await.unwrap_err();
        assert_eq!(error.execution(), execution, "{error:?}");
        sent(&server);
        let error = cloud.create_vapp("../2", "x", false).await.unwrap_err();
        assert!(matches!(error, Error::Link(_)));
        sent(&server);
    }
}

#[tokio::test]
async fn the_projects_are_the_virtual_datacenters() {
    let server = Server::signed_in(|asked| {
        assert_eq!(asked.path, "/api/cloud/virtualdatacenters?limit=500");
        Reply::ok(fixture("vdcs"))
    })
    .await;
    let projects = server.connected().await.projects().await.unwrap();
    let told: Vec<(&str, &str)> = projects.iter().map(|it| (&*it.id, &*it.name)).collect();
    assert_eq!(told, [("2", "vdc_alpha")]);
}

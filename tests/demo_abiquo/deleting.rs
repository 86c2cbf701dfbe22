//! Deleting VMs (5.6, 11).

use serde_json::json;

use crate::api::{Api, job_states, path, refusal, task_of};

#[tokio::test]
async fn what_is_not_deployed_is_gone_at_once() {
    let api = Api::start();
    let vm = api.vm("golden-debian").await;
    let answer = api.delete("operator", &path(&vm, "edit")).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    for rel in ["edit", "state", "tasks"] {
        let gone = api.get_as("admin", &path(&vm, rel), "virtualmachine").await;
        assert_eq!(refusal(&gone), (404, "VM-1".to_owned()), "{rel}");
    }
    let list = api
        .get(
            "/api/cloud/virtualmachines?limit=1&has=golden",
            "virtualmachines",
        )
        .await;
    assert_eq!(list["totalSize"], 2);
    // The history stays, and tells of it.
    let events = api.events_of("golden-debian").await;
    assert_eq!(events[0].1, "DELETE");
}

#[tokio::test]
async fn what_is_deployed_is_undeployed_first_and_then_the_task_is_gone_with_it() {
    let api = Api::start();
    let vm = api.vm("runner-01").await;
    let accepted = api.delete("admin", &path(&vm, "edit")).await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(task["type"], "DELETE");
    let kinds: Vec<_> = job_states(&task).iter().map(|job| job.0).collect();
    assert_eq!(kinds, ["POWER_OFF", "DECONFIGURE", "FREE_RESOURCES"]);
    assert_eq!(api.vm("runner-01").await["state"], "LOCKED");
    api.pass(30);
    let gone = api.get_as("admin", &path(&task, "self"), "task").await;
    assert_eq!(refusal(&gone), (404, "VM-1".to_owned()));
    let total = api
        .get("/api/cloud/virtualmachines?limit=1", "virtualmachines")
        .await;
    assert_eq!(total["totalSize"], 64);
}

#[tokio::test]
async fn what_is_unknown_is_deleted_with_a_privilege_of_its_own() {
    let api = Api::start();
    let vm = api.vm("edge-08").await;
    let answer = api.delete("operator", &path(&vm, "edit")).await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
    assert!(answer.text.contains("VAPP_DELETE_UNKNOWN_VM"));
    assert_eq!(api.delete("admin", &path(&vm, "edit")).await.status, 204);
}

#[tokio::test]
async fn a_delete_is_refused_with_the_documented_codes() {
    let api = Api::start();
    let (locked, planned) = (api.vm("batch-05").await, api.vm("batch-04").await);
    let answer = api.delete("admin", &path(&locked, "edit")).await;
    assert_eq!(refusal(&answer), (409, "VM-8".to_owned()));
    let answer = api.delete("admin", &path(&planned, "edit")).await;
    assert_eq!(refusal(&answer), (409, "VM-167".to_owned()));
    let forced = path(&planned, "edit") + "?force=true";
    let accepted = api.delete("admin", &forced).await;
    assert_eq!(task_of(&api, &accepted).await["type"], "DELETE");
    let protected = api.vm("db-03").await;
    let answer = api.delete("operator", &path(&protected, "edit")).await;
    assert_eq!(refusal(&answer), (409, "VM-120".to_owned()));
    let vm = api.vm("web-01").await;
    let answer = api.delete("viewer", &path(&vm, "edit")).await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn an_imported_vm_is_released_or_deleted_by_force() {
    let api = Api::start();
    let vm = api.apart("meter-09").await;
    let edit = path(&vm, "edit");
    let answer = api.delete("admin", &edit).await;
    assert_eq!(refusal(&answer), (409, "VM-44".to_owned()));
    let accepted = api.delete("admin", &format!("{edit}?release=true")).await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(
        (&task["type"], job_states(&task).len()),
        (&json!("DELETE"), 1)
    );
    api.pass(30);
    let gone = api.get_as("admin", &edit, "virtualmachine").await;
    assert_eq!(refusal(&gone), (404, "VM-1".to_owned()));
    let events = api.events_of("meter-09").await;
    assert_eq!(events[0].1, "RELEASE");

    let vm = api.vm("old-wiki").await;
    let accepted = api
        .delete("admin", &(path(&vm, "edit") + "?force=true"))
        .await;
    assert_eq!(job_states(&task_of(&api, &accepted).await).len(), 2);
}

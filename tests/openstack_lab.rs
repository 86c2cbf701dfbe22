//! The OpenStack client against a real Nova, which nobody here wrote. Runs when `VMDECK_LAB_OPENSTACK` names a `clouds.yaml` with the clouds
//! `lab-admin` (an administrator of everything), `lab-red` and `lab-blue` (members of a project of that name, with servers in it).
//!
//! It makes servers of its own and removes them; what is there is only looked at. Figures are printed: run it with `--nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod openstack_lab {
    pub mod api;
    pub mod suite;
}

use std::time::{Duration, Instant};

use openstack_lab::api::Api;
use openstack_lab::suite::{Lab, follow, listed, parts, words};
use vmdeck::clouds::{Accepted, Error};
use vmdeck::model::{Action, ActionKind, PowerState, ProtectionScope, TaskState};

/// The lab, or the reason why nothing is tried.
macro_rules! lab {
    () => {
        match Lab::find().await {
            Some(lab) => lab,
            None => {
                println!("skipped: VMDECK_LAB_OPENSTACK names no clouds.yaml");
                return;
            }
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_what_is_theirs_and_a_refresh_costs_next_to_nothing() {
    let lab = lab!();
    let (admin, red) = (lab.cloud("lab-admin").await, lab.cloud("lab-red").await);
    let began = Instant::now();
    let all = listed(&*admin).await.unwrap();
    let whole = began.elapsed();
    let began = Instant::now();
    let again = listed(&*admin).await.unwrap();
    println!(
        "{} servers: whole {whole:.2?}, by changes {:.3?}",
        all.len(),
        began.elapsed()
    );
    let ids = |vms: &[vmdeck::model::Vm]| {
        let mut ids: Vec<_> = vms.iter().map(|vm| vm.key.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&all), ids(&again));
    let of_red = listed(&*red).await.unwrap();
    assert!(!of_red.is_empty() && of_red.len() < all.len());
    for vm in &of_red {
        let project = vm.project.as_ref().unwrap();
        assert_eq!(&*project.name, "red", "{vm:?}");
        assert_eq!(vm.location.as_deref(), Some("RegionOne"));
        assert_eq!(vm.template.as_deref(), Some("tiny"));
        assert!(vm.cpu.is_some() && vm.ram_mib.is_some(), "{vm:?}");
        assert!(vm.host.is_none(), "who is no administrator sees no host");
    }
    let names: std::collections::BTreeSet<_> = all
        .iter()
        .filter_map(|vm| Some(vm.project.as_ref()?.name.to_string()))
        .collect();
    assert!(
        names.contains("red") && names.contains("blue"),
        "projects have their names: {names:?}"
    );
    assert!(
        all.iter()
            .all(|vm| vm.host.is_some() || vm.power != PowerState::On)
    );
    let raw = admin.raw(&all[0]).await.unwrap();
    assert!(raw.contains("\"OS-EXT-STS:vm_state\""), "{raw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_goes_to_its_end_and_back() {
    use PowerState::{NotAllocated, Off, On, Paused};
    let lab = lab!();
    let red = lab.cloud("lab-red").await;
    let before = listed(&*red).await.unwrap();
    let api = Api::sign_in(&lab, "lab-red").await;
    let id = api.create("vmdeck-lab-actions").await;
    assert!(before.iter().all(|vm| *vm.key.id != *id));
    let now = listed(&*red).await.unwrap();
    let vm = now.iter().find(|vm| *vm.key.id == *id);
    let vm = vm.expect("what is new is seen by its change").clone();
    assert_eq!((vm.power, &*vm.native_state), (On, "ACTIVE"));

    let steps: &[(Action, PowerState, &str)] = &[
        (Action::Shutdown, Off, "SHUTOFF"),
        (Action::PowerOn, On, "ACTIVE"),
        (Action::Reboot, On, "ACTIVE"),
        (Action::Reset, On, "ACTIVE"),
        (Action::Pause, Paused, "PAUSED"),
        (Action::Resume, On, "ACTIVE"),
        (Action::Suspend, Paused, "SUSPENDED"),
        (Action::Resume, On, "ACTIVE"),
        (Action::Rescue, On, "RESCUE"),
        (Action::Unrescue, On, "ACTIVE"),
        (Action::Shelve, NotAllocated, "SHELVED_OFFLOADED"),
        (Action::Unshelve, On, "ACTIVE"),
        (
            Action::Snapshot {
                name: "vmdeck-lab-copy".into(),
            },
            On,
            "ACTIVE",
        ),
    ];
    for (action, power, word) in steps {
        let began = Instant::now();
        let target = red.target(&vm).await.unwrap();
        let accepted = red.perform(&target, action).await.unwrap();
        let Accepted::Task(handle) = accepted else {
            panic!("{action:?} is no task");
        };
        let task = follow(&*red, &handle).await;
        assert_eq!(
            task.state,
            TaskState::FinishedSuccessfully,
            "{action:?} {task:?}"
        );
        assert_eq!(task.user.as_deref(), Some("alice"), "{task:?}");
        let now = red.target(&vm).await.unwrap().vm;
        assert_eq!(
            (now.power, &*now.native_state),
            (*power, *word),
            "after {action:?}"
        );
        println!("{:<12} {:.2?}", action.kind().id(), began.elapsed());
    }
    let tasks = red.vm_tasks(&vm).await.unwrap();
    assert!(tasks.len() > steps.len(), "{}", tasks.len());
    let kinds: Vec<&str> = tasks.iter().map(|task| task.kind.as_str()).collect();
    assert_eq!((kinds[0], kinds.last()), ("SNAPSHOT", Some(&"DEPLOY")));
    assert!(
        tasks
            .iter()
            .all(|task| task.state == TaskState::FinishedSuccessfully),
        "{tasks:?}"
    );

    // What its state forbids is said in the cloud's own words.
    let target = red.target(&vm).await.unwrap();
    let no = red.perform(&target, &Action::PowerOn).await.unwrap_err();
    assert!(matches!(&no, Error::Conflict(no) if no.code.as_deref().unwrap().starts_with("req-")));
    assert!(no.to_string().contains("vm_state active"), "{no}");
    // And what policy forbids.
    let no = red
        .perform(&target, &Action::Evacuate { host: None })
        .await
        .unwrap_err();
    assert!(matches!(no, Error::Forbidden(_)), "{no}");
    let no = red.candidates(&vm).await.unwrap_err();
    assert!(matches!(no, Error::Forbidden(_)), "{no}");

    let began = Instant::now();
    let target = red.target(&vm).await.unwrap();
    let Accepted::Task(handle) = red.perform(&target, &Action::DELETE).await.unwrap() else {
        panic!("a deletion is a task");
    };
    let task = follow(&*red, &handle).await;
    assert_eq!(task.state, TaskState::FinishedSuccessfully, "{task:?}");
    println!("{:<12} {:.2?}", ActionKind::Delete.id(), began.elapsed());
    let gone = red.target(&vm).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone}");
    let left = listed(&*red).await.unwrap();
    assert!(
        left.iter().all(|vm| *vm.key.id != *id) && left.len() + 1 == now.len(),
        "what is gone is seen by its change"
    );
    // The first token may have ended meanwhile.
    let api = Api::sign_in(&lab, "lab-red").await;
    api.delete_images("vmdeck-lab-copy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_by_one_user_is_seen_by_another_and_holds_that_one_off() {
    let lab = lab!();
    let (admin, red) = (lab.cloud("lab-admin").await, lab.cloud("lab-red").await);
    let api = Api::sign_in(&lab, "lab-red").await;
    let id = api.create("vmdeck-lab-lock").await;
    let of = |vms: Vec<vmdeck::model::Vm>| vms.into_iter().find(|vm| *vm.key.id == *id).unwrap();
    let seen_by_admin = of(listed(&*admin).await.unwrap());
    let target = admin.target(&seen_by_admin).await.unwrap();
    let reason = "kernel upgrade, until 18:00";
    let lock = Action::Protect {
        reason: reason.into(),
    };
    words(&*admin, admin.perform(&target, &lock).await.unwrap()).await;

    let seen = of(listed(&*red).await.unwrap());
    let protection = seen.protection.clone().expect("the lock is seen");
    assert_eq!(protection.reason.as_deref(), Some(reason));
    assert_eq!(protection.scope, ProtectionScope::Cloud);
    let target = red.target(&seen).await.unwrap();
    let no = red.perform(&target, &Action::Shutdown).await.unwrap_err();
    assert!(matches!(no, Error::Conflict(_)), "{no}");
    assert!(no.to_string().contains("is locked"), "{no}");
    println!("{no}");
    // An administrator's lock is not its owner's to take off.
    let no = red.perform(&target, &Action::Unprotect).await.unwrap_err();
    assert!(matches!(no, Error::Forbidden(_)), "{no}");
    println!("{no}");

    let target = admin.target(&seen_by_admin).await.unwrap();
    let done = admin.perform(&target, &Action::Unprotect).await.unwrap();
    words(&*admin, done).await;
    let free = of(listed(&*red).await.unwrap());
    assert_eq!(free.protection, None);
    // The user's own lock is the user's to take off.
    for action in [lock, Action::Unprotect] {
        let target = red.target(&free).await.unwrap();
        words(&*red, red.perform(&target, &action).await.unwrap()).await;
    }
    api.delete(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_is_replaced_in_the_middle_of_the_work() {
    let lab = lab!();
    let blue = lab.cloud("lab-blue").await;
    let before = listed(&*blue).await.unwrap();
    let bob = Api::sign_in(&lab, "lab-blue").await;
    if bob.life > Duration::from_secs(60) {
        println!(
            "not waited for: tokens live {:?} here; [token] expiration = 20 in keystone.conf makes them short",
            bob.life
        );
        return;
    }
    assert_eq!(bob.status_of_servers().await, 200);
    tokio::time::sleep(bob.life + Duration::from_secs(2)).await;
    assert_eq!(bob.status_of_servers().await, 401, "it has ended");
    let began = Instant::now();
    let after = listed(&*blue).await.unwrap();
    assert_eq!(before.len(), after.len());
    let target = blue.target(&after[0]).await.unwrap();
    assert_eq!(target.vm.key, after[0].key);
    println!("with another token {:.2?}", began.elapsed());
}

/// Needs a second host: Nova's own service started once more under another name.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_moves_between_hosts_running_stopped_and_lost() {
    use PowerState::{Off, On};
    let lab = lab!();
    let admin = lab.cloud("lab-admin").await;
    let api = Api::sign_in(&lab, "lab-admin").await;
    let id = api.create("vmdeck-lab-moves").await;
    let vms = listed(&*admin).await.unwrap();
    let vm = vms.iter().find(|vm| *vm.key.id == *id).unwrap().clone();
    if admin.candidates(&vm).await.unwrap().is_empty() {
        println!("not moved: the lab has one host");
        api.delete(&id).await;
        return;
    }
    // From wherever it is to the other host.
    let to_the_other = |live: bool| {
        let (admin, vm) = (admin.clone(), vm.clone());
        async move {
            let target = admin.target(&vm).await.unwrap();
            let host = admin.candidates(&target.vm).await.unwrap().remove(0);
            let began = Instant::now();
            let relocate = Action::Relocate {
                host: host.id.to_string(),
            };
            words(&*admin, admin.perform(&target, &relocate).await.unwrap()).await;
            println!("relocate, live: {live}: {:.2?}", began.elapsed());
            let now = admin.target(&vm).await.unwrap().vm;
            assert_eq!(now.host.as_deref(), Some(&*host.name));
            now
        }
    };
    let then = |action: Action| {
        let (admin, vm) = (admin.clone(), vm.clone());
        async move {
            let target = admin.target(&vm).await.unwrap();
            words(&*admin, admin.perform(&target, &action).await.unwrap()).await;
            admin.target(&vm).await.unwrap().vm
        }
    };
    let now = to_the_other(true).await;
    assert_eq!((now.power, &*now.native_state), (On, "ACTIVE"));

    then(Action::Shutdown).await;
    let now = to_the_other(false).await;
    assert_eq!((now.power, &*now.native_state), (Off, "VERIFY_RESIZE"));
    let there = now.host.clone();
    let now = then(Action::ConfirmResize).await;
    assert_eq!((&*now.native_state, &now.host), ("SHUTOFF", &there));
    to_the_other(false).await;
    let now = then(Action::RevertResize).await;
    assert_eq!((&*now.native_state, &now.host), ("SHUTOFF", &there));

    // While its host is up, the cloud will not.
    let target = admin.target(&vm).await.unwrap();
    let evacuate = Action::Evacuate { host: None };
    let no = admin.perform(&target, &evacuate).await.unwrap_err();
    println!("{no}");
    if std::env::var_os("VMDECK_LAB_EVACUATE").is_none() {
        // Nova takes a host back only after its service was started anew.
        println!("not evacuated: with VMDECK_LAB_EVACUATE a host is declared lost, and stays so");
        api.delete(&id).await;
        return;
    }
    let host = there.unwrap();
    api.force_down(&host).await;
    let moved = then(evacuate).await;
    assert_ne!(moved.host.as_deref(), Some(&*host));
    assert_eq!(&*moved.native_state, "SHUTOFF");
    let tasks = admin.vm_tasks(&vm).await.unwrap();
    assert_eq!(tasks[0].kind.as_str(), "EVACUATE");
    api.delete(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_credential_and_a_token_sign_in_as_well() {
    let lab = lab!();
    let red = Api::sign_in(&lab, "lab-red").await;
    let (id, secret) = red.application_credential("vmdeck-lab").await;
    let url = &red.keystone;
    let token = &red.token;
    for keys in [
        format!("url = \"{url}\"\napplication_credential = \"{id}\"\nsecret = \"{secret}\""),
        format!(
            "url = \"{url}\"\napplication_credential_name = \"vmdeck-lab\"\nusername = \"alice\"\nsecret = \"{secret}\""
        ),
        format!("url = \"{url}\"\ntoken = \"{token}\""),
        format!("url = \"{url}\"\ntoken = \"{token}\"\nproject = \"red\""),
    ] {
        let cloud = Lab::of(&keys).await;
        let vms = listed(&*cloud).await.unwrap();
        assert_eq!(parts(&vms).keys().collect::<Vec<_>>(), ["red"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_told_with_its_reason() {
    let lab = lab!();
    let admin = lab.cloud("lab-admin").await;
    let api = Api::sign_in(&lab, "lab-admin").await;
    let id = api.create_too_large("vmdeck-lab-too-large").await;
    let vms = listed(&*admin).await.unwrap();
    let vm = vms.iter().find(|vm| *vm.key.id == *id).unwrap();
    assert_eq!(
        (vm.power, &*vm.native_state),
        (PowerState::Unknown, "ERROR")
    );
    let fault = vm.description.as_deref().unwrap();
    assert!(
        fault.starts_with("Fault: ") && fault.contains("No valid host"),
        "{fault}"
    );
    let tasks = admin.vm_tasks(vm).await.unwrap();
    let failed = &tasks[0];
    assert_eq!(
        (failed.kind.as_str(), &failed.state),
        ("DEPLOY", &TaskState::FinishedUnsuccessfully)
    );
    let why = failed.failed_job().unwrap().description.as_deref().unwrap();
    println!("{why}");
    assert!(
        why.contains("No valid host") && why.contains("traceback"),
        "{why}"
    );
    api.delete(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_projects_are_one_cloud() {
    let lab = lab!();
    let both = lab
        .cloud_with("lab-admin", "projects = [\"red\", \"blue\"]")
        .await;
    let vms = listed(&*both).await.unwrap();
    let parts = parts(&vms);
    assert_eq!(
        parts.keys().map(String::as_str).collect::<Vec<_>>(),
        ["blue", "red"]
    );
    let target = both.target(vms.last().unwrap()).await.unwrap();
    assert_eq!(target.vm.key, vms.last().unwrap().key);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_screens_are_told_as_far_as_the_lab_has_them() {
    let lab = lab!();
    let admin = lab.cloud("lab-admin").await;
    let vms = listed(&*admin).await.unwrap();
    let hosts = admin.candidates(&vms[0]).await.unwrap();
    assert!(
        hosts
            .iter()
            .all(|host| Some(&host.name) != vms[0].host.as_ref()),
        "{hosts:?}"
    );
    println!("hosts to move to: {}", hosts.len());
    match admin.remote_access(&vms[0], true).await {
        Ok(screen) => println!("screen by {:?}", screen.protocol),
        Err(error) => println!("no screen: {error}"),
    }
}

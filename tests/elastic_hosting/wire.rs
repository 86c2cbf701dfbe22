//! What the recorded shapes become in the domain's words. Every expectation is written by hand.

use vmdeck::clouds::{Error, Result};
use vmdeck::model::{PowerState, Vm};

use crate::rig::{WEB, connected, count, fixture, known, server, texts, vms};
use crate::support::Reply;

/// The VMs of a list that is answered with this body.
async fn listed(body: impl Into<Vec<u8>>) -> Result<Vec<Vm>> {
    let body = body.into();
    let server = server(move |asked| {
        asked
            .path
            .ends_with("vm/list/")
            .then(|| Reply::ok(body.clone()))
    })
    .await;
    let cloud = connected(&server).await;
    vms(&*cloud).await
}

#[tokio::test]
async fn a_vm_has_every_field_that_the_documents_give_it() {
    let vms = listed(fixture("vm-list.response")).await.unwrap();
    assert_eq!(vms.len(), 3);
    let web = &vms[0];
    assert_eq!(web.key.to_string(), format!("prod/{WEB}"));
    assert_eq!(web.uuid.as_deref(), Some(WEB));
    assert_eq!(&*web.name, "web-1");
    assert_eq!((web.power, &*web.native_state), (PowerState::On, "running"));
    assert_eq!(
        (web.cpu, web.ram_mib),
        (Some(1), Some(512)),
        "profile Small"
    );
    assert_eq!(web.hypervisor.as_deref(), Some("kvm-hvm"));
    assert_eq!(web.description.as_deref(), Some("OS linux, profile Small"));
    assert_eq!(web.console.as_deref(), Some("vnc://192.0.2.40:5900"));
    assert_eq!(texts(&web.addresses), ["203.0.113.10"]);
    assert_eq!(texts(&web.networks), ["Default"]);
    assert!(web.tags.is_empty());
    assert!(web.vapp.is_none() && web.project.is_none() && web.protection.is_none());

    let db = &vms[1];
    assert_eq!((db.power, &*db.native_state), (PowerState::Off, "off"));
    assert_eq!(
        (db.cpu, db.ram_mib),
        (Some(4), Some(4_096)),
        "profile Large"
    );
    let lab = &vms[2];
    assert_eq!(
        (lab.power, &*lab.native_state),
        (PowerState::Paused, "paused")
    );
    assert!(
        lab.addresses.is_empty(),
        "127.0.0.1 means that there is none"
    );
    assert_eq!(lab.console, None, "VNC is switched off");
    assert!(
        std::sync::Arc::ptr_eq(&web.networks[0], &db.networks[0]),
        "repeated texts are shared"
    );
}

#[tokio::test]
async fn numbers_are_uuids_too_and_stopped_is_off() {
    let vms = listed(fixture("vm-list.numeric-uuid.response"))
        .await
        .unwrap();
    let told: Vec<_> = vms
        .iter()
        .map(|vm| (&*vm.key.id, vm.uuid.as_deref(), &*vm.locator, vm.power))
        .collect();
    assert_eq!(
        told,
        [
            ("1", None, "1", PowerState::On),
            ("2", None, "2", PowerState::Off)
        ]
    );
    assert_eq!(vms[1].console.as_deref(), Some("vnc://192.0.2.40:5901"));
}

#[tokio::test]
async fn a_vm_of_the_emulator_has_five_fields_and_is_a_vm() {
    let vms = listed(fixture("vm-list.minimal-emulator.response"))
        .await
        .unwrap();
    let vm = &vms[0];
    assert_eq!(
        (vm.power, vm.native_progress()),
        (PowerState::Locked, Some("launching"))
    );
    assert_eq!(vm.native_name.as_deref(), Some("i-00000042"));
    assert_eq!(texts(&vm.addresses), ["203.0.113.30"]);
    assert_eq!(
        (vm.cpu, vm.ram_mib, vm.console.as_deref()),
        (None, None, None)
    );
}

#[tokio::test]
async fn an_empty_list_and_a_bare_one_are_lists() {
    assert!(
        listed(fixture("vm-list.empty.response"))
            .await
            .unwrap()
            .is_empty()
    );
    let vms = listed(r#"[{"uuid":7,"state":"RUNNING"},5,null,{"name":"no uuid"},{"uuid":7}]"#)
        .await
        .unwrap();
    assert_eq!(vms.len(), 1, "each once, and nothing without a uuid");
    assert_eq!(&*vms[0].name, "7");
    assert_eq!(
        (vms[0].power, &*vms[0].native_state),
        (PowerState::On, "RUNNING")
    );
}

#[tokio::test]
async fn a_list_that_is_missing_is_not_an_empty_one() {
    for body in [
        r#"{"errno":0,"message":"Success"}"#,
        r#"{"errno":0,"vms":null}"#,
        r#"{"errno":0,"vms":{}}"#,
    ] {
        let error = listed_after_sign_in(body).await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{body}: {error:?}");
    }
}

/// The VMs of a list that is answered so from the second time on.
async fn listed_after_sign_in(body: &'static str) -> Result<Vec<Vm>> {
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = server(move |asked| {
        let list = asked.path.ends_with("vm/list/");
        let first = list && first.swap(false, std::sync::atomic::Ordering::SeqCst);
        (list && !first).then(|| Reply::ok(body))
    })
    .await;
    let cloud = connected(&server).await;
    vms(&*cloud).await
}

#[tokio::test]
async fn odd_fields_cost_neither_the_vm_nor_the_list() {
    let body = r#"{"errno":"0","vms":[
        {"uuid":" 9 ","name":"\u001b[31mred\u202e","state":5,"interfaces":[5,{"ip":"10.0.0.1"},{"ip":"","network":"n1"},
          {"ip":"10.0.0.1","network_name":"lan"}],"tags":["blue",7,null,{"a":1}],"vnc_port":{},"hardware_profile_uuid":[]},
        {"uuid":"10","name":"","state":null,"interfaces":"none","tags":"none"}]}"#;
    let vms = listed(body).await.unwrap();
    assert_eq!(&*vms[0].key.id, "9");
    assert_eq!(&*vms[0].name, "[31mred");
    assert_eq!(
        (vms[0].power, &*vms[0].native_state),
        (PowerState::Unknown, "5")
    );
    assert_eq!(texts(&vms[0].addresses), ["10.0.0.1"]);
    assert_eq!(texts(&vms[0].networks), ["n1", "lan"]);
    assert_eq!(texts(&vms[0].tags), ["blue", "7"]);
    assert_eq!((&*vms[1].name, vms[1].power), ("10", PowerState::Unknown));
}

#[tokio::test]
async fn one_vm_is_read_with_the_size_of_its_profile() {
    let server = server(|asked| {
        (asked.method == "GET" && asked.path.contains(WEB))
            .then(|| Reply::ok(fixture("vm-get.off.response")))
    })
    .await;
    let cloud = connected(&server).await;
    let vm = cloud.target(&known(WEB)).await.unwrap().vm;
    assert_eq!((vm.power, vm.cpu), (PowerState::Off, Some(1)));
    cloud.target(&known(WEB)).await.unwrap();
    vms(&*cloud).await.unwrap();
    assert_eq!(
        count(&server, "GET /rest/hosting/htemplate/list/"),
        1,
        "profiles are read once in ten minutes"
    );
}

#[tokio::test]
async fn a_server_that_gives_no_profiles_still_lists_its_vms() {
    for reply in [
        Reply::new(404, ""),
        Reply::new(500, ""),
        Reply::ok(fixture("error.unsupported-action")),
        Reply::ok("[]"),
        Reply::ok("<html>"),
        Reply::Drop,
    ] {
        let server =
            server(move |asked| asked.path.contains("htemplate").then(|| reply.clone())).await;
        let cloud = connected(&server).await;
        let vms = vms(&*cloud).await.unwrap();
        assert_eq!((vms.len(), vms[0].cpu), (3, None));
        cloud.target(&known(WEB)).await.unwrap();
    }
}

#[tokio::test]
async fn profiles_come_bare_as_well() {
    let server = server(|asked| {
        asked.path.contains("htemplate").then(|| {
            Reply::ok(
                r#"[{"uuid":"7eaf4232-6085-4d9b-ae41-3f925da08164","cpus":"3","memory":2048.0}]"#,
            )
        })
    })
    .await;
    let cloud = connected(&server).await;
    let vms = vms(&*cloud).await.unwrap();
    assert_eq!((vms[0].cpu, vms[0].ram_mib), (Some(3), Some(2_048)));
}

#[tokio::test]
async fn the_raw_document_hides_the_password_of_the_console() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let text = cloud.raw(&known(WEB)).await.unwrap();
    assert!(
        text.contains("\"vnc_password\": \"•••\"") && !text.contains("synthetic"),
        "{text}"
    );
    assert!(text.contains("\"vnc_port\": \"5900\""), "{text}");
    let listed = vms(&*cloud).await.unwrap();
    assert!(!format!("{listed:?}").contains("synthetic"));
}

#[tokio::test]
async fn a_digest_that_is_wanted_and_not_sent_is_a_refusal_with_http_200() {
    let server = server(|asked| {
        asked
            .path
            .ends_with("vm/list/")
            .then(|| Reply::ok(fixture("error.auth-digest")))
    })
    .await;
    let error = crate::rig::client(&server, vmdeck::config::EcpAuth::Auto)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rejected by the cloud: digest authentication failed (synthetic text) (errno 1)"
    );
}

#[tokio::test]
async fn other_answers_of_the_api_in_place_of_a_list_are_no_list_and_break_nothing() {
    for name in [
        "clone.response",
        "network-list.response",
        "ptemplate-list.response",
        "utilization.response",
        "vm-create.documented.response",
        "vm-create.observed.response",
    ] {
        let error = listed(fixture(name)).await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{name}: {error:?}");
    }
    let bare = listed(fixture("ptemplate-list.bare.response"))
        .await
        .unwrap();
    assert_eq!(
        &*bare[0].name, "debian-base",
        "a bare list says not of what it is"
    );
}

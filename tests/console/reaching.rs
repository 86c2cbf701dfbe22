//! Screens of VMs, what is copied, what was measured, other tenants, tasks of others.

use std::sync::Arc;

use vmdeck::config::parse;
use vmdeck::console::layers::Layer;
use vmdeck::console::message::{Clip, Effect, Message};
use vmdeck::console::outside::viewer::Ready;
use vmdeck::console::outside::{Outside, Told};
use vmdeck::fleet::{Ask, Update};
use vmdeck::model::*;

use crate::scene::{CAPABILITIES, Deck, ago, info, look, noon, protected, session, updates, vm};
use crate::screens::{pictures, select};

/// A cloud that measures, has tenants, and guards the tasks of others.
static MORE: Capabilities = Capabilities {
    tenants: Some("ENTERPRISE_ADMINISTER_ALL"),
    acknowledge_others: Some("USERS_MANAGE_USERS"),
    metrics: true,
    ..CAPABILITIES
};

fn deck_with(capabilities: &'static Capabilities, width: u16, height: u16) -> Deck {
    let mut prod = info("prod", Some("production"));
    prod.capabilities = capabilities;
    let text = "[console]\nviewer = \"remote-viewer --title={name} {url}\"\n";
    let viewer = parse(text, std::path::Path::new("/c.toml")).unwrap();
    let mut look = look(false);
    look.viewer = viewer.config.console.viewer;
    let mut deck = Deck::looking(look, width, height, vec![prod, info("lab", None)]);
    deck.tell(updates());
    deck
}

fn more(width: u16, height: u16) -> Deck {
    deck_with(&MORE, width, height)
}

fn prod(id: &str) -> VmKey {
    VmKey::new(&CloudName::new("prod"), id)
}

fn access(password: Option<&str>) -> RemoteAccess {
    RemoteAccess {
        protocol: Some("vnc".into()),
        host: Some("10.0.0.5".into()),
        port: Some(5_901),
        url: None,
        has_password: Some(true),
        password: password.map(Revealed::new),
    }
}

fn remote(deck: &mut Deck, access: RemoteAccess) {
    deck.tell([Update::Remote {
        vm: prod("1"),
        access: Ok(access),
    }]);
}

fn opened(deck: &mut Deck) {
    select(deck, "web-01");
    deck.press("o");
}

const PASSWORD: &str = "s3same-0pen";

#[test]
fn a_screen_is_asked_for_on_demand_and_without_its_password() {
    let mut deck = more(120, 36);
    opened(&mut deck);
    assert_eq!(
        deck.effects.last(),
        Some(&Effect::Ask(Ask::Remote {
            vm: prod("1"),
            reveal: false
        }))
    );
    assert!(deck.screen().contains("being asked"));
    // A server that sends it unasked does not get it onto the screen.
    remote(&mut deck, access(Some(PASSWORD)));
    assert!(deck.screen().contains("10.0.0.5") && !deck.screen().contains(PASSWORD));
    deck.press("p");
    assert!(!matches!(deck.effects.last(), Some(Effect::Copy(_))));
}

#[test]
fn a_password_is_shown_where_it_was_asked_for_and_goes_with_the_dialog() {
    let mut deck = more(120, 36);
    opened(&mut deck);
    remote(&mut deck, access(None));
    deck.press("s");
    assert_eq!(
        deck.effects.last(),
        Some(&Effect::Ask(Ask::Remote {
            vm: prod("1"),
            reveal: true
        }))
    );
    remote(&mut deck, access(Some(PASSWORD)));
    assert!(deck.screen().contains(PASSWORD), "{}", deck.screen());
    deck.press("p");
    let copied = deck.effects.last().unwrap();
    assert!(matches!(copied, Effect::Copy(clip) if clip.expose() == PASSWORD));
    let said = format!("{copied:?} {:?} {:?}", deck.app.layers, deck.app.notices);
    assert!(!said.contains(PASSWORD), "{said}");
    deck.press("esc");
    assert!(deck.app.layers.is_empty() && !deck.screen().contains(PASSWORD));
    // An answer that comes late finds nobody who asked.
    deck.press("o");
    remote(&mut deck, access(Some(PASSWORD)));
    assert!(!deck.screen().contains(PASSWORD), "{}", deck.screen());
}

#[test]
fn the_address_is_copied_and_the_viewer_started() {
    let mut deck = more(120, 36);
    opened(&mut deck);
    remote(&mut deck, access(None));
    deck.press("c");
    let address = Clip::Plain("vnc://10.0.0.5:5901".to_owned());
    assert_eq!(deck.effects.last(), Some(&Effect::Copy(address)));
    assert!(deck.screen().contains("The address is copied"));
    deck.press("enter");
    let Some(Effect::Outside(Outside::Launch(launch))) = deck.effects.last() else {
        panic!("{:?}", deck.effects.last());
    };
    assert_eq!(launch.program, "remote-viewer");
    assert_eq!(
        launch.arguments.last(),
        Some(&vec![Ready::Text("vnc://10.0.0.5:5901".to_owned())])
    );
    deck.press("w");
    let Some(Effect::Outside(Outside::ScreenFile(file))) = deck.effects.last() else {
        panic!("{:?}", deck.effects.last());
    };
    assert!(
        file.text()
            .contains("host=10.0.0.5\nport=5901\ntitle=web-01 on prod\n")
    );
    let text = "remote-viewer cannot be started: not found".to_owned();
    let level = vmdeck::console::notices::Level::Failure;
    deck.send(Message::Outside(Told::Notice(level, text.clone())));
    deck.draw();
    assert!(deck.screen().contains(&text));
}

#[test]
fn what_a_server_tells_does_not_become_an_option_of_the_viewer() {
    let mut deck = more(120, 36);
    opened(&mut deck);
    remote(
        &mut deck,
        RemoteAccess {
            url: Some("--exec=reboot".into()),
            ..access(None)
        },
    );
    let before = deck.effects.len();
    deck.press("enter");
    assert_eq!(deck.effects.len(), before);
    assert!(
        deck.screen()
            .contains("was not opened: the cloud tells no url"),
        "{}",
        deck.screen()
    );
}

proptest::proptest! {
    #[test]
    fn whatever_a_server_tells_of_a_screen_is_shown_and_stays_a_value(
        protocol in ".{0,12}",
        host in ".{0,40}",
        url in proptest::option::of(".{0,60}"),
        password in ".{0,20}",
    ) {
        let mut deck = more(80, 24);
        opened(&mut deck);
        deck.effects.clear();
        let told = RemoteAccess {
            protocol: Some(protocol.as_str().into()),
            host: Some(host.as_str().into()),
            url: url.as_deref().map(Into::into),
            ..access(Some(&password))
        };
        remote(&mut deck, told.clone());
        deck.press("s");
        remote(&mut deck, told);
        deck.press("enter w c p");
        for effect in &deck.effects {
            match effect {
                Effect::Outside(Outside::Launch(launch)) => {
                    let own = launch.arguments.iter().filter(|parts| {
                        matches!(parts.first(), Some(Ready::Text(text)) if text.starts_with('-'))
                    });
                    proptest::prop_assert_eq!(own.count(), 1, "the title alone: {:?}", launch);
                }
                Effect::Outside(Outside::ScreenFile(file)) => {
                    proptest::prop_assert_eq!(file.text().lines().count(), 6);
                    proptest::prop_assert!(!file.text().contains("password"));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn without_a_viewer_the_configuration_is_named() {
    let mut deck = Deck::new(120, 36);
    opened(&mut deck);
    remote(&mut deck, access(None));
    deck.press("enter");
    assert!(deck.screen().contains("viewer = "), "{}", deck.screen());
}

#[test]
fn the_name_of_a_vm_is_two_keys_away_from_the_clipboard() {
    let mut deck = more(120, 36);
    select(&mut deck, "web-01");
    deck.press("c c");
    let clip = |text: &str| Effect::Copy(Clip::Plain(text.to_owned()));
    assert_eq!(deck.effects.last(), Some(&clip("web-01")));
    deck.press("c j enter");
    assert_eq!(deck.effects.last(), Some(&clip("10.0.3.1")));
    assert!(deck.app.layers.is_empty());
}

fn measured(deck: &mut Deck) -> VmKey {
    let mut web = vm("prod", "1", "web-01", PowerState::On, "shop-front");
    web.monitored = true;
    deck.tell([Update::Vms {
        cloud: CloudName::new("prod"),
        changed: vec![Arc::new(web)],
        gone: vec![],
        as_of: noon(),
    }]);
    prod("1")
}

fn measures() -> Vec<Series> {
    let series = |name: &str, unit: &str, scale: f64| Series {
        name: name.into(),
        unit: Some(unit.into()),
        points: (0..48)
            .map(|at| {
                let wave = (f64::from(at) / 6.0).sin() + 1.0;
                (ago(i64::from(48 - at) * 60), (wave * scale).round())
            })
            .collect(),
    };
    vec![
        series("disk_read", "bytes/s", 900_000.0),
        series("cpu_load", "percent", 40.0),
        series("net_in", "bytes/s", 12_000_000.0),
        series("memory_usage", "percent", 20.0),
    ]
}

#[test]
fn what_is_measured_is_asked_for_when_the_cursor_rests_and_then_each_minute() {
    let mut deck = more(120, 36);
    let vm = measured(&mut deck);
    select(&mut deck, "web-01");
    deck.effects.clear();
    let asks = |deck: &mut Deck| {
        let effects = std::mem::take(&mut deck.effects);
        let wanted = Effect::Ask(Ask::Metrics(vm.clone()));
        effects.into_iter().filter(|one| *one == wanted).count()
    };
    deck.wait(2);
    assert_eq!(asks(&mut deck), 0, "no details are open");
    deck.press("enter").wait(0);
    assert_eq!(asks(&mut deck), 0, "the cursor has not rested");
    deck.wait(1);
    assert_eq!(asks(&mut deck), 1);
    deck.wait(30);
    assert_eq!(asks(&mut deck), 0);
    assert!(deck.app.next_tick() <= Some(deck.now + jiff::SignedDuration::from_secs(30)));
    deck.wait(30);
    assert_eq!(asks(&mut deck), 1);
    deck.tell([Update::Metrics {
        vm: vm.clone(),
        series: Err("it does not answer".into()),
    }]);
    deck.press("G");
    assert!(
        deck.screen().contains("it does not answer"),
        "{}",
        deck.screen()
    );
    deck.press("esc").wait(120);
    assert_eq!(asks(&mut deck), 0, "the details are closed");
}

#[test]
fn a_vm_that_is_not_measured_is_not_asked_for() {
    let mut deck = more(120, 36);
    select(&mut deck, "web-01");
    deck.press("enter").wait(2);
    assert!(
        !deck
            .effects
            .iter()
            .any(|one| matches!(one, Effect::Ask(Ask::Metrics(_))))
    );
    assert!(!deck.screen().contains("Measured"));
}

fn administrator(deck: &mut Deck) {
    let session = Session {
        privileges: ["VAPP_PERFORM_ACTIONS", "ENTERPRISE_ADMINISTER_ALL"]
            .into_iter()
            .collect(),
        ..(*session()).clone()
    };
    deck.tell([Update::SignedIn {
        cloud: CloudName::new("prod"),
        session: Arc::new(session),
    }]);
}

fn tenant(id: &str, name: &str) -> Group {
    Group {
        id: id.into(),
        name: name.into(),
    }
}

fn tenants(deck: &mut Deck) {
    deck.tell([Update::Tenants {
        cloud: CloudName::new("prod"),
        tenants: Ok(vec![
            tenant("3", "Zeta Works"),
            tenant("2", "Beta Bank"),
            tenant("1", "Acme"),
            tenant("4", "beta lab"),
        ]),
    }]);
}

#[test]
fn another_tenant_is_chosen_by_typing() {
    let mut deck = more(120, 36);
    administrator(&mut deck);
    deck.press("3 v");
    let cloud = CloudName::new("prod");
    assert_eq!(
        deck.effects.last(),
        Some(&Effect::Ask(Ask::Tenants(cloud.clone())))
    );
    tenants(&mut deck);
    let screen = deck.screen();
    assert!(
        screen.contains("own  Acme") && !screen.contains("│   Acme"),
        "one's own is not listed again: {screen}"
    );
    deck.typing("beta").press("down enter");
    let lab = tenant("4", "beta lab");
    assert_eq!(
        deck.effects.last(),
        Some(&Effect::Ask(Ask::LookAt(cloud.clone(), Some(lab.clone()))))
    );
    deck.tell([Update::LooksAt {
        cloud: cloud.clone(),
        tenant: Some(lab),
    }]);
    assert!(
        deck.screen().contains("prod as beta lab"),
        "{}",
        deck.screen()
    );
    let web = vm("prod", "1", "web-01", PowerState::On, "shop-front");
    deck.tell([Update::Vms {
        cloud: cloud.clone(),
        changed: vec![Arc::new(web)],
        gone: vec![],
        as_of: noon(),
    }]);
    deck.press("1");
    select(&mut deck, "web-01");
    deck.press("D");
    assert!(
        deck.screen()
            .contains("Shut down web-01 on prod as beta lab PRODUCTION?"),
        "{}",
        deck.screen()
    );
    deck.press("esc 3 v enter");
    assert_eq!(
        deck.effects.last(),
        Some(&Effect::Ask(Ask::LookAt(cloud, None))),
        "the first is one's own"
    );
}

#[test]
fn without_the_privilege_or_without_tenants_the_reason_is_told() {
    let mut deck = more(120, 36);
    deck.press("3 v");
    assert!(deck.app.layers.is_empty());
    assert!(deck.was_told("Another tenant of prod: Your role lacks ENTERPRISE_ADMINISTER_ALL"));
    deck.press("j v");
    assert!(deck.was_told("Abiquo has no other tenants to look at"));
    assert!(
        !deck.screen().contains("v tenant"),
        "no hint at what is refused"
    );
}

#[test]
fn a_failed_task_of_somebody_else_stays_without_the_privilege() {
    let mut deck = more(120, 36);
    select(&mut deck, "web-02");
    deck.effects.clear();
    deck.press("a");
    assert!(deck.effects.is_empty(), "{:?}", deck.effects);
    let why = "It is a task of cloudadmin; your role lacks USERS_MANAGE_USERS";
    assert!(deck.was_told(why), "{}", deck.screen());
    deck.press("esc A");
    assert!(deck.app.layers.is_empty(), "nothing is left to ask about");
    let manager = Session {
        privileges: ["USERS_MANAGE_USERS"].into_iter().collect(),
        ..(*session()).clone()
    };
    deck.tell([Update::SignedIn {
        cloud: CloudName::new("prod"),
        session: Arc::new(manager),
    }]);
    deck.press("a");
    assert!(matches!(deck.effects.last(), Some(Effect::Submit(_))));
}

#[test]
fn the_screen_of_a_vm() {
    pictures("remote", more, |deck| {
        opened(deck);
        remote(deck, access(None));
    });
}

#[test]
fn the_password_of_a_screen() {
    pictures("remote_revealed", more, |deck| {
        opened(deck);
        let url = "https://console.cloud.example.com:8443/vnc/auto?host=10.0.0.5&port=5901&token=0f1e2d3c4b5a69788796a5b4c3d2e1f0";
        let with_url = |password| RemoteAccess {
            url: Some(url.into()),
            ..access(password)
        };
        remote(deck, with_url(None));
        deck.press("s");
        remote(deck, with_url(Some(PASSWORD)));
    });
}

#[test]
fn what_there_is_to_copy() {
    pictures("copy", more, |deck| {
        select(deck, "web-01");
        deck.press("c j");
    });
}

#[test]
fn measures_in_the_details() {
    pictures("metrics", more, |deck| {
        let vm = measured(deck);
        select(deck, "web-01");
        deck.press("enter").wait(1);
        deck.tell([Update::Metrics {
            vm,
            series: Ok(measures()),
        }]);
        deck.press("G");
    });
}

#[test]
fn the_choice_of_a_tenant() {
    pictures("tenants", more, |deck| {
        administrator(deck);
        deck.press("3 v");
        tenants(deck);
        deck.press("down");
    });
}

#[test]
fn a_cloud_looked_at_as_another_tenant() {
    pictures("looks_at", more, |deck| {
        administrator(deck);
        deck.tell([Update::LooksAt {
            cloud: CloudName::new("prod"),
            tenant: Some(tenant("2", "Beta Bank")),
        }]);
        let kept = protected(
            vm("prod", "1", "web-01", PowerState::On, "shop-front"),
            "audit",
            "Pat Rivers",
        );
        deck.tell([Update::Vms {
            cloud: CloudName::new("prod"),
            changed: vec![Arc::new(kept)],
            gone: vec![],
            as_of: noon(),
        }]);
        deck.wait(20).press("3");
    });
}

#[test]
fn a_warning_of_somebody_else() {
    pictures("others_warning", more, |deck| {
        if deck.app.pane_rows().is_none() {
            deck.press("t");
        } else {
            deck.press("tab");
            if deck.app.is_wide() {
                deck.press("tab");
            }
        }
        deck.press("enter");
        assert!(matches!(deck.app.layers.last(), Some(Layer::Task(_))));
    });
}

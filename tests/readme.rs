//! What the README tells of each cloud is what its client does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use vmdeck::clouds::{capabilities, state_words};
use vmdeck::config::{
    EcpAuth, EcpBody, Interface, Openstack, OpenstackAuth, Provider, Scloudm, TokenForm,
    ZstackLogin, ZstackSettings,
};
use vmdeck::model::action::SPECS;
use vmdeck::model::{ActionKind, Capabilities, PowerState, ProtectionScope};

const README: &str = include_str!("../README.md");

/// Every provider, in the order of the README's columns.
fn providers() -> [Provider; 5] {
    [
        Provider::Abiquo { api_version: None },
        Provider::Zstack(ZstackSettings {
            login: ZstackLogin::Account,
            time_zone: None,
        }),
        Provider::ElasticHosting {
            auth: EcpAuth::Auto,
            body: EcpBody::Multipart,
        },
        Provider::Scloudm(Box::new(Scloudm {
            auth: TokenForm::V2,
            sp_agent: "scloudm".into(),
            tenants: Vec::new(),
            regions: Vec::new(),
            action_path: Scloudm::ACTION_PATH.into(),
            list_path: Scloudm::LIST_PATH.into(),
            servers: Vec::new(),
        })),
        Provider::Openstack(Box::new(Openstack {
            auth: OpenstackAuth::Token,
            projects: Vec::new(),
            regions: Vec::new(),
            interface: Interface::Public,
            all_projects: None,
            plain_http: false,
        })),
    ]
}

/// The lines of the first table below a heading, which is given with its marks: `## What works where`.
fn table(heading: &str) -> Vec<&'static str> {
    let mut lines = README.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "no heading {heading:?}");
    lines
        .take_while(|line| !line.starts_with('#'))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect()
}

fn row(label: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {label} | {} |", cells.join(" | "))
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

/// Why a cloud has no such action, or that it is offered.
fn cell(of: &Capabilities, action: ActionKind) -> String {
    if of.offers(action) {
        return "yes".to_owned();
    }
    if of.rule(action).is_some() {
        return "not yet".to_owned();
    }
    let why = of.missing.iter().find(|(kind, _)| *kind == action);
    why.map_or_else(|| "no".to_owned(), |(_, why)| format!("no: {why}"))
}

fn scope(of: &Capabilities) -> String {
    match of.protection {
        Some(ProtectionScope::Cloud) => "the cloud",
        Some(ProtectionScope::SharedTag) => "a shared tag",
        Some(ProtectionScope::Console) => "this console alone",
        None => "no",
    }
    .to_owned()
}

/// Compares line by line, so that a failure shows the row that is stale, and below it the whole table as it should be.
fn compare(heading: &str, expected: &[String]) {
    let found = table(heading);
    let whole = expected.join("\n");
    for (at, expected) in expected.iter().enumerate() {
        assert_eq!(
            found.get(at).copied(),
            Some(expected.as_str()),
            "row {at} below {heading:?} of README.md, which should be:\n{whole}"
        );
    }
    assert_eq!(
        found.len(),
        expected.len(),
        "rows below {heading:?} of README.md, which should be:\n{whole}"
    );
}

const WORKS: &str = "## What works where";

/// The table of what works where.
fn works() -> Vec<String> {
    let providers = providers();
    let of = |tell: &dyn Fn(&Capabilities) -> String| {
        providers
            .iter()
            .map(|provider| tell(capabilities(provider)))
            .collect::<Vec<_>>()
    };
    let mut rows = vec![
        row("", of(&|of| of.provider.to_owned())).replacen("|  |", "| |", 1),
        "|---|---|---|---|---|---|".to_owned(),
        row("list VMs", of(&|_| yes(true))),
    ];
    for spec in SPECS {
        let is_offered = |provider| capabilities(provider).offers(spec.kind);
        if providers.iter().any(is_offered) {
            rows.push(row(
                &spec.title.to_lowercase(),
                of(&|of| cell(of, spec.kind)),
            ));
        }
    }
    rows.push(row("power off and keep off", of(&|of| yes(of.keep_off))));
    rows.push(row("protection is kept by", of(&scope)));
    rows.push(row("tasks of the cloud", of(&|of| yes(of.tasks))));
    rows.push(row("events", of(&|of| yes(of.events))));
    rows.push(row("appliances of the cloud", of(&|of| yes(of.vapps))));
    rows.push(row(
        "appliances deployed, edited and deleted as a whole",
        of(&|of| yes(!of.vapp_rules.is_empty())),
    ));
    rows.push(row(
        "held tasks approved and rejected",
        of(&|of| yes(of.workflow.is_some())),
    ));
    rows.push(row("other tenants", of(&|of| yes(of.tenants.is_some()))));
    rows.push(row("measures of a VM", of(&|of| yes(of.metrics))));
    rows.push(row(
        "groups by `group_by`",
        providers
            .iter()
            .map(|provider| yes(!provider.has_appliances())),
    ));
    // The clients' own tests hold this; no capability tells it.
    rows.push(row("how a screen is reached", of(&|_| yes(true))));
    rows
}

/// The table of one cloud's words: a row for each power state that it has a word for.
fn words(provider: &Provider) -> Vec<String> {
    let mut rows = vec!["| state | its words |".to_owned(), "|---|---|".to_owned()];
    for state in PowerState::ALL {
        let of_state: Vec<String> = state_words(provider)
            .iter()
            .filter(|(_, known)| *known == state)
            .map(|(word, _)| format!("`{word}`"))
            .collect();
        if !of_state.is_empty() {
            rows.push(row(state.word(), [of_state.join(", ")]));
        }
    }
    rows
}

#[test]
fn what_works_where_is_what_the_clouds_say_they_can_do() {
    compare(WORKS, &works());
}

#[test]
fn the_words_of_each_cloud_are_those_that_its_client_maps() {
    for provider in providers() {
        let heading = format!("### Words of {}", provider.title());
        compare(&heading, &words(&provider));
    }
}

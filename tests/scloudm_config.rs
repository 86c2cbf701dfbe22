//! The keys of an SCloudM cloud: what is documented works, and every mistake is told with its place and its cure.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;

use vmdeck::config::{
    ConfigError, Problem, Provider, Scloudm, StaticServer, Tenant, TokenForm, parse,
};

const CLOUD: &str = r#"[[clouds]]
name = "star"
provider = "scloudm"
url = "https://scloudm.example.com"
username = "alice"
password = "hunter2-geheim"
"#;

fn keys(more: &str) -> Scloudm {
    let text = format!("{CLOUD}{more}");
    let loaded = parse(&text, Path::new("/etc/vmdeck/config.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    match &loaded.config.clouds[0].provider {
        Provider::Scloudm(keys) => (**keys).clone(),
        other => panic!("{other:?}"),
    }
}

/// The only problem of a text.
fn problem(text: &str) -> Problem {
    let error = parse(text, Path::new("/etc/vmdeck/config.toml")).expect_err(text);
    assert!(!error.to_string().contains("hunter2"), "{error}");
    match error {
        ConfigError::Invalid { mut problems, .. } => {
            assert_eq!(problems.len(), 1, "{problems:#?}");
            problems.remove(0)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_left_out_is_as_the_page_of_the_api_has_it() {
    assert_eq!(
        keys(""),
        Scloudm {
            auth: TokenForm::V2,
            sp_agent: "scloudm".into(),
            tenants: vec![],
            regions: vec![],
            action_path: "/mana_api/vm_act/{tenant_id}/{region}".into(),
            list_path: "/mana_api/vm".into(),
            servers: vec![],
        }
    );
    let newer = keys("auth = \"v3\"");
    assert_eq!(
        (newer.auth, &*newer.sp_agent),
        (TokenForm::V3, "openstack_kilo")
    );
}

#[test]
fn every_key_is_read() {
    let found = keys(
        r#"
        auth = "v3"
        sp_agent = "pbs"
        tenants = ["t1", { id = "t2", name = "web" }]
        regions = ["bj-1", "sh-1"]
        action_path = "/x/{tenant_id}/{region}/{server_id}"
        list_path = "/y/vm"
        servers = [{ id = "s1", name = "web-01", tenant = "t1", region = "bj-1" }, { id = "s2", tenant = "t9", region = "gz" }]
        "#,
    );
    let server = |id: &str, name: &str, tenant: &str, region: &str| StaticServer {
        id: id.into(),
        name: name.into(),
        tenant: tenant.into(),
        region: region.into(),
    };
    let tenant = |id: &str, name: Option<&str>| Tenant {
        id: id.into(),
        name: name.map(Into::into),
    };
    assert_eq!(
        found,
        Scloudm {
            auth: TokenForm::V3,
            sp_agent: "pbs".into(),
            tenants: vec![tenant("t1", None), tenant("t2", Some("web"))],
            regions: vec!["bj-1".into(), "sh-1".into()],
            action_path: "/x/{tenant_id}/{region}/{server_id}".into(),
            list_path: "/y/vm".into(),
            servers: vec![
                server("s1", "web-01", "t1", "bj-1"),
                server("s2", "s2", "t9", "gz")
            ],
        }
    );
    // Where there is one tenant and one region, a server stands in them.
    let found = keys(
        "tenants = [\"t1\"]\nregions = [\"bj-1\"]\nservers = [{ id = \"s1\", name = \"web-01\" }]",
    );
    assert_eq!(found.servers, [server("s1", "web-01", "t1", "bj-1")]);
}

#[test]
fn each_mistake_is_told_with_its_place_and_its_cure() {
    for (line, key, what, fix) in [
        (
            "auth = \"v4\"",
            "auth",
            "must be one of \"v2\", \"v3\"",
            "write it in that way",
        ),
        (
            "sp_agent = \"a b\"",
            "sp_agent",
            "must be a word",
            "\"scloudm\"",
        ),
        ("tenants = []", "tenants", "must be a list", "write it like"),
        (
            "tenants = \"t1\"",
            "tenants",
            "must be a list",
            "write it like",
        ),
        (
            "tenants = [5]",
            "tenants",
            "must be a list",
            "write it like",
        ),
        (
            "tenants = [{ name = \"web\" }]",
            "tenants[1].id",
            "is missing",
            "add id",
        ),
        (
            "tenants = [{ id = \"t\", nam = \"web\" }]",
            "tenants[1].nam",
            "is not a known key",
            "`name`",
        ),
        (
            "tenants = [\"..\"]",
            "tenants",
            "not points alone",
            "correct it",
        ),
        (
            "regions = [\"a\\nb\"]",
            "regions",
            "on one line",
            "correct it",
        ),
        (
            "regions = [{ name = \"bj-1\" }]",
            "regions[1]",
            "must be a text",
            "write it like",
        ),
        (
            "action_path = \"vm_act\"",
            "action_path",
            "begins with /",
            "{tenant_id}",
        ),
        (
            "action_path = \"/a/{tenant}\"",
            "action_path",
            "nothing between braces but",
            "{tenant_id}",
        ),
        (
            "action_path = \"/a/../b\"",
            "action_path",
            "begins with /",
            "{tenant_id}",
        ),
        (
            "list_path = \"/vm?x=1\"",
            "list_path",
            "holds no ?",
            "/mana_api/vm",
        ),
        (
            "list_path = \"/{tenant_id}/vm\"",
            "list_path",
            "holds no ?",
            "/mana_api/vm",
        ),
        (
            "servers = [\"s1\"]",
            "servers",
            "must be a list of tables",
            "write it like",
        ),
        (
            "servers = [{ id = \"s\", tenant = \"t\" }]",
            "servers[1].region",
            "is missing",
            "`regions`",
        ),
        (
            "api_version = \"5.0\"",
            "api_version",
            "is not a known key",
            "",
        ),
    ] {
        let problem = problem(&format!("{CLOUD}{line}"));
        let shown = problem.to_string();
        assert_eq!(
            problem.key.as_deref(),
            Some(&*format!("clouds[star].{key}")),
            "{shown}"
        );
        assert!(
            problem.what.contains(what) && problem.fix.contains(fix),
            "{shown}"
        );
        assert!(shown.starts_with("/etc/vmdeck/config.toml:7:"), "{shown}");
    }
}

#[test]
fn the_url_ends_before_the_prefix_of_every_path() {
    for url in [
        "https://scloudm.example.com/mana_api",
        "https://scloudm.example.com/x/mana_api/",
    ] {
        let problem = problem(&CLOUD.replace("https://scloudm.example.com", url));
        assert!(
            problem.to_string().contains("must not end with /mana_api"),
            "{problem}"
        );
    }
}

#[test]
fn it_signs_in_with_a_password_and_not_with_a_token() {
    let text = CLOUD
        .replace("username = \"alice\"\n", "")
        .replace("password =", "token =");
    let problem = problem(&text);
    assert!(
        problem
            .to_string()
            .contains("give `username` and `password`"),
        "{problem}"
    );
}

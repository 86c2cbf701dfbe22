//! The configuration as a person meets it: what is documented works, and every mistake is told with its place, its
//! key and its cure, without showing a secret.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vmdeck::config::{
    Config, ConfigError, ConfigOrigin, Credentials, Init, KeyOverride, Loaded, Part, Paths,
    Placeholder, PlainEntry, Position, Problem, Provider, SecretSource, Sort, ThemeName, UiState,
    example_config, init, load, parse, write_plain,
};

use vmdeck::model::{ActionKind, Labels, VappState, VmState};

const FILE: &str = "/etc/vmdeck/config.toml";

/// The secret of these tests: it must be found in no message.
const SECRET: &str = "hunter2-geheim";

/// A cloud without a mistake, as lines 1 to 6.
const CLOUD: &str = r#"[[clouds]]
name = "prod"
provider = "abiquo"
url = "https://cloud.example.com/api"
username = "admin"
password = "hunter2-geheim"
"#;

fn read(text: &str) -> Loaded {
    parse(text, Path::new(FILE)).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn problems(text: &str) -> Vec<Problem> {
    let error = parse(text, Path::new(FILE)).expect_err(text);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(SECRET), "the secret shows: {shown}");
    match error {
        ConfigError::Invalid { problems, .. } => problems,
        other => panic!("{other}"),
    }
}

/// The only problem of a text.
fn problem(text: &str) -> Problem {
    let mut problems = problems(text);
    assert_eq!(problems.len(), 1, "{text}\n{problems:#?}");
    problems.remove(0)
}

/// Checks the only problem of a text: its line, its key, and a part of its message and of its cure.
#[track_caller]
fn expect(text: &str, line: usize, key: &str, what: &str, fix: &str) {
    let problem = problem(text);
    let shown = problem.to_string();
    assert_eq!(problem.position.unwrap().line, line, "{shown}");
    assert_eq!(problem.key.as_deref(), Some(key), "{shown}");
    assert!(problem.what.contains(what), "{what:?} is not in: {shown}");
    assert!(problem.fix.contains(fix), "{fix:?} is not in: {shown}");
    assert!(shown.starts_with(&format!("{FILE}:{line}:")), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
}

/// The good cloud with one line replaced.
fn with(line: &str, by: &str) -> String {
    assert!(CLOUD.contains(line), "{line}");
    CLOUD.replace(line, by)
}

/// The good cloud with another password.
fn with_password(password: &str) -> String {
    with(
        r#"password = "hunter2-geheim""#,
        &format!("password = {password}"),
    )
}

fn password(text: &str) -> SecretSource {
    match &read(text).config.clouds[0].credentials {
        Credentials::Password { password, .. } => password.clone(),
        Credentials::Token(token) => panic!("{token:?}"),
    }
}

#[test]
fn every_setting_is_read() {
    let text = r#"
        refresh_seconds = 30
        state_dir = "kept"
        cache_dir = "/var/cache/mine"
        [[clouds]]
        name = "prod"
        provider = "abiquo"
        url = "https://cloud.example.com:8443/api"
        environment = "production"
        username = "admin"
        password = { env = "PROD_PASSWORD" }
        read_only = true
        concurrency = 8
        api_version = "5.0"
        tls = { ca_file = "ca.pem", insecure = false }
        [[clouds]]
        name = "lab_2.b-c"
        provider = "abiquo"
        url = "https://lab.example.com/api"
        token = { keyring = "lab" }
        [console]
        theme = "light"
        ascii = true
        mouse = true
        [keys]
        reset = []
        power_off = ["F9", "ctrl-x"]
        protect = "p"
    "#;
    let Loaded {
        config, warnings, ..
    } = read(text);
    assert_eq!(warnings, []);
    assert_eq!(config.refresh, Duration::from_secs(30));
    assert_eq!(
        (config.state_dir.as_deref(), config.cache_dir.as_deref()),
        (
            Some(Path::new("/etc/vmdeck/kept")),
            Some(Path::new("/var/cache/mine"))
        )
    );
    let usual = Paths::under(Path::new("/usual"));
    assert_eq!(
        usual.clone().with_folders_of(&config),
        Paths {
            state_dir: "/etc/vmdeck/kept".into(),
            cache_dir: "/var/cache/mine".into(),
            ..usual.clone()
        }
    );
    assert_eq!(usual.clone().with_folders_of(&Config::default()), usual);

    let [prod, lab] = &config.clouds[..] else {
        panic!("{config:?}")
    };
    assert_eq!(prod.name, "prod");
    assert_eq!(
        prod.provider,
        Provider::Abiquo {
            api_version: Some("5.0".to_owned())
        }
    );
    assert_eq!(prod.provider.id(), "abiquo", "the word of the file");
    assert_eq!(prod.url.as_str(), "https://cloud.example.com:8443/api");
    assert_eq!(prod.environment.as_deref(), Some("production"));
    assert!(prod.is_production());
    assert_eq!(prod.username(), Some("admin"));
    assert!(prod.read_only);
    assert_eq!(prod.concurrency, 8);
    assert_eq!(
        prod.tls.ca_file.as_deref(),
        Some(Path::new("/etc/vmdeck/ca.pem"))
    );
    assert!(!prod.tls.insecure);

    assert_eq!(lab.name, "lab_2.b-c");
    assert!(
        matches!(&lab.credentials, Credentials::Token(SecretSource::Keyring(account)) if account == "lab")
    );
    assert_eq!(lab.username(), None);
    assert!(!lab.is_production());

    assert_eq!(config.console.theme, ThemeName::Light);
    assert!(config.console.ascii && config.console.mouse);
    let key = |action: &str, keys: &[&str], line| KeyOverride {
        action: action.to_owned(),
        keys: keys.iter().map(|key| key.to_string()).collect(),
        position: Position { line, column: 9 },
    };
    assert_eq!(
        config.keys,
        [
            key("reset", &[], 26),
            key("power_off", &["F9", "ctrl-x"], 27),
            key("protect", &["p"], 28)
        ]
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let Loaded {
        config, warnings, ..
    } = read(CLOUD);
    assert_eq!(warnings, []);
    assert_eq!(config.refresh, Duration::from_secs(10));
    let cloud = &config.clouds[0];
    assert_eq!(cloud.provider, Provider::Abiquo { api_version: None });
    assert_eq!(
        (
            cloud.environment.as_deref(),
            cloud.read_only,
            cloud.concurrency
        ),
        (None, false, 4)
    );
    assert_eq!(
        (cloud.tls.ca_file.as_deref(), cloud.tls.insecure),
        (None, false)
    );
    assert_eq!(config.console.theme, ThemeName::Dark);
    assert!(!config.console.ascii && !config.console.mouse && config.keys.is_empty());
    assert!(read("").config.clouds.is_empty());
}

#[test]
fn every_kind_of_password_is_read() {
    let text = |text: &str| text.to_owned();
    assert_eq!(
        password(&with_password(r#"{ env = "PROD" }"#)),
        SecretSource::Env(text("PROD"))
    );
    assert_eq!(
        password(&with_password(r#"{ command = ["pass", "show", "prod"] }"#)),
        SecretSource::Command(vec![text("pass"), text("show"), text("prod")])
    );
    assert_eq!(
        password(&with_password(r#"{ file = "secrets/prod" }"#)),
        SecretSource::File("/etc/vmdeck/secrets/prod".into())
    );
    let home = std::env::home_dir().unwrap();
    assert_eq!(
        password(&with_password(r#"{ file = "~/prod" }"#)),
        SecretSource::File(home.join("prod"))
    );
    assert_eq!(
        password(&with_password(r#"{ keyring = "…" }"#)),
        SecretSource::Keyring(text("…"))
    );
    assert_eq!(
        password(&with(
            "password = \"hunter2-geheim\"",
            "password.env = \"PROD\""
        )),
        SecretSource::Env(text("PROD")),
        "a dotted key is a table, too"
    );
    let SecretSource::Plain(secret) = password(CLOUD) else {
        panic!("not plain")
    };
    assert_eq!(secret.expose(), SECRET);
}

#[test]
fn production_is_recognised_in_any_case_of_letters_and_nothing_else_is() {
    for (environment, production) in [
        ("production", true),
        ("Production", true),
        ("staging", false),
    ] {
        let text = format!("{CLOUD}environment = \"{environment}\"");
        assert_eq!(
            read(&text).config.clouds[0].is_production(),
            production,
            "{environment}"
        );
    }
}

/// The settings of the example with their comment signs removed: those that a blank does not follow.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting.to_owned(),
        _ => line.to_owned(),
    };
    example_config()
        .lines()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_has_nothing_active_and_works_once_uncommented() {
    assert!(read(example_config()).config.clouds.is_empty());
    let Loaded {
        config, warnings, ..
    } = read(&uncommented());
    assert_eq!(warnings, []);
    let names: Vec<&str> = config
        .clouds
        .iter()
        .map(|cloud| cloud.name.as_str())
        .collect();
    assert_eq!(names, ["prod", "lab", "city", "star", "hall", "stack"]);
    assert_eq!(config.keys.len(), 1);
    assert_eq!(config.labels.state(VmState::Maintenance), "Locked by admin");
    assert!(config.console.viewer.is_some());
    let kinds: Vec<SecretSource> = example_config()
        .lines()
        .filter_map(|line| line.strip_prefix("#   password = ")?.split("  ").next())
        .map(|kind| password(&with_password(kind)))
        .collect();
    assert_eq!(kinds.len(), 5, "each kind of password loads: {kinds:?}");
}

#[test]
fn a_folder_must_be_one_and_need_not_be_there() {
    expect(
        "state_dir = \"\"",
        1,
        "state_dir",
        "is empty",
        "remove the line",
    );
    expect(
        "state_dir = 1",
        1,
        "state_dir",
        "must be text",
        "double quotes",
    );
    expect(
        "cache_dir = \"~root/x\"",
        1,
        "cache_dir",
        "must be a folder",
        "in full",
    );
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("taken"), "").unwrap();
    let at = |name: &str| {
        let text = format!("state_dir = \"{name}\"");
        parse(&text, &temp.path().join("config.toml"))
    };
    let error = at("taken").unwrap_err().to_string();
    assert!(error.contains("`state_dir` must be a folder"), "{error}");
    for fine in ["new/one", "."] {
        assert!(at(fine).is_ok(), "{fine}");
    }
}

#[test]
fn the_example_mentions_every_setting() {
    let text = example_config();
    for key in [
        "refresh_seconds",
        "state_dir",
        "cache_dir",
        "name",
        "provider",
        "url",
        "environment",
        "username",
        "password",
        "token",
        "read_only",
        "concurrency",
        "api_version",
        "tls",
        "ca_file",
        "insecure",
        "theme",
        "ascii",
        "mouse",
        "viewer",
        "\"state.on\"",
    ] {
        assert!(text.contains(&format!("{key} = ")), "{key}");
    }
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    let unknown = "is not a known key";
    for (text, line, key, meant) in [
        ("refresh = 5", 1, "refresh", "`refresh_seconds`"),
        ("[consol]", 1, "consol", "`console`"),
        (
            "[console]\ncolour = 1",
            2,
            "console.colour",
            "known here: `theme`, `ascii`, `mouse`",
        ),
        ("[console]\nThem = 1", 2, "console.Them", "`theme`"),
    ] {
        expect(text, line, key, unknown, meant);
    }
    for (line, key, meant) in [
        ("readonly = true", "clouds[prod].readonly", "`read_only`"),
        (
            "tls = { ca-file = \"x\" }",
            "clouds[prod].tls.ca-file",
            "`ca_file`",
        ),
        (
            "api_versoin = \"5.0\"",
            "clouds[prod].api_versoin",
            "`api_version`",
        ),
    ] {
        expect(&format!("{CLOUD}{line}"), 7, key, unknown, meant);
    }
    let two = problems(&with("password", "pasword"));
    let shown: Vec<String> = two.iter().map(Problem::to_string).collect();
    assert!(
        shown[0].contains("`clouds[prod].password` is missing"),
        "{shown:?}"
    );
    assert!(shown[1].contains("did you mean `password`?"), "{shown:?}");
}

#[test]
fn an_unknown_key_that_does_not_look_like_one_is_not_repeated() {
    for key in [
        "\"hunter2-geheim!\"",
        &format!("{SECRET}{}", "x".repeat(40)),
    ] {
        expect(
            &format!("{key} = 1"),
            1,
            "…",
            "is not a known key",
            "known here",
        );
    }
    expect(
        &format!("[keys]\n\"{SECRET}\\u001b\" = 1"),
        2,
        "keys.…",
        "is not the name of an action",
        "correct it",
    );
}

#[test]
fn a_value_of_the_wrong_type_is_told_by_its_type() {
    for (text, key, what, fix) in [
        (
            "refresh_seconds = \"10\"",
            "refresh_seconds",
            "must be a whole number from 1 to 3600, and is text",
            "without quotes",
        ),
        (
            "refresh_seconds = 1.5",
            "refresh_seconds",
            "and is a number with a point",
            "without quotes or a point",
        ),
        (
            "refresh_seconds = 0",
            "refresh_seconds",
            "must be a whole number from 1 to 3600",
            "choose",
        ),
        (
            "refresh_seconds = 99999999999999999999",
            "refresh_seconds",
            "must be a whole number from 1 to 3600",
            "choose",
        ),
        (
            "refresh_seconds = -1",
            "refresh_seconds",
            "must be a whole number from 1 to 3600",
            "choose",
        ),
        (
            "clouds = \"prod\"",
            "clouds",
            "must be a list of tables",
            "[[clouds]]",
        ),
        (
            "clouds = [1]",
            "clouds",
            "must be a list of tables",
            "[[clouds]]",
        ),
        (
            "[clouds]\nname = \"prod\"",
            "clouds",
            "must be a list of tables",
            "[[clouds]]",
        ),
        (
            "console = 1",
            "console",
            "must be a table, and is a whole number",
            "console = {",
        ),
        (
            "console.ascii = \"yes\"",
            "console.ascii",
            "must be true or false, and is text",
            "without quotes",
        ),
        (
            "console.theme = true",
            "console.theme",
            "must be text in double quotes, and is true or false",
            "put one text",
        ),
        (
            "console.theme = \"\"",
            "console.theme",
            "is empty",
            "remove the line",
        ),
        (
            "console.theme = \"drak\"",
            "console.theme",
            "must be one of \"dark\", \"light\", \"none\"",
            "\"dark\"",
        ),
        (
            "keys.reset = 1",
            "keys.reset",
            "a key in double quotes or a list of them, and is a whole number",
            "[\"one\"",
        ),
        (
            "keys.reset = [\"x\", 1]",
            "keys.reset",
            "must be a key in double quotes or a list of them",
            "[\"one\"",
        ),
        (
            "keys.reset = \"\"",
            "keys.reset",
            "must be a key in double quotes",
            "[\"one\"",
        ),
    ] {
        expect(text, 1, key, what, fix);
    }
    for (line, key, what, fix) in [
        (
            "read_only = 1",
            "read_only",
            "must be true or false, and is a whole number",
            "write true or false",
        ),
        (
            "concurrency = 0",
            "concurrency",
            "must be a whole number from 1 to 32",
            "choose",
        ),
        (
            "group_by = \"rack\"",
            "group_by",
            "is no way to make groups",
            "\"tag:KEY\", \"zone\", \"cluster\", \"network\", \"project\", \"server_group\", \"stack\" or \"name:PATTERN\"",
        ),
        (
            "group_by = \"tag:\"",
            "group_by",
            "names no tag",
            "\"tag:app\"",
        ),
        (
            "group_by = \"name:(\"",
            "group_by",
            "no regular expression",
            "\"name:^([a-z]+)-\"",
        ),
        (
            "group_by = \"tag:app\"",
            "group_by",
            "does not go with Abiquo, which has appliances of its own",
            "remove the line",
        ),
        (
            "api_version = 5.0",
            "api_version",
            "must be text in double quotes, and is a number with a point",
            "double quotes",
        ),
        (
            "api_version = \"newest\"",
            "api_version",
            "two numbers with a point",
            "\"5.0\"",
        ),
        (
            "api_version = \"5.0\\r\\nX: y\"",
            "api_version",
            "two numbers with a point",
            "\"5.0\"",
        ),
        (
            "environment = 1979-05-27",
            "environment",
            "and is a date or time",
            "double quotes",
        ),
        (
            "environment = \"a\\u001b[31m\"",
            "environment",
            "a word or two",
            "shorten",
        ),
        ("tls = true", "tls", "must be a table", "tls = {"),
        (
            "tls = { insecure = \"no\" }",
            "tls.insecure",
            "must be true or false",
            "without quotes",
        ),
        (
            "tls = { ca_file = \"~root/ca.pem\" }",
            "tls.ca_file",
            "must be a file",
            "in full",
        ),
    ] {
        expect(
            &format!("{CLOUD}{line}"),
            7,
            &format!("clouds[prod].{key}"),
            what,
            fix,
        );
    }
}

#[test]
fn a_place_is_given_to_the_column() {
    let problem = problem(&format!("{CLOUD}tls = {{ insecure = 1 }}"));
    assert_eq!(
        problem.position,
        Some(Position {
            line: 7,
            column: 20
        })
    );
}

#[test]
fn a_cloud_says_which_of_its_keys_is_missing() {
    for (line, key, fix) in [
        (
            "url = \"https://cloud.example.com/api\"\n",
            "clouds[prod].url",
            "add url = \"https://",
        ),
        (
            "provider = \"abiquo\"\n",
            "clouds[prod].provider",
            "add provider = \"abiquo\"",
        ),
        ("name = \"prod\"\n", "clouds[1].name", "add name = \"prod\""),
        (
            "username = \"admin\"\n",
            "clouds[prod].username",
            "the name that the password belongs to",
        ),
        (
            "password = \"hunter2-geheim\"\n",
            "clouds[prod].password",
            "pass",
        ),
        (
            "username = \"admin\"\npassword = \"hunter2-geheim\"\n",
            "clouds[prod].password",
            "`username` and `password`, or `token`",
        ),
    ] {
        expect(&format!("\n{}", with(line, "")), 2, key, "is missing", fix);
    }
    let both = format!("{CLOUD}token = \"hunter2-geheim\"");
    expect(
        &both,
        7,
        "clouds[prod].token",
        "is given beside",
        "keep either",
    );
}

#[test]
fn a_provider_that_nobody_knows_is_answered_with_those_there_are() {
    let text = with("\"abiquo\"", "\"abqiuo\"");
    expect(
        &text,
        3,
        "clouds[prod].provider",
        "must be one of \"abiquo\", ",
        "did you mean \"abiquo\"?",
    );
}

#[test]
fn without_a_known_provider_the_keys_of_every_provider_are_known_and_no_other() {
    let text = format!("{}api_version = 5\nfoo = 1", with("provider", "proviter"));
    let shown: Vec<String> = problems(&text).iter().map(Problem::to_string).collect();
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert!(
        shown[0].contains("`clouds[prod].provider` is missing"),
        "{shown:#?}"
    );
    assert!(shown[1].contains("did you mean `provider`?"), "{shown:#?}");
    assert!(
        shown[2].contains("`clouds[prod].foo` is not a known key"),
        "{shown:#?}"
    );
}

#[test]
fn two_clouds_of_one_name_are_told_with_both_lines() {
    expect(
        &format!("{CLOUD}{CLOUD}"),
        8,
        "clouds[prod].name",
        "another cloud too, on line 2",
        "name of its own",
    );
    let three = problems(&CLOUD.repeat(3));
    let lines: Vec<usize> = three
        .iter()
        .map(|problem| problem.position.unwrap().line)
        .collect();
    assert_eq!(lines, [8, 14]);
    assert!(
        three
            .iter()
            .all(|problem| problem.what.contains("on line 2")),
        "{three:?}"
    );
}

#[test]
fn a_name_that_cannot_be_typed_or_be_a_file_is_refused() {
    for name in ["a b", "a/b", "prod\\u001b", "é", "..", ".", &"x".repeat(65)] {
        let text = with("\"prod\"", &format!("\"{name}\""));
        expect(
            &text,
            2,
            "clouds[1].name",
            "at most 64 characters",
            "another name",
        );
    }
    for name in ["a", "A-Z_0.9", &"x".repeat(64)] {
        read(&with("\"prod\"", &format!("\"{name}\"")));
    }
}

#[test]
fn a_bad_url_is_told_without_showing_it() {
    for (url, what, fix) in [
        ("cloud.example.com/api", "is not a URL", "in full"),
        ("https://", "is not a URL", "in full"),
        (
            "localhost:8080/api",
            "must begin with http:// or https://",
            "in full",
        ),
        (
            "ftp://cloud.example.com",
            "must begin with http:// or https://",
            "in full",
        ),
        (
            "https://admin:hunter2-geheim@cloud.example.com",
            "must not hold a user name or password",
            "`username` and `password`",
        ),
        (
            "https://hunter2-geheim@cloud.example.com",
            "must not hold a user name or password",
            "`username` and `password`",
        ),
        (
            "https://cloud.example.com/?key=hunter2-geheim",
            "must not hold `?` or `#`",
            "remove it",
        ),
        (
            "https://cloud.example.com/#hunter2-geheim",
            "must not hold `?` or `#`",
            "remove it",
        ),
    ] {
        let text = with("https://cloud.example.com/api", url);
        expect(&text, 4, "clouds[prod].url", what, fix);
    }
}

#[test]
fn a_password_that_is_neither_text_nor_one_source_is_told_without_showing_it() {
    let one = "one of { env";
    for (password, key, what) in [
        ("12345", "password", one),
        ("[\"hunter2-geheim\"]", "password", one),
        ("{}", "password", "exactly one"),
        ("{ hunter2-geheim = 1 }", "password", one),
        ("{ evn = \"hunter2-geheim\" }", "password", one),
        (
            "{ env = \"A\", file = \"hunter2-geheim\" }",
            "password",
            "exactly one",
        ),
        ("\"\"", "password", "is empty"),
        ("{ env = \"\" }", "password.env", "is empty"),
        (
            "{ env = \"A=hunter2-geheim\" }",
            "password.env",
            "name of an environment variable",
        ),
        ("{ env = 1 }", "password.env", "text in double quotes"),
        (
            "{ file = [\"hunter2-geheim\"] }",
            "password.file",
            "text in double quotes",
        ),
        (
            "{ keyring = true }",
            "password.keyring",
            "text in double quotes",
        ),
        (
            "{ command = \"hunter2-geheim\" }",
            "password.command",
            "must be a list of texts",
        ),
        (
            "{ command = [] }",
            "password.command",
            "must be a list of texts",
        ),
        (
            "{ command = [\"hunter2-geheim\", 1] }",
            "password.command",
            "must be a list of texts",
        ),
    ] {
        expect(
            &with_password(password),
            6,
            &format!("clouds[prod].{key}"),
            what,
            "",
        );
    }
    let slip = with("\"admin\"", "\"admin:hunter2-geheim\"");
    expect(
        &slip,
        5,
        "clouds[prod].username",
        "a colon",
        "a password behind the name",
    );
}

#[test]
fn a_broken_line_is_told_by_its_place_and_key_without_showing_it() {
    for (password, what, fix) in [
        (
            "hunter2-geheim",
            "a text value without quotes",
            "double quotes",
        ),
        (
            "\"hunter2-geheim",
            "quotes or backslashes",
            "close the quote",
        ),
        (
            "hunter2-geheim\"",
            "without its first quote",
            "double quotes",
        ),
        (
            "'hunter2-geheim",
            "quotes are not right",
            "close the single quote",
        ),
        ("\"hunter2-geheim\\q\"", "backslash", "single quotes"),
        (
            "\"hunter2-geheim\" \"x\"",
            "is not valid TOML",
            "check its quotes",
        ),
        (
            "= \"hunter2-geheim\"",
            "is not valid TOML",
            "check its quotes",
        ),
        ("", "has no value", "value"),
        (
            "{ env = \"hunter2-geheim\"",
            "not closed",
            "close it with }",
        ),
        ("[\"hunter2-geheim\"", "not closed", "close it with ]"),
        ("2024-13-45T99:hunter2-geheim", "", ""),
        ("0xhunter2-geheim", "", ""),
        (
            "{ command = [\"a\" \"hunter2-geheim\"] }",
            "lacks a comma",
            "put a comma",
        ),
    ] {
        let problem = &problems(&with_password(password))[0];
        let shown = problem.to_string();
        assert!(shown.contains("config.toml:6:"), "{password}: {shown}");
        assert_eq!(
            problem.key.as_deref(),
            Some("password"),
            "{password}: {shown}"
        );
        assert!(problem.what.contains(what), "{password}: {shown}");
        assert!(problem.fix.contains(fix), "{password}: {shown}");
    }
    let twice = format!("{CLOUD}password = \"hunter2-geheim\"");
    expect(&twice, 7, "password", "is given twice", "keep one");
}

#[test]
fn a_broken_line_names_its_key_whichever_setting_it_is() {
    let text = uncommented();
    let mut seen = 0;
    for (index, line) in text.lines().enumerate() {
        let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let broken: Vec<&str> = text.lines().collect();
        let broken_line = format!("{key} = hunter2-geheim oops");
        let broken = [&broken[..index], &[&broken_line], &broken[index + 1..]]
            .concat()
            .join("\n");
        let problem = &problems(&broken)[0];
        assert_eq!(problem.position.unwrap().line, index + 1);
        // Ids of states and actions are keys that only their tables know.
        if key != "power_off" && !key.starts_with('"') {
            assert_eq!(problem.key.as_deref(), Some(key));
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn no_cut_or_changed_text_shows_the_secret_or_panics() {
    let text = format!("{CLOUD}tls = {{ ca_file = \"é.pem\" }}\n[keys]\nreset = [\"F9\"]\n");
    let check = |text: &str| {
        if let Err(error) = parse(text, Path::new(FILE)) {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("geheim"), "{text}\n{shown}");
        }
    };
    for (at, _) in text.char_indices() {
        let (before, after) = text.split_at(at);
        check(before);
        check(after);
        for wrong in [
            "\"", "'", "[", "]", "{", "}", "=", "\n", "#", ".", "\\", "\u{1b}", "\"\"\"",
            "\u{feff}",
        ] {
            check(&format!("{before}{wrong}{after}"));
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = "refresh_seconds = 0\n[[clouds]]\nname = \"a b\"\nprovider = \"abiquo\"\nurl = \"x\"\nread_only = 1\nfoo = 1\n";
    let problems = problems(text);
    let lines: Vec<usize> = problems
        .iter()
        .map(|problem| problem.position.unwrap().line)
        .collect();
    assert_eq!(lines, [1, 2, 3, 5, 6, 7], "{problems:#?}");
    let error = parse(text, Path::new(FILE)).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 6, "{error}");

    let broken = "a = b\nc = \"\nd = 1\n[x\n";
    let error = parse(broken, Path::new(FILE)).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn a_secret_sent_unencrypted_to_another_machine_is_a_warning() {
    let warnings = |text: &str| read(text).warnings;
    let http = with("https://cloud.example.com", "http://cloud.example.com");
    let [warning] = &warnings(&http)[..] else {
        panic!("{:?}", warnings(&http))
    };
    let shown = warning.to_string();
    assert!(
        shown.contains(":4:7: `clouds[prod].url` sends the password unencrypted"),
        "{shown}"
    );
    assert!(shown.contains("https://"), "{shown}");
    for host in [
        "localhost",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:80",
        "abiquo.localhost",
    ] {
        let text = with("https://cloud.example.com", &format!("http://{host}"));
        assert_eq!(warnings(&text), [], "{host}");
    }
    for host in ["10.0.0.1", "[::2]", "localhost.example.com", "128.0.0.1"] {
        let text = with("https://cloud.example.com", &format!("http://{host}"));
        assert_eq!(warnings(&text).len(), 1, "{host}");
    }
    let unused = format!("{CLOUD}tls = {{ ca_file = \"x\", insecure = true }}");
    assert!(
        warnings(&unused)[0]
            .to_string()
            .contains("`clouds[prod].tls.ca_file` has no effect")
    );
}

/// A configuration file with these rights, in a folder of its own.
fn file(text: impl AsRef<[u8]>, mode: u32) -> (tempfile::TempDir, Paths) {
    let temp = tempfile::tempdir().unwrap();
    let paths = Paths::under(temp.path());
    fs::write(&paths.config, text).unwrap();
    fs::set_permissions(&paths.config, Permissions::from_mode(mode)).unwrap();
    (temp, paths)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_plain_password_that_others_can_read_is_a_warning() {
    for (bits, warned) in [
        (0o600, false),
        (0o400, false),
        (0o640, true),
        (0o604, true),
        (0o602, true),
    ] {
        let (_temp, paths) = file(CLOUD, bits);
        let loaded = load(&paths).unwrap();
        assert_eq!(loaded.warnings.len(), usize::from(warned), "{bits:o}");
        for warning in loaded.warnings {
            let shown = warning.to_string();
            assert!(shown.contains(":6:12: `clouds[prod].password`"), "{shown}");
            assert!(shown.contains("chmod 600"), "{shown}");
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }
    let (_temp, paths) = file(with_password("{ env = \"X\" }"), 0o644);
    assert_eq!(
        load(&paths).unwrap().warnings,
        [],
        "there is no secret in it"
    );
}

#[test]
fn a_missing_default_file_is_no_configuration_at_all_and_a_missing_named_one_is_an_error() {
    let temp = tempfile::tempdir().unwrap();
    let mut paths = Paths::under(&temp.path().join("nowhere"));
    for (origin, word) in [
        (ConfigOrigin::Flag, "--config"),
        (ConfigOrigin::Environment, "VMDECK_CONFIG"),
    ] {
        paths.config_origin = origin;
        let error = load(&paths).unwrap_err();
        assert!(matches!(error, ConfigError::Missing { .. }), "{error:?}");
        let shown = error.to_string();
        for part in [word, "nowhere/config.toml", "vmdeck config init"] {
            assert!(shown.contains(part), "{shown}");
        }
    }
    paths.config_origin = ConfigOrigin::Default;
    let loaded = load(&paths).unwrap();
    assert!(loaded.missing && loaded.config.clouds.is_empty());
    assert_eq!(loaded.path, paths.config);
    assert!(
        !paths.config.parent().unwrap().exists(),
        "looking creates nothing"
    );

    let (_temp, empty) = file("", 0o600);
    assert!(!load(&empty).unwrap().missing, "an empty file is there");
}

#[test]
fn reading_leaves_the_file_as_it_is() {
    let text = format!("# mine\n{CLOUD}");
    let (_temp, paths) = file(&text, 0o600);
    load(&paths).unwrap();
    assert_eq!(fs::read_to_string(&paths.config).unwrap(), text);
}

#[test]
fn a_file_that_is_no_text_or_far_too_large_or_a_folder_is_refused() {
    let (_temp, paths) = file(b"# ok\n# \xff hunter2-geheim\n", 0o600);
    let error = load(&paths).unwrap_err().to_string();
    assert!(
        error.contains(":2:3: this line is not UTF-8 text; save"),
        "{error}"
    );
    assert!(!error.contains(SECRET), "{error}");

    let (_temp, paths) = file("#".repeat(2 << 20), 0o600);
    let error = load(&paths).unwrap_err().to_string();
    assert!(error.contains("the file is larger than 1 MiB"), "{error}");

    let temp = tempfile::tempdir().unwrap();
    let paths = Paths {
        config: temp.path().to_owned(),
        ..Paths::under(temp.path())
    };
    let error = load(&paths).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error:?}");
}

#[test]
fn debug_output_of_a_configuration_shows_no_secret() {
    let clouds = [
        CLOUD.to_owned(),
        with_password("{ command = [\"sh\", \"-c\", \"echo hunter2-geheim\"] }").replace("\"prod\"", "\"b\""),
        "[[clouds]]\nname = \"c\"\nprovider = \"abiquo\"\nurl = \"http://x\"\ntoken = \"hunter2-geheim\"\n".to_owned(),
    ];
    let loaded = read(&clouds.concat());
    assert_eq!(loaded.config.clouds.len(), 3);
    for shown in [format!("{loaded:?}"), format!("{loaded:#?}")] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn the_default_file_is_in_the_configuration_folder() {
    // The flag and the variable are tested beside the code; a test cannot change its own environment.
    if std::env::var_os("VMDECK_CONFIG").is_none() {
        let paths = Paths::locate(None).unwrap();
        assert!(paths.config.ends_with("vmdeck/config.toml"), "{paths:?}");
        assert_eq!(paths.config_origin, ConfigOrigin::Default);
    }
    let given = Paths::locate(Some(Path::new("mine.toml"))).unwrap();
    assert_eq!(
        (given.config, given.config_origin),
        (PathBuf::from("mine.toml"), ConfigOrigin::Flag)
    );
}

#[test]
fn the_first_configuration_is_written_for_its_owner_alone_and_never_twice() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("new/vmdeck/config.toml");
    assert_eq!(init(&path).unwrap(), Init::Created);
    assert_eq!(fs::read_to_string(&path).unwrap(), example_config());
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));

    fs::write(&path, "mine").unwrap();
    assert_eq!(init(&path).unwrap(), Init::AlreadyThere);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");

    let error = init(&path.join("below-a-file.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("below-a-file.toml cannot be written"),
        "{error}"
    );
}

#[test]
fn a_written_configuration_reads_back_and_is_for_its_owner_alone() {
    let entry = |name: &str, environment: Option<&str>, password: &str| PlainEntry {
        name: name.to_owned(),
        provider: "abiquo".to_owned(),
        url: "http://127.0.0.1:8080/api".to_owned(),
        environment: environment.map(str::to_owned),
        username: "admin".to_owned(),
        password: password.to_owned(),
        group_by: None,
    };
    let (_temp, paths) = file("old", 0o644);
    let odd = "quote\" back\\slash é #";
    let entries = [
        entry("demo", Some("production"), odd),
        entry("lab", None, "x"),
    ];
    write_plain(&paths.config, &entries).unwrap();
    assert_eq!(mode(&paths.config), 0o600);
    let Loaded {
        config, warnings, ..
    } = load(&paths).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(
        paths.clone().with_folders_of(&config),
        paths,
        "the same folders for whoever finds it"
    );
    let [demo, lab] = &config.clouds[..] else {
        panic!("{config:?}")
    };
    assert!(demo.is_production() && lab.environment.is_none());
    assert_eq!(
        (demo.name.as_str(), demo.username()),
        ("demo", Some("admin"))
    );
    let Credentials::Password {
        password: SecretSource::Plain(secret),
        ..
    } = &demo.credentials
    else {
        panic!("{demo:?}")
    };
    assert_eq!(secret.expose(), odd);

    write_plain(&paths.config, &[]).unwrap();
    assert!(load(&paths).unwrap().config.clouds.is_empty());
}

#[test]
fn what_the_console_remembers_comes_back() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("state");
    assert_eq!(UiState::load(&dir), (UiState::default(), None));
    assert!(!dir.exists(), "looking creates nothing");

    let mut state = UiState::default();
    state.view = Some("appliances".to_owned());
    state.task_pane_open = Some(true);
    state.task_pane_rows = Some(9);
    let sort = Sort {
        column: "ram".to_owned(),
        descending: true,
    };
    state.sort.insert("vms".to_owned(), sort);
    state.remember_reason("kernel update");
    state.store(&dir).unwrap();
    assert_eq!(UiState::load(&dir), (state.clone(), None));

    state.view = None;
    state.store(&dir).unwrap();
    assert_eq!(UiState::load(&dir).0, state);
    assert_eq!((mode(&dir), mode(&dir.join("ui.toml"))), (0o700, 0o600));
    assert_eq!(
        fs::read_dir(&dir).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

#[test]
fn the_twenty_newest_reasons_are_remembered_each_once() {
    let mut state = UiState::default();
    for number in 0..25 {
        state.remember_reason(&format!("reason {number}"));
    }
    state.remember_reason("  reason 10 ");
    state.remember_reason("  ");
    assert_eq!(state.reasons().len(), 20);
    assert_eq!(
        state.reasons()[..3],
        ["reason 10", "reason 24", "reason 23"]
    );
    assert_eq!(
        state
            .reasons()
            .iter()
            .filter(|reason| *reason == "reason 10")
            .count(),
        1
    );
}

#[test]
fn a_broken_memory_of_the_console_is_a_warning_and_is_replaced() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("ui.toml");
    let huge = format!("view = \"{}\"", "x".repeat(300_000));
    for broken in ["view = 3", "hunter2-geheim", "\u{0}", huge.as_str()] {
        fs::write(&file, broken).unwrap();
        let (state, warning) = UiState::load(temp.path());
        assert_eq!(state, UiState::default());
        let shown = warning.unwrap().to_string();
        assert!(
            shown.contains("ui.toml") && shown.contains("begins afresh"),
            "{shown}"
        );
        assert!(!shown.contains(SECRET), "{shown}");
        state.store(temp.path()).unwrap();
        assert_eq!(UiState::load(temp.path()), (state, None));
    }
    fs::write(&file, "view = \"vms\"\nfrom_a_later_version = 1\n").unwrap();
    let (state, warning) = UiState::load(temp.path());
    assert_eq!((state.view.as_deref(), warning), (Some("vms"), None));
}

#[test]
fn an_empty_configuration_is_the_default_one() {
    assert_eq!(
        format!("{:?}", read("").config),
        format!("{:?}", Config::default())
    );
}

#[test]
fn words_of_ones_own_are_read_with_and_without_quotes_round_the_id() {
    let text = "[labels]\n\"state.on\" = \"Läuft\"\nvapp.needs_sync = \"Incomplete\"\naction.power_off = \"Cut\"\n";
    let labels = read(text).config.labels;
    assert_eq!(
        labels.state(VmState::Power(vmdeck::model::PowerState::On)),
        "Läuft"
    );
    assert_eq!(labels.vapp(VappState::PartiallyDeployed), "Incomplete");
    assert_eq!(labels.action(ActionKind::PowerOff), "Cut");
    assert_eq!(read("[labels]\n").config.labels, *Labels::NONE);
}

#[test]
fn a_word_that_names_nothing_or_cannot_be_shown_is_told() {
    let one = |line: &str| format!("[labels]\n{line}\n");
    let id = "labels.state.onn";
    expect(
        &one("\"state.onn\" = \"x\""),
        2,
        id,
        "is no state and no action",
        "did you mean `state.on`?",
    );
    expect(
        &one("state.onn = \"x\""),
        2,
        id,
        "is no state",
        "`state.on`",
    );
    expect(
        &one("\"action.power_of\" = \"x\""),
        2,
        "labels.action.power_of",
        "is no state and no action",
        "did you mean `action.power_off`?",
    );
    expect(
        &one("\"zzzzzz\" = \"x\""),
        2,
        "labels.zzzzzz",
        "is no state",
        "such as \"state.on\"",
    );
    let on = "labels.state.on";
    for (value, what) in [
        ("\"\"", "is empty"),
        ("\"  \"", "is empty"),
        ("\" Up\"", "begins or ends with a blank"),
        ("\"U\\u001b[31mp\"", "cannot be shown"),
        ("\"Up\\nDown\"", "cannot be shown"),
        ("\"\\u202EpU\"", "cannot be shown"),
        ("\"a word that is longer than any column\"", "too long"),
        ("7", "must be a word, and is a whole number"),
        ("[\"Up\"]", "must be a word, and is a list"),
    ] {
        expect(&one(&format!("\"state.on\" = {value}")), 2, on, what, "");
    }
}

#[test]
fn two_states_of_one_word_are_told_and_two_that_trade_theirs_are_not() {
    expect(
        "[labels]\n\"state.on\" = \"off\"\n",
        2,
        "labels.state.on",
        "is the word for `state.off` already",
        "give each its own",
    );
    read("[labels]\n\"state.on\" = \"Off\"\n\"state.off\" = \"On\"\n");
    // A VM and an appliance may be called the same, as they are ordinarily.
    read("[labels]\n\"state.locked\" = \"Busy\"\n\"vapp.locked\" = \"Busy\"\n");
}

#[test]
fn a_viewer_is_a_line_or_a_list_of_words() {
    let viewer = |value: &str| {
        let text = format!("[console]\nviewer = {value}\n");
        read(&text).config.console.viewer.unwrap()
    };
    let line = viewer("\"remote-viewer --title={name} {url}\"");
    assert_eq!(
        line,
        viewer("[\"remote-viewer\", \"--title={name}\", \"{url}\"]")
    );
    assert_eq!(line.program, "remote-viewer");
    assert_eq!(
        line.arguments.last(),
        Some(&vec![Part::Value(Placeholder::Url)])
    );
    let key = "console.viewer";
    let one = |value: &str| format!("[console]\nviewer = {value}\n");
    expect(&one("\"v {ulr}\""), 2, key, "what no cloud tells", "{url}");
    expect(&one("\"v\""), 2, key, "says nowhere", "add {url}");
    expect(&one("\"\""), 2, key, "must begin with", "remote-viewer");
    expect(&one("7"), 2, key, "must be a command", "");
}

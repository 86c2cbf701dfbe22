use reqwest::{Method, header};

use crate::api::{Api, rels};

const USER: &str = "application/vnd.abiquo.user+json; version=5.0";

#[tokio::test]
async fn nobody_gets_in_without_credentials_and_the_page_says_so_in_html() {
    let api = Api::start();
    for request in [
        api.bare(Method::GET, "/api/login"),
        api.bare(Method::GET, "/api/cloud/virtualmachines")
            .basic_auth("admin", Some("wrong")),
        api.bare(Method::GET, "/api/login")
            .basic_auth("jmoss", Some("")),
        api.bare(Method::GET, "/api/login")
            .header(header::AUTHORIZATION, "Token 00"),
        api.bare(Method::GET, "/api/login")
            .header(header::COOKIE, "auth=00"),
    ] {
        let answer = api.send(request).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            "Basic realm=\"Abiquo API\""
        );
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.text.contains("<html>"));
        assert!(!answer.headers.contains_key("x-abiquo-token"));
    }
}

#[tokio::test]
async fn every_answer_carries_a_new_token_and_older_ones_live_for_half_an_hour() {
    let api = Api::start();
    let with_token = |token: &str| {
        let request = api
            .bare(Method::GET, "/api/login")
            .header(header::ACCEPT, USER);
        api.send(request.header(header::AUTHORIZATION, format!("Token {token}")))
    };
    let first = api
        .get_as("admin", "/api/login", "user")
        .await
        .header("x-abiquo-token")
        .to_owned();
    let second = with_token(&first).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.header("x-abiquo-token"), first);
    api.pass(29 * 60);
    let third = with_token(&first).await;
    assert_eq!(third.status, 200, "an older token is still good");
    api.pass(2 * 60);
    assert_eq!(with_token(&first).await.status, 401);
    assert_eq!(
        with_token(third.header("x-abiquo-token")).await.status,
        200,
        "life starts when a token is given"
    );
}

#[tokio::test]
async fn errors_carry_a_token_too() {
    let api = Api::start();
    let answer = api.get_as("admin", "/api/no/such/thing", "user").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (404, "404-NOT-FOUND")
    );
    assert!(answer.headers.contains_key("x-abiquo-token"));
}

#[tokio::test]
async fn the_auth_cookie_alone_is_enough() {
    let api = Api::start();
    let answer = api.get_as("operator", "/api/login", "user").await;
    let cookies: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    let auth = cookies
        .iter()
        .find(|cookie| cookie.starts_with("auth="))
        .unwrap();
    assert!(
        cookies
            .iter()
            .any(|cookie| cookie.starts_with("ABQSESSIONID="))
    );
    assert!(
        auth.ends_with("; Expires=Mon, 14 Jul 2025 08:30:00 GMT; Path=/; HttpOnly"),
        "{auth}"
    );
    let pair = auth.split(';').next().unwrap();
    let again = api
        .send(
            api.bare(Method::GET, "/api/login")
                .header(header::COOKIE, pair),
        )
        .await;
    assert_eq!(again.json()["nick"], "operator");
}

#[tokio::test]
async fn privileges_come_with_the_sign_in_or_from_the_role() {
    let api = Api::start();
    let names = |list: &serde_json::Value| -> Vec<String> {
        let all = list["collection"].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let plain = api.get("/api/login", "user").await;
    assert!(plain.get("privileges").is_none());
    assert_eq!(
        rels(&plain),
        [
            "enterprise",
            "role",
            "edit",
            "virtualmachines",
            "pendingtasks",
            "applications"
        ]
    );

    let admin = api.get("/api/login?expand=privileges", "user").await;
    let held = names(&admin["privileges"]);
    for name in [
        "VAPP_PERFORM_ACTIONS",
        "VM_PROTECT_ACTION",
        "VAPP_RESTRICTED_VIEW",
        "USERS_MANAGE_USERS",
    ] {
        assert!(held.iter().any(|one| one == name), "{name}");
    }
    let role = crate::api::path(&admin, "role");
    assert_eq!(
        names(
            &api.get(&format!("{role}/action/privileges"), "privileges")
                .await
        ),
        held
    );

    let operator = api
        .get_as("operator", "/api/login?expand=privileges", "user")
        .await
        .json();
    let held = names(&operator["privileges"]);
    assert!(held.iter().any(|one| one == "VAPP_PERFORM_ACTIONS"));
    assert!(
        !held
            .iter()
            .any(|one| one == "VM_PROTECT_ACTION"
                || one.contains("RESTRICT") && one.starts_with('V'))
    );
}

#[tokio::test]
async fn the_answer_is_of_the_type_and_version_asked_for() {
    let api = Api::start();
    let ask = |accept: Option<&'static str>| {
        let request = api
            .bare(Method::GET, "/api/login")
            .basic_auth("admin", Some("demo"));
        api.send(accept.into_iter().fold(request, |request, value| {
            request.header(header::ACCEPT, value)
        }))
    };
    for (accept, answered) in [
        (Some(USER), USER),
        (
            Some("application/vnd.abiquo.user+json;version=3.10"),
            "application/vnd.abiquo.user+json; version=3.10",
        ),
        (
            Some("application/vnd.abiquo.user+json"),
            "application/vnd.abiquo.user+json; version=6.1",
        ),
        (None, "application/vnd.abiquo.user+json; version=6.1"),
    ] {
        let answer = ask(accept).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, answered)
        );
    }
    for accept in [
        "application/vnd.abiquo.user+json; version=7.0",
        "application/vnd.abiquo.user+json; version=2.6",
    ] {
        let answer = ask(Some(accept)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (406, "406-NOT-ACCEPTABLE")
        );
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_work() {
    let api = Api::start();
    let answer = api.post("admin", "/api/cloud/virtualmachines", "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (405, "405-METHOD-NOT-ALLOWED")
    );
    assert_eq!(answer.header("allow"), "GET");
}

#[tokio::test]
async fn every_answer_takes_at_least_the_latency() {
    let latency = std::time::Duration::from_millis(20);
    let api = Api::with(&vmdeck::demo::DemoOptions {
        latency,
        ..Default::default()
    });
    for user in ["admin", "nobody"] {
        let asked = std::time::Instant::now();
        api.get_as(user, "/api/login", "user").await;
        assert!(asked.elapsed() >= latency);
    }
}

#[tokio::test]
async fn dropping_the_clouds_stops_them() {
    let api = Api::start();
    assert_eq!(api.get_as("admin", "/api/login", "user").await.status, 200);
    let address = api.origin.strip_prefix("http://").unwrap().to_owned();
    drop(api);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_a_bad_request() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    let answer = api
        .post(
            "admin",
            &crate::api::path(&vm, "protect"),
            &"x".repeat(70_000),
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (400, "400-BAD-REQUEST")
    );
}

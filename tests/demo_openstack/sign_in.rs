//! Keystone v3.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use vmdeck::demo::OpenStackOptions;

use crate::api::{Demo, password};

/// What Keystone says to whoever it does not know.
fn who() -> Value {
    json!({"error": {
        "code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication.",
    }})
}

#[tokio::test]
async fn the_version_is_told_without_a_token() {
    let demo = Demo::start();
    let root = demo.ask(Method::GET, "/", &[], None).await;
    assert_eq!(root.status, 300);
    assert_eq!(root.json()["versions"]["values"][0]["id"], "v3.14");
    let v3 = demo.ask(Method::GET, "/v3", &[], None).await;
    assert_eq!(v3.status, 200);
    let version = &v3.json()["version"];
    assert_eq!(
        (&version["id"], &version["status"]),
        (&json!("v3.14"), &json!("stable"))
    );
    // The services sit behind a proxy, and their links name another port.
    assert_eq!(
        version["links"][0],
        json!({"rel": "self", "href": "http://127.0.0.1:443/v3/"})
    );
}

#[tokio::test]
async fn a_password_gets_a_token_of_a_project_with_a_catalogue() {
    let demo = Demo::start();
    let answer = demo.sign_in(password("alice", "red")).await;
    assert_eq!(answer.status, 201);
    assert!(answer.header("x-subject-token").starts_with("gAAAAA"));
    let token = &answer.json()["token"];
    assert_eq!(token["methods"], json!(["password"]));
    assert_eq!(token["issued_at"], "2025-07-14T08:00:00.000000Z");
    assert_eq!(token["expires_at"], "2025-07-14T09:00:00.000000Z");
    assert_eq!(token["user"]["name"], "alice");
    assert_eq!(
        token["user"]["domain"],
        json!({"id": "default", "name": "Default"})
    );
    assert_eq!(token["project"]["name"], "red");
    let roles = token["roles"].as_array().unwrap().iter();
    let roles: Vec<&str> = roles.map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(roles, ["reader", "member"]);

    let project = token["project"]["id"].as_str().unwrap();
    let url = |kind: &str, region: &str, interface: &str| -> String {
        let catalogue = token["catalog"].as_array().unwrap().iter();
        let service = catalogue
            .clone()
            .find(|service| service["type"] == kind)
            .unwrap();
        let endpoints = service["endpoints"].as_array().unwrap().iter();
        let mut fitting = endpoints.filter(|one| {
            one["region"] == region && one["region_id"] == region && one["interface"] == interface
        });
        let endpoint = fitting
            .next()
            .unwrap_or_else(|| panic!("{kind} in {region}"));
        assert!(fitting.next().is_none());
        endpoint["url"]
            .as_str()
            .unwrap()
            .replace(&demo.root, "root")
    };
    assert_eq!(url("identity", "eu-north", "public"), "root/v3");
    assert_eq!(url("compute", "eu-west", "public"), "root/compute/v2.1");
    assert_eq!(
        url("compute", "eu-west", "internal"),
        "root/internal/compute/v2.1"
    );
    assert_eq!(
        url("compute", "eu-north", "public"),
        format!("root/eu-north/compute/v2.1/{project}")
    );
    assert_eq!(url("network", "eu-west", "public"), "root/network");
    assert_eq!(
        url("image", "eu-north", "admin"),
        "root/internal/eu-north/image"
    );
    assert_eq!(url("placement", "eu-west", "public"), "root/placement");
}

#[tokio::test]
async fn who_is_not_known_is_told_no_more_than_that() {
    let demo = Demo::start();
    let mut wrong = password("alice", "red");
    wrong["identity"]["password"]["user"]["password"] = "demon".into();
    let mut no_domain = password("alice", "red");
    no_domain["identity"]["password"]["user"]["domain"] = json!({"name": "Elsewhere"});
    let cases = [
        wrong,
        no_domain,
        password("mallory", "red"),
        password("alice", "blue"),
        password("alice", "green"),
        json!({"identity": {"methods": ["totp"], "totp": {}}}),
    ];
    for auth in cases {
        let answer = demo.sign_in(auth.clone()).await;
        assert_eq!((answer.status, answer.json()), (401, who()), "{auth}");
        assert_eq!(
            answer.header("www-authenticate"),
            format!("Keystone uri=\"{}/v3\"", demo.root)
        );
    }
    let answer = demo
        .ask(
            Method::POST,
            "/v3/auth/tokens",
            &[],
            Some(json!({"user": "alice"})),
        )
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["title"], "Bad Request");
}

#[tokio::test]
async fn users_and_projects_are_found_by_id_and_a_default_project_is_taken() {
    let demo = Demo::start();
    let named = demo.sign_in(password("alice", "red")).await.json();
    let (user, project) = (
        &named["token"]["user"]["id"],
        &named["token"]["project"]["id"],
    );
    let by_id = json!({
        "identity": {"methods": ["password"], "password": {"user": {"id": user, "password": "demo"}}},
        "scope": {"project": {"id": project}},
    });
    assert_eq!(
        demo.sign_in(by_id).await.json()["token"]["project"]["name"],
        "red"
    );

    let mut silent = password("alice", "red");
    silent.as_object_mut().unwrap().remove("scope");
    assert_eq!(
        demo.sign_in(silent).await.json()["token"]["project"]["name"],
        "red"
    );
    // Who has no default project, or wants none, gets a token of no project.
    let mut unscoped = password("alice", "red");
    unscoped["scope"] = json!({"unscoped": {}});
    let mut carol = password("carol", "red");
    carol.as_object_mut().unwrap().remove("scope");
    for auth in [unscoped, carol] {
        let answer = demo.sign_in(auth).await;
        assert_eq!(answer.status, 201);
        let token = answer.json()["token"].clone();
        assert!(token.get("project").is_none() && token.get("catalog").is_none());
        let headers = [("x-auth-token", answer.header("x-subject-token"))];
        let refused = demo
            .ask(Method::GET, "/compute/v2.1/servers", &headers, None)
            .await;
        assert_eq!((refused.status, refused.json()), (401, who()));
    }
}

#[tokio::test]
async fn a_token_is_traded_for_another_project_and_keeps_its_end() {
    let demo = Demo::start();
    let mut carol = password("carol", "red");
    carol["scope"] = json!({"unscoped": {}});
    let first = demo.sign_in(carol).await;
    demo.after(600);
    let trade = |scope: Value| {
        json!({
            "identity": {"methods": ["token"], "token": {"id": first.header("x-subject-token")}}, "scope": scope,
        })
    };
    let scope = json!({"project": {"name": "blue", "domain": {"name": "Default"}}});
    let second = demo.sign_in(trade(scope)).await;
    assert_eq!(second.status, 201);
    let token = &second.json()["token"];
    assert_eq!(token["project"]["name"], "blue");
    assert_eq!(token["methods"], json!(["password", "token"]));
    assert_eq!(token["expires_at"], first.json()["token"]["expires_at"]);
    assert_eq!(token["issued_at"], "2025-07-14T08:10:00.000000Z");
}

#[tokio::test]
async fn an_application_credential_is_good_for_its_project_alone() {
    let demo = Demo::start();
    let form = |secret: &str| {
        json!({"identity": {"methods": ["application_credential"], "application_credential": {
            "name": "deployer", "secret": secret, "user": {"name": "alice", "domain": {"id": "default"}},
        }}})
    };
    let answer = demo.sign_in(form("demo-secret")).await;
    assert_eq!(answer.status, 201);
    let token = &answer.json()["token"];
    assert_eq!(token["methods"], json!(["application_credential"]));
    assert_eq!(
        (&token["user"]["name"], &token["project"]["name"]),
        (&json!("alice"), &json!("red"))
    );
    let credential = &token["application_credential"];
    assert_eq!(
        (&credential["name"], &credential["restricted"]),
        (&json!("deployer"), &json!(true))
    );

    let by_id = json!({"identity": {"methods": ["application_credential"], "application_credential": {
        "id": credential["id"], "secret": "demo-secret",
    }}});
    assert_eq!(demo.sign_in(by_id).await.status, 201);
    let mut scoped = form("demo-secret");
    scoped["scope"] = json!({"project": {"id": token["project"]["id"]}});
    for auth in [form("demo"), scoped] {
        assert_eq!(demo.sign_in(auth).await.status, 401);
    }
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over_or_it_is_revoked() {
    let demo = Demo::start_as(&OpenStackOptions {
        token_life: Duration::from_secs(90),
        ..OpenStackOptions::default()
    });
    let alice = demo.alice().await;
    demo.after(89);
    assert_eq!(alice.ask(Method::GET, "/servers", None).await.status, 200);
    demo.after(1);
    let over = alice.ask(Method::GET, "/servers", None).await;
    assert_eq!((over.status, over.json()), (401, who()));
    assert!(over.header("www-authenticate").starts_with("Keystone uri="));
    assert_eq!(alice.elsewhere("/network/v2.0/networks").await.status, 401);
    assert_eq!(alice.elsewhere("/v3/auth/projects").await.status, 401);

    let alice = demo.alice().await;
    let headers = [
        ("x-auth-token", &*alice.token),
        ("x-subject-token", &*alice.token),
    ];
    let seen = demo
        .ask(Method::GET, "/v3/auth/tokens", &headers, None)
        .await;
    assert_eq!(
        (seen.status, &seen.json()["token"]["user"]["name"]),
        (200, &json!("alice"))
    );
    let revoked = demo
        .ask(Method::DELETE, "/v3/auth/tokens", &headers, None)
        .await;
    assert_eq!(revoked.status, 204);
    assert_eq!(alice.ask(Method::GET, "/servers", None).await.status, 401);
}

#[tokio::test]
async fn projects_and_users_are_listed_for_whom_they_concern() {
    let demo = Demo::start();
    let (carol, admin) = (demo.user("carol", "red").await, demo.admin().await);
    let names = |body: Value, of: &str| -> Vec<String> {
        let rows = body[of].as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let own = carol.elsewhere("/v3/auth/projects").await;
    assert_eq!(names(own.json(), "projects"), ["blue", "red"]);
    let all = admin.elsewhere("/v3/projects").await;
    assert_eq!(names(all.json(), "projects"), ["admin", "red", "blue"]);
    let users = admin.elsewhere("/v3/users").await;
    assert_eq!(
        names(users.json(), "users"),
        ["admin", "alice", "bob", "carol", "rita"]
    );
    for (path, action) in [
        ("/v3/projects", "list_projects"),
        ("/v3/users", "list_users"),
    ] {
        let refused = carol.elsewhere(path).await;
        let message =
            format!("You are not authorized to perform the requested action: identity:{action}.");
        assert_eq!(refused.status, 403);
        assert_eq!(
            refused.json(),
            json!({"error": {"code": 403, "title": "Forbidden", "message": message}})
        );
    }
    let missing = admin.elsewhere("/v3/users/nobody").await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json()["error"]["message"],
        "Could not find user: nobody."
    );
}

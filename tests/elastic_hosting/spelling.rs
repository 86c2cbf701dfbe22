//! Addresses with a slash at their end, and without.

use vmdeck::clouds::{Error, Execution};
use vmdeck::config::EcpAuth;
use vmdeck::model::Action;

use crate::rig::{WEB, client, connected, count, known, lines, server, vms};
use crate::support::{Asked, Reply};

/// A server that knows addresses in one spelling and answers the other so.
async fn spelled(
    slash: bool,
    otherwise: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> crate::support::Server {
    server(move |asked| (asked.path.ends_with('/') != slash).then(|| otherwise(asked))).await
}

fn toggled(asked: &Asked) -> String {
    asked
        .path
        .strip_suffix('/')
        .map_or_else(|| format!("{}/", asked.path), str::to_owned)
}

#[tokio::test]
async fn the_manuals_spelling_comes_first_and_the_one_that_works_is_remembered() {
    let server = spelled(false, |_| Reply::new(404, "<html>")).await;
    let cloud = connected(&server).await;
    vms(&*cloud).await.unwrap();
    vms(&*cloud).await.unwrap();
    assert_eq!(count(&server, "GET /rest/hosting/vm/list/"), 1);
    assert_eq!(count(&server, "GET /rest/hosting/vm/list"), 3);
}

#[tokio::test]
async fn a_redirect_to_the_other_spelling_is_taken_from_reading_and_from_changing() {
    for status in [301, 302, 307, 308] {
        let server = spelled(false, move |asked| {
            Reply::new(status, "").header(
                "Location",
                &format!("https://inside.example:8443{}", toggled(asked)),
            )
        })
        .await;
        let cloud = connected(&server).await;
        let target = cloud.target(&known(WEB)).await.unwrap();
        cloud.perform(&target, &Action::PowerOff).await.unwrap();
        let posts: Vec<String> = lines(&server)
            .into_iter()
            .filter(|line| line.starts_with("POST"))
            .collect();
        assert_eq!(
            posts,
            [format!("POST /rest/hosting/vm/{WEB}")],
            "HTTP {status}: the reading has shown the spelling"
        );
    }
}

#[tokio::test]
async fn a_change_is_sent_again_only_where_nothing_can_have_been_executed() {
    // The change is spelled otherwise than the reading: 404 and a redirect to the other spelling prove that.
    for reply in [
        Reply::new(404, "<html>"),
        Reply::new(301, "").header("Location", &format!("/rest/hosting/vm/{WEB}")),
    ] {
        let server = server(move |asked| {
            (asked.line() == format!("POST /rest/hosting/vm/{WEB}/")).then(|| reply.clone())
        })
        .await;
        let cloud = connected(&server).await;
        let target = cloud.target(&known(WEB)).await.unwrap();
        cloud.perform(&target, &Action::PowerOff).await.unwrap();
        assert_eq!(count(&server, &format!("POST /rest/hosting/vm/{WEB}")), 1);
    }
    // See Other is what a server says that *has* done it; so is a way to another page.
    for reply in [
        Reply::new(303, "").header("Location", &format!("/rest/hosting/vm/{WEB}")),
        Reply::new(302, "").header("Location", "/login"),
        Reply::new(302, ""),
    ] {
        let server = server(move |asked| (asked.method == "POST").then(|| reply.clone())).await;
        let cloud = connected(&server).await;
        let target = cloud.target(&known(WEB)).await.unwrap();
        let error = cloud.perform(&target, &Action::PowerOff).await.unwrap_err();
        assert_eq!(error.execution(), Execution::Maybe, "{error:?}");
        let posts = lines(&server)
            .into_iter()
            .filter(|line| line.starts_with("POST"));
        assert_eq!(posts.count(), 1);
    }
}

#[tokio::test]
async fn what_is_in_neither_spelling_is_not_found() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let error = cloud.target(&known("5c8d2010")).await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    cloud.target(&known(WEB)).await.unwrap();
    cloud.target(&known("6d9e3121")).await.unwrap_err();
    assert_eq!(
        count(&server, "GET /rest/hosting/vm/6d9e3121"),
        0,
        "the spelling is proven by then, so that the VM must be gone"
    );
}

#[tokio::test]
async fn the_apis_own_404_is_an_answer_in_any_spelling() {
    let server = server(|asked| {
        asked
            .path
            .contains("5c8d2010")
            .then(|| Reply::new(404, r#"{"errno":1,"message":"no such vm"}"#))
    })
    .await;
    let cloud = connected(&server).await;
    let error = cloud.target(&known("5c8d2010")).await.unwrap_err();
    assert_eq!(error.to_string(), "not found: no such vm (errno 1)");
    assert_eq!(count(&server, "GET /rest/hosting/vm/5c8d2010"), 0);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed_and_no_reason_to_send_the_password() {
    let server = server(|asked| {
        let to = format!("https://portal.example.com{}", asked.path);
        Some(Reply::new(301, "").header("Location", &to))
    })
    .await;
    let error = client(&server, EcpAuth::Auto).connect().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("to portal.example.com, which is not followed"),
        "{error}"
    );
    assert_eq!(lines(&server).len(), 1);
}

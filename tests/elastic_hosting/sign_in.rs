//! Basic, the log-in form, its cookies and the header that goes with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vmdeck::clouds::{Error, open_with};
use vmdeck::config::{EcpAuth, EcpBody};
use vmdeck::model::Privileges;

use crate::rig::{BASIC, WEB, client, configured, count, known, lines, server, vms};
use crate::support::{Asked, PASSWORD, Reply, Server, limits};

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
const PAGE: &str = "<html><title>Log in</title><form>…</form></html>";

/// What the log-in form answers.
fn welcome() -> Reply {
    Reply::new(302, "")
        .header("Location", "/")
        .header("Set-Cookie", "session_id=s3cret; Path=/; HttpOnly")
        .header("Set-Cookie", &format!("ecp-csrf-token={TOKEN}; Path=/"))
}

fn is_log_in(asked: &Asked) -> bool {
    asked.line() == "POST /"
}

fn has_session(asked: &Asked) -> bool {
    asked
        .header("cookie")
        .is_some_and(|cookie| cookie.contains("session_id=s3cret"))
        && asked.header("x-xsrftoken") == Some(TOKEN)
}

/// A server that takes the form's session alone, and answers so where it is missing.
async fn form_alone(otherwise: Reply) -> Server {
    server(move |asked| {
        if is_log_in(asked) {
            Some(welcome())
        } else if has_session(asked) {
            None
        } else {
            Some(otherwise.clone())
        }
    })
    .await
}

/// The fields of a multipart body.
pub fn parts(asked: &Asked) -> Vec<(String, String)> {
    let kind = asked.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = asked.text();
    let whole = text
        .strip_suffix(&format!("--{boundary}--\r\n"))
        .expect("an end");
    whole
        .split(&format!("--{boundary}\r\n"))
        .skip(1)
        .map(|part| {
            let (head, value) = part.split_once("\r\n\r\n").unwrap();
            let name = head
                .strip_prefix("Content-Disposition: form-data; name=\"")
                .unwrap()
                .strip_suffix('"')
                .unwrap();
            (
                name.to_owned(),
                value.strip_suffix("\r\n").unwrap().to_owned(),
            )
        })
        .collect()
}

#[tokio::test]
async fn basic_goes_with_every_request() {
    let server = server(|_| None).await;
    let cloud = client(&server, EcpAuth::Auto);
    let session = cloud.connect().await.unwrap();
    assert_eq!(&*session.user, "privers");
    assert_eq!(session.privileges, Privileges::Unlisted);
    vms(&*cloud).await.unwrap();
    assert_eq!(lines(&server)[0], "GET /rest/hosting/vm/list/");
    for asked in server.asked() {
        assert_eq!(
            asked.header("authorization"),
            Some(BASIC),
            "{}",
            asked.line()
        );
        assert_eq!(asked.header("cookie"), None);
        assert_eq!(asked.header("x-xsrftoken"), None);
    }
}

#[tokio::test]
async fn where_basic_is_not_taken_the_log_in_form_is_tried() {
    for otherwise in [
        Reply::new(401, ""),
        Reply::ok(PAGE),
        Reply::new(302, "").header("Location", "/login?from=x"),
    ] {
        let server = form_alone(otherwise).await;
        let cloud = client(&server, EcpAuth::Auto);
        cloud.connect().await.unwrap();
        assert_eq!(vms(&*cloud).await.unwrap().len(), 3);
        let asked = server.asked();
        assert_eq!(asked[0].header("authorization"), Some(BASIC));
        assert_eq!(asked[1].line(), "POST /");
        assert_eq!(
            parts(&asked[1]),
            [
                ("user_name".to_owned(), "privers".to_owned()),
                ("password".to_owned(), PASSWORD.to_owned()),
                ("login".to_owned(), "Login".to_owned()),
            ]
        );
        for later in &asked[2..] {
            assert_eq!(
                later.header("authorization"),
                None,
                "the cookies are enough"
            );
            assert!(has_session(later), "{}", later.line());
        }
    }
}

#[tokio::test]
async fn the_configuration_may_settle_how_to_sign_in() {
    let server = form_alone(Reply::new(401, "")).await;
    let cloud = open_with(
        &configured(&server, EcpAuth::Form, EcpBody::Urlencoded),
        limits(),
    )
    .unwrap();
    cloud.connect().await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].line(), "POST /", "the form comes first");
    assert_eq!(
        asked[0].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        asked[0].text(),
        format!("user_name=privers&password={PASSWORD}&login=Login")
    );
    assert!(
        asked
            .iter()
            .all(|asked| asked.header("authorization").is_none())
    );

    let server = form_alone(Reply::new(401, "")).await;
    let error = client(&server, EcpAuth::Basic).connect().await.unwrap_err();
    assert!(matches!(error, Error::SignIn(_)), "{error:?}");
    assert_eq!(count(&server, "POST /"), 0, "the form is not tried");
}

#[tokio::test]
async fn the_cookie_against_forged_requests_goes_back_in_a_header_with_basic_as_well() {
    let server = server(|asked| {
        asked.path.ends_with("vm/list/").then(|| {
            Reply::ok(crate::rig::fixture("vm-list.response"))
                .header("Set-Cookie", &format!("ecp-csrf-token={TOKEN}; Path=/"))
        })
    })
    .await;
    let cloud = client(&server, EcpAuth::Auto);
    cloud.connect().await.unwrap();
    cloud.target(&known(WEB)).await.unwrap();
    let asked = server.asked();
    let last = asked.last().unwrap();
    assert_eq!(last.header("x-xsrftoken"), Some(TOKEN));
    assert_eq!(
        last.header("cookie"),
        Some(&*format!("ecp-csrf-token={TOKEN}"))
    );
    assert_eq!(last.header("authorization"), Some(BASIC));
}

#[tokio::test]
async fn credentials_that_nobody_takes_are_a_refused_sign_in_and_are_not_sent_again() {
    let refusals: [fn(&Asked) -> Reply; 3] = [
        |_| Reply::new(401, ""),
        |asked| {
            if is_log_in(asked) {
                Reply::ok(PAGE)
            } else {
                Reply::new(401, "")
            }
        },
        |_| Reply::ok(PAGE),
    ];
    for refuse in refusals {
        let server = Server::start(refuse).await;
        let cloud = client(&server, EcpAuth::Auto);
        let error = cloud.connect().await.unwrap_err();
        assert!(matches!(error, Error::SignIn(_)), "{error:?}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains(PASSWORD) && !told.contains(BASIC), "{told}");
        let before = server.asked().len();
        assert!(matches!(vms(&*cloud).await, Err(Error::SignIn(_))));
        assert_eq!(server.asked().len(), before, "no session, no request");
    }
}

#[tokio::test]
async fn a_url_without_the_api_is_said_to_be_wrong() {
    let server =
        Server::start(|_| Reply::new(404, "<html><title>Nothing here</title></html>")).await;
    let error = client(&server, EcpAuth::Auto).connect().await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("must end before /rest/hosting") && told.contains("Nothing here"),
        "{told}"
    );
}

#[tokio::test]
async fn a_session_that_has_ended_is_renewed_once_for_all_who_wait() {
    let log_ins = Arc::new(AtomicUsize::new(0));
    let counted = log_ins.clone();
    let server = server(move |asked| {
        let round = counted.load(Ordering::SeqCst);
        if is_log_in(asked) {
            let round = counted.fetch_add(1, Ordering::SeqCst) + 1;
            return Some(
                Reply::ok(PAGE).header("Set-Cookie", &format!("session_id=round-{round}")),
            );
        }
        let sent = asked.header("cookie").unwrap_or_default();
        // The first session is good for the sign-in alone.
        let good = sent == format!("session_id=round-{round}")
            && (round > 1 || asked.path.ends_with("vm/list/"));
        (!good).then(|| Reply::new(401, ""))
    })
    .await;
    let cloud = client(&server, EcpAuth::Form);
    cloud.connect().await.unwrap();
    let vm = known(WEB);
    let (one, two, three) =
        futures_util::join!(cloud.target(&vm), cloud.target(&vm), cloud.raw(&vm));
    one.unwrap();
    two.unwrap();
    three.unwrap();
    assert_eq!(
        log_ins.load(Ordering::SeqCst),
        2,
        "the first, and one for all three"
    );
}

#[tokio::test]
async fn a_change_does_not_sign_in_again_and_is_not_sent_again() {
    let server = server(|asked| {
        if is_log_in(asked) {
            return Some(welcome());
        }
        (asked.method == "POST").then(|| Reply::new(401, ""))
    })
    .await;
    let cloud = client(&server, EcpAuth::Form);
    cloud.connect().await.unwrap();
    let target = cloud.target(&known(WEB)).await.unwrap();
    let error = cloud
        .perform(&target, &vmdeck::model::Action::PowerOff)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::SignIn(_)), "{error:?}");
    assert_eq!(error.execution(), vmdeck::clouds::Execution::No);
    assert_eq!(count(&server, "POST /"), 1);
    assert_eq!(count(&server, &format!("POST /rest/hosting/vm/{WEB}/")), 1);
}

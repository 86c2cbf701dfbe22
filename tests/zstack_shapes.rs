//! Every recorded shape beside the API's page is either held against the client by a test, or is of something that this program does not do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Shapes of what this program does not do, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "action-expunge.request",
        "erasing for good is left to ZStack's own interface",
    ),
    (
        "action-start-on-host.request",
        "the server chooses the host",
    ),
    ("action-update.request", "VMs are not renamed from here"),
    (
        "console.request",
        "the proxy's token is a secret; the direct address is shown",
    ),
    ("console.job-done.response", "as console.request"),
    ("ha-level.response", "--keep-off is asked for, not derived"),
    ("ha-level.set.request", "as ha-level.response"),
    ("login-2fa.request", "a one-time code cannot be configured"),
    ("longjob-cancel.request", "long jobs are shown only"),
    (
        "starting-target-hosts.response",
        "the server chooses the host",
    ),
    ("version.request", "nothing depends on the version"),
    ("version.response", "as version.request"),
    ("vm-count.response", "counted from the list"),
    (
        "action-stop-ha.request",
        "written out in the test: cold, with stopHA",
    ),
    (
        "user-tag-create.request",
        "written out in the test: another tag",
    ),
];

#[test]
fn every_shape_is_used_by_a_test_or_left_out_for_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shapes: BTreeSet<String> = fs::read_dir(root.join("tests/fixtures/zstack"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".json").unwrap().to_owned())
        .collect();
    assert_eq!(shapes.len(), 56);
    let sources: String = [
        "tests/zstack_client.rs",
        "tests/zstack_actions.rs",
        "tests/support/zstack.rs",
        "src/clouds/zstack/login/tests.rs",
    ]
    .iter()
    .map(|file| fs::read_to_string(root.join(file)).unwrap())
    .collect();
    for shape in &shapes {
        let used = sources.contains(&format!("\"{shape}\""))
            || sources.contains(&format!("/{shape}.json"));
        let left_out = LEFT_OUT.iter().any(|(name, _)| name == shape);
        assert!(used || left_out, "{shape} is used by no test");
    }
    for (name, _) in LEFT_OUT {
        assert!(shapes.contains(*name), "{name} is no recorded shape");
    }
}

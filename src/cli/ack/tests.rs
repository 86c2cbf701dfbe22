#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::cli::testing::{info, inventory, name, names, task, vm};
use crate::fleet::Update;
use crate::model::{JobState, TaskState, VmKey};

fn with_tasks() -> Inventory {
    let mut inventory = inventory(
        vec![info("prod"), info("lab")],
        vec![vm("prod", "1", "web-01"), vm("lab", "2", "batch")],
    );
    let failed = |cloud: &str, vm: &str, id: &str| {
        let vm = VmKey::new(&name(cloud), vm);
        task(
            &vm,
            id,
            "SHUTDOWN",
            TaskState::FinishedUnsuccessfully,
            &[("SHUTDOWN", JobState::Failed)],
        )
    };
    inventory.apply(Update::Tasks {
        tasks: vec![
            failed("prod", "1", "t-1"),
            failed("prod", "1", "same"),
            failed("lab", "2", "same"),
        ],
    });
    inventory
}

fn resolved(texts: &[&str], read: Exit) -> Result<Vec<String>, Stop> {
    let clouds = names(&["prod", "lab"]);
    let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
    let references = parse_all(
        &texts,
        naming::Clouds {
            configured: &clouds,
            selected: &clouds,
        },
    )?;
    let inventory = with_tasks();
    let tasks = resolve_tasks(&references, &inventory, read)?;
    Ok(tasks.iter().map(|task| task.key.to_string()).collect())
}

#[test]
fn a_task_is_named_by_cloud_and_id_or_by_an_id_that_one_cloud_has() {
    assert_eq!(resolved(&["t-1"], Exit::Done).unwrap(), ["prod/t-1"]);
    let named = ["lab/same", "t-1", "prod/t-1"];
    assert_eq!(
        resolved(&named, Exit::Done).unwrap(),
        ["lab/same", "prod/t-1"],
        "each once"
    );
    let stop = resolved(&["same"], Exit::Done).unwrap_err();
    assert_eq!(stop.exit, Exit::Usage);
    assert!(stop.messages[0].contains("prod/same, lab/same"), "{stop:?}");
}

#[test]
fn an_unknown_task_is_wrong_usage_unless_it_may_be_where_nothing_was_read() {
    assert_eq!(
        resolved(&["t-9"], Exit::Done).unwrap_err().exit,
        Exit::Usage
    );
    assert_eq!(
        resolved(&["lab/t-1"], Exit::Done).unwrap_err().exit,
        Exit::Usage
    );
    for unsure in ["t-9", "t-1", "lab/t-9"] {
        assert_eq!(
            resolved(&[unsure], Exit::Partial).unwrap_err().exit,
            Exit::Partial,
            "{unsure}"
        );
    }
    assert_eq!(
        resolved(&["prod/t-1"], Exit::Partial).unwrap(),
        ["prod/t-1"],
        "what was read is certain"
    );
}

#[test]
fn the_commands_name_the_tasks_and_their_vms() {
    let inventory = with_tasks();
    let vm = VmKey::new(&name("lab"), "2");
    let commands = commands(inventory.warnings(&vm));
    assert_eq!(
        commands,
        [Command::Acknowledge {
            task: TaskKey {
                cloud: name("lab"),
                id: "same".into(),
            },
            vm: Some(vm),
        }]
    );
}

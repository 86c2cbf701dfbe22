//! Pictures of what administrators of appliances see, at 80x24, 120x36 and 200x50.

use std::sync::Arc;

use vmdeck::fleet::Update;
use vmdeck::model::*;

use crate::administered::{
    PRIVILEGES, SOFT_LIMIT, administered, cloud, group_task, held, needs_force, prod, report,
    select, select_vapp, signed_in,
};
use crate::scene::{Deck, noon, vm};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

fn at_each_size(name: &str, prepare: impl Fn(&mut Deck)) {
    for (width, height) in SIZES {
        let mut deck = administered(width, height);
        prepare(&mut deck);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), deck.screen());
    }
}

/// The privileges of an administrator but for one.
fn without(name: &str) -> Vec<&'static str> {
    PRIVILEGES
        .into_iter()
        .filter(|known| *known != name)
        .collect()
}

#[test]
fn the_menu_of_a_vm() {
    at_each_size("vm_menu", |deck| {
        select(deck, "old-wiki");
        deck.press("m");
    });
}

#[test]
fn the_menu_of_several() {
    at_each_size("several_menu", |deck| {
        deck.app
            .marks
            .toggle(&[prod("6"), prod("15"), prod("1"), prod("3")]);
        deck.press("m");
    });
}

#[test]
fn the_menu_of_an_appliance() {
    at_each_size("vapp_menu", |deck| {
        select_vapp(deck, "shop-front");
        deck.press("m");
    });
}

#[test]
fn the_menu_of_a_project() {
    at_each_size("project_menu", |deck| {
        deck.press("2 g j m");
    });
}

#[test]
fn the_name_of_a_copy() {
    at_each_size("snapshot", |deck| {
        select(deck, "old-wiki");
        deck.press("m n").typing("before the upgrade");
    });
}

#[test]
fn a_copy_without_a_name() {
    at_each_size("snapshot_empty", |deck| {
        select(deck, "old-wiki");
        deck.press("m n enter");
    });
}

#[test]
fn where_a_vm_can_be_moved() {
    at_each_size("move", |deck| {
        select(deck, "web-01");
        deck.press("m v j");
    });
}

#[test]
fn where_a_vm_can_be_moved_when_there_is_much_to_choose_from() {
    at_each_size("move_long", |deck| {
        let vapps = (0..40).map(|n| Vapp {
            cloud: cloud("prod"),
            id: format!("v{n}").into(),
            name: format!("team-{n:02}").into(),
            project: Some(Group {
                id: "east".into(),
                name: "VDC east".into(),
            }),
            tenant: None,
            server_state: Some(VappState::Empty),
            restricted: n % 7 == 0,
            locator: "".into(),
        });
        deck.tell([Update::Vapps {
            cloud: cloud("prod"),
            vapps: vapps.collect(),
        }]);
        select(deck, "web-01");
        deck.press("m v").typing("m-1").press("down down");
    });
}

#[test]
fn where_a_vm_can_be_restricted() {
    at_each_size("restrict", |deck| {
        select(deck, "web-01");
        deck.press("m x j");
    });
}

#[test]
fn moving_several() {
    at_each_size("move_several", |deck| {
        deck.app.marks.toggle(&[prod("1"), prod("3"), prod("9")]);
        deck.press("m v j enter");
    });
}

#[test]
fn released_or_deleted() {
    at_each_size("release", |deck| {
        select(deck, "legacy-erp");
        deck.press("m del");
    });
}

#[test]
fn releasing() {
    at_each_size("release_question", |deck| {
        select(deck, "legacy-erp");
        deck.press("m del enter").typing("legacy");
    });
}

#[test]
fn deploying_an_appliance() {
    at_each_size("vapp_deploy", |deck| {
        select_vapp(deck, "shop-front");
        deck.press("m d");
    });
}

#[test]
fn undeploying_an_appliance_with_protected_vms() {
    at_each_size("vapp_undeploy", |deck| {
        select_vapp(deck, "shop-db");
        deck.press("m u").typing("2");
    });
}

#[test]
fn deleting_an_appliance() {
    at_each_size("vapp_delete", |deck| {
        select_vapp(deck, "spare");
        deck.press("m del");
    });
}

#[test]
fn a_new_appliance() {
    at_each_size("vapp_new", |deck| {
        deck.press("2 g j m n")
            .typing("quarter end")
            .press("tab space");
    });
}

#[test]
fn a_new_appliance_without_a_name() {
    at_each_size("vapp_new_empty", |deck| {
        deck.press("2 g j m n enter");
    });
}

#[test]
fn editing_an_appliance_without_the_privilege() {
    at_each_size("vapp_edit", |deck| {
        deck.tell([signed_in("prod", &without("VAPP_RESTRICTED_MANAGE"))]);
        select_vapp(deck, "spare");
        deck.press("m e");
    });
}

#[test]
fn the_project_of_a_new_appliance() {
    at_each_size("projects", |deck| {
        deck.press("2 g m n");
        let group = |name: &str| Group {
            id: name.into(),
            name: format!("VDC {name}").into(),
        };
        deck.tell([Update::Projects {
            cloud: cloud("prod"),
            projects: Ok(vec![group("east"), group("north"), group("west")]),
        }]);
        deck.press("j");
    });
}

#[test]
fn a_cloud_asks_about_a_limit() {
    at_each_size("force", |deck| {
        let asked = Action::Deploy { force: false };
        deck.tell([report(7, "6", "web-06", asked, needs_force(SOFT_LIMIT))]);
    });
}

#[test]
fn a_cloud_asks_about_data() {
    at_each_size("force_typed", |deck| {
        let asked = Action::Undeploy { force: false };
        let words = "Undeploy of old-wiki on prod: its disks are not in the catalogue and would be lost (VM-44)";
        deck.tell([report(7, "7", "old-wiki", asked, needs_force(words))]);
    });
}

#[test]
fn a_cloud_asks_about_several() {
    at_each_size("force_several", |deck| {
        deck.app.marks.toggle(&[prod("6"), prod("15")]);
        deck.press("m d y");
        let asked = || Action::Deploy { force: false };
        let other = "the soft limit of 80 GiB is exceeded (SOFT_LIMIT_EXCEEDED)";
        deck.tell([
            report(1, "6", "web-06", asked(), needs_force(SOFT_LIMIT)),
            report(2, "15", "web-07", asked(), needs_force(other)),
        ]);
    });
}

#[test]
fn a_question_that_waits_is_hinted_at() {
    at_each_size("force_waits", |deck| {
        select(deck, "web-01");
        deck.press("p");
        let asked = Action::Deploy { force: false };
        deck.tell([report(7, "6", "web-06", asked, needs_force(SOFT_LIMIT))]);
        deck.press("esc");
    });
}

#[test]
fn what_waits_to_be_reviewed() {
    at_each_size("workflow", |deck| {
        deck.press("5");
        deck.tell(held());
        deck.press("space j");
    });
}

#[test]
fn what_waits_where_a_cloud_does_not_tell() {
    at_each_size("workflow_trouble", |deck| {
        deck.press("5");
        deck.tell(held().into_iter().take(2));
        deck.tell([Update::Held {
            cloud: cloud("lab"),
            tasks: Err(
                "reading the held tasks on lab failed: it does not answer; Ctrl-R tries again"
                    .into(),
            ),
        }]);
    });
}

#[test]
fn nothing_waits_to_be_reviewed() {
    at_each_size("workflow_empty", |deck| {
        deck.press("5");
        let none = |name: &str| Update::Held {
            cloud: cloud(name),
            tasks: Ok(Vec::new()),
        };
        deck.tell([none("prod"), none("lab")]);
    });
}

#[test]
fn what_is_held_is_being_read() {
    at_each_size("workflow_read", |deck| {
        deck.press("5");
    });
}

#[test]
fn approving() {
    at_each_size("approve", |deck| {
        deck.press("5");
        deck.tell(held());
        deck.press("Y").typing("ok for tonight");
    });
}

#[test]
fn rejecting_several_of_which_one_cannot_be() {
    at_each_size("reject", |deck| {
        deck.tell([signed_in("lab", &without("WORKFLOW_OVERRIDE"))]);
        deck.press("5");
        deck.tell(held());
        deck.press("ctrl-a N");
    });
}

#[test]
fn a_held_task_opened() {
    at_each_size("held", |deck| {
        deck.press("5");
        deck.tell(held());
        deck.press("enter");
    });
}

#[test]
fn a_held_task_that_one_may_not_decide() {
    at_each_size("held_denied", |deck| {
        deck.tell([signed_in("prod", &without("WORKFLOW_OVERRIDE"))]);
        deck.press("5");
        deck.tell(held());
        deck.press("enter");
    });
}

#[test]
fn appliances_that_wait() {
    at_each_size("appliances_held", |deck| {
        deck.tell(held());
        deck.press("2 / ")
            .typing("shop-front")
            .press("enter g j j l");
    });
}

#[test]
fn a_failed_deploy_opened() {
    at_each_size("failed_deploy", |deck| {
        if deck.app.pane_rows().is_none() {
            deck.press("t");
        } else {
            deck.press("tab");
            if deck.app.is_wide() {
                deck.press("tab");
            }
        }
        deck.press("j enter");
    });
}

#[test]
fn the_events_of_what_failed() {
    at_each_size("failed_events", |deck| {
        select(deck, "web-06");
        deck.press("e");
    });
}

#[test]
fn the_task_of_an_appliance_opened() {
    at_each_size("group_task", |deck| {
        deck.tell([group_task()]);
        deck.press("T j j j enter");
    });
}

#[test]
fn the_hosts_of_a_relocation() {
    at_each_size("hosts", |deck| {
        select(deck, "web-01");
        deck.press("m r");
        let host = |id: &str, name: &str, cpus, ram| Host {
            id: id.into(),
            name: name.into(),
            cluster: Some("rack east".into()),
            address: None,
            cpus: Some(cpus),
            ram_mib: Some(ram),
        };
        deck.tell([Update::Candidates {
            vm: prod("1"),
            hosts: Ok(vec![
                host("h1", "esx-01", (4, 32), (8_192, 65_536)),
                host("h2", "esx-02", (30, 32), (60_000, 65_536)),
            ]),
        }]);
    });
}

#[test]
fn a_vm_that_is_relocated() {
    at_each_size("relocating", |deck| {
        let moving = vm("prod", "1", "web-01", PowerState::Locked, "shop-front");
        let jobs = [("RELOCATE", JobState::Started, JobState::Unknown)];
        let task = crate::scene::task(&moving, "r-1", "RELOCATE", TaskState::Started, &jobs, 9);
        deck.tell([
            Update::Vms {
                cloud: cloud("prod"),
                changed: vec![Arc::new(moving)],
                gone: Vec::new(),
                as_of: noon(),
            },
            Update::Tasks { tasks: vec![task] },
        ]);
        select(deck, "web-0");
    });
}

#[test]
fn the_help_of_workflow() {
    at_each_size("workflow_help", |deck| {
        deck.press("5 ?");
    });
}

#[test]
fn the_help_of_an_appliance() {
    at_each_size("vapp_help", |deck| {
        select_vapp(deck, "shop-front");
        deck.press("m ?");
    });
}

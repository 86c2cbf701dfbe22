//! Who may decide about the tasks of others: those held by workflow, and failed ones that warn; and who may look at other tenants.

use super::availability::Availability;
use super::capabilities::Capabilities;
use super::denial::Denial;
use super::session::Session;
use super::task::{Task, TaskState};

/// Whether a held task may be approved or rejected by who is signed in. Anybody may reject what they asked for; the rest needs the
/// privilege (Abiquo: `WORKFLOW_OVERRIDE`).
#[must_use]
pub fn may_decide(
    approve: bool,
    task: &Task,
    capabilities: &Capabilities,
    session: Option<&Session>,
    read_only: bool,
) -> Availability {
    let denial = match (session, capabilities.workflow) {
        _ if read_only => Some(Denial::ReadOnly),
        _ if task.state != TaskState::Queueing => Some(Denial::NotHeld),
        (None, _) => Some(Denial::NotSignedIn(None)),
        (_, None) => Some(Denial::NotHeld),
        (Some(session), Some(lacks)) => {
            let own = is_own(task, session);
            let may = session.privileges.holds(lacks) || own && !approve;
            (!may).then_some(Denial::Review { lacks, own })
        }
    };
    denial.map_or(Availability::Allowed, Availability::Denied)
}

/// Whether a failed task may be acknowledged by who is signed in: one's own always, those of others with the privilege (Abiquo:
/// `USERS_MANAGE_USERS`). A task that does not tell whose it is may be tried: the cloud has the last word.
#[must_use]
pub fn may_acknowledge(
    task: &Task,
    capabilities: &Capabilities,
    session: Option<&Session>,
    read_only: bool,
) -> Availability {
    let others = capabilities.acknowledge_others.zip(session);
    let denial = match (others, &task.user) {
        _ if read_only && capabilities.acknowledge_others.is_some() => Some(Denial::ReadOnly),
        (Some((lacks, session)), Some(user))
            if !session.privileges.holds(lacks) && !is_own(task, session) =>
        {
            Some(Denial::OthersTask {
                lacks,
                user: user.clone(),
            })
        }
        _ => None,
    };
    denial.map_or(Availability::Allowed, Availability::Denied)
}

/// Whether who is signed in may look at other tenants of a cloud (Abiquo: `ENTERPRISE_ADMINISTER_ALL`). Looking changes nothing, so a
/// read-only cloud allows it.
#[must_use]
pub fn may_look_at(capabilities: &Capabilities, session: Option<&Session>) -> Availability {
    let denial = match (capabilities.tenants, session) {
        (None, _) => Some(Denial::NoTenants {
            provider: capabilities.provider,
        }),
        (_, None) => Some(Denial::NotSignedIn(None)),
        (Some(lacks), Some(session)) => {
            (!session.privileges.holds(lacks)).then_some(Denial::Privilege(lacks))
        }
    };
    denial.map_or(Availability::Allowed, Availability::Denied)
}

fn is_own(task: &Task, session: &Session) -> bool {
    let user = task.user.as_deref();
    user.is_some_and(|user| session.is_named(user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CloudName, Privileges, TaskKey, TaskKind};

    static CAPABILITIES: Capabilities = Capabilities {
        workflow: Some("OVERRIDE"),
        acknowledge_others: Some("MANAGE_USERS"),
        ..Capabilities::NONE
    };

    fn task(state: TaskState, user: Option<&str>) -> Task {
        Task {
            key: TaskKey {
                cloud: CloudName::new("prod"),
                id: "t".into(),
            },
            vm: None,
            kind: TaskKind::new("DEPLOY"),
            state,
            created_at: None,
            updated_at: None,
            user: user.map(Into::into),
            jobs: Vec::new(),
            watched_here: false,
            subject: None,
            acknowledgeable: true,
            locator: "".into(),
        }
    }

    fn session(privileges: &[&str]) -> Session {
        Session {
            user: "admin".into(),
            full_name: Some("Ada Admin".into()),
            tenant: None,
            privileges: privileges.iter().copied().collect::<Privileges>(),
        }
    }

    fn words(answer: &Availability) -> String {
        answer.denial().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn ones_own_held_task_may_be_rejected_and_approving_needs_the_privilege() {
        let decide = |approve, user, held: &[&str]| {
            let task = task(TaskState::Queueing, Some(user));
            let session = session(held);
            words(&may_decide(
                approve,
                &task,
                &CAPABILITIES,
                Some(&session),
                false,
            ))
        };
        assert_eq!(decide(false, "admin", &[]), "");
        assert_eq!(decide(false, "Ada Admin", &[]), "");
        assert_eq!(decide(false, "ADMIN", &[]), "");
        assert_eq!(
            decide(true, "admin", &[]),
            "You may reject it, not approve it: your role lacks OVERRIDE"
        );
        assert_eq!(
            decide(false, "bob", &[]),
            "Somebody else asked for it; your role lacks OVERRIDE"
        );
        assert_eq!(decide(true, "bob", &["OVERRIDE"]), "");
        let over = task(TaskState::Started, Some("admin"));
        let session = session(&["OVERRIDE"]);
        assert_eq!(
            may_decide(true, &over, &CAPABILITIES, Some(&session), false).denial(),
            Some(&Denial::NotHeld)
        );
        let held = task(TaskState::Queueing, None);
        assert_eq!(
            may_decide(true, &held, &CAPABILITIES, Some(&session), true).denial(),
            Some(&Denial::ReadOnly)
        );
    }

    #[test]
    fn failed_tasks_of_others_need_the_privilege_and_ones_own_never() {
        let acknowledge = |user, held: &[&str]| {
            let task = task(TaskState::FinishedUnsuccessfully, user);
            words(&may_acknowledge(
                &task,
                &CAPABILITIES,
                Some(&session(held)),
                false,
            ))
        };
        assert_eq!(acknowledge(Some("admin"), &[]), "");
        assert_eq!(acknowledge(None, &[]), "");
        assert_eq!(
            acknowledge(Some("bob"), &[]),
            "It is a task of bob; your role lacks MANAGE_USERS"
        );
        assert_eq!(acknowledge(Some("bob"), &["MANAGE_USERS"]), "");
    }

    #[test]
    fn other_tenants_are_looked_at_with_the_privilege_where_there_are_any() {
        const TENANTS: Capabilities = Capabilities {
            provider: "Testcloud",
            tenants: Some("LOOK"),
            ..Capabilities::NONE
        };
        let why = |capabilities, session: Option<&Session>| {
            may_look_at(capabilities, session)
                .denial()
                .map(ToString::to_string)
        };
        assert_eq!(why(&TENANTS, Some(&session(&["LOOK"]))), None);
        assert_eq!(
            why(&TENANTS, Some(&session(&["POWER"]))).as_deref(),
            Some("Your role lacks LOOK")
        );
        assert_eq!(
            why(&TENANTS, None).as_deref(),
            Some("The cloud has not answered the sign-in yet")
        );
        let none = Capabilities {
            tenants: None,
            ..TENANTS
        };
        assert_eq!(
            why(&none, Some(&session(&["LOOK"]))).as_deref(),
            Some("Testcloud has no other tenants to look at")
        );
    }
}

//! Who may decide about the tasks of others: those held by workflow, and failed ones that warn; and who may look at other tenants.

use super::availability::{Availability, Denial};
use super::capabilities::Capabilities;
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

/// Tasks name their user by the login name or by the full name (Abiquo: the title of the `user` link).
fn is_own(task: &Task, session: &Session) -> bool {
    let user = task.user.as_deref();
    user.is_some() && (user == Some(&*session.user) || user == session.full_name.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANTS: Capabilities = Capabilities {
        provider: "Testcloud",
        tenants: Some("LOOK"),
        ..Capabilities::NONE
    };

    fn session(privileges: &[&str]) -> Session {
        Session {
            user: "admin".into(),
            full_name: None,
            tenant: None,
            privileges: privileges.iter().copied().collect(),
        }
    }

    #[test]
    fn other_tenants_are_looked_at_with_the_privilege_where_there_are_any() {
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

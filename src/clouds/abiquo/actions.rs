//! Acting on a VM: reading it afresh, sending one change, and finding the task that follows.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::DATE;
use reqwest::{Method, StatusCode};

use super::Abiquo;
use super::calls::{Call, Media};
use super::mapping::{Mapper, Texts};
use super::refusal::{decode, said_nothing, unreadable};
use super::wire::{AcceptedRequest, Collection, VirtualMachine, VirtualMachineState};
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, Route, date};
use crate::clouds::{Accepted, Error, Result, Target, TaskHandle};
use crate::model::{Action, Task, TaskKey, Vm, VmKey};

/// What acting on a VM needs: where its actions are, as it said itself just now.
struct Handle {
    state: Option<Route>,
    reset: Option<Route>,
    protect: Option<Route>,
    unprotect: Option<Route>,
}

/// One change, ready to be sent.
struct Change<'a> {
    rel: &'static str,
    route: Option<&'a Route>,
    method: Method,
    accept: Media,
    content: Option<(Media, Vec<u8>)>,
    /// The kind of the task that it makes; `None` where it makes none.
    task: Option<&'static str>,
}

impl Abiquo {
    /// Reads a VM where it was found, or where it has moved to. What is acted on next is the VM that was asked for, or none: whatever
    /// the cloud answers instead is refused.
    pub(super) async fn read_target(&self, vm: &Vm) -> Result<Target> {
        let target = self.read_somewhere(vm).await?;
        let other_uuid = match (&vm.uuid, &target.vm.uuid) {
            (Some(asked), Some(read)) => !asked.eq_ignore_ascii_case(read),
            _ => false,
        };
        if target.vm.key != vm.key || other_uuid {
            return Err(Error::Protocol(
                "the cloud answered with another VM".to_owned(),
            ));
        }
        Ok(target)
    }

    async fn read_somewhere(&self, vm: &Vm) -> Result<Target> {
        let read = match Route::new(&vm.locator) {
            Ok(route) => self.read_vm(route).await,
            // A VM that never said where it is.
            Err(_) => Err(Error::NotFound("it is not known where it is".to_owned())),
        };
        match read {
            Err(Error::NotFound(why)) => match self.moved(vm).await? {
                Some(route) => self.read_vm(route).await,
                None => Err(Error::NotFound(why)),
            },
            other => other,
        }
    }

    async fn read_vm(&self, route: Route) -> Result<Target> {
        let answer = self
            .call(Call::get(route, "virtualmachine").acting())
            .await?;
        let wire: VirtualMachine<'_> = decode(&answer.body, "the VM")?;
        let mut names = Texts::default();
        let origin = self.http.origin();
        let vm = Mapper {
            cloud: &self.name,
            origin,
            names: &mut names,
        }
        .vm(&wire);
        let vm = vm.ok_or_else(|| Error::Protocol("the VM has no id".to_owned()))?;
        let link = |rel: &str| {
            wire.links
                .href(rel)
                .and_then(|href| origin.route(href).ok())
        };
        let handle = Handle {
            state: link("state"),
            reset: link("reset"),
            protect: link("protect"),
            unprotect: link("unprotect"),
        };
        Ok(Target {
            vm,
            handle: Box::new(handle),
        })
    }

    /// Where a VM is that is not where it was: moving one to another appliance changes its address, not its id. One request, by its name.
    async fn moved(&self, vm: &Vm) -> Result<Option<Route>> {
        let label: String = url::form_urlencoded::byte_serialize(vm.name.as_bytes()).collect();
        let route = Route::new(&format!("/cloud/virtualmachines?vmlabel={label}&limit=100"))?;
        let answer = self
            .call(Call::get(route, "virtualmachines").acting().list())
            .await?;
        let page: Collection<'_, VirtualMachine<'_>> = decode(&answer.body, "the list of VMs")?;
        let here = page
            .collection
            .items
            .iter()
            .find(|wire| wire.id.get() == Some(&*vm.key.id));
        Ok(here.and_then(|wire| self.http.origin().route(wire.links.href("edit")?).ok()))
    }

    /// Sends one action to a VM that was read just now.
    pub(super) async fn act(&self, target: &Target, action: &Action) -> Result<Accepted> {
        let unknown = || Error::NotFound("the VM was read by another cloud".to_owned());
        let handle = target.handle.downcast_ref::<Handle>().ok_or_else(unknown)?;
        let change = change(handle, action)?;
        let Some(route) = change.route else {
            return Err(Error::NotFound(format!(
                "the cloud offers no {} for this VM",
                change.rel
            )));
        };
        let mut call = Call::change(change.method, route.clone(), change.accept);
        if let Some((media, body)) = change.content {
            call = call.with(media, body);
        }
        let answer = self.call(call).await?;
        match change.task {
            Some(kind) => self.accepted(&target.vm, kind, &answer).await,
            None => said_nothing(&answer).map(|()| Accepted::Done),
        }
    }

    /// What a success means: a task to follow, named by the answer's `status` link or by the answer itself; nothing to do (204). A
    /// success that says neither proves nothing: whether the action was taken is told by the VM alone.
    async fn accepted(&self, vm: &Vm, kind: &str, answer: &Answer) -> Result<Accepted> {
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Accepted::Done);
        }
        if !answer.body.trim_ascii().is_empty()
            && let Some(handle) = self.status(&vm.key, answer)?
        {
            return Ok(Accepted::Task(handle));
        }
        // A reading that fails now must not look like a failed action.
        let tasks = self.tasks_of(vm, true).await.unwrap_or_default();
        let task = newest(tasks, kind, date(&answer.headers, DATE));
        let task = task.ok_or_else(|| {
            Error::Protocol("it was accepted, but the answer names no task".to_owned())
        })?;
        Ok(Accepted::Task(TaskHandle {
            key: task.key,
            vm: Some(vm.key.clone()),
            locator: task.locator,
        }))
    }

    /// The task that an answer names. The documents show an accepted request with a `status` link, and once the task itself.
    ///
    /// # Errors
    /// When the answer is not the API's.
    fn status(&self, vm: &VmKey, answer: &Answer) -> Result<Option<TaskHandle>> {
        let accepted: AcceptedRequest<'_> =
            decode(&answer.body, "the answer").map_err(|_| unreadable(answer))?;
        let own = accepted.task_id.get().is_some();
        let route = accepted
            .links
            .href(if own { "self" } else { "status" })
            .and_then(|href| self.http.origin().route(href).ok());
        let Some(route) = route else {
            return Ok(None);
        };
        let id = accepted
            .task_id
            .get()
            .unwrap_or_else(|| route.last_segment());
        let id = crate::model::text::clean_name(id);
        Ok((!id.is_empty()).then(|| TaskHandle {
            key: TaskKey {
                cloud: self.name.clone(),
                id: Arc::from(&*id),
            },
            vm: Some(vm.clone()),
            locator: Arc::from(route.path()),
        }))
    }
}

/// The change that an action is. States are put, everything else is posted; the reason of a protection is plain text.
fn change<'h>(handle: &'h Handle, action: &Action) -> Result<Change<'h>> {
    let state = |state: &'static str, graceful_shutdown: bool, task: &'static str| {
        let body = serde_json::to_vec(&VirtualMachineState {
            state,
            graceful_shutdown,
        });
        let body = body.map_err(|error| Error::Protocol(error.to_string()))?;
        Ok(Change {
            rel: "state",
            route: handle.state.as_ref(),
            method: Method::PUT,
            accept: Media::Abiquo("acceptedrequest"),
            content: Some((Media::Abiquo("virtualmachinestate"), body)),
            task: Some(task),
        })
    };
    let post = |rel: &'static str, route: &'h Option<Route>| Change {
        rel,
        route: route.as_ref(),
        method: Method::POST,
        accept: Media::Any,
        content: None,
        task: None,
    };
    match action {
        Action::PowerOn => state("ON", false, "POWER_ON"),
        Action::Resume => state("ON", false, "RESUME"),
        Action::PowerOff => state("OFF", false, "POWER_OFF"),
        Action::Shutdown => state("OFF", true, "SHUTDOWN"),
        Action::Pause => state("PAUSED", false, "PAUSE"),
        Action::Reset => Ok(Change {
            accept: Media::Abiquo("acceptedrequest"),
            task: Some("RESET"),
            ..post("reset", &handle.reset)
        }),
        Action::Protect { reason } => Ok(Change {
            content: Some((Media::Text, reason.clone().into_bytes())),
            ..post("protect", &handle.protect)
        }),
        Action::Unprotect => Ok(post("unprotect", &handle.unprotect)),
        // Availability says no before anything gets here.
        _ => Err(Error::Rejected(Rejection {
            status: 405,
            code: None,
            message: format!(
                "this console performs no {} on Abiquo",
                action.kind().title().to_lowercase()
            ),
        })),
    }
}

/// The task of an action among those of its VM: of its kind, and still running or made no earlier than the answer (by the server's own
/// clock). An older one is another action's.
fn newest(tasks: Vec<Task>, kind: &str, answered: Option<Timestamp>) -> Option<Task> {
    /// Tasks and the header count whole seconds, and the task is made a little before the answer.
    const SLACK: SignedDuration = SignedDuration::from_secs(5);
    let young = |task: &Task| match (task.created_at, answered) {
        (Some(made), Some(answered)) => answered.duration_since(made) <= SLACK,
        _ => false,
    };
    let mut tasks = tasks.into_iter();
    tasks.find(|task| task.kind.as_str() == kind && (task.is_running() || young(task)))
}

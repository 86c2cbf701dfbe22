//! What the screen wants read now, beside whatever else is being read.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Worker, lock};
use crate::clouds::{self, EventQuery};
use crate::fleet::update::Update;
use crate::fleet::words;
use crate::model::{Denial, Event, Group, Host, RemoteAccess, Series, Task, Vm, VmKey};

/// A question that is on its way or waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fleet) enum Question {
    /// The tasks of a VM.
    Tasks(VmKey),
    /// The VM as its server tells it.
    Raw(VmKey),
    /// What it wrote on its console.
    ConsoleLog(VmKey),
    /// The hosts that it can be moved to.
    Candidates(VmKey),
    /// How its screen is reached, and whether the password is wanted.
    Remote(VmKey, bool),
    /// What was measured of it.
    Metrics(VmKey),
    /// The tasks that workflow holds.
    Held,
    /// The tenants that can be looked at.
    Tenants,
    /// Where appliances can be made.
    Projects,
    /// Other events than those that are read anyway.
    Events(EventQuery),
}

impl Worker {
    /// Takes a question. Never waits; one that is asked already is not asked again, so that there is at most one of each kind for each VM.
    pub(in crate::fleet) fn ask(self: &Arc<Self>, question: Question) {
        if !lock(&self.asked).insert(question.clone()) {
            return;
        }
        let worker = self.clone();
        self.spawn("reading", async move {
            let asked = Asked {
                worker: worker.clone(),
                question,
            };
            let work = async {
                let _slot = worker.asking_slots.acquire().await;
                match &asked.question {
                    Question::Tasks(vm) => worker.answer_tasks(vm).await,
                    Question::Raw(vm) => worker.answer_raw(vm).await,
                    Question::ConsoleLog(vm) => worker.answer_console_log(vm).await,
                    Question::Candidates(vm) => worker.answer_candidates(vm).await,
                    Question::Remote(vm, reveal) => worker.answer_remote(vm, *reveal).await,
                    Question::Metrics(vm) => worker.answer_metrics(vm).await,
                    Question::Held => worker.answer_held().await,
                    Question::Tenants => worker.answer_tenants().await,
                    Question::Projects => worker.answer_projects().await,
                    Question::Events(query) => worker.answer_events(query).await,
                }
            };
            worker.common.stop.closing.run_until_cancelled(work).await;
        });
    }

    /// A person wants a listing now; refused credentials may be tried again, for they may have been mended.
    pub(in crate::fleet) fn refresh(&self) {
        self.sign_in.allow_again();
        self.refresh_now.notify_one();
    }

    /// These of its VMs are on the screen.
    pub(in crate::fleet) fn on_screen(&self, vms: &[VmKey]) {
        let ours = vms.iter().filter(|vm| vm.cloud == self.info.name);
        lock(&self.reads).on_screen(ours.map(|vm| vm.id.clone()).collect());
        self.reads_wanted.notify_one();
    }

    async fn answer_tasks(self: &Arc<Self>, key: &VmKey) {
        let known = self.known().vm(&key.id);
        let Some(vm) = known else { return };
        if let Err(error) = self.read_tasks(&vm).await {
            let what = words::what("Reading the tasks", &vm.name, &key.cloud);
            let message = words::failed_by(&what, &error);
            self.outbox().trouble(Some(&self.info.name), message);
        }
    }

    async fn answer_raw(&self, key: &VmKey) {
        let document = self
            .about("Reading", key, async |vm| {
                self.read(|| self.cloud.raw(vm)).await
            })
            .await;
        self.outbox().answer(Update::Raw {
            vm: key.clone(),
            document,
        });
    }

    async fn answer_console_log(&self, key: &VmKey) {
        self.outbox().answer(Update::ConsoleLog {
            vm: key.clone(),
            text: self.console_log(key).await,
        });
    }

    /// What a VM wrote on its console; or why nobody can tell, as one sentence.
    pub(in crate::fleet) async fn console_log(&self, key: &VmKey) -> Result<String, String> {
        self.about("Reading the console log", key, async |vm| {
            self.ensure_session().await?;
            self.read(|| self.cloud.console_log(vm)).await
        })
        .await
    }

    async fn answer_candidates(&self, key: &VmKey) {
        self.outbox().answer(Update::Candidates {
            vm: key.clone(),
            hosts: self.candidates(key).await,
        });
    }

    async fn answer_remote(&self, key: &VmKey, reveal: bool) {
        self.outbox().answer(Update::Remote {
            vm: key.clone(),
            access: self.remote_access(key, reveal).await,
        });
    }

    async fn answer_metrics(&self, key: &VmKey) {
        self.outbox().answer(Update::Metrics {
            vm: key.clone(),
            series: self.metrics(key).await,
        });
    }

    async fn answer_tenants(&self) {
        self.answer_of_tenant(
            "tenants",
            || self.tenants().boxed(),
            |tenants| Update::Tenants {
                cloud: self.info.name.clone(),
                tenants,
            },
        )
        .await;
    }

    async fn answer_held(&self) {
        self.known().want_held();
        self.tell_held().await;
    }

    async fn answer_projects(&self) {
        self.answer_of_tenant(
            "projects",
            || self.projects().boxed(),
            |projects| Update::Projects {
                cloud: self.info.name.clone(),
                projects,
            },
        )
        .await;
    }

    async fn answer_events<'a>(&'a self, query: &'a EventQuery) {
        self.answer_of_tenant(
            "events",
            || self.event_page(query).boxed(),
            |events| Update::EventPage {
                cloud: self.info.name.clone(),
                query: query.clone(),
                events,
            },
        )
        .await;
    }

    /// Reads the tasks that workflow holds and tells them.
    async fn tell_held(&self) {
        self.answer_of_tenant(
            "held tasks",
            || self.held_tasks().boxed(),
            |tasks| {
                self.known().put_held(tasks.as_deref().unwrap_or_default());
                Update::Held {
                    cloud: self.info.name.clone(),
                    tasks,
                }
            },
        )
        .await;
    }

    /// Tells the tasks that workflow holds as they are now, if anybody ever asked.
    pub(super) async fn read_held_if_wanted(&self) {
        if self.known().wants_held() {
            self.tell_held().await;
        }
    }

    /// Reads something that depends on the tenant that is looked at, again when that is another one meanwhile, and answers it: behind
    /// what was told of the former one.
    async fn answer_of_tenant<'a, T>(
        &'a self,
        what: &str,
        read: impl Fn() -> BoxFuture<'a, clouds::Result<T>>,
        update: impl Fn(Result<T, String>) -> Update,
    ) {
        loop {
            let order = self.known().begin();
            let answer = read().await.map_err(|error| {
                let what = format!("Reading the {what} of {}", self.info.name);
                words::failed_by(&what, &error)
            });
            let told = self.outbox().tell(|| {
                let is_old = self.known().is_old(order);
                (is_old, (!is_old).then(|| update(answer)))
            });
            if told.await != Some(true) {
                return;
            }
        }
    }

    /// The tasks that workflow holds and the user may see.
    pub(in crate::fleet) async fn held_tasks(&self) -> clouds::Result<Vec<Task>> {
        if self.info.capabilities.workflow.is_none() {
            return Ok(Vec::new());
        }
        self.ensure_session().await?;
        self.read(|| self.cloud.held_tasks()).await
    }

    /// The projects in which appliances can be made.
    pub(in crate::fleet) async fn projects(&self) -> clouds::Result<Vec<Group>> {
        self.ensure_session().await?;
        self.read(|| self.cloud.projects()).await
    }

    async fn event_page(&self, query: &EventQuery) -> clouds::Result<Vec<Event>> {
        if !self.info.capabilities.events {
            return Ok(Vec::new());
        }
        self.ensure_session().await?;
        let mut events = self.read(|| self.cloud.events(query)).await?;
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        Ok(events)
    }

    /// The tenants that can be looked at. A cloud without others has none.
    pub(in crate::fleet) async fn tenants(&self) -> clouds::Result<Vec<Group>> {
        self.ensure_session().await?;
        match self.may_not_look() {
            Some(Denial::NoTenants { .. }) => return Ok(Vec::new()),
            Some(denial) => return Err(clouds::Error::Forbidden(denial.to_string())),
            None => {}
        }
        self.read(|| self.cloud.tenants()).await
    }

    /// How the screen of a VM is reached; or why nobody can tell, as one sentence.
    pub(in crate::fleet) async fn remote_access(
        &self,
        key: &VmKey,
        reveal: bool,
    ) -> Result<RemoteAccess, String> {
        self.about("Reading the remote access", key, async |vm| {
            self.ensure_session().await?;
            self.read(|| self.cloud.remote_access(vm, reveal)).await
        })
        .await
    }

    /// What was measured of a VM; or why nobody can tell, as one sentence.
    pub(in crate::fleet) async fn metrics(&self, key: &VmKey) -> Result<Vec<Series>, String> {
        self.about("Reading the metrics", key, async |vm| {
            self.ensure_session().await?;
            self.read(|| self.cloud.metrics(vm)).await
        })
        .await
    }

    /// The hosts that a VM can be moved to now; or why not, as one sentence.
    pub(in crate::fleet) async fn candidates(&self, key: &VmKey) -> Result<Vec<Host>, String> {
        self.about("Reading the hosts", key, async |vm| {
            self.ensure_session().await?;
            self.read(|| self.cloud.candidates(vm)).await
        })
        .await
    }

    /// Reads something about one VM; an error becomes one sentence.
    async fn about<T>(
        &self,
        doing: &str,
        key: &VmKey,
        read: impl AsyncFnOnce(&Vm) -> clouds::Result<T>,
    ) -> Result<T, String> {
        let known = self.known().vm(&key.id);
        let vm = known.ok_or_else(|| {
            let what = words::what(doing, &key.id, &key.cloud);
            words::failed(&what, "no such VM is known", "list the VMs again")
        })?;
        read(&vm).await.map_err(|error| {
            let what = words::what(doing, &vm.name, &key.cloud);
            words::failed_by(&what, &error)
        })
    }
}

/// Says that a question is on its way, as long as it lives.
struct Asked {
    worker: Arc<Worker>,
    question: Question,
}

impl Drop for Asked {
    fn drop(&mut self) {
        lock(&self.worker.asked).remove(&self.question);
    }
}

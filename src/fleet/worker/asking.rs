//! What the screen wants read now, beside whatever else is being read.

use std::sync::Arc;

use super::{Worker, lock};
use crate::clouds;
use crate::fleet::update::Update;
use crate::fleet::words;
use crate::model::{Host, Vm, VmKey};

/// A question that is on its way or waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fleet) enum Question {
    /// The tasks of a VM.
    Tasks(VmKey),
    /// The VM as its server tells it.
    Raw(VmKey),
    /// The hosts that it can be moved to.
    Candidates(VmKey),
    /// Where its screen can be seen.
    Console(VmKey),
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
                    Question::Candidates(vm) => worker.answer_candidates(vm).await,
                    Question::Console(vm) => worker.answer_console(vm).await,
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

    async fn answer_candidates(&self, key: &VmKey) {
        self.outbox().answer(Update::Candidates {
            vm: key.clone(),
            hosts: self.candidates(key).await,
        });
    }

    async fn answer_console(&self, key: &VmKey) {
        self.outbox().answer(Update::Console {
            vm: key.clone(),
            address: self.console_address(key).await,
        });
    }

    /// The hosts that a VM can be moved to now; or why not, as one sentence.
    pub(in crate::fleet) async fn candidates(&self, key: &VmKey) -> Result<Vec<Host>, String> {
        self.about("Reading the hosts", key, async |vm| {
            self.ensure_session().await?;
            self.read(|| self.cloud.candidates(vm)).await
        })
        .await
    }

    /// Where the screen of a VM can be seen; or why not, as one sentence.
    pub(in crate::fleet) async fn console_address(
        &self,
        key: &VmKey,
    ) -> Result<Option<Arc<str>>, String> {
        self.about("Reading the console", key, async |vm| {
            self.ensure_session().await?;
            self.read(|| self.cloud.console_address(vm)).await
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

//! What the screen wants read now, beside whatever else is being read.

use std::sync::Arc;

use super::ticket::capital;
use super::{Worker, lock};
use crate::fleet::update::Update;
use crate::fleet::words;
use crate::model::VmKey;

/// A question that is on its way or waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fleet) enum Question {
    /// The tasks of a VM.
    Tasks(VmKey),
    /// The VM as its server tells it.
    Raw(VmKey),
}

impl Worker {
    /// Takes a question. Never waits; one that is asked already is not asked again, so that there are at most two for each VM.
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
        let known = self.known().vm(&key.id);
        let document = match known {
            None => Err(capital(&words::failed(
                &words::what("Reading", &key.id, &key.cloud),
                "no such VM is known",
                "list the VMs again",
            ))),
            Some(vm) => self.read(|| self.cloud.raw(&vm)).await.map_err(|error| {
                let what = words::what("Reading", &vm.name, &key.cloud);
                words::failed_by(&what, &error)
            }),
        };
        self.outbox().answer(Update::Raw {
            vm: key.clone(),
            document,
        });
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

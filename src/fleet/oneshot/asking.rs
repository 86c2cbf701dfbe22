//! Questions beside the lists: about one VM, or the same to every cloud.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::{CloudFailure, OneShot, failure, too_slow};
use crate::clouds::Error;
use crate::fleet::words;
use crate::fleet::worker::Worker;
use crate::model::{CloudName, Group, Host, RemoteAccess, Task, VmKey};

impl OneShot {
    /// The hosts that a VM that was listed can be moved to now; none where its cloud cannot tell.
    ///
    /// # Errors
    /// When they cannot be read, or the VM is not known.
    pub async fn candidates(
        &mut self,
        key: &VmKey,
        deadline: Instant,
    ) -> Result<Vec<Host>, CloudFailure> {
        let worker = self.worker_of(key)?;
        let reading = timeout_at(deadline, worker.candidates(key));
        let answer = self.drive(reading).await;
        in_time(&worker, key, "Reading the hosts", answer)
    }

    /// What a VM that was listed wrote on its console.
    ///
    /// # Errors
    /// When it cannot be read, or the VM is not known.
    pub async fn console_log(
        &mut self,
        key: &VmKey,
        deadline: Instant,
    ) -> Result<String, CloudFailure> {
        let worker = self.worker_of(key)?;
        let reading = timeout_at(deadline, worker.console_log(key));
        let answer = self.drive(reading).await;
        in_time(&worker, key, "Reading the console log", answer)
    }

    /// How the screen of a VM that was listed is reached; the password only where a person wants to see it.
    ///
    /// # Errors
    /// When it cannot be read, or the VM is not known.
    pub async fn remote_access(
        &mut self,
        key: &VmKey,
        reveal: bool,
        deadline: Instant,
    ) -> Result<RemoteAccess, CloudFailure> {
        let worker = self.worker_of(key)?;
        let reading = timeout_at(deadline, worker.remote_access(key, reveal));
        let answer = self.drive(reading).await;
        in_time(&worker, key, "Reading the remote access", answer)
    }

    /// The tasks that workflow holds on every cloud, with the clouds that could not tell.
    pub async fn held_tasks(&mut self, deadline: Instant) -> (Vec<Task>, Vec<CloudFailure>) {
        self.of_each("held tasks", deadline, |worker| async move {
            worker.held_tasks().await
        })
        .await
    }

    /// The projects of every cloud in which appliances can be made, with the clouds that could not tell.
    pub async fn projects(
        &mut self,
        deadline: Instant,
    ) -> (Vec<(CloudName, Group)>, Vec<CloudFailure>) {
        self.of_each("projects", deadline, |worker| async move {
            let projects = worker.projects().await?;
            let cloud = &worker.info.name;
            Ok(projects.into_iter().map(|it| (cloud.clone(), it)).collect())
        })
        .await
    }

    /// The tenants of every cloud that can be looked at, with the clouds that could not tell.
    pub async fn tenants(
        &mut self,
        deadline: Instant,
    ) -> (Vec<(CloudName, Group)>, Vec<CloudFailure>) {
        self.of_each("tenants", deadline, |worker| async move {
            let tenants = worker.tenants().await?;
            let cloud = &worker.info.name;
            Ok(tenants.into_iter().map(|it| (cloud.clone(), it)).collect())
        })
        .await
    }

    /// Looks at a cloud as another tenant from now on; `None` for the user's own.
    pub async fn look_at(&mut self, cloud: &CloudName, tenant: Option<Group>) {
        if let Some(worker) = self.fleet.worker(cloud).cloned() {
            self.drive(worker.look_at(tenant)).await;
        }
    }

    /// Asks every cloud for the same, side by side.
    async fn of_each<T, F>(
        &mut self,
        what: &str,
        deadline: Instant,
        read: impl Fn(Arc<Worker>) -> F,
    ) -> (Vec<T>, Vec<CloudFailure>)
    where
        F: Future<Output = Result<Vec<T>, Error>>,
    {
        let workers = self.fleet.workers.clone();
        let work = workers.iter().map(|worker| {
            let reading = read(worker.clone());
            async move {
                let what = format!("Reading the {what} of {}", worker.info.name);
                match timeout_at(deadline, reading).await {
                    Ok(Ok(some)) => (some, None),
                    Ok(Err(error)) => {
                        let error = words::failed_by(&what, &error);
                        (Vec::new(), Some(failure(worker, error)))
                    }
                    Err(_) => (Vec::new(), Some(failure(worker, too_slow(&what)))),
                }
            }
        });
        let answers = self.drive(join_all(work)).await;
        let (mut all, mut failures) = (Vec::new(), Vec::new());
        for (some, failed) in answers {
            all.extend(some);
            failures.extend(failed);
        }
        (all, failures)
    }
}

/// The answer about one VM, or why there is none.
fn in_time<T>(
    worker: &Worker,
    key: &VmKey,
    doing: &str,
    answer: Result<Result<T, String>, Elapsed>,
) -> Result<T, CloudFailure> {
    let late = |_| Err(too_slow(&words::what(doing, &key.id, &key.cloud)));
    answer
        .unwrap_or_else(late)
        .map_err(|error| failure(worker, error))
}

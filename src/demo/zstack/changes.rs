//! Taking jobs (3): every change is accepted with 202, whoever asks, and then done or not.

use serde_json::{Value, json};

use super::Asked;
use super::answer::{Answer, error, session_over};
use super::operations::{Op, Work};
use super::platform::{Effect, Platform};

/// How long a job may take, milliseconds, as its acceptance says.
const TIMEOUT_MS: i64 = 1_800_000;

/// What a request asks for.
enum Wanted {
    /// Something of a VM, by its place in the estate.
    OfVm(usize, Work),
    Other(Effect),
}

/// Takes a change as a job.
pub(super) fn take(
    platform: &mut Platform,
    asked: &Asked<'_>,
    account: Option<&'static str>,
    base: &str,
) -> Answer {
    let wanted = match wanted(platform, asked) {
        Ok(wanted) => wanted,
        Err(answer) => return answer,
    };
    let own = asked
        .head
        .headers
        .get("x-job-uuid")
        .map(|value| value.to_str().unwrap_or_default());
    let job = match own {
        Some(own) if own.len() != 32 => {
            return Answer::text(400, "X-Job-UUID must have 32 characters");
        }
        Some(own) if platform.has_job(own) => {
            return Answer::text(400, format!("duplicate job uuid {own}"));
        }
        Some(own) => own.to_owned(),
        None => platform.job_id(),
    };
    match (account, wanted) {
        // The session is found to be over when the job begins: that is told by the job.
        (None, _) => platform.take_job(&job, Some(Effect::Fail(session_over())), asked.now_ms),
        (Some(_), Wanted::Other(effect)) => platform.take_job(&job, Some(effect), asked.now_ms),
        (Some(account), Wanted::OfVm(vm, work)) => {
            platform.take_job(&job, None, asked.now_ms);
            let op = Op {
                job: Some(job.clone()),
                api: work.api(),
                work,
                submitted_ms: asked.now_ms,
                operator: account.to_owned(),
            };
            platform.submit(vm, op);
        }
    }
    let location = format!("{base}/v1/api-jobs/{job}");
    Answer::Json(202, json!({"location": location, "apiTimeout": TIMEOUT_MS}))
}

fn wanted(platform: &Platform, asked: &Asked<'_>) -> Result<Wanted, Answer> {
    let vm_at = |uuid: &str| {
        let mut vms = platform.estate.vms.iter();
        vms.position(|vm| vm.uuid == uuid && vm.state != "Expunged")
    };
    let no_action = || Answer::text(400, "no known action in the body");
    Ok(match (asked.method, asked.path.as_slice()) {
        ("PUT", ["vm-instances", uuid, "actions"]) => {
            let body = asked.json().ok_or_else(no_action)?;
            let work = work(&body)?.ok_or_else(no_action)?;
            match vm_at(uuid) {
                Some(vm) => Wanted::OfVm(vm, work),
                None => Wanted::Other(Effect::Fail(error("SYS.1003", "there is no such VM"))),
            }
        }
        // Deleting what is not there is a success.
        ("DELETE", ["vm-instances", uuid]) => match vm_at(uuid) {
            Some(vm) => Wanted::OfVm(vm, Work::Destroy),
            None => Wanted::Other(Effect::Nothing),
        },
        ("POST", ["user-tags"]) => {
            let body = asked.json().ok_or_else(no_action)?;
            let text = |key: &str| body["params"][key].as_str().map(str::to_owned);
            match (text("resourceUuid"), text("tag")) {
                (Some(resource), Some(text)) => Wanted::Other(Effect::AddTag { resource, text }),
                _ => return Err(Answer::text(400, "resourceUuid and tag are needed")),
            }
        }
        ("DELETE", ["tags", uuid]) => Wanted::Other(Effect::RemoveTag((*uuid).to_owned())),
        ("PUT", ["accounts", "sessions", session, "renew"]) => {
            let body = asked.json().ok_or_else(no_action)?;
            let renewal = body.get("renewSession").ok_or_else(no_action)?;
            let seconds = renewal["duration"].as_i64().unwrap_or(7_200);
            if !(60..=31_536_000).contains(&seconds) {
                return Err(Answer::text(400, "duration is out of its range"));
            }
            Wanted::Other(Effect::Renew {
                session: (*session).to_owned(),
                seconds,
            })
        }
        ("PUT", ["longjobs", uuid, "actions"]) => {
            let body = asked.json().ok_or_else(no_action)?;
            body.get("cancelLongJob").ok_or_else(no_action)?;
            Wanted::Other(Effect::CancelLongJob((*uuid).to_owned()))
        }
        _ => return Err(Answer::nowhere()),
    })
}

/// The action of a body; its key says which.
fn work(body: &Value) -> Result<Option<Work>, Answer> {
    let text = |form: &Value, key: &str| form[key].as_str().map(str::to_owned);
    let wrong = |words: &str| Err(Answer::text(400, words));
    let plain = [
        ("rebootVmInstance", Work::Reboot),
        ("pauseVmInstance", Work::Pause),
        ("resumeVmInstance", Work::Resume),
        ("recoverVmInstance", Work::Recover),
        ("expungeVmInstance", Work::Expunge),
    ];
    if let Some((_, work)) = plain.into_iter().find(|(key, _)| body.get(key).is_some()) {
        return Ok(Some(work));
    }
    if let Some(form) = body.get("startVmInstance") {
        return Ok(Some(Work::Start {
            host: text(form, "hostUuid"),
        }));
    }
    if let Some(form) = body.get("stopVmInstance") {
        let cold = match form.get("type").map(Value::as_str) {
            None | Some(Some("grace")) => false,
            Some(Some("cold")) => true,
            Some(_) => return wrong("type must be grace or cold"),
        };
        let keep = match form.get("stopHA").map(Value::as_str) {
            None => false,
            Some(Some("true")) => true,
            Some(_) => return wrong("stopHA must be the text true"),
        };
        return Ok(Some(Work::Stop { cold, keep }));
    }
    if let Some(form) = body.get("migrateVm") {
        return Ok(Some(Work::Migrate {
            host: text(form, "hostUuid"),
        }));
    }
    Ok(body.get("updateVmInstance").map(|form| Work::Update {
        name: text(form, "name"),
        note: text(form, "description"),
    }))
}

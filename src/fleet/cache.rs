//! The last inventory of each cloud, kept on disk and shown, marked with its age, until the first answer comes.
//!
//! One file for each cloud in the cache folder, for the person alone (0600), replaced as a whole. It names the provider, the address
//! and the account it was read with: rows of another account are never shown. Reading and writing wait for the disk.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::update::CloudInfo;
use crate::config::create_private_dir;
use crate::model::{CloudName, Group, Task, Vapp, Vm};

const FORMAT: u32 = 1;
/// No more of a file is read: a larger one is none of ours. A VM takes some 700 bytes.
const FILE_MAX: u64 = 512 * 1024 * 1024;

/// Whose inventory it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    provider: String,
    url: String,
    /// The account of the configuration, where it names one.
    account: Option<String>,
    /// Who was signed in.
    user: Option<Arc<str>>,
}

impl Owner {
    pub(super) fn new(info: &CloudInfo, account: Option<&str>, user: Option<Arc<str>>) -> Self {
        Self {
            provider: info.provider.to_owned(),
            url: info.url.clone(),
            account: account.map(str::to_owned),
            user,
        }
    }

    /// Who was signed in.
    pub(super) fn user(&self) -> Option<&Arc<str>> {
        self.user.as_ref()
    }

    /// Whether what was kept for `kept` may be shown to this one. Who is signed in counts only where it is known; without an account
    /// in the configuration nothing else tells whose rows they are.
    fn may_see(&self, kept: &Self) -> bool {
        let same_place = (&self.provider, &self.url, &self.account)
            == (&kept.provider, &kept.url, &kept.account);
        let same_user = match &self.user {
            Some(_) => self.user == kept.user,
            None => self.account.is_some(),
        };
        same_place && same_user
    }
}

/// The first line of the file: enough to know whether the rest is worth reading.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    owner: Owner,
    as_of: Timestamp,
}

/// The second line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    vms: Vec<Arc<Vm>>,
    vapps: Vec<Vapp>,
    warnings: Vec<Task>,
    /// An older file has none.
    #[serde(default)]
    tasks_until: Vec<(Arc<str>, Timestamp)>,
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// Whose it is.
    pub owner: Owner,
    /// When the cloud said so.
    pub as_of: Timestamp,
    /// Its VMs.
    pub vms: Vec<Arc<Vm>>,
    /// Its appliances.
    pub vapps: Vec<Vapp>,
    /// Failed tasks that nobody had acknowledged.
    pub warnings: Vec<Task>,
    /// Ids of VMs, and up to when their tasks are known.
    pub tasks_until: Vec<(Arc<str>, Timestamp)>,
}

/// Why a kept inventory cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum CacheError {
    /// The file is there and is not what this program writes.
    #[error("the kept inventory {} is not readable ({why}) and is not shown; the next one replaces it", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It cannot be kept.
    #[error("the inventory cannot be kept in {} ({source}); make room or mend its permissions", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

fn path_of(dir: &Path, cloud: &CloudName) -> PathBuf {
    // The configuration allows no separator in a name.
    dir.join(format!("inventory-{cloud}.json"))
}

/// Reads what was kept of a cloud; `None` when there is nothing, or it is another account's.
pub(super) fn load(
    dir: &Path,
    cloud: &CloudName,
    owner: &Owner,
) -> Result<Option<Kept>, CacheError> {
    let path = path_of(dir, cloud);
    let broken = |why: String| CacheError::Broken {
        path: path.clone(),
        why,
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(broken(error.to_string())),
    };
    // The words of serde may quote the file, whose lines hold no secret but are long: the place says enough.
    let wrong = |line: &'static str| {
        move |error: serde_json::Error| format!("{line} line, column {}", error.column())
    };
    let unreadable = |error: io::Error| broken(error.to_string());
    let mut file = BufReader::new(file.take(FILE_MAX));
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line).map_err(unreadable)?;
    let head: Head = serde_json::from_slice(&line)
        .map_err(wrong("first"))
        .map_err(broken)?;
    if head.format != FORMAT {
        return Err(broken(format!("format {}", head.format)));
    }
    if !owner.may_see(&head.owner) {
        return Ok(None);
    }
    line.clear();
    file.read_to_end(&mut line).map_err(unreadable)?;
    let Body {
        mut vms,
        mut vapps,
        mut warnings,
        tasks_until,
    } = serde_json::from_slice(&line)
        .map_err(wrong("second"))
        .map_err(broken)?;
    vms.retain(|vm| vm.key.cloud == *cloud);
    vapps.retain(|vapp| vapp.cloud == *cloud);
    warnings.retain(|task| task.key.cloud == *cloud && task.is_warning());
    share(&mut vms);
    Ok(Some(Kept {
        owner: head.owner,
        as_of: head.as_of,
        vms,
        vapps,
        warnings,
        tasks_until,
    }))
}

/// Keeps an inventory: written beside the old one, then put in its place.
pub(super) fn store(dir: &Path, cloud: &CloudName, kept: Kept) -> Result<(), CacheError> {
    let path = path_of(dir, cloud);
    try_store(dir, &path, kept).map_err(|source| CacheError::Unwritable { path, source })
}

fn try_store(dir: &Path, path: &Path, kept: Kept) -> io::Result<()> {
    create_private_dir(dir)?;
    // A temporary file is for its owner alone (0600), and gone if this fails.
    let mut file = BufWriter::new(tempfile::NamedTempFile::new_in(dir)?);
    let head = Head {
        format: FORMAT,
        owner: kept.owner,
        as_of: kept.as_of,
    };
    let body = Body {
        vms: kept.vms,
        vapps: kept.vapps,
        warnings: kept.warnings,
        tasks_until: kept.tasks_until,
    };
    serde_json::to_writer(&mut file, &head)?;
    file.write_all(b"\n")?;
    serde_json::to_writer(&mut file, &body)?;
    file.flush()?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Repeated texts are one text again, as the cloud's own mapping has them.
fn share(vms: &mut [Arc<Vm>]) {
    let mut texts = HashSet::<Arc<str>>::new();
    let mut clouds = HashSet::<CloudName>::new();
    for vm in vms {
        // Just read, so nobody else holds it.
        let Some(vm) = Arc::get_mut(vm) else { continue };
        match clouds.get(&vm.key.cloud) {
            Some(shared) => vm.key.cloud = shared.clone(),
            None => {
                clouds.insert(vm.key.cloud.clone());
            }
        }
        let mut share = |text: &mut Arc<str>| match texts.get(text) {
            Some(shared) => *text = shared.clone(),
            None => {
                texts.insert(text.clone());
            }
        };
        share(&mut vm.native_state);
        for Group { id, name } in [&mut vm.vapp, &mut vm.project].into_iter().flatten() {
            share(id);
            share(name);
        }
        let rest = [
            &mut vm.tenant,
            &mut vm.location,
            &mut vm.host,
            &mut vm.owner,
            &mut vm.hypervisor,
            &mut vm.template,
            &mut vm.description,
        ];
        rest.into_iter().flatten().for_each(share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(url: &str, account: Option<&str>, user: Option<&str>) -> Owner {
        Owner {
            provider: "abiquo".to_owned(),
            url: url.to_owned(),
            account: account.map(str::to_owned),
            user: user.map(Into::into),
        }
    }

    #[test]
    fn only_the_account_it_was_read_with_may_see_it() {
        let kept = owner("https://a/api", Some("admin"), Some("admin"));
        let table = [
            (owner("https://a/api", Some("admin"), None), true),
            (owner("https://a/api", Some("admin"), Some("admin")), true),
            (owner("https://a/api", Some("admin"), Some("other")), false),
            (owner("https://a/api", Some("bob"), None), false),
            (owner("https://b/api", Some("admin"), None), false),
            (owner("https://a/api", None, Some("admin")), false),
        ];
        for (asking, expected) in table {
            assert_eq!(asking.may_see(&kept), expected, "{asking:?}");
        }
        let by_token = owner("https://a/api", None, Some("admin"));
        assert!(
            !owner("https://a/api", None, None).may_see(&by_token),
            "a token says nothing before the sign-in"
        );
        assert!(owner("https://a/api", None, Some("admin")).may_see(&by_token));
        assert!(!owner("https://a/api", None, Some("bob")).may_see(&by_token));
    }
}

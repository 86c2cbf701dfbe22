//! Secrets in the keyring of the desktop (Secret Service, Keychain).

use std::io;
use std::thread;

use keyring::{Entry, Error};
use tokio::sync::oneshot;

use super::secret::{Secret, SecretError};

/// The service under which every entry is kept.
const SERVICE: &str = "vmdeck";

/// How much of a keyring's own words is passed on, in characters.
const MAX_REASON: usize = 200;

/// Keeps a secret in the keyring, in place of the one of that account.
///
/// # Errors
/// When there is no keyring, or it does not let us.
pub async fn store_keyring(account: &str, secret: &Secret) -> Result<(), SecretError> {
    let secret = secret.clone();
    with_entry(account, move |entry| entry.set_password(secret.expose())).await
}

/// The secret of an account.
pub(super) async fn read(account: &str) -> Result<Vec<u8>, SecretError> {
    with_entry(account, |entry| entry.get_secret()).await
}

/// Works with an entry on a thread of its own. The keyring may wait for a person to unlock it, and a thread of the
/// runtime's pool would then keep the program from ending.
async fn with_entry<T: Send + 'static>(
    account: &str,
    work: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, SecretError> {
    let (sender, receiver) = oneshot::channel();
    let name = account.to_owned();
    let started = thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            let result = Entry::new(SERVICE, &name).and_then(work);
            // Nobody listens any more when it took too long.
            let _unheard = sender.send(result);
        });
    let result = match started {
        Ok(_) => receiver.await.map_err(|_| io::ErrorKind::BrokenPipe.into()),
        Err(error) => Err(error),
    };
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(explain(account, &error)),
        Err(error) => Err(unusable(account, &error.to_string())),
    }
}

/// A keyring's error in words, without the content that some of them carry.
fn explain(account: &str, error: &Error) -> SecretError {
    match error {
        Error::NoEntry => SecretError::NotInKeyring {
            account: account.to_owned(),
        },
        Error::NoDefaultStore => match Entry::store_status() {
            // The reason why there is none was kept when it was looked for.
            Err(reason @ (Error::PlatformFailure(_) | Error::NoStorageAccess(_))) => {
                explain(account, reason)
            }
            _ => unusable(account, "there is none on this machine"),
        },
        Error::PlatformFailure(reason) => unusable(account, &reason.to_string()),
        Error::NoStorageAccess(reason) => unusable(account, &format!("it does not open: {reason}")),
        Error::TooLong(..) => unusable(account, "the name or the secret is too long for it"),
        Error::Invalid(..) => unusable(account, "it does not take this name"),
        Error::Ambiguous(_) => unusable(account, "it has several entries of that name"),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            unusable(account, "the entry is not text")
        }
        _ => unusable(account, "it does not answer as expected"),
    }
}

fn unusable(account: &str, reason: &str) -> SecretError {
    SecretError::Keyring {
        account: account.to_owned(),
        reason: reason
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_REASON)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_missing_entry_says_how_to_store_it() {
        let error = explain("prod", &Error::NoEntry).to_string();
        assert!(error.contains("vmdeck config secret prod"), "{error}");
    }

    #[test]
    fn what_the_keyring_holds_is_in_no_error() {
        let content = || b"hunter2\xff".to_vec();
        let platform = || Box::new(io::Error::other("the bus\nis closed")) as _;
        let errors = [
            Error::BadEncoding(content()),
            Error::BadDataFormat(content(), platform()),
            Error::BadStoreFormat("hunter2".to_owned()),
            Error::Invalid("password".to_owned(), "hunter2".to_owned()),
        ];
        for error in errors {
            let error = explain("prod", &error);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
            assert!(error.to_string().contains("prod"), "{error}");
        }
        let error = explain("prod", &Error::PlatformFailure(platform())).to_string();
        assert!(error.contains("the busis closed"), "one line: {error}");
    }
}

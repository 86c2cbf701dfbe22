//! How the screen of a VM is reached, as it is printed.

use serde::Serialize;

use super::{Column, From, Record, flag, text, value};
use crate::model::{RemoteAccess, VmKey};

/// A way to a screen, with every key of `remote`.
#[derive(Serialize)]
pub struct RemoteRecord<'a> {
    cloud: &'a str,
    id: &'a str,
    /// The address as one text.
    address: Option<String>,
    protocol: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<u16>,
    url: Option<&'a str>,
    has_password: Option<bool>,
    /// Only where it was asked for.
    password: Option<&'a str>,
}

impl<'a> RemoteRecord<'a> {
    /// The record of a VM.
    #[must_use]
    pub fn of(vm: &'a VmKey, access: &'a RemoteAccess) -> Self {
        Self {
            cloud: vm.cloud.as_str(),
            id: &vm.id,
            address: access.address(),
            protocol: access.protocol.as_deref(),
            host: access.host.as_deref(),
            port: access.port,
            url: access.url.as_deref(),
            has_password: access.has_password,
            password: access.password.as_ref().map(|password| password.expose()),
        }
    }
}

impl Record for RemoteRecord<'_> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Table, Wide};
        vec![
            Column::text("cloud", Table, |it| text(Some(it.cloud))),
            Column::text("id", Table, |it| text(Some(it.id))),
            Column::text("address", Table, |it| text(it.address.as_deref())),
            Column::text("protocol", Wide, |it| text(it.protocol)),
            Column::text("host", Wide, |it| text(it.host)),
            Column::number("port", Wide, |it| it.port.and_then(value)),
            Column::text("url", Wide, |it| text(it.url)),
            Column::text("has_password", Table, |it| flag(it.has_password)),
            Column::text("password", Table, |it| text(it.password)),
        ]
    }

    fn name(&self) -> String {
        self.address.clone().unwrap_or_default()
    }
}

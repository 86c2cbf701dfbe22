//! What only SCloudM needs of its configuration.

/// The keys of an SCloudM gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scloudm {
    /// How the sign-in is written.
    pub auth: TokenForm,
    /// Which provider behind the gateway is meant: the header `Sp-Agent`.
    pub sp_agent: String,
    /// The tenants whose VMs are listed; those that the gateway names when empty.
    pub tenants: Vec<Tenant>,
    /// The regions in which they are listed; those that the gateway names when empty.
    pub regions: Vec<String>,
    /// The path of power requests below the url, with `{tenant_id}`, `{region}` and `{server_id}` in it.
    pub action_path: String,
    /// The path of the list of VMs below the url.
    pub list_path: String,
    /// The VMs of a gateway that has no such list: they can be acted on, and nobody knows their state.
    pub servers: Vec<StaticServer>,
}

impl Scloudm {
    /// The path of power requests where the configuration does not say.
    pub const ACTION_PATH: &str = "/mana_api/vm_act/{tenant_id}/{region}";

    /// The path of the list of VMs where the configuration does not say.
    pub const LIST_PATH: &str = "/mana_api/vm";
}

/// How a sign-in is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// As to Keystone v2.0: `passwordCredentials`.
    V2,
    /// As to Keystone v3: `identity` with the method `password`.
    V3,
}

impl TokenForm {
    /// The `Sp-Agent` of the regions that sign in so, where the configuration does not say.
    #[must_use]
    pub fn agent(self) -> &'static str {
        match self {
            Self::V2 => "scloudm",
            Self::V3 => "openstack_kilo",
        }
    }
}

/// A tenant, by the cloud's id of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The id.
    pub id: String,
    /// What a person calls it; the gateway's name, else the id, when `None`.
    pub name: Option<String>,
}

/// A VM that the configuration names because its gateway lists none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticServer {
    /// The cloud's id of it.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// The id of the tenant it belongs to.
    pub tenant: String,
    /// The region it stands in.
    pub region: String,
}

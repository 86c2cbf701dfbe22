//! Whether something may be done to a virtual appliance (8).

use axum::http::StatusCode;
use serde::Deserialize;

use super::actions::Act;
use super::answer::Refusal;
use super::asking::Asking;
use super::changes::Draft;
use super::estate::{ApplianceState, FIRST_APPLIANCE, Power, id};
use super::media::{accepted, required};
use super::operations::Operation;
use super::vm_checks::not_undeployed;

const DEPLOY: &str = "VAPP_DEPLOY_UNDEPLOY";
const MANAGE: &str = "VDC_MANAGE_VAPP";
const RESTRICT: &str = "VAPP_RESTRICTED_MANAGE";

/// The longest name of an appliance.
const NAME_CHARS: usize = 30;

/// The body of a new appliance, or of a changed one.
#[derive(Deserialize)]
struct ApplianceBody {
    id: Option<u32>,
    name: Option<String>,
    description: Option<String>,
    restricted: Option<bool>,
}

type Result<T = Act> = std::result::Result<T, Refusal>;

impl Asking<'_> {
    pub(super) fn create_appliance(&self, datacenter: u32, body: &[u8]) -> Result {
        let datacenter = self.datacenter(datacenter)?;
        self.need(MANAGE)?;
        let body = self.read_appliance(body)?;
        let (_, version) = accepted(self.headers, &["virtualappliance"])?;
        let draft = Draft {
            name: named(body.name.as_deref())?,
            description: body.description.unwrap_or_default(),
            restricted: body.restricted.unwrap_or(false),
        };
        if draft.restricted {
            self.need(RESTRICT)?;
        }
        Ok(Act::CreateAppliance(datacenter, draft, version))
    }

    pub(super) fn edit_appliance(&self, datacenter: u32, appliance: u32, body: &[u8]) -> Result {
        let appliance = self.writable_appliance(datacenter, appliance)?;
        self.need("VAPP_CUSTOMISE_SETTINGS")?;
        let body = self.read_appliance(body)?;
        let (_, version) = accepted(self.headers, &["virtualappliance"])?;
        let own = id(FIRST_APPLIANCE, appliance);
        if body.id.is_some_and(|id| id != own) {
            return Err(Refusal::bad("the body is another virtual appliance"));
        }
        let one = &self.platform.estate.appliances[appliance];
        let draft = Draft {
            name: named(body.name.as_deref())?,
            description: body.description.unwrap_or_default(),
            // Versions before 4.0 do not know of it.
            restricted: body.restricted.unwrap_or(one.restricted),
        };
        if draft.restricted != one.restricted {
            self.need(RESTRICT)?;
        }
        Ok(Act::EditAppliance(appliance, draft, version))
    }

    pub(super) fn delete_appliance(&self, datacenter: u32, appliance: u32) -> Result {
        let appliance = self.writable_appliance(datacenter, appliance)?;
        self.need(MANAGE)?;
        let one = &self.platform.estate.appliances[appliance];
        match self.platform.real_state(one) {
            ApplianceState::Empty | ApplianceState::NotDeployed => {}
            ApplianceState::Unknown => self.need("VAPP_DELETE_UNKNOWN_VM")?,
            _ => {
                return Err(Refusal::conflict(
                    "VAPP-5",
                    "a virtual appliance is deleted when it is NOT_DEPLOYED, UNKNOWN or EMPTY",
                ));
            }
        }
        // One VM that is unknown makes the whole of it unknown, whatever the others are.
        for &vm in &one.vms {
            if self.power(vm) == Power::Locked {
                return Err(Refusal::conflict("VM-8", "a locked VM cannot be deleted"));
            }
            self.unprotected(vm)?;
        }
        Ok(Act::DeleteAppliance(appliance))
    }

    /// Deploys what is not deployed. The oldest servers refuse unless that is everything.
    pub(super) fn deploy_appliance(&self, datacenter: u32, appliance: u32, body: &[u8]) -> Result {
        let appliance = self.writable_appliance(datacenter, appliance)?;
        self.need(DEPLOY)?;
        let body = self.read_task(body)?;
        let version = self.accepts_task()?;
        let one = &self.platform.estate.appliances[appliance];
        let (vms, others): (Vec<_>, Vec<_>) = one
            .vms
            .iter()
            .copied()
            .partition(|&vm| self.power(vm) == Power::NotAllocated);
        if one.whole && !others.is_empty() {
            return Err(not_undeployed());
        }
        for &vm in &vms {
            self.unprotected(vm)?;
            self.within_limits(vm, &body)?;
        }
        Ok(Act::OperateAll {
            appliance,
            vms,
            operation: Operation::Deploy,
            version,
        })
    }

    pub(super) fn undeploy_appliance(
        &self,
        datacenter: u32,
        appliance: u32,
        body: &[u8],
    ) -> Result {
        let appliance = self.writable_appliance(datacenter, appliance)?;
        self.need(DEPLOY)?;
        let body = self.read_task(body)?;
        let version = self.accepts_task()?;
        let all = &self.platform.estate.appliances[appliance].vms;
        let vms: Vec<_> = all
            .iter()
            .copied()
            .filter(|&vm| self.power(vm) != Power::NotAllocated)
            .collect();
        for &vm in &vms {
            self.undeployable(vm, &body)?;
        }
        Ok(Act::OperateAll {
            appliance,
            vms,
            operation: Operation::Undeploy,
            version,
        })
    }

    fn read_appliance(&self, body: &[u8]) -> Result<ApplianceBody> {
        required(self.headers, "virtualappliance")?;
        serde_json::from_slice(body)
            .map_err(|_| Refusal::bad("the body is not a virtual appliance"))
    }
}

fn named(name: Option<&str>) -> Result<String> {
    let name = name.unwrap_or_default().trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "VAPP-19",
            format!("a virtual appliance has a name of 1 to {NAME_CHARS} characters"),
        ));
    }
    Ok(name.to_owned())
}

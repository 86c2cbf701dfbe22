//! VMs as a listing of Abiquo leaves them: what repeats is one text that many share, what does not is each VM's own.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use vmdeck::clouds;
use vmdeck::config::Provider;
use vmdeck::fleet::{CloudInfo, CloudStatus, Update};
use vmdeck::model::{
    CloudName, Event, EventKey, Group, Job, JobState, PowerState, Privileges, Protection,
    ProtectionScope, Session, Severity, Task, TaskKey, TaskKind, TaskState, Vapp, VappState, Vm,
    VmKey,
};

/// The VMs of one page.
pub const PAGE: usize = 500;

const ROLES: [&str; 12] = [
    "web", "api", "db", "cache", "batch", "build", "mail", "proxy", "queue", "search", "report",
    "jump",
];
const OWNERS: usize = 40;

pub fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 56)
}

pub fn info() -> CloudInfo {
    let provider = Provider::Abiquo { api_version: None };
    CloudInfo {
        name: CloudName::new("prod"),
        provider: provider.id(),
        url: "https://cloud.example.com/api".to_owned(),
        environment: Some("production".to_owned()),
        production: true,
        read_only: false,
        capabilities: clouds::capabilities(&provider),
        group_by: None,
    }
}

/// Texts that VMs share.
struct Shared {
    cloud: CloudName,
    vapps: Vec<Group>,
    projects: Vec<Group>,
    tenants: Vec<Arc<str>>,
    hosts: Vec<Arc<str>>,
    owners: Vec<Arc<str>>,
    locations: Vec<Arc<str>>,
    states: Vec<Arc<str>>,
    hypervisor: Arc<str>,
    template: Arc<str>,
}

impl Shared {
    fn new(vms: usize) -> Self {
        let names = |count: usize, name: &dyn Fn(usize) -> String| -> Vec<Arc<str>> {
            (0..count.max(1)).map(|at| Arc::from(name(at))).collect()
        };
        let groups = |count: usize, name: &dyn Fn(usize) -> String| -> Vec<Group> {
            let ids = names(count, &|at| (at + 10).to_string());
            ids.into_iter()
                .zip(names(count, name))
                .map(|(id, name)| Group { id, name })
                .collect()
        };
        Self {
            cloud: CloudName::new("prod"),
            vapps: groups(vms / 12, &|at| {
                format!("{}-cluster-{at}", ROLES[at % ROLES.len()])
            }),
            projects: groups(vms / 1_000, &|at| format!("VDC {at:03} east")),
            tenants: names(vms / 5_000, &|at| format!("Tenant {at:02}")),
            hosts: names(vms / 30, &|at| {
                format!("esx-{at:04}.rack{}.example.net", at % 40)
            }),
            owners: names(OWNERS, &|at| format!("Pat Rivers {at:02}")),
            locations: names(4, &|at| format!("Datacenter {at}")),
            states: PowerState::ALL
                .iter()
                .map(|state| Arc::from(state.as_str()))
                .collect(),
            hypervisor: "VMX_04".into(),
            template: "base-linux".into(),
        }
    }
}

fn pick<T: Clone>(from: &[T], at: usize) -> T {
    from[at % from.len()].clone()
}

/// So many VMs: most are on, some off, a few in every other state, one in fifty protected.
pub fn vms(count: usize) -> Vec<Arc<Vm>> {
    let shared = Shared::new(count);
    (0..count).map(|at| Arc::new(vm(&shared, at))).collect()
}

fn vm(shared: &Shared, at: usize) -> Vm {
    // Spread, so that neighbours in one order are none in another.
    let mixed = at.wrapping_mul(7_919);
    let id = (at + 1_000).to_string();
    let uuid = format!(
        "{:08x}-5dcb-482b-be0f-{:012x}",
        mixed as u32,
        at * 1_000_003
    );
    let power = match mixed % 20 {
        0..12 => PowerState::On,
        12..18 => PowerState::Off,
        other => PowerState::ALL[(at + other) % PowerState::ALL.len()],
    };
    let vapp_at = at / 12;
    let protection = at.is_multiple_of(50).then(|| {
        Box::new(Protection {
            reason: Some(format!("kernel update CHG-{at:06}").into()),
            by: Some(pick(&shared.owners, mixed)),
            since: Some(now()),
            scope: ProtectionScope::Cloud,
        })
    });
    let (vapp, project) = (
        pick(&shared.vapps, vapp_at),
        pick(&shared.projects, at / 1_000),
    );
    let address = |net: usize| Arc::from(format!("10.{net}.{}.{}", at / 250 % 250, at % 250 + 1));
    Vm {
        locator: format!(
            "/cloud/virtualdatacenters/{}/virtualappliances/{}/virtualmachines/{id}",
            project.id, vapp.id
        )
        .into(),
        native_name: Some(format!("ABQ_{uuid}").into()),
        uuid: Some(uuid.into()),
        name: format!("{}-{:05}", pick(&ROLES, mixed), mixed % 100_000).into(),
        power,
        native_state: shared.states[power as usize].clone(),
        deallocated: false,
        imported: false,
        monitored: false,
        protection,
        vapp: Some(vapp),
        project: Some(project),
        tenant: Some(pick(&shared.tenants, at / 5_000)),
        location: Some(pick(&shared.locations, at / 1_000)),
        cluster: None,
        networks: Box::default(),
        tags: Box::default(),
        console: None,
        host: (power != PowerState::NotAllocated).then(|| pick(&shared.hosts, mixed)),
        owner: Some(pick(&shared.owners, mixed)),
        hypervisor: Some(shared.hypervisor.clone()),
        template: Some(shared.template.clone()),
        description: None,
        cpu: Some(1 << (mixed % 5)),
        ram_mib: Some(1_024 << (mixed % 6)),
        addresses: if at.is_multiple_of(5) {
            [address(1), address(2)].into()
        } else {
            [address(1)].into()
        },
        created_at: Some(now() - SignedDuration::from_secs(at as i64 * 100)),
        updated_at: None,
        key: VmKey::new(&shared.cloud, &id),
    }
}

/// VMs as the engine tells them: a page at a time.
pub fn told(vms: &[Arc<Vm>]) -> impl Iterator<Item = Update> {
    vms.chunks(PAGE).map(|page| Update::Vms {
        cloud: page[0].key.cloud.clone(),
        changed: page.to_vec(),
        gone: Vec::new(),
        as_of: now(),
    })
}

/// Everything else that the engine tells of a cloud with these VMs: who is signed in, appliances, some tasks and events.
pub fn surroundings(vms: &[Arc<Vm>]) -> Vec<Update> {
    let cloud = CloudName::new("prod");
    let privileges = ["VAPP_PERFORM_ACTIONS", "VM_PROTECT_ACTION"];
    let session = Session {
        user: "admin".into(),
        full_name: Some("Ada Admin".into()),
        tenant: Some("Tenant 00".into()),
        privileges: Privileges::Named(privileges.into_iter().map(Arc::from).collect()),
    };
    let mut vapps: Vec<Vapp> = Vec::new();
    for vm in vms {
        let Some(group) = &vm.vapp else { continue };
        if vapps.last().is_none_or(|last| last.id != group.id) {
            vapps.push(Vapp {
                cloud: cloud.clone(),
                id: group.id.clone(),
                name: group.name.clone(),
                project: vm.project.clone(),
                tenant: vm.tenant.clone(),
                server_state: Some(VappState::Deployed),
                restricted: vapps.len().is_multiple_of(40),
                locator: "".into(),
            });
        }
    }
    // Enough at any size to fill the pane; more where there are more VMs.
    let some = (vms.len() / 200).max(20);
    let tasks = vms.iter().step_by(vms.len() / some).map(|vm| task(vm));
    let events = vms.iter().step_by(vms.len() / some).map(|vm| event(vm));
    vec![
        Update::SignedIn {
            cloud: cloud.clone(),
            session: Arc::new(session),
        },
        Update::Vapps {
            cloud: cloud.clone(),
            vapps,
        },
        Update::Tasks {
            tasks: tasks.collect(),
        },
        Update::Events {
            cloud: cloud.clone(),
            events: events.collect(),
        },
        Update::Listed {
            cloud: cloud.clone(),
            at: now(),
            took: Duration::from_secs(3),
            latency: Some(Duration::from_millis(40)),
        },
        Update::Status {
            cloud,
            status: CloudStatus::Ok,
        },
    ]
}

fn task(vm: &Vm) -> Task {
    let id = format!("task-{}", vm.key.id);
    Task {
        key: TaskKey {
            cloud: vm.key.cloud.clone(),
            id: id.as_str().into(),
        },
        vm: Some(vm.key.clone()),
        kind: TaskKind::new("SHUTDOWN"),
        state: TaskState::FinishedUnsuccessfully,
        acknowledgeable: true,
        watched_here: false,
        subject: None,
        created_at: vm.created_at,
        updated_at: vm.created_at,
        user: vm.owner.clone(),
        jobs: vec![Job {
            id: format!("{id}.1").into(),
            kind: TaskKind::new("SHUTDOWN"),
            state: JobState::Failed,
            rollback_state: JobState::RollbackDone,
            description: Some(format!("Shutdown job for {}", vm.name).into()),
        }],
        locator: "".into(),
    }
}

fn event(vm: &Vm) -> Event {
    Event {
        key: EventKey {
            cloud: vm.key.cloud.clone(),
            id: format!("event-{}", vm.key.id).into(),
        },
        at: vm.created_at.unwrap_or_else(now),
        severity: Severity::Info,
        source: vm.tenant.clone(),
        entity: "VIRTUAL_MACHINE".into(),
        action: "SHUTDOWN".into(),
        vm: Some(vm.key.clone()),
        vm_name: Some(vm.name.clone()),
        performed_by: vm.owner.clone(),
        user: vm.owner.clone(),
        trace: format!("VM {} was shut down", vm.name).into(),
        error_code: None,
    }
}

//! What travels between OpenStack and this program, as forgiving as can be: every field may be missing, null, of another type or unknown.
//! What a value means is the business of [`super::mapping`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::clouds::lenient::{Flag, Int, Many, Object, Text};

/// The pairs of an object whose keys are free, in the server's order.
#[derive(Debug, Clone)]
pub struct Pairs<V>(pub Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

macro_rules! wire {
    ($($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty,)+ })+) => {
        $($(#[$meta])*
        #[derive(Debug, Clone, Default, serde::Deserialize)]
        #[serde(default)]
        pub struct $name<'a> {
            $($(#[$fmeta])* pub $field: $type,)+
            #[serde(skip)]
            pub _of: PhantomData<&'a ()>,
        })+
    };
}

wire! {
    /// The answer to a sign-in. The token itself is in a header.
    Signed {
        #[serde(borrow)]
        token: Object<Token<'a>>,
    }

    /// Who is signed in, where, and what there is.
    Token {
        #[serde(borrow)]
        user: Object<Named<'a>>,
        #[serde(borrow)]
        project: Object<Named<'a>>,
        #[serde(borrow)]
        roles: Many<Named<'a>>,
        #[serde(borrow)]
        issued_at: Text<'a>,
        #[serde(borrow)]
        expires_at: Text<'a>,
        #[serde(borrow)]
        catalog: Many<Service<'a>>,
    }

    /// A service of the catalogue.
    Service {
        #[serde(borrow, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow)]
        endpoints: Many<Endpoint<'a>>,
    }

    /// Where a service is.
    Endpoint {
        #[serde(borrow)]
        interface: Text<'a>,
        #[serde(borrow)]
        region_id: Text<'a>,
        #[serde(borrow)]
        region: Text<'a>,
        #[serde(borrow)]
        url: Text<'a>,
    }

    /// Anything that has an id and a name.
    Named {
        #[serde(borrow)]
        id: Text<'a>,
        #[serde(borrow)]
        name: Text<'a>,
    }

    /// What a service says of its versions, in either form.
    Versions {
        #[serde(borrow)]
        version: Object<Version<'a>>,
        #[serde(borrow)]
        versions: Many<Version<'a>>,
    }

    /// One version.
    Version {
        #[serde(borrow)]
        id: Text<'a>,
        /// The newest microversion; empty where there are none.
        #[serde(borrow)]
        version: Text<'a>,
        #[serde(borrow)]
        min_version: Text<'a>,
    }

    /// A page of servers.
    Servers {
        #[serde(borrow)]
        servers: Many<Server<'a>>,
        #[serde(borrow)]
        servers_links: Many<Link<'a>>,
    }

    /// One server.
    One {
        #[serde(borrow)]
        server: Object<Server<'a>>,
    }

    /// A link; only what it is for counts, it is not followed.
    Link {
        #[serde(borrow)]
        rel: Text<'a>,
    }

    /// A server.
    Server {
        #[serde(borrow)]
        id: Text<'a>,
        #[serde(borrow)]
        name: Text<'a>,
        #[serde(borrow)]
        status: Text<'a>,
        #[serde(borrow)]
        tenant_id: Text<'a>,
        #[serde(borrow)]
        user_id: Text<'a>,
        #[serde(borrow)]
        created: Text<'a>,
        #[serde(borrow)]
        updated: Text<'a>,
        #[serde(borrow)]
        description: Text<'a>,
        locked: Flag,
        #[serde(borrow)]
        locked_reason: Text<'a>,
        #[serde(borrow)]
        metadata: Object<Pairs<Text<'a>>>,
        /// A list of texts.
        #[serde(borrow)]
        tags: Option<&'a RawValue>,
        #[serde(borrow)]
        addresses: Object<Pairs<Many<Address<'a>>>>,
        /// An empty text when it was started from a volume.
        #[serde(borrow)]
        image: Object<Named<'a>>,
        #[serde(borrow)]
        flavor: Object<Flavor<'a>>,
        #[serde(borrow)]
        fault: Object<Fault<'a>>,
        #[serde(borrow, rename = "OS-EXT-STS:task_state")]
        task_state: Text<'a>,
        #[serde(borrow, rename = "OS-EXT-STS:vm_state")]
        vm_state: Text<'a>,
        #[serde(rename = "OS-EXT-STS:power_state")]
        power_state: Int,
        #[serde(borrow, rename = "OS-EXT-AZ:availability_zone")]
        zone: Text<'a>,
        #[serde(borrow, rename = "OS-EXT-SRV-ATTR:host")]
        host: Text<'a>,
        #[serde(borrow, rename = "OS-EXT-SRV-ATTR:instance_name")]
        instance_name: Text<'a>,
    }

    /// An address of a server.
    Address {
        #[serde(borrow)]
        addr: Text<'a>,
    }

    /// The size of a server: by its id, or (from 2.47 on) itself.
    Flavor {
        #[serde(borrow)]
        id: Text<'a>,
        #[serde(borrow)]
        name: Text<'a>,
        vcpus: Int,
        /// MiB.
        ram: Int,
    }

    /// Why a server is in error.
    Fault {
        #[serde(borrow)]
        message: Text<'a>,
    }

    /// The sizes there are.
    Flavors {
        #[serde(borrow)]
        flavors: Many<Flavor<'a>>,
    }

    /// A page of images.
    Images {
        #[serde(borrow)]
        images: Many<Named<'a>>,
        /// Where the next page is; only whether there is one counts.
        #[serde(borrow)]
        next: Text<'a>,
    }

    /// Projects, or users.
    People {
        #[serde(borrow)]
        projects: Many<Named<'a>>,
        #[serde(borrow)]
        users: Many<Named<'a>>,
    }

    /// The groups that keep servers together or apart.
    Groups {
        #[serde(borrow)]
        server_groups: Many<Group<'a>>,
    }

    /// One of them.
    Group {
        #[serde(borrow)]
        name: Text<'a>,
        /// A list of servers' ids.
        #[serde(borrow)]
        members: Option<&'a RawValue>,
    }

    /// What was done to a server, newest first.
    Actions {
        #[serde(borrow, rename = "instanceActions")]
        actions: Many<Action<'a>>,
    }

    /// One of these, with its events.
    OneAction {
        #[serde(borrow, rename = "instanceAction")]
        action: Object<Action<'a>>,
    }

    /// Something that was done to a server.
    Action {
        /// `stop`, `live-migration`.
        #[serde(borrow)]
        action: Text<'a>,
        #[serde(borrow)]
        request_id: Text<'a>,
        #[serde(borrow)]
        user_id: Text<'a>,
        #[serde(borrow)]
        start_time: Text<'a>,
        #[serde(borrow)]
        updated_at: Text<'a>,
        /// `Error` when it failed.
        #[serde(borrow)]
        message: Text<'a>,
        #[serde(borrow)]
        events: Many<Event<'a>>,
    }

    /// A step of it.
    Event {
        /// `compute_stop_instance`.
        #[serde(borrow)]
        event: Text<'a>,
        #[serde(borrow)]
        start_time: Text<'a>,
        #[serde(borrow)]
        finish_time: Text<'a>,
        /// `Success`, `Error`; null while it runs.
        #[serde(borrow)]
        result: Text<'a>,
        /// For administrators.
        #[serde(borrow)]
        traceback: Text<'a>,
        /// In words for everybody, from 2.84 on.
        #[serde(borrow)]
        details: Text<'a>,
        /// For administrators, from 2.62 on.
        #[serde(borrow)]
        host: Text<'a>,
    }

    /// The services of the hosts.
    ComputeServices {
        #[serde(borrow)]
        services: Many<ComputeService<'a>>,
    }

    /// The service of a host.
    ComputeService {
        #[serde(borrow)]
        host: Text<'a>,
        #[serde(borrow)]
        zone: Text<'a>,
        /// `up`, `down`.
        #[serde(borrow)]
        state: Text<'a>,
        /// `enabled`, `disabled`.
        #[serde(borrow)]
        status: Text<'a>,
    }

    /// The hypervisors.
    Hypervisors {
        #[serde(borrow)]
        hypervisors: Many<Hypervisor<'a>>,
    }

    /// A hypervisor, and what it has.
    Hypervisor {
        #[serde(borrow)]
        service: Object<HypervisorService<'a>>,
        #[serde(borrow)]
        host_ip: Text<'a>,
        vcpus: Int,
        vcpus_used: Int,
        memory_mb: Int,
        memory_mb_used: Int,
    }

    /// The service that a hypervisor belongs to.
    HypervisorService {
        #[serde(borrow)]
        host: Text<'a>,
    }

    /// What a server wrote on its console.
    ConsoleOutput {
        #[serde(borrow)]
        output: Text<'a>,
    }

    /// The answer to a question for a screen.
    Console {
        #[serde(borrow)]
        remote_console: Object<Screen<'a>>,
    }

    /// Where a screen is.
    Screen {
        #[serde(borrow)]
        protocol: Text<'a>,
        #[serde(borrow)]
        url: Text<'a>,
    }

    /// What stands below the one key of a body that says no: `{"conflictingRequest": {"code": 409, "message": "…"}}`.
    Refusal {
        #[serde(borrow)]
        message: Text<'a>,
        #[serde(borrow)]
        detail: Text<'a>,
    }
}

/// The texts of a list; whatever else it holds is left out.
pub fn texts(raw: Option<&RawValue>) -> Vec<String> {
    let list: Vec<Text<'_>> = raw
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    list.iter()
        .filter_map(|text| text.get().map(str::to_owned))
        .collect()
}

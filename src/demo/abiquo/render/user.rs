//! Users, roles and privileges (1.3).

use super::Pen;
use crate::demo::abiquo::estate::{FIRST, FIRST_USER, id};
use crate::demo::json::Json;

impl Pen<'_> {
    /// A user, with the privileges of the role when asked for.
    pub fn user(self, json: &mut Json, user: usize, privileges: bool) {
        let estate = &self.platform.estate;
        let one = &estate.users[user];
        let path = self.user_path(user);
        json.open();
        json.count("id", id(FIRST_USER, user));
        json.text("nick", &one.nick);
        json.text("name", &one.name);
        json.text("surname", &one.surname);
        json.text("email", &format!("{}@example.com", one.nick));
        json.text("locale", "en_US");
        json.flag("active", true);
        json.flag("locked", false);
        json.flag("firstLogin", false);
        json.text("authType", "ABIQUO");
        json.key("links");
        json.open_array();
        let enterprise = &estate.enterprises[one.enterprise].name;
        self.link(
            json,
            "enterprise",
            "enterprise",
            enterprise,
            &[&Self::enterprise_path(one.enterprise)],
        );
        let role = format!("/admin/roles/{}", id(FIRST, one.role));
        self.link(json, "role", "role", &estate.roles[one.role].name, &[&role]);
        self.link(json, "edit", "user", &one.nick, &[&path]);
        self.link(
            json,
            "virtualmachines",
            "virtualmachines",
            "virtual machines",
            &[&path, "/action/virtualmachines"],
        );
        self.link(
            json,
            "pendingtasks",
            "tasks",
            "pending tasks",
            &[&path, "/action/pendingtasks"],
        );
        self.link(
            json,
            "applications",
            "applications",
            "applications",
            &[&path, "/applications"],
        );
        json.close_array();
        if privileges {
            json.key("privileges");
            self.privileges(json, one.role);
        }
        json.close();
    }

    /// A role.
    pub fn role(self, json: &mut Json, role: usize) {
        let name = &self.platform.estate.roles[role].name;
        let path = format!("/admin/roles/{}", id(FIRST, role));
        json.open();
        json.count("id", id(FIRST, role));
        json.text("name", name);
        json.flag("blocked", false);
        json.key("links");
        json.open_array();
        self.link(json, "edit", "role", name, &[&path]);
        self.link(
            json,
            "privileges",
            "privileges",
            "privileges",
            &[&path, "/action/privileges"],
        );
        json.close_array();
        json.close();
    }

    /// The privileges that a role holds.
    pub fn privileges(self, json: &mut Json, role: usize) {
        let estate = &self.platform.estate;
        json.open();
        json.verbatim("links", "[]");
        json.key("collection");
        json.open_array();
        for &privilege in &estate.roles[role].privileges {
            let name = &estate.privileges[privilege];
            let number = id(FIRST, privilege);
            json.open();
            json.count("id", number);
            json.text("name", name);
            json.key("links");
            json.open_array();
            self.link(
                json,
                "self",
                "privilege",
                name,
                &[&format!("/config/privileges/{number}")],
            );
            json.close_array();
            json.close();
        }
        json.close_array();
        json.close();
    }
}

//! Tags and metadata of a server.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault, nowhere};
use super::compute::Nova;
use super::estate::Role;
use super::schema::invalid;
use super::{Asked, Cloud};

/// How many tags a server has at most.
const TAGS: usize = 50;
/// How long a tag is at most, characters.
const TAG: usize = 60;
/// How long a key or value of the metadata is at most, characters.
const ITEM: usize = 255;

impl Nova<'_> {
    /// `/servers/{id}/tags`.
    pub fn tags(&self, cloud: &mut Cloud, asked: &Asked<'_>, at: usize, path: &[&str]) -> Answered {
        let now_ms = self.now_ms;
        let policy = match (asked.method, path) {
            ("GET", []) => "index",
            ("GET", [_]) => "show",
            ("PUT", []) => "update_all",
            ("PUT", [_]) => "update",
            ("DELETE", []) => "delete_all",
            ("DELETE", [_]) => "delete",
            _ => return Err(nowhere()),
        };
        if asked.method != "GET" {
            self.need(
                Role::Member,
                &format!("os_compute_api:os-server-tags:{policy}"),
            )?;
        }
        let place = format!("{}/servers", self.address(cloud));
        let server = self.server_at(cloud, at);
        if asked.method != "GET" {
            // Tags are set on what is there to be used.
            let states = ["active", "paused", "suspended", "stopped"];
            if !states.contains(&server.vm_state) {
                let called = match (asked.method, path) {
                    ("PUT", []) => "update tags",
                    ("PUT", _) => "update tag",
                    (_, []) => "delete tags",
                    _ => "delete tag",
                };
                return Err(fault(
                    409,
                    format!(
                        "Cannot '{called}' instance {} while it is in vm_state {}",
                        server.id, server.vm_state
                    ),
                ));
            }
            server.updated_ms = now_ms;
        }
        let known = path
            .first()
            .and_then(|tag| server.tags.iter().position(|one| one == tag));
        Ok(match (asked.method, path) {
            ("GET", []) => Answer::ok(json!({"tags": server.tags})),
            ("GET" | "DELETE", [tag]) => {
                let missing = || {
                    let id = &server.id;
                    fault(404, format!("Server {id} has no tag '{tag}'"))
                };
                let at = known.ok_or_else(missing)?;
                if asked.method == "DELETE" {
                    server.tags.remove(at);
                }
                Answer::empty(204)
            }
            ("PUT", []) => {
                let form = self.form(asked)?;
                let tags = tags(&form["tags"])
                    .ok_or_else(|| invalid("tags", &form["tags"], "is not a list of tags"))?;
                server.tags = tags;
                Answer::ok(json!({"tags": server.tags}))
            }
            ("PUT", [tag]) => {
                if !is_tag(tag) {
                    return Err(fault(
                        400,
                        format!(
                            "Tag '{tag}' is invalid. It must be a non empty string without characters '/' and ','. Maximum length is {TAG}."
                        ),
                    ));
                }
                if known.is_some() {
                    return Ok(Answer::empty(204));
                }
                if server.tags.len() == TAGS {
                    return Err(fault(
                        400,
                        format!("The number of tags exceeded the per-server limit {TAGS}"),
                    ));
                }
                server.tags.push((*tag).to_owned());
                Answer::empty(201).with("location", format!("{place}/{}/tags/{tag}", server.id))
            }
            _ => {
                server.tags.clear();
                Answer::empty(204)
            }
        })
    }

    /// `/servers/{id}/metadata`.
    pub fn metadata(
        &self,
        cloud: &mut Cloud,
        asked: &Asked<'_>,
        at: usize,
        path: &[&str],
    ) -> Answered {
        let policy = match (asked.method, path) {
            ("GET", []) => "index",
            ("GET", [_]) => "show",
            ("POST", []) => "create",
            ("PUT", []) => "update_all",
            ("PUT", [_]) => "update",
            ("DELETE", [_]) => "delete",
            _ => return Err(nowhere()),
        };
        let admin = self.caller.is_admin();
        let now_ms = self.now_ms;
        if asked.method != "GET" {
            self.need(
                Role::Member,
                &format!("os_compute_api:server-metadata:{policy}"),
            )?;
        }
        let server = self.server_at(cloud, at);
        if asked.method != "GET" {
            let id = &server.id;
            if server.lock.is_some() && !admin {
                return Err(fault(409, format!("Instance {id} is locked")));
            }
            let states = ["active", "paused", "suspended", "stopped"];
            if !states.contains(&server.vm_state) {
                let called = match asked.method {
                    "DELETE" => "delete metadata",
                    _ => "update metadata",
                };
                return Err(fault(
                    409,
                    format!(
                        "Cannot '{called}' instance {id} while it is in vm_state {}",
                        server.vm_state
                    ),
                ));
            }
            server.updated_ms = now_ms;
        }
        let missing = || fault(404, "Metadata item was not found");
        Ok(match (asked.method, path) {
            ("GET", []) => Answer::ok(json!({"metadata": server.metadata})),
            ("GET", [key]) => {
                let value = server.metadata.get(*key).ok_or_else(missing)?;
                Answer::ok(json!({"meta": {*key: value}}))
            }
            ("DELETE", [key]) => {
                server.metadata.remove(*key).ok_or_else(missing)?;
                Answer::empty(204)
            }
            ("PUT", [key]) => {
                let form = self.form(asked)?;
                let items = items(&form["meta"])
                    .ok_or_else(|| invalid("meta", &form["meta"], "is not of type 'object'"))?;
                if !items.contains_key(*key) || items.len() != 1 {
                    return Err(fault(400, "Request body and URI mismatch"));
                }
                server.metadata.extend(items.clone());
                Answer::ok(json!({ "meta": items }))
            }
            (method, _) => {
                let form = self.form(asked)?;
                let items = items(&form["metadata"]).ok_or_else(|| {
                    invalid("metadata", &form["metadata"], "is not of type 'object'")
                })?;
                if method == "PUT" {
                    server.metadata = items;
                } else {
                    server.metadata.extend(items);
                }
                Answer::ok(json!({"metadata": server.metadata}))
            }
        })
    }
}

fn is_tag(tag: &str) -> bool {
    !tag.is_empty() && tag.chars().count() <= TAG && !tag.contains(['/', ','])
}

fn tags(value: &Value) -> Option<Vec<String>> {
    let mut tags: Vec<String> = Vec::new();
    for tag in value.as_array()? {
        let tag = tag.as_str().filter(|tag| is_tag(tag))?;
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    (tags.len() <= TAGS).then_some(tags)
}

fn items(value: &Value) -> Option<BTreeMap<String, String>> {
    let mut items = BTreeMap::new();
    for (key, value) in value.as_object()? {
        let value = value.as_str()?;
        let fits = |text: &str| text.chars().count() <= ITEM;
        (!key.is_empty() && fits(key) && fits(value)).then_some(())?;
        items.insert(key.clone(), value.to_owned());
    }
    Some(items)
}

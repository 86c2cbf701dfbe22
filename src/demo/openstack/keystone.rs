//! Keystone v3: signing in, the catalogue, projects and users.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, error, unauthorized};
use super::estate::{People, Role};
use super::times::precise;
use super::tokens::Token;
use super::{Asked, Cloud, PASSWORD};

/// Answers what is asked of Keystone. The path is what follows the root.
pub(super) fn answer(cloud: &mut Cloud, asked: &Asked<'_>) -> Answered {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (asked.method, path.as_slice()) {
        ("GET", [] | [""]) => Ok(Answer::json(
            300,
            json!({"versions": {"values": [version(cloud)]}}),
        )),
        ("GET", ["v3"] | ["v3", ""]) => Ok(Answer::ok(json!({"version": version(cloud)}))),
        ("POST", ["v3", "auth", "tokens"]) => sign_in(cloud, asked),
        (_, ["v3", rest @ ..]) => {
            let refused = || unauthorized(&cloud.root);
            let text = asked.header("x-auth-token").ok_or_else(refused)?;
            let token = cloud.tokens.find(text, asked.now_ms).cloned();
            let token = token.ok_or_else(refused)?;
            signed_in(cloud, asked, &token, rest)
        }
        _ => Err(error(404, "The resource could not be found.")),
    }
}

fn version(cloud: &Cloud) -> Value {
    json!({
        "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{}/v3/", cloud.links)}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    })
}

/// What needs a token.
fn signed_in(cloud: &mut Cloud, asked: &Asked<'_>, token: &Token, path: &[&str]) -> Answered {
    let people = &cloud.estate.people;
    let me = &people.users[token.user];
    let admin = role(people, token) == Some(Role::Admin);
    let denied = |action: &str| {
        error(
            403,
            format!("You are not authorized to perform the requested action: identity:{action}."),
        )
    };
    let links = |place: &str| json!({"next": null, "previous": null, "self": format!("{}/v3/{place}", cloud.links)});
    let project_row = |at: usize| project(people, at, &cloud.links);
    match (asked.method, path) {
        ("GET" | "HEAD" | "DELETE", ["auth", "tokens"]) => subject(cloud, asked),
        ("GET", ["auth", "projects"]) => {
            let rows: Vec<Value> = me.roles.iter().map(|(at, _)| project_row(*at)).collect();
            Ok(Answer::ok(
                json!({"projects": rows, "links": links("auth/projects")}),
            ))
        }
        ("GET", ["auth", "catalog"]) => match token.project {
            Some(at) => Ok(Answer::ok(
                json!({"catalog": cloud.catalogue(at), "links": links("auth/catalog")}),
            )),
            None => Err(denied("get_auth_catalog")),
        },
        ("GET", ["users", id, "projects"]) => {
            let user = people.users.iter().find(|user| user.id == *id);
            match user.filter(|user| admin || user.id == me.id) {
                Some(user) => {
                    let rows = user.roles.iter().map(|(at, _)| project_row(*at));
                    let rows: Vec<Value> = rows.collect();
                    Ok(Answer::ok(json!({
                        "projects": rows, "links": links(&format!("users/{id}/projects")),
                    })))
                }
                None => Err(denied("list_user_projects")),
            }
        }
        ("GET", ["projects"]) if !admin => Err(denied("list_projects")),
        ("GET", ["projects"]) => {
            let name = asked.query.first("name");
            let all = people.projects.iter().enumerate();
            let rows: Vec<Value> = all
                .filter(|(_, project)| name.is_none_or(|name| name == project.name))
                .map(|(at, _)| project_row(at))
                .collect();
            Ok(Answer::ok(
                json!({"projects": rows, "links": links("projects")}),
            ))
        }
        ("GET", ["projects", id]) => {
            let at = people.projects.iter().position(|project| project.id == *id);
            match at {
                Some(at) if admin || me.role_in(at).is_some() => {
                    Ok(Answer::ok(json!({"project": project_row(at)})))
                }
                None if admin => Err(error(404, format!("Could not find project: {id}."))),
                _ => Err(denied("get_project")),
            }
        }
        ("GET", ["users"]) if !admin => Err(denied("list_users")),
        ("GET", ["users"]) => {
            let rows = (0..people.users.len()).map(|at| user(people, at, &cloud.links));
            let rows: Vec<Value> = rows.collect();
            Ok(Answer::ok(json!({"users": rows, "links": links("users")})))
        }
        ("GET", ["users", id]) => {
            let at = people.users.iter().position(|user| user.id == *id);
            match at {
                Some(at) if admin || at == token.user => {
                    Ok(Answer::ok(json!({"user": user(people, at, &cloud.links)})))
                }
                None if admin => Err(error(404, format!("Could not find user: {id}."))),
                _ => Err(denied("get_user")),
            }
        }
        _ => Err(error(404, "The resource could not be found.")),
    }
}

/// A look at a token, or its end.
fn subject(cloud: &mut Cloud, asked: &Asked<'_>) -> Answered {
    let text = asked.header("x-subject-token").unwrap_or_default();
    let Some(token) = cloud.tokens.find(text, asked.now_ms).cloned() else {
        return Err(error(404, "Failed to validate token"));
    };
    Ok(match asked.method {
        "DELETE" => {
            cloud.tokens.revoke(text);
            Answer::empty(204)
        }
        "HEAD" => Answer::empty(200).with("x-subject-token", text),
        _ => Answer::ok(described(cloud, &token, asked)).with("x-subject-token", text),
    })
}

fn role(people: &People, token: &Token) -> Option<Role> {
    people.users[token.user].role_in(token.project?)
}

fn sign_in(cloud: &mut Cloud, asked: &Asked<'_>) -> Answered {
    let missing = |what: &str, place: &str| {
        error(
            400,
            format!(
                "Expecting to find {what} in {place}. The server could not comply with the request since it is either \
                 malformed or otherwise incorrect. The client is assumed to be in error."
            ),
        )
    };
    let body: Value =
        serde_json::from_slice(asked.body).map_err(|_| missing("valid JSON", "request body"))?;
    let auth = body
        .get("auth")
        .filter(|auth| auth.is_object())
        .ok_or_else(|| missing("auth", "request body"))?;
    let methods = auth["identity"]["methods"]
        .as_array()
        .ok_or_else(|| missing("methods", "identity"))?;
    let methods: Vec<&str> = methods.iter().filter_map(Value::as_str).collect();
    let mut known: Option<Proven> = None;
    for method in &methods {
        let form = &auth["identity"][*method];
        let proven = match *method {
            "password" => by_password(&cloud.estate.people, &form["user"]),
            "token" => by_token(cloud, form, asked.now_ms),
            "application_credential" => by_credential(&cloud.estate.people, form),
            _ => None,
        };
        // Every method must prove the same user.
        let proven = proven.filter(|new| known.as_ref().is_none_or(|old| old.user == new.user));
        known = Some(proven.ok_or_else(|| unauthorized(&cloud.root))?);
    }
    let proven = known.ok_or_else(|| unauthorized(&cloud.root))?;
    let project = scope(&cloud.estate.people, &proven, &auth["scope"])
        .map_err(|NotThere| unauthorized(&cloud.root))?;
    let mut all: Vec<String> = methods.iter().map(ToString::to_string).collect();
    all.extend(proven.methods);
    all.sort();
    all.dedup();
    let audit = cloud.tokens.text(22);
    let token = Token {
        user: proven.user,
        project,
        issued_ms: asked.now_ms,
        ends_ms: proven.ends_ms.unwrap_or(asked.now_ms + cloud.token_life_ms),
        methods: all,
        credential: proven.credential,
        audit,
    };
    let body = described(cloud, &token, asked);
    let text = cloud.tokens.give(token);
    Ok(Answer::json(201, body).with("x-subject-token", text))
}

/// Who somebody is.
struct Proven {
    user: usize,
    credential: Option<usize>,
    /// What a token that is traded in was had for, and its project.
    methods: Vec<String>,
    project: Option<usize>,
    /// A token that is traded in lends its end, milliseconds.
    ends_ms: Option<i64>,
}

impl Proven {
    fn new(user: usize) -> Self {
        Self {
            user,
            credential: None,
            methods: Vec::new(),
            project: None,
            ends_ms: None,
        }
    }
}

/// A user by id, or by name and domain.
fn user_of(people: &People, form: &Value) -> Option<usize> {
    let mut users = people.users.iter();
    if let Some(id) = form["id"].as_str() {
        return users.position(|user| user.id == id);
    }
    let name = form["name"].as_str()?;
    is_domain(people, &form["domain"]).then_some(())?;
    users.position(|user| user.name == name)
}

fn is_domain(people: &People, form: &Value) -> bool {
    form["id"] == "default" || form["name"] == people.domain.as_str()
}

fn by_password(people: &People, form: &Value) -> Option<Proven> {
    let user = user_of(people, form)?;
    (form["password"] == PASSWORD).then(|| Proven::new(user))
}

fn by_token(cloud: &Cloud, form: &Value, now_ms: i64) -> Option<Proven> {
    let token = cloud.tokens.find(form["id"].as_str()?, now_ms)?;
    Some(Proven {
        user: token.user,
        credential: token.credential,
        methods: token.methods.clone(),
        project: token.project,
        ends_ms: Some(token.ends_ms),
    })
}

fn by_credential(people: &People, form: &Value) -> Option<Proven> {
    let mut all = people.credentials.iter();
    let at = match form["id"].as_str() {
        Some(id) => all.position(|credential| credential.id == id),
        None => {
            let user = user_of(people, &form["user"])?;
            all.position(|credential| credential.user == user && form["name"] == *credential.name)
        }
    }?;
    let credential = &people.credentials[at];
    let mut proven = Proven::new(credential.user);
    proven.credential = Some(at);
    (form["secret"] == *credential.secret).then_some(proven)
}

/// The project is not there, or not theirs: nobody is told which of the two.
struct NotThere;

/// The project that is asked for, the user's own when nothing is said.
fn scope(people: &People, proven: &Proven, scope: &Value) -> Result<Option<usize>, NotThere> {
    let user = &people.users[proven.user];
    if let Some(credential) = proven.credential {
        // It is good for its own project only, and cannot ask for one.
        let own = people.credentials[credential].project;
        let traded = proven.ends_ms.is_some();
        return (traded || scope.is_null())
            .then_some(Some(own))
            .ok_or(NotThere);
    }
    if scope == "unscoped" || scope.get("unscoped").is_some() {
        return Ok(None);
    }
    if scope.is_null() {
        // A token that is traded in without a word keeps what it has.
        return Ok(proven.project.or(user.default_project));
    }
    let form = &scope["project"];
    let mut projects = people.projects.iter();
    let at = match form["id"].as_str() {
        Some(id) => projects.position(|project| project.id == id),
        None if is_domain(people, &form["domain"]) => {
            projects.position(|project| form["name"] == *project.name)
        }
        None => None,
    };
    let at = at
        .filter(|at| user.role_in(*at).is_some())
        .ok_or(NotThere)?;
    Ok(Some(at))
}

/// A token as Keystone describes it.
fn described(cloud: &Cloud, token: &Token, asked: &Asked<'_>) -> Value {
    let people = &cloud.estate.people;
    let user = &people.users[token.user];
    let domain = json!({"id": "default", "name": people.domain});
    let mut row = json!({
        "methods": token.methods, "audit_ids": [token.audit],
        "issued_at": precise(token.issued_ms), "expires_at": precise(token.ends_ms),
        "user": {"id": user.id, "name": user.name, "domain": domain, "password_expires_at": null},
    });
    if let Some(at) = token.project {
        let project = &people.projects[at];
        let held = user.role_in(at);
        let roles = Role::ALL
            .into_iter()
            .filter(|(role, _)| held >= Some(*role));
        let roles: Vec<Value> = roles
            .map(|(role, name)| json!({"id": format!("{:032x}", 0x0e01 + role as u32), "name": name}))
            .collect();
        row["project"] = json!({"id": project.id, "name": project.name, "domain": domain});
        row["is_domain"] = false.into();
        row["roles"] = roles.into();
        if asked.query.first("nocatalog").is_none() {
            row["catalog"] = cloud.catalogue(at).into();
        }
    }
    if let Some(at) = token.credential {
        let credential = &people.credentials[at];
        row["application_credential"] =
            json!({"id": credential.id, "name": credential.name, "restricted": true});
    }
    json!({ "token": row })
}

fn project(people: &People, at: usize, base: &str) -> Value {
    let project = &people.projects[at];
    json!({
        "id": project.id, "name": project.name, "domain_id": "default", "parent_id": "default", "description": "",
        "enabled": true, "is_domain": false, "tags": [], "options": {},
        "links": {"self": format!("{base}/v3/projects/{}", project.id)},
    })
}

fn user(people: &People, at: usize, base: &str) -> Value {
    let user = &people.users[at];
    let mut row = json!({
        "id": user.id, "name": user.name, "domain_id": "default", "enabled": true, "password_expires_at": null, "options": {},
        "links": {"self": format!("{base}/v3/users/{}", user.id)},
    });
    if let Some(project) = user.default_project {
        row["default_project_id"] = people.projects[project].id.clone().into();
    }
    row
}

//! `/openapi.json`, made from the routes themselves.

use super::Operation;
use crate::wire::{PROBLEM_TYPE, Role};
use serde_json::{Map, Value, json};

/// The fields of each object on the wire: `name:type`, with `?` where it may be absent or null.
/// Types are JSON's, a time, `[T]` for lists, or another object's name.
const SCHEMAS: &[(&str, &str)] = &[
    ("ServerInfo", "name:string version:string api:string"),
    ("TokenRequest", "subject:string role:Role expires_in?:integer"),
    (
        "TokenCreated",
        "token:string id:string subject:string role:Role created_at:time expires_at:time revoked:boolean",
    ),
    (
        "TokenInfo",
        "id:string subject:string role:Role created_at:time expires_at:time revoked:boolean",
    ),
    ("UserRequest", "name:string role:Role"),
    ("UserInvited", "name:string role:Role code:string expires_at:time"),
    (
        "UserInfo",
        "name:string role:Role created_at:time tokens:integer invited_until?:time",
    ),
    ("JoinRequest", "name:string code:string"),
    ("ProjectRegistration", "url:string branch:string path?:string host_key?:string"),
    (
        "RepositoryReport",
        "url:string branch:string head?:string host_key?:string problem?:RepositoryProblem",
    ),
    ("RepositoryProblem", "code:string detail:string help?:string"),
    (
        "ProjectInfo",
        "name:string url:string branch:string path:string deploy_key:string webhook_url:string webhook_secret?:string \
         webhook_seen?:time created_at:time",
    ),
    (
        "Deployment",
        "id:integer project:string state:DeploymentState ref:string commit?:string message?:string trigger:object reason?:string \
         current:boolean release:boolean created_at:time started_at?:time finished_at?:time",
    ),
    ("DeploymentRequest", "ref?:string"),
    ("DeploymentAccepted", "id:integer"),
    ("RollbackRequest", "to?:integer"),
    ("WebhookAnswer", "id?:integer skipped?:string"),
    ("DownRequest", "volumes?:boolean"),
    ("RestartRequest", "services?:[string]"),
    ("Done", "events:[object]"),
    ("StreamEvent", "seq:integer at:time event:object"),
    (
        "ProjectStatus",
        "project:string current?:Deployment running?:Deployment waiting:integer containers:[ContainerInfo] volumes:[string]",
    ),
    (
        "ContainerInfo",
        "id:string name:string service:string image:string state:string status:string ports:[string]",
    ),
    ("PlanReport", "commit:string changes:boolean text:string"),
    ("LogLine", "service:string container:string stream:string line:string"),
    ("EnvEntry", "key:string version:integer updated_at:time"),
    ("EnvValue", "value:string"),
    (
        "AuditEntry",
        "id:integer at:time actor:string action:string project?:string detail?:string",
    ),
    (
        "Problem",
        "type:string title:string status:integer code:string detail:string help?:string",
    ),
];

/// The document.
pub(super) fn document(operations: &[Operation], version: &str) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.as_str()] = describe(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Inertia daemon", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas(),
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let (status, answer) = operation.answer;
    let mut success = json!({"description": "Done"});
    if let Some(name) = answer {
        let kind = if matches!(name, "StreamEvent" | "LogLine") {
            "text/event-stream"
        } else {
            "application/json"
        };
        success["content"] = json!({kind: {"schema": schema(name)}});
    }
    let problem = json!({"description": "Refused", "content": {PROBLEM_TYPE: {"schema": schema("Problem")}}});
    let mut described = json!({
        "summary": operation.summary,
        "parameters": parameters(operation),
        "responses": {status.to_string(): success, "default": problem},
    });
    if let Some(name) = operation.body {
        described["requestBody"] = json!({"content": {"application/json": {"schema": schema(name)}}});
    }
    if let Some(role) = operation.needs {
        described["security"] = json!([{"token": []}]);
        described["description"] = json!(format!("Needs the role {role}."));
    }
    described
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let names = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let fields = operation.query.split_whitespace().filter_map(|field| field.split_once(':'));
    let in_query = fields.map(|(name, kind)| json!({"name": name, "in": "query", "required": false, "schema": schema(kind)}));
    in_path.chain(in_query).collect()
}

fn schemas() -> Map<String, Value> {
    let roles = [Role::Viewer, Role::Deployer, Role::Admin].map(Role::as_str);
    let states = crate::wire::DeploymentState::ALL.map(crate::wire::DeploymentState::as_str);
    let mut schemas = Map::new();
    schemas.insert("Role".to_owned(), json!({"type": "string", "enum": roles}));
    schemas.insert("DeploymentState".to_owned(), json!({"type": "string", "enum": states}));
    for (name, fields) in SCHEMAS {
        schemas.insert((*name).to_owned(), object(fields));
    }
    schemas
}

fn object(fields: &str) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields.split_whitespace() {
        let (name, kind) = field.split_once(':').unwrap_or((field, "object"));
        let optional = name.strip_suffix('?');
        if optional.is_none() {
            required.push(name);
        }
        properties.insert(optional.unwrap_or(name).to_owned(), schema(kind));
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn schema(kind: &str) -> Value {
    if let Some(item) = kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return json!({"type": "array", "items": schema(item)});
    }
    match kind {
        "string" | "integer" | "boolean" | "object" => json!({"type": kind}),
        "time" => json!({"type": "string", "format": "date-time"}),
        name => json!({"$ref": format!("#/components/schemas/{name}")}),
    }
}

#[cfg(test)]
mod tests {
    use super::super::api;
    use super::*;
    use crate::wire;
    use std::collections::BTreeSet;
    use time::OffsetDateTime;

    /// Everything that is referred to.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.insert(target.rsplit('/').next().unwrap_or_default().to_owned());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document(&api().operations, "0");
        let mut referred = BTreeSet::new();
        references(&document, &mut referred);
        let there: BTreeSet<String> = schemas().into_iter().map(|(name, _)| name).collect();
        assert_eq!(referred, there);
    }

    #[test]
    fn what_may_stand_after_the_question_mark_is_described() {
        let document = document(&api().operations, "0");
        let parameters = &document["paths"]["/v1/projects/{p}/logs"]["get"]["parameters"];
        let names: Vec<_> = parameters
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| (&one["in"], &one["name"]))
            .collect();
        let wanted = [
            ("path", "p"),
            ("query", "service"),
            ("query", "follow"),
            ("query", "tail"),
            ("query", "since"),
        ];
        assert_eq!(
            names,
            wanted
                .map(|(place, name)| (json!(place), json!(name)))
                .iter()
                .map(|(a, b)| (a, b))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn no_operation_is_described_twice() {
        let operations = api().operations;
        let distinct: BTreeSet<_> = operations.iter().map(|one| (one.method.as_str(), one.path)).collect();
        assert_eq!(distinct.len(), operations.len());
    }

    /// Checks that an object on the wire has exactly the fields that its schema has, absent ones left out.
    fn check<T: serde::Serialize>(name: &str, sample: &T) {
        let schema = &schemas()[name];
        let value = serde_json::to_value(sample).expect("serialises");
        let fields: BTreeSet<&String> = value.as_object().expect("an object").keys().collect();
        let known: BTreeSet<&String> = schema["properties"].as_object().expect("an object").keys().collect();
        assert!(fields.is_subset(&known), "{name}: {fields:?} are not all in {known:?}");
        for required in schema["required"].as_array().expect("a list") {
            let required = required.as_str().expect("text").to_owned();
            assert!(fields.contains(&required), "{name} lacks {required}");
        }
    }

    fn deployment() -> wire::Deployment {
        wire::Deployment {
            id: 1,
            project: String::new(),
            state: wire::DeploymentState::Queued,
            reference: String::new(),
            commit: None,
            message: None,
            trigger: wire::Trigger::Poll,
            reason: None,
            current: false,
            release: false,
            created_at: OffsetDateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn the_schemas_are_those_of_the_wire() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let text = String::new;
        let info = wire::TokenInfo {
            id: text(),
            subject: text(),
            role: Role::Viewer,
            created_at: at,
            expires_at: at,
            revoked: false,
        };
        check(
            "TokenCreated",
            &wire::TokenCreated {
                token: text(),
                info: info.clone(),
            },
        );
        check("TokenInfo", &info);
        check(
            "UserInfo",
            &wire::UserInfo {
                name: text(),
                role: Role::Viewer,
                created_at: at,
                tokens: 0,
                invited_until: Some(at),
            },
        );
        check(
            "UserInvited",
            &wire::UserInvited {
                name: text(),
                role: Role::Viewer,
                code: text(),
                expires_at: at,
            },
        );
        check("Deployment", &deployment());
    }

    #[test]
    fn the_schemas_of_projects_are_those_of_the_wire() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let text = String::new;
        check(
            "ProjectInfo",
            &wire::ProjectInfo {
                name: text(),
                url: text(),
                branch: text(),
                path: text(),
                deploy_key: text(),
                webhook_url: text(),
                webhook_secret: Some(text()),
                webhook_seen: Some(at),
                created_at: at,
            },
        );
        check(
            "RepositoryReport",
            &wire::RepositoryReport {
                url: text(),
                branch: text(),
                head: Some(text()),
                host_key: Some(text()),
                problem: Some(wire::RepositoryProblem {
                    code: text(),
                    detail: text(),
                    help: None,
                }),
            },
        );
        check(
            "ProjectStatus",
            &wire::ProjectStatus {
                project: text(),
                current: Some(deployment()),
                running: None,
                waiting: 0,
                containers: vec![],
                volumes: vec![],
            },
        );
        check(
            "ContainerInfo",
            &wire::ContainerInfo {
                id: text(),
                name: text(),
                service: text(),
                image: text(),
                state: text(),
                status: text(),
                ports: vec![],
            },
        );
    }

    #[test]
    fn the_schemas_of_lists_and_streams_are_those_of_the_wire() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let text = String::new;
        check(
            "StreamEvent",
            &wire::StreamEvent {
                seq: 1,
                at,
                event: wire::EventBody::Note { message: text() },
            },
        );
        check(
            "LogLine",
            &wire::LogLine {
                service: text(),
                container: text(),
                stream: compose_core::engine::LogStream::Stdout,
                line: text(),
            },
        );
        check(
            "EnvEntry",
            &wire::EnvEntry {
                key: text(),
                version: 1,
                updated_at: at,
            },
        );
        check(
            "AuditEntry",
            &wire::AuditEntry {
                id: 1,
                at,
                actor: text(),
                action: text(),
                project: None,
                detail: None,
            },
        );
        check(
            "Problem",
            &wire::Problem {
                kind: text(),
                title: text(),
                status: 400,
                code: text(),
                detail: text(),
                help: None,
            },
        );
        check(
            "WebhookAnswer",
            &wire::WebhookAnswer {
                id: Some(1),
                skipped: Some(text()),
            },
        );
        check(
            "PlanReport",
            &wire::PlanReport {
                commit: text(),
                changes: false,
                text: text(),
            },
        );
    }
}

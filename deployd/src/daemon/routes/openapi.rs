//! `/openapi.json`, made from the routes themselves.

use super::Operation;
use crate::wire::{PROBLEM_TYPE, Role};
use serde_json::{Map, Value, json};

/// The fields of each object on the wire: `name:type`, with `?` after the name where the field may be absent, and after the type
/// where it may be null. Types are JSON's, a time, `[T]` for lists, or another object's name.
const SCHEMAS: &[(&str, &str)] = &[
    ("ServerInfo", "name:string version:string api:string"),
    ("TokenRequest", "subject:string role:Role expires_in?:integer?"),
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
        "name:string role:Role created_at:time tokens:integer invited_until?:time?",
    ),
    ("JoinRequest", "name:string code:string"),
    ("ProjectRegistration", "url:string branch:string path?:string host_key?:string?"),
    (
        "RepositoryReport",
        "url:string branch:string head?:string? host_key?:string? problem?:RepositoryProblem?",
    ),
    ("RepositoryProblem", "code:string detail:string help?:string?"),
    (
        "ProjectInfo",
        "name:string url:string branch:string path:string deploy_key:string webhook_url:string webhook_secret?:string? \
         webhook_seen?:time? created_at:time",
    ),
    (
        "Deployment",
        "id:integer project:string state:DeploymentState ref:string commit:string? message:string? trigger:object reason:string? \
         current:boolean release:boolean created_at:time started_at:time? finished_at:time?",
    ),
    ("DeploymentRequest", "ref?:string?"),
    ("DeploymentAccepted", "id:integer"),
    ("RollbackRequest", "to?:integer?"),
    ("WebhookAnswer", "id?:integer? skipped?:string?"),
    ("DownRequest", "volumes?:boolean"),
    ("RestartRequest", "services?:[string]"),
    ("Done", "events:[object]"),
    ("StreamEvent", "seq:integer at:time event:object"),
    ("DownInfo", "since:time skipped?:string?"),
    (
        "ProjectStatus",
        "project:string down?:DownInfo? current:Deployment? running:Deployment? waiting:integer containers:[ContainerInfo] volumes:[string]",
    ),
    (
        "ContainerInfo",
        "id:string name:string service:string image:string state:string status:string ports:[string]",
    ),
    (
        "PlanReport",
        "commit:string changes:boolean text:string differs:[string] warnings:[string]",
    ),
    ("LogLine", "service:string container:string stream:string line:string"),
    ("EnvEntry", "key:string version:integer updated_at:time"),
    ("EnvValue", "value:string"),
    (
        "AuditEntry",
        "id:integer at:time actor:string action:string project:string? detail:string? address:string?",
    ),
    (
        "Problem",
        "type:string title:string status:integer code:string detail:string help?:string?",
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
    if let Some(kind) = kind.strip_suffix('?') {
        return or_null(schema(kind));
    }
    if let Some(item) = kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return json!({"type": "array", "items": schema(item)});
    }
    match kind {
        "string" | "integer" | "boolean" | "object" => json!({"type": kind}),
        "time" => json!({"type": "string", "format": "date-time"}),
        name => json!({"$ref": format!("#/components/schemas/{name}")}),
    }
}

fn or_null(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(kind) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

#[cfg(test)]
mod tests;

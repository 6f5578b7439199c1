//! The description is that of the types.

use super::super::api;
use super::*;
use crate::wire;
use serde::de::value::Error as FieldsError;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::{Serialize, forward_to_deserialize_any};
use std::collections::BTreeSet;

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

/// Asks a type for the names of its fields, and gives it nothing.
struct AskFields<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for AskFields<'_> {
    type Error = FieldsError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, FieldsError> {
        Err(FieldsError::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], _: V) -> Result<V::Value, FieldsError> {
        *self.0 = Some(fields);
        Err(FieldsError::custom("only asked"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Which way an object goes.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// To the daemon: what is required is what cannot be left out.
    In,
    /// From the daemon: what is required is what it always sends.
    Out,
}

/// A value that has every field, none of them null.
fn sample(schema: &Value, field: &str) -> Value {
    if let Some(Value::String(target)) = schema.get("$ref") {
        let name = target.rsplit('/').next().unwrap_or_default();
        return sample(&schemas()[name], field);
    }
    if let Some(either) = schema.get("anyOf") {
        return sample(&either[0], field);
    }
    if let Some(words) = schema.get("enum") {
        return words[0].clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match (kind, field) {
        ("object", "trigger") => json!({"kind": "poll"}),
        ("object", "event" | "events") => json!({"type": "note", "message": ""}),
        ("object", _) => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), sample(schema, name))).collect()
        }
        ("array", _) => json!([sample(&schema["items"], field)]),
        ("integer", _) => json!(1),
        ("boolean", _) => json!(true),
        (_, "stream") => json!("stdout"),
        _ if schema.get("format").is_some() => json!("1970-01-01T00:00:00Z"),
        _ => json!("x"),
    }
}

fn may_be_null(schema: &Value) -> bool {
    let kinds = schema["type"].as_array().or_else(|| schema["anyOf"].as_array());
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "null" || kind["type"] == "null"))
}

/// Checks that a schema says of a type which fields it has, which may be null and which are always there. All of that is
/// asked of the type itself.
fn check<T: Serialize + DeserializeOwned>(name: &'static str, way: Way) -> &'static str {
    let schema = &schemas()[name];
    let full = sample(schema, "");
    let properties = schema["properties"].as_object().expect("an object");
    let mut fields = None;
    let _ = T::deserialize(AskFields(&mut fields));
    // One that is made of two has no list of its own.
    if let Some(fields) = fields {
        let described: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(described, fields.iter().copied().collect(), "{name}");
    }
    let read = |value: &Value| serde_json::from_value::<T>(value.clone());
    let value: T = read(&full).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(serde_json::to_value(&value).expect("serialises"), full, "{name}");
    let mut bare = full.clone();
    for (field, schema) in properties {
        let mut with_null = full.clone();
        with_null[field] = Value::Null;
        assert_eq!(may_be_null(schema), read(&with_null).is_ok(), "{name}.{field} may be null, or not");
        if may_be_null(schema) {
            bare[field] = Value::Null;
        }
    }
    let sent = serde_json::to_value(read(&bare).unwrap_or_else(|error| panic!("{name}: {error}"))).expect("serialises");
    for field in properties.keys() {
        let is_required = schema["required"].as_array().expect("a list").iter().any(|one| one == field);
        let mut without = full.clone();
        without.as_object_mut().expect("an object").remove(field);
        let is_needed = match way {
            Way::In => read(&without).is_err(),
            Way::Out => sent.get(field).is_some(),
        };
        assert_eq!(is_required, is_needed, "{name}.{field} is always there, or not");
    }
    name
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let checked = [
        check::<wire::ServerInfo>("ServerInfo", Way::Out),
        check::<wire::TokenRequest>("TokenRequest", Way::In),
        check::<wire::TokenCreated>("TokenCreated", Way::Out),
        check::<wire::TokenInfo>("TokenInfo", Way::Out),
        check::<wire::UserRequest>("UserRequest", Way::In),
        check::<wire::UserInvited>("UserInvited", Way::Out),
        check::<wire::UserInfo>("UserInfo", Way::Out),
        check::<wire::JoinRequest>("JoinRequest", Way::In),
        check::<wire::ProjectRegistration>("ProjectRegistration", Way::In),
        check::<wire::RepositoryReport>("RepositoryReport", Way::Out),
        check::<wire::RepositoryProblem>("RepositoryProblem", Way::Out),
        check::<wire::ProjectInfo>("ProjectInfo", Way::Out),
        check::<wire::Deployment>("Deployment", Way::Out),
        check::<wire::DeploymentRequest>("DeploymentRequest", Way::In),
        check::<wire::DeploymentAccepted>("DeploymentAccepted", Way::Out),
        check::<wire::RollbackRequest>("RollbackRequest", Way::In),
        check::<wire::WebhookAnswer>("WebhookAnswer", Way::Out),
        check::<wire::DownRequest>("DownRequest", Way::In),
        check::<wire::RestartRequest>("RestartRequest", Way::In),
        check::<wire::Done>("Done", Way::Out),
        check::<wire::StreamEvent>("StreamEvent", Way::Out),
        check::<wire::DownInfo>("DownInfo", Way::Out),
        check::<wire::ProjectStatus>("ProjectStatus", Way::Out),
        check::<wire::ContainerInfo>("ContainerInfo", Way::Out),
        check::<wire::PlanReport>("PlanReport", Way::Out),
        check::<wire::LogLine>("LogLine", Way::Out),
        check::<wire::EnvEntry>("EnvEntry", Way::Out),
        check::<wire::EnvValue>("EnvValue", Way::In),
        check::<wire::AuditEntry>("AuditEntry", Way::Out),
        check::<wire::Problem>("Problem", Way::Out),
    ];
    let described: BTreeSet<&str> = SCHEMAS.iter().map(|(name, _)| *name).collect();
    assert_eq!(described, BTreeSet::from(checked));
}

//! `/openapi.json`, held against what the daemon answers.

use crate::bench::Bench;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// A description, and what was found not to be as it says.
struct Described {
    document: Value,
    differences: Vec<String>,
}

impl Described {
    async fn of(bench: &Bench) -> Self {
        let document = bench.ask(Method::GET, "/openapi.json", None, String::new()).await.json();
        Self {
            document,
            differences: Vec::new(),
        }
    }

    /// The paths that are read, each with the schema of its answer.
    fn reads(&self) -> Vec<(String, Value)> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        let schema = |methods: &Value| methods["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone();
        let filled = |path: &str| path.replace("{p}", "shop").replace("{id}", "1").replace("{key}", "KEY");
        let reads = paths.map(|(path, methods)| (filled(path), schema(methods)));
        reads.filter(|(_, schema)| !schema.is_null()).collect()
    }

    fn hold(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(target) = schema["$ref"].as_str() {
            let target = self.document["components"]["schemas"][target.rsplit('/').next().unwrap()].clone();
            return self.hold(&target, value, at);
        }
        if let Some(either) = schema["anyOf"].as_array() {
            if !value.is_null() {
                self.hold(&either[0], value, at);
            }
            return;
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.clone(),
            kind => vec![kind.clone()],
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.contains(&json!(kind)) {
            self.differences.push(format!("{at} is {kind}, and said to be {kinds:?}"));
        }
        for (number, item) in value.as_array().into_iter().flatten().enumerate() {
            self.hold(&schema["items"], item, &format!("{at}[{number}]"));
        }
        if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
            for (name, field) in fields {
                match properties.get(name) {
                    Some(schema) => self.hold(schema, field, &format!("{at}.{name}")),
                    None => self.differences.push(format!("{at}.{name} is not described")),
                }
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(name.as_str().unwrap()) {
                    self.differences.push(format!("{at}.{name} is said to be there always"));
                }
            }
        }
    }

    async fn hold_all(&mut self, bench: &Bench) {
        for (path, schema) in self.reads() {
            let answer = bench.get(&path).await;
            if answer.status == StatusCode::OK {
                self.hold(&schema, &answer.json(), &path);
            } else {
                self.hold(&json!({"$ref": "#/components/schemas/Problem"}), &answer.json(), &path);
            }
        }
    }
}

#[tokio::test]
async fn every_answer_is_as_it_is_described_at_every_moment() {
    let bench = Bench::shop().await;
    let mut described = Described::of(&bench).await;
    assert!(described.reads().len() > 8);
    described.hold_all(&bench).await;
    bench.put("/v1/projects/shop/env/KEY", &json!({"value": "x"})).await;
    bench.post("/v1/users", &json!({"name": "ann", "role": "viewer"})).await;
    let id = bench.deploy().await;
    described.hold_all(&bench).await;
    bench.ended(id).await;
    described.hold_all(&bench).await;
    bench.push("services:\n  web:\n    image: sick:1\n");
    let ill = bench.deploy().await;
    bench.ended(ill).await;
    described.hold_all(&bench).await;
    assert_eq!(described.differences, Vec::<String>::new());
}

//! The part of Go's templates that `--format` is used with: fields, and `json` of a field or of everything.

use crate::failure::Failure;
use serde_json::{Map, Value};

/// A template that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
    /// `None` is everything.
    Json(Option<String>),
}

impl Template {
    /// Reads a template. `\t` and `\n` may be written out.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some(open) = rest.find("{{") {
            pieces.push(Piece::Text(rest[..open].to_owned()));
            let close = rest[open..]
                .find("}}")
                .ok_or_else(|| refused("an action that begins with '{{' has no '}}'"))?;
            pieces.push(action(rest[open + 2..open + close].trim_matches(['-', ' ', '\t', '\n']))?);
            rest = &rest[open + close + 2..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self { pieces })
    }

    /// The text for one row.
    pub(crate) fn render(&self, row: &Map<String, Value>) -> Result<String, Failure> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(name) => match field(row, name)? {
                    Value::String(text) => out.push_str(text),
                    other => out.push_str(&other.to_string()),
                },
                Piece::Json(Some(name)) => out.push_str(&field(row, name)?.to_string()),
                Piece::Json(None) => out.push_str(&Value::Object(row.clone()).to_string()),
            }
        }
        Ok(out)
    }

    /// The heads of a table's columns.
    pub(crate) fn head(&self, title: impl Fn(&str) -> String) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Field(name) | Piece::Json(Some(name)) => title(name),
                Piece::Json(None) => String::new(),
            })
            .collect()
    }
}

fn action(text: &str) -> Result<Piece, Failure> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = |word: &str| -> Result<String, Failure> {
        let name = word
            .strip_prefix('.')
            .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()));
        name.map(str::to_owned).ok_or_else(|| refused(&format!("'{word}' is no field")))
    };
    match words[..] {
        [field] => Ok(Piece::Field(name(field)?)),
        ["json", "."] => Ok(Piece::Json(None)),
        ["json", field] => Ok(Piece::Json(Some(name(field)?))),
        _ => Err(refused(&format!("'{{{{{text}}}}}' is more than a field or json"))),
    }
}

fn field<'a>(row: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Failure> {
    row.get(name).ok_or_else(|| {
        let known: Vec<&str> = row.keys().map(String::as_str).collect();
        refused(&format!("there is no field .{name}")).hint(format!("the fields are {}", known.join(", ")))
    })
}

fn refused(why: &str) -> Failure {
    Failure {
        code: 1,
        ..Failure::usage(format!("the --format template is not understood: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::{Map, Value, json};

    fn row() -> Map<String, Value> {
        match json!({ "Name": "web", "ExitCode": 3 }) {
            Value::Object(row) => row,
            _ => Map::new(),
        }
    }

    #[test]
    fn fields_and_json_are_put_in() {
        let table = [
            ("{{.Name}}", "web"),
            ("{{ .Name }}\\t{{.ExitCode}}!", "web\t3!"),
            ("{{json .Name}}", "\"web\""),
            ("{{json .}}", "{\"Name\":\"web\",\"ExitCode\":3}"),
        ];
        for (template, expected) in table {
            assert_eq!(
                Template::parse(template)
                    .and_then(|template| template.render(&row()))
                    .expect(template),
                expected
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for template in ["{{.Name", "{{if .Name}}x{{end}}", "{{Name}}", "{{}}"] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
        assert!(Template::parse("{{.Nope}}").and_then(|template| template.render(&row())).is_err());
    }
}

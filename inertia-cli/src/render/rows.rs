//! Lists in the forms of `--format`: a table, JSON objects, or a template of fields.

use super::table;
use super::template::Template;
use crate::failure::Failure;
use serde_json::{Map, Value};

/// The rows in a form. `columns` are a table's titles with the fields below them.
pub(crate) fn text(rows: &[Map<String, Value>], format: &str, columns: &[(&str, &str)]) -> Result<String, Failure> {
    match format {
        "json" => Ok(lines(rows.iter().map(|row| Value::Object(row.clone()).to_string()))),
        "table" | "" => {
            let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
            let cell = |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let cells = rows.iter().map(|row| columns.iter().map(|(_, field)| cell(row, field)).collect());
            Ok(table::render(&titles, cells))
        }
        template => {
            if let Some(template) = template.strip_prefix("table ") {
                return templated_table(rows, &Template::parse(template)?, columns);
            }
            let template = Template::parse(template)?;
            let texts: Result<Vec<String>, Failure> = rows.iter().map(|row| template.render(row)).collect();
            Ok(lines(texts?))
        }
    }
}

fn templated_table(rows: &[Map<String, Value>], template: &Template, columns: &[(&str, &str)]) -> Result<String, Failure> {
    let mut texts = vec![template.head(|field| title(field, columns))];
    for row in rows {
        texts.push(template.render(row)?);
    }
    let cells: Vec<Vec<String>> = texts.iter().map(|text| text.split('\t').map(str::to_owned).collect()).collect();
    Ok(table::align(&cells))
}

/// The head of a field's column.
fn title(field: &str, columns: &[(&str, &str)]) -> String {
    if let Some((title, _)) = columns.iter().find(|(_, own)| *own == field) {
        return (*title).to_owned();
    }
    match field {
        "ID" => "CONTAINER ID".to_owned(),
        "CreatedAt" => "CREATED AT".to_owned(),
        "LocalVolumes" => "LOCAL VOLUMES".to_owned(),
        other => other.to_uppercase(),
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::text;
    use serde_json::json;

    #[test]
    fn rows_are_shown_in_every_form() {
        let rows = [json!({ "Name": "a", "Driver": "local" }).as_object().cloned().unwrap()];
        let shown = |format: &str| text(&rows, format, &[("DRIVER", "Driver"), ("VOLUME NAME", "Name")]).unwrap();
        assert_eq!(shown("table"), "DRIVER    VOLUME NAME\nlocal     a");
        assert_eq!(shown("json"), "{\"Name\":\"a\",\"Driver\":\"local\"}\n");
        assert_eq!(shown("{{.Name}}!"), "a!\n");
        assert_eq!(shown("table {{.Name}}\\t{{.Driver}}"), "VOLUME NAME   DRIVER\na             local");
        assert!(text(&rows, "{{.Nothing}}", &[]).is_err());
    }
}

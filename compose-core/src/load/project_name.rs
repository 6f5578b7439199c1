//! The project's name: imposed from outside, said by the last file, or the folder's.

use super::interpolate::interpolate;
use super::variables::normalized_name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::StringMap;
use crate::names::ProjectName;
use crate::source::{Entry, Node, SourceMap, Span, Value};
use std::path::Path;

/// The variable that names the project, and that every file can read.
pub(super) const VARIABLE: &str = "COMPOSE_PROJECT_NAME";

/// What can name a project, the strongest first.
pub(super) struct Candidates<'a> {
    /// By the caller or `COMPOSE_PROJECT_NAME`; valid.
    pub(super) imposed: Option<&'a str>,
    /// The `name` of the last document that has one.
    pub(super) in_file: Option<&'a Node>,
    /// By the caller, for want of a better one.
    pub(super) default: Option<&'a str>,
    /// The folder where relative paths start.
    pub(super) folder: &'a Path,
}

impl Candidates<'_> {
    /// The name that wins; those of files and folders are made valid.
    ///
    /// `interpolated` says whether a file's name may use variables.
    pub(super) fn choose(&self, variables: &StringMap, interpolated: bool, sources: &SourceMap) -> Result<ProjectName, Diagnostics> {
        if let Some(name) = self.imposed {
            return Ok(ProjectName::new(name));
        }
        let (name, span) = match self.in_file {
            Some(node) if interpolated => (text(node, variables, sources)?, Some(node.span)),
            Some(node) => (node.as_str().unwrap_or_default().to_owned(), Some(node.span)),
            None => (self.default.map_or_else(|| self.folder_name(), str::to_owned), None),
        };
        let normalized = normalized_name(&name);
        if normalized.is_empty() {
            return Err(empty(&name, span).into());
        }
        Ok(ProjectName::new(normalized))
    }

    fn folder_name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The text of a `name`, its variables put in.
fn text(node: &Node, variables: &StringMap, sources: &SourceMap) -> Result<String, Diagnostics> {
    let name = std::iter::once((
        "name".to_owned(),
        Entry {
            key_span: node.span,
            node: node.clone(),
        },
    ));
    let mut document = Node::new(Value::Mapping(name.collect()), node.span);
    let mut found = Diagnostics::new();
    interpolate(&mut document, &|name| variables.get(name).cloned(), sources, &mut found);
    if found.has_errors() {
        return Err(found);
    }
    Ok(document.get("name").and_then(Node::as_str).unwrap_or_default().to_owned())
}

/// The `name` of the last document that says one.
pub(super) fn in_documents<'d>(documents: impl Iterator<Item = &'d Node>) -> Option<&'d Node> {
    documents
        .filter_map(|document| document.get("name"))
        .filter(|name| name.as_str().is_some_and(|text| !text.is_empty()))
        .last()
}

fn empty(name: &str, span: Option<Span>) -> Diagnostic {
    let message = if name.is_empty() && span.is_some() {
        "the project's name is empty once its variables are put in".to_owned()
    } else {
        format!("`{name}` holds nothing that could name a project")
    };
    Diagnostic::error(Code::InvalidProjectName, message)
        .at(span)
        .help("set `name:` in the file, COMPOSE_PROJECT_NAME, or `--project-name`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse_text;

    fn choose(imposed: Option<&str>, file: &str, folder: &str) -> Result<String, String> {
        choose_or(imposed, file, None, folder)
    }

    fn choose_or(imposed: Option<&str>, file: &str, default: Option<&str>, folder: &str) -> Result<String, String> {
        let mut sources = SourceMap::default();
        let documents = parse_text("compose.yaml", file, &mut sources).expect("it parses");
        Candidates {
            imposed,
            in_file: in_documents(documents.iter()),
            default,
            folder: Path::new(folder),
        }
        .choose(&StringMap::from([("SET".to_owned(), "shop".to_owned())]), true, &sources)
        .map(|name| name.to_string())
        .map_err(|found| found.iter().map(|found| found.message.clone()).collect())
    }

    #[test]
    fn the_strongest_candidate_names_the_project() {
        for (imposed, file, folder, name) in [
            (Some("a"), "name: c", "/x/d", "a"),
            (None, "name: c", "/x/d", "c"),
            (None, "name: ''", "/x/d", "d"),
            (None, "name: c\n---\nname: e", "/x/d", "e"),
            (None, "name: My Shop!", "/x/d", "myshop"),
            (None, "name: ${SET}-${COMPOSE_PROJECT_NAME-new}", "/x/d", "shop-new"),
            (None, "{}", "/x/__My.App", "myapp"),
        ] {
            assert_eq!(choose(imposed, file, folder).as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_default_stands_in_for_the_folder_only() {
        assert_eq!(choose_or(None, "{}", Some("b"), "/x/d").as_deref(), Ok("b"));
        assert_eq!(choose_or(None, "name: c", Some("b"), "/x/d").as_deref(), Ok("c"));
        assert_eq!(choose_or(Some("a"), "{}", Some("b"), "/x/d").as_deref(), Ok("a"));
    }

    #[test]
    fn nothing_left_is_an_error() {
        assert_eq!(
            choose(None, "name: ___", "/x/d").expect_err("it is empty"),
            "`___` holds nothing that could name a project"
        );
        assert!(choose(None, "{}", "/").is_err());
        assert_eq!(
            choose(None, "name: $COMPOSE_PROJECT_NAME", "/x/d").expect_err("it is not set"),
            "the project's name is empty once its variables are put in"
        );
        assert!(choose(None, "name: ${MISSING:?}", "/x/d").is_err());
    }
}

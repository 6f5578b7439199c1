//! `include`: takes over the services, networks, volumes, … of other compose applications.

use super::found::{Found, Stopped};
use super::pipeline::Pipeline;
use super::scope::{Includer, Scope};
use super::variables::{merge_under, read_env_files};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::StringMap;
use crate::source::{Entry, Mapping, Node, PathKind, ResourceReader, Span, Value, clean};
use std::path::{Path, PathBuf};

/// How deep applications may include each other.
const MAX_DEPTH: usize = 50;

/// How many includes one load follows: files that include two others each, on and on, have no end.
const MAX_INCLUDES: u32 = 1_000;

/// The sections that are taken over.
pub(super) const SECTIONS: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

/// One entry of `include`.
struct Include<'n> {
    files: Vec<(&'n str, Span)>,
    env_files: Vec<(&'n str, Span)>,
    project_directory: Option<&'n str>,
    span: Span,
}

/// Takes the `include` out of a document and what it includes in.
pub(super) fn include(pipeline: &mut Pipeline<'_>, document: &mut Mapping, file: &Path, scope: &Scope<'_>, found: &mut Found) {
    let Some(Entry { node, .. }) = document.remove("include") else {
        return;
    };
    let items = match &node.value {
        Value::Null => return,
        Value::Sequence(items) => items,
        other => {
            let message = format!("`include` must be a list, not {}", other.kind_with_article());
            let wrong = Diagnostic::error(Code::WrongType, message).at(node.span);
            pipeline.note(wrong.help("write each file after a `-`, on a line of its own").into(), found);
            found.lacks(SECTIONS);
            return;
        }
    };
    for item in items {
        let included = Include::read(item)
            .map_err(|problem| pipeline.note(problem.into(), found))
            .and_then(|include| load(pipeline, &include, file, scope, found).map_err(|Stopped| ()));
        match included {
            Ok(Some(model)) => pipeline.note(import(model, document, item.span), found),
            Ok(None) => {}
            Err(()) => found.lacks(SECTIONS),
        }
    }
}

/// Loads what an entry includes, `None` when that is nothing.
fn load(
    pipeline: &mut Pipeline<'_>,
    include: &Include<'_>,
    file: &Path,
    scope: &Scope<'_>,
    found: &mut Found,
) -> Result<Option<Node>, Stopped> {
    let mut files = Vec::with_capacity(include.files.len());
    for (path, span) in &include.files {
        let local = scope.local_file(path, *span).map_err(|problem| found.stop(problem))?;
        files.push((local, *span));
    }
    let Some((main, span)) = files.first() else {
        let nothing = Diagnostic::warning(Code::MissingKey, "an element of `include` names no file").at(include.span);
        pipeline.warnings.push(nothing.help("write the file's path, alone or as `path`"));
        return Ok(None);
    };
    let chain = enter(&scope.includers, file, main, *span).map_err(|problem| found.stop(problem))?;
    let folder = match include.project_directory {
        None | Some("") if pipeline.reader.kind(main) == PathKind::Directory => main.clone(),
        None | Some("") => main.parent().unwrap_or(main).to_owned(),
        Some(folder) => clean(&scope.folder.join(folder)),
    };
    let id = pipeline.next_scope();
    if id > MAX_INCLUDES {
        let message = format!("more than {MAX_INCLUDES} files are included");
        let error = Diagnostic::error(Code::TooLarge, message).at(*span);
        return Err(found.stop(error.help("include each file once")));
    }
    let variables = variables(pipeline, include, &folder, scope).map_err(|problems| found.stop(problems))?;
    let base = match include.project_directory {
        Some(named) if !named.is_empty() => paths_start(pipeline.reader, Path::new(named), &folder),
        _ => folder.clone(),
    };
    let inner = scope.inner(id, folder, &base, &variables, chain);
    pipeline.load_included(&files, &inner, found)
}

/// Where the relative paths of included files start: at the project's folder, but where a relative one does
/// not exist Compose takes it for a file and starts beside it.
fn paths_start(reader: &dyn ResourceReader, named: &Path, folder: &Path) -> PathBuf {
    if named.is_absolute() || reader.kind(folder) == PathKind::Directory {
        return folder.to_owned();
    }
    folder.parent().unwrap_or(folder).to_owned()
}

/// The files on the way to an included one, unless that closes a circle or goes too deep.
fn enter(includers: &[Includer], file: &Path, target: &Path, span: Span) -> Result<Vec<Includer>, Diagnostic> {
    let mut chain = includers.to_vec();
    chain.push(Includer {
        file: file.to_owned(),
        span,
    });
    if let Some(first) = chain.iter().position(|one| one.file == target) {
        let files = chain[first..].iter().map(|one| one.file.as_path()).chain([target]);
        let names: Vec<_> = files.map(|file| format!("`{}`", file.display())).collect();
        let mut cycle = Diagnostic::error(
            Code::IncludeCycle,
            format!("files include each other in a circle: {}", names.join(" → ")),
        )
        .at(span);
        for one in &chain[first..chain.len() - 1] {
            cycle = cycle.related(one.span, "included here");
        }
        return Err(cycle.help("remove one of these `include`s"));
    }
    if chain.len() > MAX_DEPTH {
        return Err(Diagnostic::error(Code::TooLarge, format!("files include each other more than {MAX_DEPTH} deep")).at(span));
    }
    Ok(chain)
}

/// What the included files see: the includer's variables, and below them those of `env_file`, or of
/// the `.env` in their own folder.
fn variables(pipeline: &mut Pipeline<'_>, include: &Include<'_>, folder: &Path, scope: &Scope<'_>) -> Result<StringMap, Diagnostics> {
    let mut files: Vec<_> = include.env_files.iter().map(|(path, _)| clean(&scope.folder.join(path))).collect();
    let own = folder.join(".env");
    if files.is_empty() && pipeline.reader.kind(&own) == PathKind::File {
        files.push(own);
    }
    let mut found = Diagnostics::new();
    let before = pipeline.sources.len();
    let added = read_env_files(&files, scope.variables, pipeline.reader, &mut pipeline.sources, &mut found);
    pipeline.origins.variable_files(pipeline.sources.since(before));
    if found.has_errors() {
        let span = include.env_files.first().map_or(include.span, |(_, span)| *span);
        let mut blamed = Diagnostics::new();
        blamed.extend(found.into_iter().map(|problem| Diagnostic {
            span: problem.span.or(Some(span)),
            ..problem
        }));
        return Err(blamed);
    }
    pipeline.warnings.extend(found);
    let known = scope.variables.len() + added.len();
    pipeline.allowance.spend(known).map_err(|reason| reason.at(include.span))?;
    let mut variables = scope.variables.clone();
    merge_under(&mut variables, added);
    Ok(variables)
}

impl<'n> Include<'n> {
    fn read(item: &'n Node) -> Result<Self, Diagnostic> {
        let mut include = Self {
            files: Vec::new(),
            env_files: Vec::new(),
            project_directory: None,
            span: item.span,
        };
        match &item.value {
            Value::Null => {}
            Value::String(path) => include.files.push((path, item.span)),
            Value::Mapping(keys) => {
                include.files = texts("path", keys)?;
                include.env_files = texts("env_file", keys)?;
                include.project_directory = text("project_directory", keys)?;
            }
            other => {
                let message = format!(
                    "an element of `include` must be a path or a mapping, not {}",
                    other.kind_with_article()
                );
                return Err(Diagnostic::error(Code::WrongType, message).at(include.span));
            }
        }
        Ok(include)
    }
}

/// A key's text.
fn text<'n>(key: &str, keys: &'n Mapping) -> Result<Option<&'n str>, Diagnostic> {
    match keys.get(key) {
        Some(Node { value: Value::Null, .. }) | None => Ok(None),
        Some(node) => node.as_str().map(Some).ok_or_else(|| wrong_type(key, "a string", node)),
    }
}

/// A key's text, or its list of them.
fn texts<'n>(key: &str, keys: &'n Mapping) -> Result<Vec<(&'n str, Span)>, Diagnostic> {
    let Some(node) = keys.get(key) else { return Ok(Vec::new()) };
    let items = match &node.value {
        Value::Null => &[],
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    items
        .iter()
        .map(|item| match item.as_str() {
            Some(text) => Ok((text, item.span)),
            None => Err(wrong_type(key, "a string or a list of strings", item)),
        })
        .collect()
}

fn wrong_type(key: &str, expected: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(
        Code::WrongType,
        format!("`include.{key}` must be {expected}, not {}", node.value.kind_with_article()),
    )
    .at(node.span)
}

/// Takes over the resources of a model. The same resource twice passes when both say the same.
fn import(model: Node, document: &mut Mapping, span: Span) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Value::Mapping(mut model) = model.value else {
        return found;
    };
    for section in SECTIONS {
        let Some(Entry { key_span, node }) = model.remove(section) else {
            continue;
        };
        let Value::Mapping(resources) = node.value else { continue };
        if !document.contains_key(section) {
            document.insert(section, key_span, Node::new(Value::Mapping(Mapping::new()), node.span));
        }
        let Some(own) = document.get_mut(section).and_then(Node::as_mapping_mut) else {
            continue;
        };
        for (name, entry) in resources {
            match own.entry(&name) {
                Some(known) if same(&known.node.value, &entry.node.value) => {}
                Some(known) => found.push(conflict(section, &name, known, &entry, span)),
                None => {
                    own.insert(name, entry.key_span, entry.node);
                }
            }
        }
    }
    found
}

fn conflict(section: &str, name: &str, known: &Entry, other: &Entry, span: Span) -> Diagnostic {
    Diagnostic::error(Code::IncludeConflict, format!("`{section}.{name}` conflicts with what is included"))
        .at(known.key_span)
        .related(other.key_span, "the other one")
        .related(span, "included here")
        .help("rename one of them, or change the included one from a further file given with `-f`")
}

/// Whether two values are equal, wherever they stand.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Sequence(one), Value::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(&one.value, &other.value))
        }
        (Value::Mapping(one), Value::Mapping(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, entry)| other.get(key).is_some_and(|other| same(&entry.node.value, &other.value)))
        }
        (Value::Sequence(_) | Value::Mapping(_), _) => false,
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, Stages};
    use super::super::testing::{at, load};

    const PLAIN: Stages = Stages::ALL.without(Stage::Normalization);

    fn included(main: &str, more: &[(&str, &str)], place: &str) -> Result<String, String> {
        let mut files = vec![("/p/compose.yaml", main)];
        files.extend(more);
        load(&files, PLAIN).map(|tree| at(&tree, place))
    }

    #[test]
    fn resources_are_taken_over() {
        let sub =
            "{name: sub, x-a: 1, services: {s: {build: ., image: '${FOO-no} ${SHELL-no}'}}, volumes: {v: {}}, models: {m: {model: q}}}";
        let more = [("/p/sub/compose.yaml", sub), ("/p/sub/.env", "FOO=bar")];
        let tree = |place| included("{include: [sub/compose.yaml], services: {m: {image: '${FOO-no}'}}}", &more, place);
        assert_eq!(tree("services.s.image").as_deref(), Ok("bar no"));
        assert_eq!(tree("services.s.build.context").as_deref(), Ok("/p/sub"));
        assert_eq!(tree("services.m.image").as_deref(), Ok("no"));
        assert_eq!(tree("models.m.model").as_deref(), Ok("q"));
        assert_eq!(tree("volumes").as_deref(), Ok("{v: {}}"));
        for left in ["x-a", "include"] {
            assert_eq!(tree(left).as_deref(), Ok("nothing"));
        }
    }

    #[test]
    fn variables_come_from_the_includer_first() {
        let more = [
            ("/p/.env", "A=main"),
            ("/p/env/one", "A=one\nB=${A}-one\nC=c"),
            (
                "/p/sub/compose.yaml",
                "services: {s: {image: '$A $B', environment: [B, D], command: [$C]}}",
            ),
        ];
        let main = "include: [{path: sub/compose.yaml, env_file: [env/one]}]";
        assert_eq!(
            included(main, &more, "services.s").as_deref(),
            Ok("{image: main main-one, environment: [B=main-one, D], command: [c]}")
        );
    }

    #[test]
    fn included_secrets_see_the_variables_of_their_own_folder() {
        use crate::load::Loader;
        use crate::model::SecretSource;
        use crate::source::MemoryReader;
        let reader = MemoryReader::new()
            .with("/p/compose.yaml", "include: [sub/compose.yaml]\nservices: {m: {image: x}}")
            .with("/p/.env", "OUTER=main")
            .with(
                "/p/sub/compose.yaml",
                "secrets: {a: {environment: OUTER}, b: {environment: INNER}, c: {environment: NONE}}",
            )
            .with("/p/sub/.env", "OUTER=sub\nINNER=sub");
        let project = Loader::new("/p").reader(reader).load().expect("it loads").project;
        let value = |key: &str| match &project.secrets[key].source {
            SecretSource::Environment { value, .. } => value.as_deref(),
            other => panic!("{other:?}"),
        };
        assert_eq!((value("a"), value("b"), value("c")), (Some("main"), Some("sub"), None));
    }

    #[test]
    fn several_files_are_one_application() {
        let more = [
            ("/p/a/one.yaml", "services: {s: {image: a, env_file: e}}"),
            ("/p/a/e", ""),
            ("/p/b/two.yaml", "services: {s: {image: b, build: x}}"),
            ("/p/c/other", ""),
        ];
        let tree = |main: &str| included(main, &more, "services.s");
        assert_eq!(
            tree("include: [{path: [a/one.yaml, b/two.yaml]}]").as_deref(),
            Ok("{image: b, env_file: [{path: /p/a/e, required: true}], build: {context: /p/a/x}}")
        );
        assert_eq!(
            tree("include: [{path: [a/one.yaml, b/two.yaml], project_directory: c}]").as_deref(),
            Ok("{image: b, env_file: [{path: /p/c/e, required: true}], build: {context: /p/c/x}}")
        );
        assert_eq!(
            tree("include: [{path: [a/one.yaml, b/two.yaml], project_directory: d/nowhere}]").as_deref(),
            Ok("{image: b, env_file: [{path: /p/d/e, required: true}], build: {context: /p/d/x}}")
        );
    }

    #[test]
    fn the_same_resource_passes_when_it_says_the_same() {
        let more = [(
            "/p/sub.yaml",
            "{services: {s: {image: a, ports: ['80']}}, networks: {n: {driver: d}}}",
        )];
        let tree = |main: &str| included(main, &more, "services.s.image");
        assert_eq!(
            tree("{include: [sub.yaml, sub.yaml], networks: {n: {driver: d}}}").as_deref(),
            Ok("a")
        );
        assert!(tree("{include: [sub.yaml], services: {s: {image: a, ports: ['80']}}}").is_err());
    }

    #[test]
    fn a_further_file_changes_what_was_included() {
        let more = [
            ("/p/sub.yaml", "services: {s: {image: a, ports: ['80']}}"),
            ("/p/over.yaml", "services: {s: {image: b, ports: !reset []}}"),
        ];
        assert_eq!(included("include: [sub.yaml]", &more, "services.s").as_deref(), Ok("{image: b}"));
    }

    #[test]
    fn every_include_that_cannot_be_is_reported() {
        let more = [
            ("/p/back.yaml", "include: [compose.yaml]"),
            ("/p/self.yaml", "include: [self.yaml]"),
            ("/p/wrong.yaml", "services: {w: {imag: x}}"),
            ("/p/clash.yaml", "services: {a: {image: y}}"),
        ];
        insta::assert_snapshot!(
            included(
                "\
include:
  - nowhere.yaml
  - back.yaml
  - self.yaml
  - wrong.yaml
  - clash.yaml
  - 5
  - path: [6]
  - {path: clash.yaml, env_file: nowhere.env}
  - oci://registry/app
services: {a: {image: x}}
",
                &more,
                "services"
            )
            .expect_err("nothing of it is right")
        );
        assert!(
            included("include: sub.yaml", &more, "services")
                .expect_err("no list")
                .contains("must be a list")
        );
    }
}

//! The stages of a load, in their order: per document parse, interpolate, extend, reset, include,
//! merge, check, bring into the long form; and what follows the last one of a set of files.

use super::alias::check_aliases;
use super::canonical::{ShortForms, canonical, check_count};
use super::check::early::check_early;
use super::defaults::set_defaults;
use super::environment::{Granted, note_granted, resolve_environment};
use super::extends::{Services, extend_services};
use super::found::{Found, Stopped, once_each};
use super::include::{SECTIONS, include};
use super::interpolate::interpolate;
use super::limits::{Allowance, weight};
use super::merge::{merge, remove_repeats};
use super::origin::Origins;
use super::path::TreePath;
use super::paths::{Base, resolve_paths};
use super::reset::Resets;
use super::schema::table::COMPOSE_FILE;
use super::schema::validate;
use super::scope::Scope;
use super::stage::{Stage, Stages};
use super::suggest::similar;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::StringMap;
use crate::source::{Mapping, Node, ResourceReader, SourceMap, Span, Value, parse_within};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A load in progress.
pub(super) struct Pipeline<'l> {
    /// The only door to files.
    pub(super) reader: &'l dyn ResourceReader,
    /// What `~` stands for.
    home: Option<&'l str>,
    stages: Stages,
    /// How much it may still come to.
    pub(super) allowance: &'l Allowance<'l>,
    /// Every file that was read.
    pub(super) sources: SourceMap,
    /// What was noticed and does not stop the load.
    pub(super) warnings: Diagnostics,
    /// Where what is loaded came from.
    pub(super) origins: Origins,
    /// What included secrets and configs take from variables.
    pub(super) granted: Granted,
    /// The extended files, by scope and path; `None` where what is wrong with one was told.
    pub(super) bases: HashMap<(u32, PathBuf), Option<Rc<Services>>>,
    scopes: u32,
}

/// A file's documents.
pub(super) struct Parsed {
    /// The file; absolute.
    pub(super) file: PathBuf,
    /// Its documents.
    pub(super) documents: Vec<Node>,
}

/// What a document is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is a part of the model.
    Model,
    /// A service of it is extended: neither its own `extends` and `include` are followed, nor is it
    /// checked, for it may be only half of something.
    Extended,
}

impl<'l> Pipeline<'l> {
    /// A load that has read nothing yet.
    pub(super) fn new(reader: &'l dyn ResourceReader, home: Option<&'l str>, stages: Stages, allowance: &'l Allowance<'l>) -> Self {
        Self {
            reader,
            home,
            stages,
            allowance,
            sources: SourceMap::default(),
            warnings: Diagnostics::new(),
            origins: Origins::default(),
            granted: Granted::new(),
            bases: HashMap::new(),
            scopes: 0,
        }
    }

    /// A number for another scope.
    pub(super) fn next_scope(&mut self) -> u32 {
        self.scopes += 1;
        self.scopes
    }

    /// Reads and parses a file, which `span` names.
    pub(super) fn parse(&mut self, file: &Path, span: Option<Span>) -> Result<Parsed, Diagnostics> {
        let bytes = self.reader.read(file).map_err(|error| unreadable(file, span, &error))?;
        Ok(Parsed {
            documents: parse_within(self.allowance, file, &bytes, &mut self.sources)?,
            file: file.to_owned(),
        })
    }

    /// Puts the values of variables into parsed files; errors are noted.
    pub(super) fn interpolate(&mut self, files: &mut [Parsed], variables: &StringMap, found: &mut Found) {
        if !self.stages.contains(Stage::Interpolation) {
            return;
        }
        let mut noticed = Diagnostics::new();
        for document in files.iter_mut().flat_map(|file| &mut file.documents) {
            let put_in = interpolate(document, &|name| variables.get(name).cloned(), &self.sources, &mut noticed);
            if let Err(too_much) = self.allowance.spend_text(put_in) {
                noticed.push(too_much.at(document.span));
                break;
            }
        }
        self.note(noticed, found);
    }

    /// Takes what a stage found.
    pub(super) fn note(&mut self, stage: Diagnostics, found: &mut Found) {
        self.warnings.extend(found.take(stage));
    }

    /// One file as a tree, for [`Role::Extended`], and what its last document wants forgotten.
    pub(super) fn load_file(
        &mut self,
        file: &Path,
        span: Option<Span>,
        scope: &Scope<'_>,
        role: Role,
    ) -> Result<(Option<Node>, Resets), Diagnostics> {
        let mut parsed = [self.parse(file, span)?];
        let mut found = Found::default();
        self.interpolate(&mut parsed, scope.variables, &mut found);
        let mut tree = None;
        let mut last = Resets::default();
        let [Parsed { file, documents }] = parsed;
        for document in documents {
            let Ok((merged, resets)) = self.add(tree, document, &file, scope, role, &mut found) else {
                return Err(found.into_errors());
            };
            tree = Some(merged);
            last = resets;
        }
        if found.has_errors() {
            return Err(found.into_errors());
        }
        Ok((tree, last))
    }

    /// Makes one tree of interpolated files, `None` when all of them are empty.
    pub(super) fn fold(&mut self, files: Vec<Parsed>, scope: &Scope<'_>, found: &mut Found) -> Result<Option<Node>, Stopped> {
        let mut tree = None;
        for Parsed { file, documents } in files {
            for document in documents {
                let (merged, _) = self.add(tree, document, &file, scope, Role::Model, found)?;
                tree = Some(merged);
            }
        }
        Ok(tree)
    }

    /// The model of included files, its paths relative to the includer's.
    pub(super) fn load_included(
        &mut self,
        files: &[(PathBuf, Span)],
        scope: &Scope<'_>,
        found: &mut Found,
    ) -> Result<Option<Node>, Stopped> {
        let mut problems = Diagnostics::new();
        let mut parsed = Vec::with_capacity(files.len());
        for (file, span) in files {
            let before = self.sources.len();
            match self.parse(file, Some(*span)) {
                Ok(file) => parsed.push(file),
                Err(more) => problems.extend(more),
            }
            self.origins.included(self.sources.since(before), *span);
        }
        if problems.has_errors() {
            return Err(found.stop(problems));
        }
        self.interpolate(&mut parsed, scope.variables, found);
        let Some(mut model) = self.fold(parsed, scope, found)? else {
            return Ok(None);
        };
        self.finish(&mut model, found);
        let problems = self.rebase(&mut model, &scope.base);
        self.note(problems, found);
        resolve_environment(&mut model, scope.variables);
        note_granted(&model, scope.variables, &mut self.granted);
        Ok(Some(model))
    }

    /// What follows the last file: defaults, and the checks that need no other part of the model.
    pub(super) fn finish(&mut self, model: &mut Node, found: &mut Found) {
        set_defaults(model);
        self.note(check_early(model), found);
    }

    /// Makes paths start at a folder.
    pub(super) fn rebase(&self, model: &mut Node, folder: &Path) -> Diagnostics {
        resolve_paths(
            model,
            Base {
                folder,
                home: self.home,
                reader: self.reader,
            },
        )
    }

    /// Puts a document over those before it.
    fn add(
        &mut self,
        tree: Option<Node>,
        mut document: Node,
        file: &Path,
        scope: &Scope<'_>,
        role: Role,
        found: &mut Found,
    ) -> Result<(Node, Resets), Stopped> {
        is_mapping(&document, file).map_err(|problem| found.stop(problem))?;
        // All that is there already is looked at once more.
        let looked_at = tree.as_ref().map_or(0, weight) + weight(&document);
        let allowed = self.allowance.spend(looked_at);
        go_on(allowed.map_err(|reason| reason.at(document.span)), found)?;
        self.note(check_aliases(&document, &self.sources), found);
        let mut resets = Resets::take(&mut document);
        if role == Role::Model {
            resets = extend_services(self, &mut document, file, resets, scope, found);
        }
        let mut tree = tree.unwrap_or_else(|| Node::new(Value::Mapping(Mapping::new()), document.span));
        resets.apply(&mut tree);
        if let (Role::Model, Some(mapping)) = (role, document.as_mapping_mut()) {
            include(self, mapping, file, scope, found);
        }
        let mut problems = Diagnostics::new();
        let mut tree = merge(tree, document, &COMPOSE_FILE, TreePath::ROOT, &mut problems);
        self.note(problems, found);
        go_on(self.allowance.check_services(&tree), found)?;
        let repeats = remove_repeats(&mut tree);
        if role == Role::Model {
            self.check(&mut tree, found);
        }
        self.note(repeats, found);
        go_on(check_count(&tree, self.allowance), found)?;
        self.note(canonical(&mut tree, self.short_forms()), found);
        self.note(remove_repeats(&mut tree), found);
        Ok((tree, resets))
    }

    /// Checks a tree against the specification, and takes out what is obsolete.
    fn check(&mut self, tree: &mut Node, found: &mut Found) {
        let mut problems = Diagnostics::new();
        validate(tree, &COMPOSE_FILE, &mut problems);
        let places: HashSet<Span> = problems.iter().filter_map(|problem| problem.span).collect();
        let absent = SECTIONS.into_iter().filter(|section| tree.get(section).is_none());
        let keys = tree.as_mapping().into_iter().flat_map(Mapping::iter);
        for (key, _) in keys.filter(|(_, section)| places.contains(&section.key_span) || places.contains(&section.node.span)) {
            match similar(key, SECTIONS) {
                Some(meant) => found.lacks([meant]),
                // It may stand for any section that is not there.
                None => found.lacks(absent.clone()),
            }
        }
        self.note(once_each(problems), found);
        if let Some(version) = tree.as_mapping_mut().and_then(|tree| tree.remove("version"))
            && !places.contains(&version.node.span)
        {
            let obsolete = Diagnostic::warning(Code::ObsoleteKey, "`version` is obsolete and does nothing");
            self.warnings.push(obsolete.at(version.key_span).help("remove it"));
        }
    }

    fn short_forms(&self) -> ShortForms {
        if self.stages.contains(Stage::Interpolation) {
            ShortForms::Strict
        } else {
            ShortForms::KeepUnreadable
        }
    }
}

/// The way on, unless the load has come to too much or was called off.
pub(super) fn go_on(allowed: Result<(), Diagnostic>, found: &mut Found) -> Result<(), Stopped> {
    allowed.map_err(|reason| found.stop(reason))
}

fn is_mapping(document: &Node, file: &Path) -> Result<(), Diagnostic> {
    match &document.value {
        Value::Mapping(_) => Ok(()),
        Value::Null => {
            let empty = Diagnostic::error(Code::EmptyFile, format!("a document of `{}` is empty", file.display()));
            Err(empty
                .at(document.span)
                .help("write `services:` and what runs, or remove the document"))
        }
        other => {
            let message = format!("a compose file must be a mapping, not {}", other.kind_with_article());
            Err(Diagnostic::error(Code::WrongType, message).at(document.span))
        }
    }
}

fn unreadable(file: &Path, span: Option<Span>, error: &io::Error) -> Diagnostic {
    let file = file.display();
    match error.kind() {
        io::ErrorKind::NotFound => Diagnostic::error(Code::FileNotFound, format!("there is no file `{file}`")),
        io::ErrorKind::IsADirectory => Diagnostic::error(Code::FileUnreadable, format!("`{file}` is a folder, not a compose file")),
        io::ErrorKind::FileTooLarge => Diagnostic::error(Code::TooLarge, format!("`{file}` is larger than 16 MiB")),
        _ => Diagnostic::error(Code::FileUnreadable, format!("cannot read `{file}`: {error}")),
    }
    .at(span)
    .help("check the path, which is shown in full here")
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, Stages};
    use super::super::testing::{at, load};

    const PLAIN: Stages = Stages::ALL.without(Stage::Normalization).without(Stage::PathResolution);

    fn loaded(files: &[(&str, &str)], place: &str) -> Result<String, String> {
        load(files, PLAIN).map(|tree| at(&tree, place))
    }

    #[test]
    fn a_document_is_like_a_further_file() {
        let text = "services: {a: {image: x, tty: true}}\n---\nservices: {a: {image: !override y}, b: {image: z}}";
        assert_eq!(
            loaded(&[("/p/compose.yaml", text)], "services").as_deref(),
            Ok("{a: {tty: true, image: y}, b: {image: z}}")
        );
    }

    #[test]
    fn each_further_file_is_checked_together_with_those_before() {
        let over = ("/p/over.yaml", "services: {a: {healthcheck: {test: null}, image: y}}");
        let base = |text| [("/p/compose.yaml", text), over];
        assert!(loaded(&base("services: {a: {image: x}}"), "services").is_err());
        // The first file must be valid alone, though the second would mend it.
        let refused = loaded(
            &[
                ("/p/compose.yaml", "services: {a: {image: 5}}"),
                ("/p/over.yaml", "services: {a: {image: y}}"),
            ],
            "services",
        );
        assert!(
            refused
                .expect_err("an image is text")
                .starts_with("/p/compose.yaml:1:23 wrong-type")
        );
    }

    #[test]
    fn nothing_at_all_is_refused() {
        for text in ["", "# nothing", "{}", "---\n", "services: {a: {image: x}}\n---\n", "[]", "text"] {
            assert!(loaded(&[("/p/compose.yaml", text)], "services").is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_section_that_is_misspelt_hides_no_mistake_elsewhere() {
        let text = "network: {}\nservices: {a: {image: x, depends_on: [nope], volumes: ['nope:/x'], networks: [front]}}";
        let reader = crate::source::MemoryReader::new().with("/p/compose.yaml", text);
        let refused = crate::load::Loader::new("/p")
            .reader(reader)
            .load()
            .expect_err("it is wrong in three places");
        let messages = super::super::testing::error_messages(&refused.diagnostics);
        assert_eq!(
            messages,
            [
                "a compose file has no key `network`",
                "service `a` depends on the undefined service `nope`",
                "service `a` refers to the undefined volume `nope`",
            ]
        );
    }

    #[test]
    fn an_anchor_is_known_in_later_documents() {
        let text = "x-a: &a {image: x}\nservices: {b: {image: y}}\n---\nservices: {web: *a}";
        assert_eq!(loaded(&[("/p/compose.yaml", text)], "services.web").as_deref(), Ok("{image: x}"));
    }

    #[test]
    fn a_bad_value_is_told_once() {
        let refused = loaded(
            &[(
                "/p/compose.yaml",
                "services: {a: {image: x, depends_on: {b: {condition: service_started, required: much}}, prots: [1]}, b: {image: 5}}",
            )],
            "services",
        )
        .expect_err("it is wrong in three places");
        assert_eq!(refused.matches("required").count(), 1, "{refused}");
        assert_eq!(refused.lines().filter(|line| line.starts_with("/p/")).count(), 3, "{refused}");
    }

    #[test]
    fn findings_of_all_files_are_told_at_once() {
        insta::assert_snapshot!(
            loaded(
                &[
                    (
                        "/p/compose.yaml",
                        "version: '3'\nservices:\n  a: {image: '${A:?say which}', prots: [80]}\n"
                    ),
                    ("/p/over.yaml", "services:\n  a: {command: '${B:?and what}'}\n"),
                ],
                "services"
            )
            .expect_err("variables are missing")
        );
    }

    #[test]
    fn variables_stay_where_they_are_not_put_in() {
        let stages = Stages::ALL.without(Stage::Interpolation);
        let text = "services: {a: {image: '$A', ports: ['${P}:80'], privileged: '$B', command: echo $A}}";
        let tree = load(&[("/p/compose.yaml", text)], stages).expect("it loads");
        assert_eq!(at(&tree, "services.a.image"), "'$A'");
        assert_eq!(at(&tree, "services.a.command"), "'echo $A'");
        assert!(
            at(&tree, "services.a.ports").contains("${P}:80"),
            "{}",
            at(&tree, "services.a.ports")
        );
    }
}

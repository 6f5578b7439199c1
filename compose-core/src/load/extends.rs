//! `extends`: puts a service over another one of the same file or of another.

use super::found::Found;
use super::limits::weight;
use super::merge::merge;
use super::path::TreePath;
use super::pipeline::{Pipeline, Role};
use super::reset::Resets;
use super::schema::table::SERVICE_RULE;
use super::scope::Scope;
use super::suggest::similar;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Entry, Mapping, Node, Span, Value};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How many services may extend each other in a row.
const MAX_CHAIN: usize = 100;

/// The services of a file, as `extends` finds them.
pub(super) struct Services {
    /// The file, absolute.
    pub(super) file: PathBuf,
    /// Each as written, interpolated, in the long form where the file is an extended one.
    pub(super) by_name: Mapping,
    /// What the file wants forgotten.
    pub(super) resets: Resets,
}

/// What `extends` says.
struct Reference<'n> {
    service: &'n str,
    file: Option<(&'n str, Span)>,
    span: Span,
}

/// Which service of which file extends the next one of the chain.
#[derive(Clone)]
struct Link {
    file: PathBuf,
    service: String,
    span: Span,
}

/// The services of one document while each is put over what it extends.
struct Extension<'p, 'l, 's> {
    pipeline: &'p mut Pipeline<'l>,
    scope: &'s Scope<'s>,
    /// Those of the document itself that are done.
    done: HashMap<String, Node>,
    /// Those on a circle that is reported already.
    circular: HashSet<String>,
}

/// Puts every service of a document that says `extends` over what it extends.
///
/// `resets` are the document's own. Where a service cannot be extended the finding is noted, and
/// the service stays without its `extends`. Returns the resets.
pub(super) fn extend_services(
    pipeline: &mut Pipeline<'_>,
    document: &mut Node,
    file: &Path,
    resets: Resets,
    scope: &Scope<'_>,
    found: &mut Found,
) -> Resets {
    let Some(node) = document.as_mapping_mut().and_then(|mapping| mapping.get_mut("services")) else {
        return resets;
    };
    let span = node.span;
    let Value::Mapping(services) = &mut node.value else {
        let message = format!("`services` must be a mapping, not {}", node.value.kind_with_article());
        let wrong = Diagnostic::error(Code::WrongType, message).at(span);
        let wrong = wrong.help("write each service as `NAME:`, without `-` in front, and its attributes indented below");
        pipeline.note(wrong.into(), found);
        return resets;
    };
    let names = extending(services);
    if names.is_empty() {
        return resets;
    }
    let own = Rc::new(Services {
        file: file.to_owned(),
        by_name: std::mem::take(services),
        resets,
    });
    let mut extension = Extension {
        pipeline,
        scope,
        done: HashMap::new(),
        circular: HashSet::new(),
    };
    let mut problems = Diagnostics::new();
    for name in names {
        if let Err(more) = extension.own(&name, &own) {
            problems.extend(more);
        }
        if problems.is_full() {
            break;
        }
    }
    let Extension { pipeline, mut done, .. } = extension;
    pipeline.note(problems, found);
    let own = Rc::into_inner(own).expect("the extension, the only other holder, is gone");
    *services = own.by_name;
    for (name, entry) in services.iter_mut() {
        if let Some(extended) = done.remove(name) {
            entry.node = extended;
        } else if let Some(service) = entry.node.as_mapping_mut()
            && service.remove("extends").is_some()
        {
            found.damage(entry.key_span);
        }
    }
    own.resets
}

/// The services that say `extends`.
fn extending(services: &Mapping) -> Vec<String> {
    services
        .iter()
        .filter(|(_, entry)| entry.node.get("extends").is_some())
        .map(|(name, _)| name.to_owned())
        .collect()
}

impl Extension<'_, '_, '_> {
    /// Extends a service of the document itself, and keeps the result for others.
    fn own(&mut self, name: &str, own: &Rc<Services>) -> Result<(), Diagnostics> {
        if self.done.contains_key(name) || self.circular.contains(name) {
            return Ok(());
        }
        let span = own.by_name.entry(name).map(|entry| entry.key_span);
        let mut chain: Vec<Link> = span.map(|span| Link::new(&own.file, name, span)).into_iter().collect();
        match self.resolve(name, own, own, &[Rc::clone(own)], &mut chain) {
            Ok(extended) => {
                self.done.insert(name.to_owned(), extended);
                Ok(())
            }
            Err(found) => {
                if found.iter().any(|problem| problem.code == Code::ExtendsCycle) {
                    self.circular
                        .extend(chain.into_iter().filter(|link| link.file == own.file).map(|link| link.service));
                }
                Err(found)
            }
        }
    }

    /// A service as it is once everything it extends is below it.
    ///
    /// `resets` are the files whose resets apply: every one on the way from the document to here.
    fn resolve(
        &mut self,
        name: &str,
        services: &Rc<Services>,
        own: &Rc<Services>,
        resets: &[Rc<Services>],
        chain: &mut Vec<Link>,
    ) -> Result<Node, Diagnostics> {
        if Rc::ptr_eq(services, own)
            && let Some(done) = self.done.get(name)
        {
            return self.copy(done);
        }
        let service = services.by_name.get(name).expect("the caller found the service");
        let Some(extends) = service.get("extends") else {
            return self.copy(service);
        };
        let reference = Reference::read(name, extends)?;
        let target = match reference.file {
            Some((path, span)) => self.base_file(path, span)?,
            None => Rc::clone(services),
        };
        let mut resets = resets.to_vec();
        if reference.file.is_some() {
            resets.push(Rc::clone(&target));
        }
        reference.check(&target)?;
        enter(chain, Link::new(&target.file, reference.service, reference.span))?;
        if let Some(base) = target.by_name.entry(reference.service) {
            self.note(base, chain);
        }
        let mut base = self.resolve(reference.service, &target, own, &resets, chain)?;
        chain.pop();
        let service = self.copy(service)?;
        if base.is_null() {
            return Ok(service);
        }
        for file in &resets {
            file.resets.apply_below(&["services", name], &mut base);
        }
        put_over(base, service, name)
    }

    /// A service once more.
    fn copy(&self, service: &Node) -> Result<Node, Diagnostics> {
        let allowed = self.pipeline.allowance.spend(weight(service));
        allowed.map_err(|reason| reason.at(service.span))?;
        Ok(service.clone())
    }

    /// Notes how a base is reached: the chain begins at the service that it becomes a part of.
    fn note(&mut self, base: &Entry, chain: &[Link]) {
        let stretch = Span {
            end: base.node.span.end.max(base.key_span.end),
            ..base.key_span
        };
        let steps = chain[1..].iter().rev().map(|link| link.span);
        self.pipeline.origins.extended(stretch, &chain[0].service, steps.collect());
    }

    /// The services of another file.
    fn base_file(&mut self, path: &str, span: Span) -> Result<Rc<Services>, Diagnostics> {
        let file = self.scope.local_file(path, span)?;
        let key = (self.scope.id, file.clone());
        if let Some(known) = self.pipeline.bases.get(&key) {
            return known.clone().ok_or_else(Diagnostics::new);
        }
        self.pipeline.bases.insert(key.clone(), None);
        let base = Rc::new(self.load_base(file, span)?);
        self.pipeline.bases.insert(key, Some(Rc::clone(&base)));
        Ok(base)
    }

    fn load_base(&mut self, file: PathBuf, span: Span) -> Result<Services, Diagnostics> {
        let loaded = self.pipeline.load_file(&file, Some(span), self.scope, Role::Extended);
        let (tree, resets) = loaded.map_err(|found| extended_by(found, span))?;
        let mut tree = tree.unwrap_or_else(|| Node::new(Value::Mapping(Mapping::new()), span));
        let folder = self.scope.relative_folder_of(&file);
        let problems = self.pipeline.rebase(&mut tree, &folder);
        if problems.has_errors() {
            return Err(problems);
        }
        let Some(Value::Mapping(services)) = tree
            .as_mapping_mut()
            .and_then(|tree| tree.remove("services"))
            .map(|entry| entry.node.value)
        else {
            let message = format!("`{}` has no services to extend", file.display());
            let none = Diagnostic::error(Code::UndefinedReference, message).at(span);
            return Err(none.help("name a file that has the service under `services`").into());
        };
        Ok(Services {
            file,
            by_name: services,
            resets,
        })
    }
}

/// What is wrong with a file, and which `extends` names it.
fn extended_by(mut found: Diagnostics, by: Span) -> Diagnostics {
    for finding in found.each_mut().filter(|finding| finding.span != Some(by)) {
        finding.related.push((by, "extended here".to_owned()));
    }
    found
}

/// Merges a service over its base.
fn put_over(base: Node, service: Node, name: &str) -> Result<Node, Diagnostics> {
    let mut found = Diagnostics::new();
    let services = TreePath::ROOT.key("services");
    let mut merged = merge(base, service, &SERVICE_RULE, services.key(name), &mut found);
    if found.has_errors() {
        return Err(found);
    }
    if let Some(mapping) = merged.as_mapping_mut() {
        mapping.remove("extends");
    }
    Ok(merged)
}

impl<'n> Reference<'n> {
    fn read(name: &str, extends: &'n Node) -> Result<Self, Diagnostic> {
        const SERVICE: &str = "write the name of the service, in quotes where it looks like a number";
        let refuse = |node: &Node, what: &str, help: &str| {
            Diagnostic::error(
                Code::WrongType,
                format!("`services.{name}.{what}, not {}", node.value.kind_with_article()),
            )
            .at(node.span)
            .about(TreePath::SERVICES.key(name).key("extends"))
            .help(help)
        };
        let (service, file) = match &extends.value {
            Value::String(_) => (extends, None),
            Value::Mapping(keys) => {
                let Some(service) = keys.get("service") else {
                    let message = format!("`services.{name}.extends` does not say which `service`");
                    let missing = Diagnostic::error(Code::MissingKey, message).at(extends.span);
                    let missing = missing.about(TreePath::SERVICES.key(name).key("extends"));
                    return Err(missing.help("add `service` and the name of the one to extend"));
                };
                (service, keys.get("file").filter(|file| !file.is_null()))
            }
            _ => {
                return Err(refuse(
                    extends,
                    "extends` must be a service's name, or a mapping of `service` and `file`",
                    SERVICE,
                ));
            }
        };
        Ok(Self {
            service: service
                .as_str()
                .ok_or_else(|| refuse(service, "extends.service` must be a string", SERVICE))?,
            file: match file {
                Some(node) => Some((
                    node.as_str()
                        .ok_or_else(|| refuse(node, "extends.file` must be a string", "write the path of a compose file"))?,
                    node.span,
                )),
                None => None,
            },
            span: service.span,
        })
    }

    fn check(&self, target: &Services) -> Result<(), Diagnostic> {
        if target.by_name.contains_key(self.service) {
            return Ok(());
        }
        let message = format!("there is no service `{}` to extend in `{}`", self.service, target.file.display());
        let unknown = Diagnostic::error(Code::UndefinedReference, message).at(self.span);
        Err(match similar(self.service, target.by_name.iter().map(|(name, _)| name)) {
            Some(close) => unknown.help(format!("did you mean `{close}`?")),
            None => unknown.help("`extends` finds the services of the file it stands in, or of the one it names with `file`"),
        })
    }
}

impl Link {
    fn new(file: &Path, service: &str, span: Span) -> Self {
        Self {
            file: file.to_owned(),
            service: service.to_owned(),
            span,
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.file == other.file && self.service == other.service
    }
}

/// Adds a link to a chain unless that closes a circle, or makes the chain too long.
fn enter(chain: &mut Vec<Link>, link: Link) -> Result<(), Diagnostic> {
    if let Some(first) = chain.iter().position(|one| one.is(&link)) {
        let names: Vec<_> = chain[first..]
            .iter()
            .chain([&link])
            .map(|link| format!("`{}`", link.service))
            .collect();
        let mut cycle = Diagnostic::error(
            Code::ExtendsCycle,
            format!("services extend each other in a circle: {}", names.join(" → ")),
        )
        .at(link.span);
        for link in &chain[first..] {
            cycle = cycle.related(link.span, format!("`{}` in {}", link.service, link.file.display()));
        }
        return Err(cycle.help("remove one of these `extends`"));
    }
    if chain.len() >= MAX_CHAIN {
        return Err(Diagnostic::error(
            Code::ExtendsCycle,
            format!("more than {MAX_CHAIN} services extend each other in a row"),
        )
        .at(link.span));
    }
    chain.push(link);
    Ok(())
}

#[cfg(test)]
mod tests;

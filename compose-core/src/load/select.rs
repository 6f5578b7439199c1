//! Which services take part: profiles, and the services a command names.

use crate::diagnostic::{Code, Diagnostic};
use crate::load::check::depends_on_disabled;
use crate::load::suggest::similar;
use crate::model::{MountKind, Project, Service};
use crate::names::{ProfileName, ServiceName};
use std::collections::BTreeSet;

/// Whether named services bring those that they depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependencies {
    /// They do.
    Included,
    /// They do not, as with `--no-deps`.
    Left,
}

/// Enables the services of a set of profiles and disables all others. `*` is every profile; a
/// service without profiles is always enabled. Where no profile is named, the one without a name is active.
#[must_use]
pub fn with_profiles(mut project: Project, profiles: Vec<ProfileName>) -> Project {
    // Only what changes sides is moved: a large project is not held twice.
    let enabled: Vec<_> = project
        .disabled_services
        .extract_if(.., |_, service| is_enabled(service, &profiles))
        .collect();
    let disabled = project.services.extract_if(.., |_, service| !is_enabled(service, &profiles));
    project.disabled_services.extend(disabled);
    project.services.extend(enabled);
    project.profiles = profiles;
    project
}

fn is_enabled(service: &Service, profiles: &[ProfileName]) -> bool {
    service.profiles.is_empty()
        || (profiles.is_empty() && service.profiles.iter().any(|profile| profile.as_str().is_empty()))
        || profiles
            .iter()
            .any(|profile| profile.as_str() == "*" || service.profiles.contains(profile))
}

/// Activates the profiles of disabled services that are named. Unknown names are for
/// [`select_services`] to refuse.
#[must_use]
pub fn with_services_enabled(project: Project, names: &[ServiceName]) -> Project {
    let disabled = names.iter().filter_map(|name| project.disabled_services.get(name));
    let more: Vec<ProfileName> = disabled.flat_map(|service| service.profiles.iter().cloned()).collect();
    if more.is_empty() {
        return project;
    }
    let mut profiles = project.profiles.clone();
    profiles.extend(more);
    with_profiles(project, profiles)
}

/// Restricts a project to the named services and, if so wished, what they depend on; all when none
/// is named. Names may hold `*` and `?`. The others become disabled, and dependencies on them are dropped.
///
/// # Errors
/// When no enabled service has such a name.
pub fn select_services(mut project: Project, names: &[ServiceName], dependencies: Dependencies) -> Result<Project, Diagnostic> {
    if names.is_empty() {
        return Ok(project);
    }
    let selected = selected(&project, names, dependencies)?;
    for (name, mut service) in std::mem::take(&mut project.services) {
        if selected.contains(&name) {
            service.lifecycle.depends_on.retain(|name, _| selected.contains(name));
            project.services.insert(name, service);
        } else {
            project.disabled_services.insert(name, service);
        }
    }
    Ok(project)
}

/// The named services and, if so wished, what they depend on.
pub(super) fn selected(project: &Project, names: &[ServiceName], dependencies: Dependencies) -> Result<BTreeSet<ServiceName>, Diagnostic> {
    let mut selected = BTreeSet::new();
    let mut open: Vec<ServiceName> = Vec::new();
    for name in names {
        let before = open.len();
        open.extend(project.services.keys().filter(|key| matches(name.as_str(), key.as_str())).cloned());
        if open.len() == before {
            return Err(no_such_service(project, name.as_str()));
        }
    }
    while let Some(name) = open.pop() {
        let Some(service) = project.services.get(&name) else {
            continue;
        };
        if selected.insert(name) && dependencies == Dependencies::Included {
            for (name, dependency) in &service.lifecycle.depends_on {
                if !project.services.contains_key(name) && dependency.required {
                    return Err(match project.disabled_services.get(name) {
                        Some(disabled) => depends_on_disabled(&service.name, disabled),
                        None => no_such_service(project, name.as_str()),
                    });
                }
                open.push(name.clone());
            }
        }
    }
    Ok(selected)
}

/// The finding that no enabled service has a name, with the name that was meant.
pub fn no_such_service(project: &Project, name: &str) -> Diagnostic {
    let error = Diagnostic::error(Code::NoSuchService, format!("no such service: {name}"));
    match similar(name, project.services.keys().map(AsRef::as_ref)) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error,
    }
}

/// Shell patterns of `*` and `?`; other characters stand for themselves.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of, mut star) = (0, 0, None);
    while of < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[of] => {
                at += 1;
                of += 1;
            }
            _ => {
                let Some((star_at, star_of)) = star else {
                    return false;
                };
                star = Some((star_at, star_of + 1));
                at = star_at + 1;
                of = star_of + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// Drops networks, volumes, secrets, configs and models that no enabled service uses.
#[must_use]
pub fn without_unused_resources(mut project: Project) -> Project {
    let services = project.services.values();
    let networks: BTreeSet<_> = services.clone().flat_map(|service| service.networking.networks.keys()).collect();
    let mounts = services.clone().flat_map(|service| &service.storage.volumes);
    let volumes: BTreeSet<&str> = mounts
        .filter(|mount| mount.kind == MountKind::Volume)
        .filter_map(|mount| mount.source.as_deref())
        .collect();
    let built = services
        .clone()
        .filter_map(|service| service.build.as_ref())
        .flat_map(|build| &build.secrets);
    let granted = services.clone().flat_map(|service| &service.storage.secrets);
    let secrets: BTreeSet<&str> = granted.chain(built).map(|grant| grant.source.as_str()).collect();
    let configs: BTreeSet<&str> = services
        .clone()
        .flat_map(|service| &service.storage.configs)
        .map(|grant| grant.source.as_str())
        .collect();
    let models: BTreeSet<_> = services.flat_map(|service| service.models.keys()).collect();
    project.networks.retain(|key, _| networks.contains(key));
    project.volumes.retain(|key, _| volumes.contains(key.as_str()));
    project.secrets.retain(|key, _| secrets.contains(key.as_str()));
    project.configs.retain(|key, _| configs.contains(key.as_str()));
    project.models.retain(|key, _| models.contains(key));
    project
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::check::testing_project;

    fn names(project: &Project) -> (Vec<&str>, Vec<&str>) {
        (
            project.services.keys().map(AsRef::as_ref).collect(),
            project.disabled_services.keys().map(AsRef::as_ref).collect(),
        )
    }

    fn three() -> Project {
        testing_project(
            "services: {a: {image: x, depends_on: {b: {condition: service_started, required: true}}}, \
             b: {image: x, networks: {n: null}}, c: {image: x, profiles: [p]}}\nnetworks: {n: {}, m: {}}",
        )
    }

    #[test]
    fn profiles_enable_services() {
        let project = with_profiles(three(), vec![]);
        assert_eq!(names(&project), (vec!["a", "b"], vec!["c"]));
        for profile in ["p", "*"] {
            let project = with_profiles(project.clone(), vec![ProfileName::new(profile)]);
            assert_eq!(names(&project), (vec!["a", "b", "c"], vec![]));
        }
    }

    #[test]
    fn a_profile_without_a_name_is_active_where_none_is_named() {
        let project = testing_project("services: {a: {image: x, profiles: ['']}}");
        assert_eq!(names(&with_profiles(project.clone(), vec![])), (vec!["a"], vec![]));
        let named = vec![ProfileName::new("p")];
        assert_eq!(names(&with_profiles(project, named)), (vec![], vec!["a"]));
    }

    #[test]
    fn a_dependency_that_is_disabled_is_told_as_such() {
        let project = with_profiles(
            testing_project(
                "services: {a: {image: x, profiles: [p]}, \
                 b: {image: x, depends_on: {a: {condition: service_started, required: true}}}}",
            ),
            vec![],
        );
        let error = select_services(project, &[ServiceName::new("b")], Dependencies::Included).expect_err("`a` is disabled");
        assert_eq!(error.message, "service `b` depends on `a`, which no active profile enables");
    }

    #[test]
    fn naming_a_disabled_service_activates_its_profiles() {
        let project = with_services_enabled(with_profiles(three(), vec![]), &[ServiceName::new("c")]);
        assert_eq!(names(&project), (vec!["a", "b", "c"], vec![]));
        assert_eq!(project.profiles, [ProfileName::new("p")]);
    }

    #[test]
    fn named_services_stay_with_or_without_dependencies() {
        let select = |names: &[&str], dependencies| {
            let names: Vec<ServiceName> = names.iter().map(ServiceName::new).collect();
            select_services(with_profiles(three(), vec![]), &names, dependencies)
        };
        let with = select(&["a"], Dependencies::Included).expect("it is there");
        assert_eq!(names(&with), (vec!["a", "b"], vec!["c"]));
        let without = select(&["a"], Dependencies::Left).expect("it is there");
        assert_eq!(names(&without), (vec!["a"], vec!["b", "c"]));
        assert!(without.services["a"].lifecycle.depends_on.is_empty());
        let all = select(&[], Dependencies::Left).expect("nothing is asked");
        assert_eq!(names(&all), (vec!["a", "b"], vec!["c"]));
        let wrong = select(&["zzz"], Dependencies::Included).expect_err("it is not there");
        assert_eq!(wrong.message, "no such service: zzz");
        assert!(select(&["c"], Dependencies::Included).is_err());
    }

    #[test]
    fn names_can_be_patterns() {
        for (pattern, name, fits) in [
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("?", "a", true),
            ("?", "", false),
            ("*a*b*", "xxaxxbxx", true),
            ("**", "", true),
            ("ab", "abc", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn unused_resources_go() {
        let project = without_unused_resources(three());
        assert_eq!(project.networks.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["n"]);
    }
}

//! From what the caller says to a project, or to its tree: the stages around the [`Pipeline`].

use super::check::Places;
use super::check::advice::advise;
use super::check::consistency::check_consistency;
use super::decode::{About, decode};
use super::env_files::{Files, resolve_files};
use super::environment::{grant, resolve_environment};
use super::found::{Found, Stopped, once_each};
use super::limits::Allowance;
use super::normalize::normalize;
use super::pipeline::{Parsed, Pipeline, go_on};
use super::project_name::{self, Candidates};
use super::scope::Scope;
use super::select::{Dependencies, selected, with_profiles, with_services_enabled};
use super::stage::Stage;
use super::variables::{Request, Start, start};
use super::{LoadError, Loaded, Loader};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, ModelPath};
use crate::model::{Project, StringMap};
use crate::names::{ProfileName, ProjectName, ServiceName};
use crate::source::{Node, SourceMap};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A model as one tree: merged, in the long form, and as far resolved as its stages say.
#[derive(Clone, Debug)]
pub struct LoadedTree {
    /// The project's name.
    pub name: ProjectName,
    /// The model.
    pub tree: Node,
    /// Where relative paths start; absolute.
    pub working_dir: PathBuf,
    /// The files it was loaded from, in order.
    pub compose_files: Vec<PathBuf>,
    /// The caller's variables over those of `.env`.
    pub variables: StringMap,
    /// The profiles that were asked for.
    pub profiles: Vec<ProfileName>,
    /// Findings that do not stop the load.
    pub warnings: Diagnostics,
    /// The files, for showing findings with their lines.
    pub sources: SourceMap,
}

/// A model and what it was made of.
struct Model {
    name: ProjectName,
    tree: Node,
    start: Start,
}

impl Loader {
    /// Loads the project.
    ///
    /// Every independent finding is reported at once, errors and warnings.
    pub fn load(&self) -> Result<Loaded, LoadError> {
        self.load_with(None)
    }

    /// Loads the project, and gives up soon after a flag is set.
    pub fn load_unless(&self, called_off: &AtomicBool) -> Result<Loaded, LoadError> {
        self.load_with(Some(called_off))
    }

    fn load_with(&self, called_off: Option<&AtomicBool>) -> Result<Loaded, LoadError> {
        let allowance = Allowance::new(self.limits, called_off);
        let mut pipeline = self.pipeline(&allowance);
        let mut found = Found::default();
        match self.project(&mut pipeline, &mut found) {
            Ok(project) if !found.has_errors() => Ok(Loaded {
                project,
                warnings: self.explained(std::mem::take(&mut pipeline.warnings), &pipeline),
                sources: pipeline.sources,
            }),
            _ => Err(self.refused(found, pipeline)),
        }
    }

    /// Loads the merged tree: what `config --no-interpolate` prints.
    pub fn load_tree(&self) -> Result<LoadedTree, LoadError> {
        let allowance = Allowance::new(self.limits, None);
        let mut pipeline = self.pipeline(&allowance);
        let mut found = Found::default();
        match self.model(&mut pipeline, &mut found) {
            Ok(Model { name, tree, start }) if !found.has_errors() => Ok(LoadedTree {
                name,
                tree,
                working_dir: start.project_directory,
                compose_files: start.files,
                variables: start.variables,
                profiles: start.profiles.iter().map(ProfileName::new).collect(),
                warnings: self.explained(std::mem::take(&mut pipeline.warnings), &pipeline),
                sources: pipeline.sources,
            }),
            _ => Err(self.refused(found, pipeline)),
        }
    }

    fn refused(&self, found: Found, mut pipeline: Pipeline<'_>) -> LoadError {
        let mut diagnostics = found.into_errors();
        diagnostics.extend(std::mem::take(&mut pipeline.warnings));
        LoadError {
            diagnostics: self.explained(diagnostics, &pipeline),
            sources: pipeline.sources,
        }
    }

    /// Findings, each once, with where what they blame came from.
    fn explained(&self, found: Diagnostics, pipeline: &Pipeline<'_>) -> Diagnostics {
        let mut found = once_each(found);
        let variables = self.stages.contains(Stage::Interpolation).then_some(&self.variables);
        pipeline.origins.explain(&mut found, &pipeline.sources, variables);
        found
    }

    fn pipeline<'l>(&'l self, allowance: &'l Allowance<'l>) -> Pipeline<'l> {
        let home = self.variables.get("HOME").map(String::as_str);
        Pipeline::new(&*self.reader, home, self.stages, allowance)
    }

    /// Files and variables.
    fn start(&self, pipeline: &mut Pipeline<'_>, found: &mut Found) -> Result<Start, Stopped> {
        let request = Request {
            cwd: &self.cwd,
            files: &self.files,
            project_directory: self.project_directory.as_deref(),
            project_name: self.project_name.as_deref(),
            profiles: &self.profiles,
            env_files: &self.env_files,
            variables: &self.variables,
        };
        let mut noticed = Diagnostics::new();
        let started = start(&request, pipeline.reader, &mut pipeline.sources, &mut noticed);
        pipeline.origins.variable_files(pipeline.sources.since(0));
        pipeline.note(noticed, found);
        started.ok_or(Stopped)
    }

    /// The merged model with defaults, absolute paths and what is implied.
    fn model(&self, pipeline: &mut Pipeline<'_>, found: &mut Found) -> Result<Model, Stopped> {
        let mut start = self.start(pipeline, found)?;
        let mut files = parse_all(pipeline, &start.files, found)?;
        let name = self.name(&files, &start, pipeline, found);
        start.variables.insert(project_name::VARIABLE.to_owned(), name.to_string());

        pipeline.interpolate(&mut files, &start.variables, found);
        // Where variables are not put in, the model sees none but the project's name.
        let named = StringMap::from([(project_name::VARIABLE.to_owned(), name.to_string())]);
        let interpolated = self.stages.contains(Stage::Interpolation);
        let seen = if interpolated { &start.variables } else { &named };
        let scope = Scope::outermost(&start.project_directory, seen);
        let tree = pipeline.fold(files, &scope, found)?;
        let Some(mut tree) = tree.filter(|tree| tree.as_mapping().is_some_and(|keys| !keys.is_empty())) else {
            return Err(found.stop(empty(&start.files)));
        };
        pipeline.finish(&mut tree, found);
        if !interpolated {
            resolve_environment(&mut tree, seen);
        }
        if self.stages.contains(Stage::PathResolution) {
            let problems = pipeline.rebase(&mut tree, &start.project_directory);
            pipeline.note(problems, found);
        }
        if self.stages.contains(Stage::Normalization) {
            normalize(&mut tree, &name, seen);
        }
        Ok(Model { name, tree, start })
    }

    /// The project's name; any name at all where the one that is said is refused, as the rest of the
    /// files is looked at all the same.
    fn name(&self, files: &[Parsed], start: &Start, pipeline: &mut Pipeline<'_>, found: &mut Found) -> ProjectName {
        let candidates = Candidates {
            imposed: start.project_name.as_deref(),
            in_file: project_name::in_documents(files.iter().flat_map(|file| &file.documents)),
            default: self.default_project_name.as_deref(),
            folder: &start.project_directory,
        };
        let chosen = candidates.choose(&start.variables, self.stages.contains(Stage::Interpolation), &pipeline.sources);
        chosen.unwrap_or_else(|problems| {
            pipeline.note(problems, found);
            ProjectName::new("refused")
        })
    }

    fn project(&self, pipeline: &mut Pipeline<'_>, found: &mut Found) -> Result<Project, Stopped> {
        let Model { name, tree, start } = self.model(pipeline, found)?;
        go_on(pipeline.allowance.check_demands(&tree), found)?;
        let places = Places(&tree);
        let profiles: Vec<_> = start.profiles.iter().map(ProfileName::new).collect();
        let about = About {
            name,
            working_dir: start.project_directory,
            compose_files: start.files,
            variables: start.variables,
            profiles: profiles.clone(),
        };
        let mut problems = Diagnostics::new();
        let project = decode(&tree, about, &mut problems);
        pipeline.note(problems, found);
        go_on(pipeline.allowance.spend(0), found)?;
        let mut project = with_profiles(project, profiles);
        grant(&mut project, &pipeline.granted);
        if self.stages.contains(Stage::Consistency) {
            let problems = check_consistency(&mut project, places, found);
            pipeline.note(problems, found);
        }
        go_on(pipeline.allowance.spend(0), found)?;
        let (mut project, read) = self.with_named(project, places, pipeline, found);
        let files = if self.stages.contains(Stage::EnvironmentFiles) {
            Files::All
        } else {
            Files::Labels
        };
        let problems = resolve_files(&mut project, files, read.as_ref(), places, pipeline);
        pipeline.note(problems, found);
        if self.stages.contains(Stage::Consistency) && self.stages.contains(Stage::Advice) && !found.has_errors() {
            pipeline.warnings.extend(advise(&project, places, pipeline.reader));
        }
        Ok(project)
    }
}

impl Loader {
    /// The project with the named services enabled, and of which services files are read; `None` for all.
    ///
    /// What was not enabled before is checked where a command is about to act on it; `config` only shows it.
    fn with_named(
        &self,
        project: Project,
        places: Places<'_>,
        pipeline: &mut Pipeline<'_>,
        found: &mut Found,
    ) -> (Project, Option<BTreeSet<ServiceName>>) {
        if self.named.is_empty() {
            return (project, None);
        }
        let active: BTreeSet<ServiceName> = project.services.keys().cloned().collect();
        let mut project = with_services_enabled(project, &self.named);
        // Names of no service are for the command to refuse, and what leads nowhere for the check.
        let selected = selected(&project, &self.named, Dependencies::Included);
        let mut read = selected.unwrap_or_else(|_| project.services.keys().cloned().collect());
        if !self.only_named {
            read.extend(active);
        } else if self.stages.contains(Stage::Consistency) && !read.is_subset(&active) {
            let mut problems = Diagnostics::new();
            let checked = check_consistency(&mut project, places, found);
            let is_read = |service: &str| read.contains(service);
            problems.extend(checked.into_iter().filter(|problem| {
                let service = problem.path.as_ref().and_then(ModelPath::service);
                service.is_none_or(is_read)
            }));
            pipeline.note(problems, found);
        }
        (project, Some(read))
    }
}

/// Parses all files, so that what is wrong in any of them is told at once.
fn parse_all(pipeline: &mut Pipeline<'_>, files: &[PathBuf], found: &mut Found) -> Result<Vec<Parsed>, Stopped> {
    let mut problems = Diagnostics::new();
    let mut parsed = Vec::with_capacity(files.len());
    for file in files {
        match pipeline.parse(file, None) {
            Ok(file) => parsed.push(file),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        Ok(parsed)
    } else {
        Err(found.stop(problems))
    }
}

fn empty(files: &[PathBuf]) -> Diagnostic {
    let name = files.first().map_or_else(String::new, |file| format!("`{}` ", Path::display(file)));
    Diagnostic::error(Code::EmptyFile, format!("{name}says nothing")).help("write `services:` and what runs")
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stages;
    use super::super::testing::{at, report};
    use super::*;
    use crate::source::MemoryReader;

    /// What is wrong with a project, with its places.
    fn refused(files: &[(&str, &str)]) -> String {
        let reader = files
            .iter()
            .fold(MemoryReader::new(), |reader, (path, text)| reader.with(path, *text));
        let refused = Loader::new("/p").reader(reader).load().expect_err("something is wrong");
        report(&refused.diagnostics, &refused.sources)
    }

    #[test]
    fn mistakes_of_every_stage_are_told_at_once() {
        insta::assert_snapshot!(refused(&[(
            "/p/compose.yaml",
            "\
name: '${NAME:?say which}'
services:
  variable: {image: '${IMAGE:?say which}', depends_on: [gone]}
  base: {extends: nowhere, volumes: [nothing:/a, ':/b']}
  schema:
    imagee: x
    privileged: 5
    ports: [80, [], 8x, '90:90']
  short:
    image: x
    ports: ['80:8x', '127.0.0.1:80:80', '256.0.0.1:1:1']
    volumes: [':/x', 'data:/x', {type: volume, source: dta, taget: /y}]
    devices: ['a:b:c:d']
  early: {image: x, scale: -1, gpus: [{count: 1, device_ids: [a]}]}
  decoded: {image: x, stop_grace_period: soon, mem_limit: lots, shm_size: 1x, extra_hosts: [nowhere]}
  references:
    image: x
    networks: [frontt]
    secrets: [token]
    depends_on: {schema: {condition: service_strated}, nobody: {condition: service_started}}
    env_file: none.env
    network_mode: host
  round: {image: x, depends_on: [about]}
  about: {image: x, depends_on: [round]}
  nothing: {}
networks: {front: {}}
volumes: {data: {external: true, driver: d}}
secrets: {s: {}, t: {fil: x}}
"
        )]));
    }

    #[test]
    fn a_file_that_is_right_is_not_blamed_for_one_that_is_wrong() {
        let refused = refused(&[
            ("/p/compose.yaml", "services: {a: {image: x, cap_add: {X: y}}}"),
            ("/p/compose.override.yaml", "services: {a: {cap_add: [NET_ADMIN]}}"),
        ]);
        assert!(
            refused.contains("/p/compose.yaml:1:35 wrong-type") && !refused.contains("cannot-merge"),
            "{refused}"
        );
    }

    #[test]
    fn a_wrong_file_that_many_extend_is_told_of_once() {
        let refused = refused(&[
            (
                "/p/compose.yaml",
                "services: {a: {extends: {file: b.yaml, service: s}}, c: {extends: {file: b.yaml, service: s}}}",
            ),
            ("/p/b.yaml", "services: {s: {image: x, ports: [8x]}}"),
        ]);
        assert_eq!(refused.matches("port `8x`").count(), 1, "{refused}");
        assert!(!refused.contains("no-image"), "{refused}");
    }

    #[test]
    fn mistakes_at_one_place_are_told_apart_and_one_that_is_shared_once() {
        for (text, errors) in [
            ("services: {a: {image: x, ulimits: {nofile: {}}}}", 2),
            ("services: {a: {image: x, container_name: cc, scale: 2, deploy: {replicas: 3}}}", 2),
            (
                "x-b: &b {context: ., platforms: [linux/amd64]}\nservices: {a: {build: *b, platform: linux/arm64}, b: {build: *b, platform: linux/386}}",
                2,
            ),
            (
                "x-e: &e {A: [1]}\nservices: {a: {image: x, environment: *e, labels: *e}, b: {image: x, environment: *e}}",
                1,
            ),
            (
                "x-w: &w {path: ., action: rebuild, foo: 1}\nservices: {a: {image: x, develop: {watch: [*w, *w]}}, b: {image: x, develop: {watch: [*w]}}}",
                1,
            ),
            (
                "x-l: &l {'': x}\nservices: {a: {image: x, labels: *l}, b: {image: x, labels: *l}}",
                1,
            ),
            (
                "services: {a: {image: x, ipc: 'service:b'}, b: {image: x, profiles: [p]}}\nsecrets: {s: {}}",
                2,
            ),
        ] {
            let told = refused(&[("/p/compose.yaml", text)]);
            assert_eq!(
                told.lines().filter(|line| line.starts_with("/p/")).count(),
                errors,
                "{text}: {told}"
            );
        }
    }

    #[test]
    fn what_follows_from_a_mistake_is_not_told() {
        for (text, errors) in [
            // What a section that is not there may have defined.
            ("services: {a: {image: x, networks: [n]}}\nnetwork: {n: {}}", 1),
            ("services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: [v]", 1),
            ("include: [none.yaml]\nservices: {a: {image: x, depends_on: [b]}}", 1),
            // A service without an image because of it.
            ("services: {a: {imag: x}, b: {image: 5}, c: {extends: none}, d: 5}", 4),
            ("services: {a: {image: x, cpus: 1, deploy: {resources: {limits: {cpus: many}}}}}", 1),
            // The same mistake in several stages.
            (
                "services: {a: {image: x, ports: [8x], volumes: [':/x'], ulimits: {n: [1]}, gpus: 5}}",
                4,
            ),
            ("services: {a: {image: x, depends_on: [[b]], networks: [5], secrets: [[]]}}", 3),
            ("services: {a: &a {image: x, ports: [8x], networks: [n]}, b: *a, c: *a}", 2),
            ("services: {a: {image: x, networks: ['${N:?say}'], volumes: ['${V:?say}:/v']}}", 2),
            (
                "services: {a: {image: x, depends_on: [b]}, b: {image: y, profiles: ['${P:?say}']}}",
                1,
            ),
            // What is missing, and what would go without it.
            ("services: {a: {image: x, develop: {watch: [{path: ./x}]}}}", 1),
            (
                "services: {a: {image: x, volumes: [{type: tmpfs}, {type: tmpfs}], configs: [{target: /x}]}}",
                3,
            ),
            // Different things at one place.
            ("x-n: &n data\nservices: {a: {image: x, networks: [*n], depends_on: [*n]}}", 2),
        ] {
            let refused = refused(&[("/p/compose.yaml", text)]);
            let told = refused.lines().filter(|line| line.starts_with("/p/")).count();
            assert_eq!(told, errors, "{text}\n{refused}");
        }
    }

    #[test]
    fn a_named_service_takes_part_whatever_its_profiles() {
        let text = "services:\n  one: {image: x, profiles: [p], env_file: one.env}\n  two: {image: x, profiles: [p]}\n  three: {image: x, profiles: [q], env_file: gone.env}\n";
        let reader = MemoryReader::new().with("/p/compose.yaml", text).with("/p/one.env", "A=1\n");
        let loader = Loader::new("/p").reader(reader).only(["one", "two"]);
        let project = loader.load().expect("it loads").project;
        let names: Vec<_> = project.services.keys().map(AsRef::as_ref).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(project.services["one"].process.environment["A"].as_deref(), Some("1"));
        loader.naming(["three"]).load().expect_err("its file is missing");
    }

    #[test]
    fn what_a_command_acts_on_is_whole_and_the_rest_is_not_its_business() {
        let text = "services:
  plain: {image: x, env_file: gone.env}
  ports: {image: x, profiles: [p], volumes: ['undefined:/x']}
  good: {image: x, profiles: [p], build: {context: ., additional_contexts: {c: 'service:built'}}}
  built: {build: {context: .}}
  needs: {image: x, profiles: [q], depends_on: [good]}
";
        let loader = Loader::new("/p").reader(MemoryReader::new().with("/p/compose.yaml", text));
        let wrong = |loader: Loader| match loader.load() {
            Ok(_) => Vec::new(),
            Err(refused) => refused.diagnostics.iter().map(|found| found.code).collect(),
        };
        assert_eq!(wrong(loader.clone()), [Code::FileNotFound]);
        assert_eq!(wrong(loader.clone().only(["good"])), []);
        assert_eq!(wrong(loader.clone().only(["ports"])), [Code::UndefinedReference]);
        assert_eq!(wrong(loader.clone().only(["needs"])), [Code::FileNotFound, Code::DisabledService]);
        assert_eq!(wrong(loader.clone().only(["plain"])), [Code::FileNotFound]);
        // `config` shows what is there.
        assert_eq!(wrong(loader.naming(["ports"])), [Code::FileNotFound]);
    }

    #[test]
    fn without_interpolation_the_projects_name_is_the_one_variable_that_is_seen() {
        let text = "name: shop\ninclude: [inner.yaml]\nservices: {a: {image: x, environment: [COMPOSE_PROJECT_NAME, A]}}\n";
        let inner = "services: {b: {image: x, environment: [COMPOSE_PROJECT_NAME, A, B], build: {args: [COMPOSE_PROJECT_NAME]}}}\n";
        let reader = MemoryReader::new()
            .with("/p/compose.yaml", text)
            .with("/p/inner.yaml", inner)
            .with("/p/.env", "B=1\n");
        let loader = Loader::new("/p").reader(reader).variable("A", "1");
        let tree = loader
            .stages(Stages::ALL.without(Stage::Interpolation))
            .load_tree()
            .expect("it loads")
            .tree;
        let environment = |service| at(&tree, &format!("services.{service}.environment"));
        assert_eq!(environment("a"), "[COMPOSE_PROJECT_NAME=shop, A]");
        assert_eq!(environment("b"), "[COMPOSE_PROJECT_NAME=shop, A, B=1]");
    }
}

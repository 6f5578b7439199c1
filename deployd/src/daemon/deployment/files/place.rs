//! Deciding what each mount leads to, and making the copies. Nothing that runs is touched.

use super::FilesError;
use super::beneath::{Folder, Found, Missing as Absent};
use super::contents::{copy, copy_open, name_of};
use super::granted::Granted;
use super::install::{Places, Wanted, install};
use super::missing::{EmptyFolder, Missing, Purpose, is_empty_folder};
use super::own::OwnFolder;
use crate::daemon::deployment::dirs::ProjectDirs;
use crate::daemon::git::{CheckedOut, Tracked};
use crate::daemon::vault::Fingerprints;
use compose_core::hash::hex;
use compose_core::labels;
use compose_core::model::{Mount, MountKind, Project, Secret, SecretSource, Service};
use compose_core::source::clean;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A project whose mounts lead to where they stay.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The project.
    pub(crate) project: Project,
    /// The names of the copies it mounts.
    pub(crate) contents: BTreeSet<String>,
    /// What it mounts and nobody has.
    pub(crate) missing: Vec<Missing>,
    /// What it finds empty.
    pub(crate) empty: Vec<EmptyFolder>,
    checkout: PathBuf,
    folders: BTreeSet<PathBuf>,
    /// What is mounted of the data folder as it is found.
    found: BTreeSet<PathBuf>,
    files: Wanted,
    links: BTreeSet<PathBuf>,
    own: OwnFolder,
}

impl Placed {
    /// Puts tracked files into the folders that applications write to; the paths of files that were kept aside for
    /// this deployment.
    pub(crate) fn install(&self, dirs: &ProjectDirs, deployment: u64) -> Result<Vec<PathBuf>, FilesError> {
        let data = dirs.data();
        self.own
            .refuse(&self.project, &[self.checkout.clone(), dirs.contents(), data.clone()])?;
        let root = Folder::own(&data).map_err(FilesError::io(&data))?;
        for folder in &self.folders {
            root.folder(folder, Absent::Make).map_err(FilesError::io(&data.join(folder)))?;
        }
        let kept = install(
            &self.files,
            &Places {
                checkout: &self.checkout,
                data: &data,
                kept: &dirs.kept(deployment),
                list: &dirs.installed(),
            },
        )?;
        for link in &self.links {
            make_link(&self.checkout.join(link), &root, link).map_err(FilesError::io(&data.join(link)))?;
        }
        for path in &self.found {
            refuse_link(&root, path).map_err(FilesError::io(&data.join(path)))?;
        }
        Ok(kept)
    }
}

/// Fails where a container planted a link on the way to a path, or in its place: the engine would follow it.
fn refuse_link(root: &Folder, path: &Path) -> io::Result<()> {
    match root.entry(path, Absent::Report) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        entry => entry?.refuse_link(),
    }
}

/// Makes a link like another where there is nothing yet.
fn make_link(like: &Path, root: &Folder, at: &Path) -> io::Result<()> {
    root.entry(at, Absent::Make)?.link_to(&fs::read_link(like)?)
}

/// Places everything that a project mounts of its checked out repository.
pub(crate) fn place(
    project: Project,
    checkout: &Path,
    checked_out: &CheckedOut,
    dirs: &ProjectDirs,
    own: &OwnFolder,
    fingerprints: &Fingerprints,
) -> Result<Placed, FilesError> {
    own.refuse(&project, &[checkout.to_owned()])?;
    let mut placing = Placing {
        checkout,
        tracked: &checked_out.tracked,
        dirs,
        own,
        fingerprints,
        written: BTreeSet::new(),
        placed: Placed {
            project,
            contents: BTreeSet::new(),
            missing: Vec::new(),
            empty: Vec::new(),
            checkout: checkout.to_owned(),
            folders: BTreeSet::new(),
            found: BTreeSet::new(),
            files: Wanted::new(),
            links: BTreeSet::new(),
            own: own.clone(),
        },
    };
    placing.find_written();
    placing.secrets()?;
    placing.services()?;
    Ok(placing.placed)
}

struct Placing<'a> {
    checkout: &'a Path,
    tracked: &'a BTreeMap<PathBuf, Tracked>,
    dirs: &'a ProjectDirs,
    own: &'a OwnFolder,
    fingerprints: &'a Fingerprints,
    /// Folders that some service writes to.
    written: BTreeSet<PathBuf>,
    placed: Placed,
}

impl Placing<'_> {
    /// The path in the repository, where a path is one.
    fn in_repository(&self, path: &Path) -> Option<PathBuf> {
        let path = clean(path);
        path.strip_prefix(self.checkout).ok()?;
        // The checkout holds no link that leads out of it.
        let real = path.canonicalize().unwrap_or(path);
        real.strip_prefix(self.checkout).ok().map(Path::to_owned)
    }

    fn find_written(&mut self) {
        let mounts = self.placed.project.services.values().flat_map(|service| &service.storage.volumes);
        let writes = mounts.filter(|mount| mount.kind == MountKind::Bind && !mount.read_only);
        let paths = writes.filter_map(|mount| self.in_repository(Path::new(mount.source.as_deref()?)));
        let folders = paths.filter(|path| !matches!(self.tracked.get(path), Some(Tracked::File { .. })));
        self.written = folders.collect();
    }

    /// Whether a service writes to this folder, to one in it, or to one that it is in.
    fn is_written(&self, folder: &Path) -> bool {
        self.written
            .iter()
            .any(|written| written.starts_with(folder) || folder.starts_with(written))
    }

    /// Whether a path lies in a folder that a service fills.
    fn is_filled_by_another(&self, path: &Path) -> bool {
        self.written.iter().any(|written| path != written && path.starts_with(written))
    }

    fn services(&mut self) -> Result<(), FilesError> {
        let names: Vec<_> = self.placed.project.services.keys().cloned().collect();
        for name in names {
            let Some(mut service) = self.placed.project.services.remove(&name) else {
                continue;
            };
            self.service(&mut service)?;
            self.placed.project.services.insert(name, service);
        }
        Ok(())
    }

    fn service(&mut self, service: &mut Service) -> Result<(), FilesError> {
        let mut content = Vec::new();
        let name = service.name.to_string();
        for mount in service.storage.volumes.iter_mut().filter(|mount| mount.kind == MountKind::Bind) {
            self.mount(&name, mount, &mut content)?;
        }
        let granted = Granted {
            project: &self.placed.project,
            dirs: self.dirs,
            own: self.own,
            fingerprints: self.fingerprints,
        };
        let granted = granted.of(service)?;
        service.labels.extend(granted.labels);
        self.placed.missing.extend(granted.missing);
        content.extend(granted.paths);
        if !content.is_empty() {
            let digest = hex(&Sha256::digest(content.join("\n")));
            service.labels.insert(labels::MOUNTED.to_owned(), digest);
        }
        Ok(())
    }

    fn mount(&mut self, service: &str, mount: &mut Mount, content: &mut Vec<String>) -> Result<(), FilesError> {
        let Some(source) = mount.source.as_deref().map(PathBuf::from) else {
            return Ok(());
        };
        let Some(path) = self.in_repository(&source) else {
            self.look_at_host(service, mount, source);
            return Ok(());
        };
        let target = match self.tracked.get(&path) {
            Some(file @ Tracked::File { .. }) if mount.read_only => self.copy(&path, name_of(file))?,
            Some(file @ Tracked::File { .. }) => self.copy(&path, own_name(&path, file))?,
            Some(folder @ Tracked::Folder { .. }) if mount.read_only && !self.is_written(&path) => self.copy(&path, name_of(folder))?,
            Some(_) => self.data_folder(&path, mount, content),
            None => {
                self.look_for(service, mount, &path);
                self.data_folder(&path, mount, content)
            }
        };
        mount.source = Some(target.display().to_string());
        Ok(())
    }

    /// Notes a path that git does not hold, where the service cannot do without it.
    fn look_for(&mut self, service: &str, mount: &Mount, path: &Path) {
        let purpose = Purpose::of(mount, path);
        let at = self.dirs.data().join(path);
        let is_there = at.symlink_metadata().is_ok();
        let is_missing = match purpose {
            Purpose::File => !self.is_filled_by_another(path),
            Purpose::Read => !self.is_written(path),
            Purpose::Present => true,
            Purpose::Filled => false,
        };
        if is_missing && !is_there {
            self.placed.missing.push(Missing::OfRepository {
                service: service.to_owned(),
                path: path.to_owned(),
                on_server: self.own.on_host(&at),
            });
        } else if purpose == Purpose::File && is_empty_folder(&at) {
            self.placed.empty.push(EmptyFolder {
                service: service.to_owned(),
                path: self.own.on_host(&at),
                target: mount.target.clone(),
                made: false,
            });
        }
    }

    /// Notes a path of the host that is not there, where that can be seen. Many services mount what only some hosts have.
    fn look_at_host(&mut self, service: &str, mount: &Mount, source: PathBuf) {
        if !self.own.lives_on_host() || !source.is_absolute() || source.symlink_metadata().is_ok() {
            return;
        }
        let service = service.to_owned();
        if mount.bind.as_ref().is_some_and(|bind| !bind.create_host_path) {
            self.placed.missing.push(Missing::OfHost { service, path: source });
        } else if matches!(Purpose::of(mount, &source), Purpose::File | Purpose::Read) {
            self.placed.empty.push(EmptyFolder {
                service,
                path: source,
                target: mount.target.clone(),
                made: true,
            });
        }
    }

    fn copy(&mut self, path: &Path, name: String) -> Result<PathBuf, FilesError> {
        let copied = copy(&self.checkout.join(path), &self.dirs.contents(), &name)?;
        self.placed.contents.insert(name);
        Ok(copied)
    }

    /// Where a file would be that nobody has so far. Should it be there after all, it is looked at again before it is mounted.
    fn look_later(&mut self, path: &Path) -> PathBuf {
        self.placed.found.insert(path.to_owned());
        self.dirs.data().join(path)
    }

    /// Builds read what they are given at once: what is not a copy by now is nowhere.
    fn build_secrets(&self) -> Result<(), FilesError> {
        let project = &self.placed.project;
        let builds = project.services.values().filter_map(|service| service.build.as_ref());
        for grant in builds.flat_map(|build| &build.secrets) {
            let Some(SecretSource::File(path)) = project.secrets.get(grant.source.as_str()).map(|secret| &secret.source) else {
                continue;
            };
            if let Ok(path) = path.strip_prefix(self.dirs.data()) {
                return Err(FilesError::Missing {
                    what: format!("secret {}", grant.source),
                    path: path.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A copy of a file that a container may have written, where there is one: it could be a link to anything by the time that
    /// it is mounted or read.
    fn copy_written(&mut self, path: &Path) -> Result<Option<PathBuf>, FilesError> {
        let (data, contents) = (self.dirs.data(), self.dirs.contents());
        let place = data.join(path);
        let failed = FilesError::io(&place);
        let found = Folder::own(&data).and_then(|root| root.entry(path, Absent::Report)?.find());
        let file = match found {
            Ok(Found::File(file)) => file,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(Found::Other) => return Err(failed(not_a_file())),
            Ok(Found::Nothing) | Err(_) => return Ok(None),
        };
        let name = copy_open(file, &contents).map_err(FilesError::io(&contents))?;
        let target = contents.join(&name);
        self.placed.contents.insert(name);
        Ok(Some(target))
    }

    /// A persistent folder, with the tracked files that belong into it.
    fn data_folder(&mut self, path: &Path, mount: &Mount, content: &mut Vec<String>) -> PathBuf {
        let is_folder = matches!(self.tracked.get(path), Some(Tracked::Folder { .. }));
        let is_made = mount.bind.as_ref().is_none_or(|bind| bind.create_host_path);
        // A file that somebody put there is mounted as it is.
        let is_file = self.dirs.data().join(path).symlink_metadata().is_ok_and(|found| found.is_file());
        if is_folder || is_made && !is_file {
            self.placed.folders.insert(path.to_owned());
        } else {
            self.placed.found.insert(path.to_owned());
        }
        let below = self.tracked.range(path.to_owned()..).take_while(|(at, _)| at.starts_with(path));
        for (at, tracked) in below {
            match tracked {
                Tracked::File { id, .. } => {
                    content.push(format!("{} {id}", at.display()));
                    self.placed.files.insert(at.clone(), id.clone());
                }
                Tracked::Link { .. } => {
                    self.placed.links.insert(at.clone());
                }
                Tracked::Folder { .. } => {}
            }
        }
        self.dirs.data().join(path)
    }

    fn secrets(&mut self) -> Result<(), FilesError> {
        let mut secrets = std::mem::take(&mut self.placed.project.secrets);
        let mut configs = std::mem::take(&mut self.placed.project.configs);
        let services = self.placed.project.services.values();
        let used: BTreeSet<String> = services.flat_map(granted_files).collect();
        for (_, secret) in secrets.iter_mut().filter(|(name, _)| used.contains(name.as_str())) {
            self.secret(secret)?;
        }
        for (_, config) in configs.iter_mut().filter(|(name, _)| used.contains(name.as_str())) {
            self.secret(config)?;
        }
        self.placed.project.secrets = secrets;
        self.placed.project.configs = configs;
        self.build_secrets()
    }

    fn secret(&mut self, secret: &mut Secret) -> Result<(), FilesError> {
        let SecretSource::File(source) = &secret.source else {
            return Ok(());
        };
        let Some(path) = self.in_repository(source) else {
            return Ok(());
        };
        let target = match self.tracked.get(&path) {
            Some(file @ Tracked::File { .. }) => self.copy(&path, name_of(file))?,
            _ => self.copy_written(&path)?.unwrap_or_else(|| self.look_later(&path)),
        };
        secret.source = SecretSource::File(target);
        Ok(())
    }
}

/// The secrets and configs that a service or its build is given.
fn granted_files(service: &Service) -> Vec<String> {
    let built = service.build.iter().flat_map(|build| &build.secrets);
    let granted = service.storage.secrets.iter().chain(&service.storage.configs).chain(built);
    granted.map(|grant| grant.source.clone()).collect()
}

fn not_a_file() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is no file but a folder or a link, which is not followed",
    )
}

/// The name of a copy that a service may write to: nobody else mounts it.
fn own_name(path: &Path, tracked: &Tracked) -> String {
    let place = hex(&Sha256::digest(path.display().to_string())[..8]);
    format!("{}-at-{place}", name_of(tracked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::engine::request::PathMap;
    use compose_core::model::Extensions;
    use compose_core::names::ServiceName;
    use compose_core::sample::empty_project;
    use std::os::unix::fs::symlink;

    struct Case {
        temp: tempfile::TempDir,
        checked_out: CheckedOut,
        fingerprints: Fingerprints,
    }

    impl Case {
        /// A checkout with these tracked files; a file's id is its content.
        fn new(files: &[(&str, &str)]) -> Self {
            let case = Self {
                temp: tempfile::tempdir().expect("a temporary folder"),
                checked_out: CheckedOut::default(),
                fingerprints: fingerprints(),
            };
            case.with(files)
        }

        fn with(mut self, files: &[(&str, &str)]) -> Self {
            self.checked_out = CheckedOut::default();
            let _ = fs::remove_dir_all(self.checkout());
            fs::create_dir_all(self.checkout()).expect("made");
            for (path, text) in files {
                let full = self.checkout().join(path);
                fs::create_dir_all(full.parent().expect("has one")).expect("made");
                fs::write(&full, text).expect("written");
                let tracked = Tracked::File {
                    id: (*text).to_owned(),
                    executable: false,
                };
                self.checked_out.tracked.insert(PathBuf::from(path), tracked);
                for folder in Path::new(path).ancestors().skip(1) {
                    let below: String = files
                        .iter()
                        .filter(|(at, _)| Path::new(at).starts_with(folder))
                        .map(|(_, text)| *text)
                        .collect();
                    self.checked_out.tracked.insert(folder.to_owned(), Tracked::Folder { id: below });
                }
            }
            self
        }

        fn root(&self) -> PathBuf {
            self.temp.path().canonicalize().expect("there")
        }

        fn checkout(&self) -> PathBuf {
            self.root().join("projects/shop/checkouts/1")
        }

        fn own(&self) -> OwnFolder {
            OwnFolder::new(&self.root(), &PathMap::identity())
        }

        fn dirs(&self) -> ProjectDirs {
            ProjectDirs::new(self.root().join("projects/shop"))
        }

        fn place_project(&self, project: Project) -> Placed {
            let (dirs, own) = (self.dirs(), self.own());
            place(project, &self.checkout(), &self.checked_out, &dirs, &own, &self.fingerprints).expect("placed")
        }

        fn place(&self, mounts: &[(&str, &str, bool)]) -> Placed {
            let mut project = project_in(self.checkout());
            for (name, source, read_only) in mounts {
                let service = project
                    .services
                    .entry(ServiceName::new(name))
                    .or_insert_with(|| Service::new(ServiceName::new(name)));
                service.storage.volumes.push(Mount {
                    kind: MountKind::Bind,
                    source: Some(clean(&self.checkout().join(source)).display().to_string()),
                    target: "/mnt".to_owned(),
                    read_only: *read_only,
                    consistency: None,
                    bind: None,
                    volume: None,
                    tmpfs: None,
                    image_subpath: None,
                    extensions: Extensions::default(),
                });
            }
            self.place_project(project)
        }

        fn sources(&self, mounts: &[(&str, &str, bool)]) -> Vec<String> {
            let placed = self.place(mounts);
            let root = self.dirs().root().display().to_string();
            let all = placed.project.services.values().flat_map(|service| &service.storage.volumes);
            all.map(|mount| mount.source.clone().expect("has one").replace(&root, "")).collect()
        }
    }

    fn fingerprints() -> Fingerprints {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dir = crate::daemon::state_dir::StateDir::open(temp.path()).expect("opens");
        crate::daemon::vault::Vault::open_in(&dir).expect("a key").fingerprints("shop")
    }

    fn project_in(working_dir: PathBuf) -> Project {
        Project {
            working_dir,
            ..empty_project("shop")
        }
    }

    #[test]
    fn what_is_read_is_a_copy_named_by_content() {
        let case = Case::new(&[("conf/a", "1"), ("file", "2")]);
        let mounts = [("web", "conf", true), ("web", "file", true)];
        assert_eq!(case.sources(&mounts), ["/contents/1-folder", "/contents/2-file"]);
        assert_eq!(fs::read_to_string(case.dirs().contents().join("1-folder/a")).expect("copied"), "1");
        let case = case.with(&[("conf/a", "1"), ("file", "3")]);
        assert_eq!(case.sources(&mounts), ["/contents/1-folder", "/contents/3-file"]);
    }

    #[test]
    fn what_is_written_is_one_folder_and_keeps_its_name() {
        let case = Case::new(&[("data/seed", "1")]);
        let mounts = [("web", "data", false), ("web", "uploads", false)];
        assert_eq!(case.sources(&mounts), ["/data/data", "/data/uploads"]);
        let before = case.place(&mounts);
        before.install(&case.dirs(), 1).expect("installed");
        assert_eq!(fs::read_to_string(case.dirs().data().join("data/seed")).expect("there"), "1");
        assert!(case.dirs().data().join("uploads").is_dir());
        let case = case.with(&[("data/seed", "2")]);
        let after = case.place(&mounts);
        let label = |placed: &Placed| placed.project.services["web"].labels.get(labels::MOUNTED).cloned();
        assert!(label(&before).is_some() && label(&before) != label(&after));
    }

    #[test]
    fn one_reads_what_another_writes() {
        let case = Case::new(&[("site/index", "1"), ("other", "2")]);
        let mounts = [("app", "site/uploads", false), ("web", "site", true)];
        assert_eq!(case.sources(&mounts), ["/data/site/uploads", "/data/site"]);
    }

    #[test]
    fn a_single_file_that_is_written_is_nobody_elses() {
        let case = Case::new(&[("a", "1"), ("b", "1")]);
        let sources = case.sources(&[("web", "a", false), ("web", "b", false), ("web", "a", true)]);
        assert!(sources.iter().all(|source| source.starts_with("/contents/1-file")), "{sources:?}");
        let different: BTreeSet<_> = sources.iter().collect();
        assert_eq!(different.len(), 3);
    }

    fn missing(placed: &Placed) -> Vec<String> {
        placed.missing.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_only_read_or_named_like_a_file_has_to_be_somewhere() {
        let case = Case::new(&[("held", "1"), ("conf/a", "1")]);
        let mounts = [
            ("web", "app.conf", true),
            ("web", "app.db", false),
            ("web", "certs", true),
            ("web", "data", false),
            ("web", "uploads/new", false),
            ("web", "held", true),
            ("web", "conf", true),
            // What another service fills.
            ("proxy", "data", true),
            ("proxy", "data/state.json", true),
        ];
        let found = missing(&case.place(&mounts));
        assert_eq!(found.len(), 3, "{found:?}");
        for (path, text) in ["app.conf", "app.db", "certs"].iter().zip(&found) {
            let on_server = case.dirs().data().join(path).display().to_string();
            assert!(
                text.starts_with(&format!("service web mounts ./{path}, and git does not hold it")),
                "{text}"
            );
            assert!(text.contains(&on_server), "{text}");
        }
    }

    #[test]
    fn what_somebody_put_on_the_server_is_there() {
        let case = Case::new(&[("held", "1")]);
        let mounts = [("web", "app.conf", true), ("web", "certs", true), ("web", "old.conf", true)];
        fs::create_dir_all(case.dirs().data().join("certs")).expect("made");
        fs::create_dir_all(case.dirs().data().join("old.conf")).expect("made");
        fs::write(case.dirs().data().join("app.conf"), "").expect("written");
        let placed = case.place(&mounts);
        assert_eq!(missing(&placed), [] as [String; 0]);
        let empty: Vec<String> = placed.empty.iter().map(ToString::to_string).collect();
        assert!(empty.len() == 1 && empty[0].contains("data/old.conf"), "{empty:?}");
    }

    #[test]
    fn the_hosts_own_are_only_spoken_of() {
        let case = Case::new(&[("held", "1")]);
        let placed = case.place(&[
            ("web", "/nowhere/zone", true),
            ("web", "/nowhere/data", false),
            ("web", "/etc/hostname", true),
        ]);
        assert_eq!(missing(&placed), [] as [String; 0]);
        let empty: Vec<String> = placed.empty.iter().map(ToString::to_string).collect();
        assert!(empty.len() == 1 && empty[0].contains("/nowhere/zone"), "{empty:?}");
    }

    /// The labels of a service that is granted a secret and a config of these sources.
    fn granted(case: &Case, secret: SecretSource, config: SecretSource) -> (Placed, Vec<(String, String)>) {
        let grant = |source: &str| compose_core::model::FileGrant {
            source: source.to_owned(),
            ..compose_core::model::FileGrant::default()
        };
        let of = |source| Secret {
            source,
            ..Secret::default()
        };
        let mut project = project_in(case.checkout());
        let mut service = Service::new("web".into());
        service.storage.secrets.push(grant("key"));
        service.storage.configs.push(grant("conf"));
        project.services.insert(ServiceName::new("web"), service);
        project.secrets.insert("key".into(), of(secret));
        project.configs.insert("conf".into(), of(config));
        let placed = case.place_project(project);
        let labels = placed.project.services["web"].labels.clone().into_iter().collect();
        (placed, labels)
    }

    #[test]
    fn every_content_of_a_secret_or_config_is_in_a_label_and_not_to_be_read_there() {
        let case = Case::new(&[("held", "1")]);
        let variable = |value: &str| SecretSource::Environment {
            variable: "PW".to_owned(),
            value: Some(value.to_owned()),
        };
        let content = |text: &str| SecretSource::Content(text.to_owned());
        let (_, first) = granted(&case, variable("hidden"), content("a"));
        assert_eq!(
            first.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
            ["dev.inertia.config.conf", "dev.inertia.secret.key"]
        );
        assert!(
            first.iter().all(|(_, value)| value.len() == 32 && !value.contains("hidden")),
            "{first:?}"
        );
        assert_eq!(granted(&case, variable("hidden"), content("a")).1, first);
        let (_, other_secret) = granted(&case, variable("changed"), content("a"));
        assert!(other_secret[0] == first[0] && other_secret[1] != first[1]);
        let (_, other_config) = granted(&case, variable("hidden"), content("b"));
        assert!(other_config[0] != first[0] && other_config[1] == first[1]);
    }

    #[test]
    fn a_secrets_file_that_is_on_the_server_alone_counts_by_its_content() {
        let case = Case::new(&[("conf", "1")]);
        let file = |name: &str| SecretSource::File(case.checkout().join(name));
        let (placed, _) = granted(&case, file("key"), file("conf"));
        let found = missing(&placed);
        assert!(
            found.len() == 1 && found[0].contains("the secret key") && found[0].contains("data/key"),
            "{found:?}"
        );
        let labels_with = |text: &str| {
            fs::create_dir_all(case.dirs().data()).expect("made");
            fs::write(case.dirs().data().join("key"), text).expect("written");
            let (placed, labels) = granted(&case, file("key"), file("conf"));
            assert_eq!(missing(&placed), [] as [String; 0]);
            labels
        };
        assert_ne!(labels_with("1"), labels_with("2"));
        assert_eq!(labels_with("2"), labels_with("2"));
    }

    #[test]
    fn the_hosts_paths_are_not_touched() {
        let case = Case::new(&[("a", "1")]);
        assert_eq!(case.sources(&[("web", "/var/run/docker.sock", false)]), ["/var/run/docker.sock"]);
    }

    impl Case {
        /// Places a project whose service is given the secret in this file.
        fn place_secret(&self, file: &str) -> Result<Placed, FilesError> {
            let mut project = project_in(self.checkout());
            let mut service = Service::new("web".into());
            service.storage.secrets.push(compose_core::model::FileGrant {
                source: "key".to_owned(),
                ..compose_core::model::FileGrant::default()
            });
            project.services.insert(ServiceName::new("web"), service);
            for name in ["key", "unused"] {
                let secret = Secret {
                    source: SecretSource::File(self.checkout().join(if name == "key" { file } else { "none" })),
                    ..Secret::default()
                };
                project.secrets.insert(name.into(), secret);
            }
            place(
                project,
                &self.checkout(),
                &self.checked_out,
                &self.dirs(),
                &self.own(),
                &self.fingerprints,
            )
        }

        /// What is at a path of the data folder.
        fn data(&self, path: &str) -> PathBuf {
            let path = self.dirs().data().join(path);
            fs::create_dir_all(path.parent().expect("has one")).expect("made");
            path
        }
    }

    #[test]
    fn secrets_in_files_are_copies_and_count_as_content() {
        let case = Case::new(&[("key", "1")]);
        let placed = case.place_secret("key").expect("placed");
        assert_eq!(
            placed.project.secrets["key"].source,
            SecretSource::File(case.dirs().contents().join("1-file"))
        );
        assert!(placed.project.services["web"].labels.contains_key(labels::MOUNTED));
        assert_eq!(placed.contents, BTreeSet::from(["1-file".to_owned()]));
    }

    #[test]
    fn a_secret_that_a_container_wrote_is_a_copy_too_and_never_what_it_links_to() {
        let case = Case::new(&[("up/seed", "1")]);
        fs::write(case.data("up/token"), "written").expect("written");
        let placed = case.place_secret("up/token").expect("placed");
        let SecretSource::File(copy) = &placed.project.secrets["key"].source else {
            panic!("it is a file")
        };
        assert!(copy.starts_with(case.dirs().contents()), "{}", copy.display());
        assert_eq!(fs::read_to_string(copy).expect("copied"), "written");
        fs::write(case.root().join("admin.token"), "the daemon's").expect("written");
        symlink(case.root().join("admin.token"), case.data("up/planted")).expect("planted");
        symlink(case.root(), case.data("up/folder")).expect("planted");
        for planted in ["up/planted", "up/folder/admin.token", "up"] {
            let error = case.place_secret(planted).expect_err("refused").to_string();
            assert!(!error.contains("the daemon's"), "{error}");
        }
    }

    #[test]
    fn the_engine_is_led_through_no_link_that_a_container_planted() {
        let case = Case::new(&[("up/seed", "1")]);
        symlink("/etc", case.data("up/planted")).expect("planted");
        let mut placed = case.place(&[("app", "up", false)]);
        placed.install(&case.dirs(), 1).expect("nothing leads through it");
        for path in ["up/planted", "up/planted/hosts"] {
            placed.found = BTreeSet::from([PathBuf::from(path)]);
            assert!(placed.install(&case.dirs(), 1).is_err(), "{path}");
        }
        placed.found = BTreeSet::from([PathBuf::from("up/none"), PathBuf::from("up/seed")]);
        placed.install(&case.dirs(), 1).expect("no links");
    }

    #[test]
    fn a_link_of_the_host_is_looked_at_again_before_it_is_mounted() {
        let case = Case::new(&[("a", "1")]);
        let media = tempfile::tempdir().expect("a temporary folder");
        let source = media.path().join("link");
        fs::create_dir(&source).expect("made");
        let placed = case.place(&[("web", &source.display().to_string(), false)]);
        placed.install(&case.dirs(), 1).expect("installed");
        fs::remove_dir(&source).expect("removed");
        symlink(case.root(), &source).expect("planted");
        let error = placed.install(&case.dirs(), 1).expect_err("refused").to_string();
        assert!(error.contains("into the daemon's own folder"), "{error}");
    }
}

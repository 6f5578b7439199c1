//! From a fetched commit to a loaded project: checked out, read.

use super::checkout_reader::{CheckoutReader, Reads};
use super::dirs::ProjectDirs;
use super::files::{FilesError, OwnFolder, Placed, named, place};
use super::origin::blocking_until;
use super::uses::Uses;
use crate::daemon::environment::Environment;
use crate::daemon::git::{CheckedOut, GitError, Here, Mirror, RepositoryUrl, check_out};
use crate::daemon::limits::{self, LONGEST_PREPARATION};
use crate::daemon::store::{ProjectRow, StoreError};
use crate::daemon::vault::{Fingerprints, VaultError};
use crate::settings::{FILE_NAME, ProjectSettings, SettingsError};
use compose_core::diagnostic::{Diagnostic, Severity};
use compose_core::load::interpolate::missing_variable;
use compose_core::load::{LoadError, Loader, Stage, Stages};
use compose_core::source::{ResourceReader as _, SourceMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Why a commit cannot be deployed as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// Git did not give it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Its `inertia.toml` is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file of it cannot be read.
    #[error("cannot read {file} of the commit: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its compose files are wrong.
    #[error("{}", summary(.0))]
    Load(Vec<String>),
    /// What its containers mount cannot be placed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Its deploy key cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took too long.
    #[error(
        "checking out and loading the project took longer than {} s; leave large files to git's storage for them, and split what is one project into several",
        LONGEST_PREPARATION.as_secs()
    )]
    Late,
    /// The work was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The work broke down.
    #[error("the daemon has a defect and could not go on; its log says more")]
    Defect,
}

impl SourceError {
    /// Whether it may well be over in a while.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Git(error) if error.is_passing())
    }
}

fn summary(findings: &[String]) -> String {
    findings
        .first()
        .cloned()
        .unwrap_or_else(|| "the project cannot be loaded".to_owned())
}

/// A commit that is ready to be deployed.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What its `inertia.toml` says.
    pub(crate) settings: ProjectSettings,
    /// The project, its mounts leading to where they stay.
    pub(crate) placed: Arc<Placed>,
    /// What a person should know.
    pub(crate) warnings: Vec<String>,
    /// What it uses of the repository.
    pub(crate) uses: Uses,
}

/// What to make of a commit.
pub(crate) struct Request {
    /// The registration.
    pub(crate) project: ProjectRow,
    /// The project's folders.
    pub(crate) dirs: ProjectDirs,
    /// The daemon's folder.
    pub(crate) own: OwnFolder,
    /// The commit's id.
    pub(crate) commit: String,
    /// The folder into which it is checked out.
    pub(crate) checkout: PathBuf,
    /// The project's variables.
    pub(crate) environment: Environment,
    /// What tells the contents of its secrets apart.
    pub(crate) fingerprints: Fingerprints,
}

/// Checks a fetched commit out, loads its project and places what it mounts. Called off or not, nothing is written any more
/// once it has returned.
pub(crate) async fn prepare(request: Request, call_off: &CancellationToken) -> Result<Prepared, SourceError> {
    let late = call_off.child_token();
    let preparing = blocking_until(&late, move |stop| prepare_now(&request, stop));
    tokio::pin!(preparing);
    if let Ok(prepared) = timeout(LONGEST_PREPARATION, &mut preparing).await {
        return prepared;
    }
    late.cancel();
    let _ = preparing.await;
    Err(SourceError::Late)
}

fn prepare_now(request: &Request, stop: &AtomicBool) -> Result<Prepared, SourceError> {
    let mirror = Mirror::open(&request.dirs.mirror())?;
    let url = RepositoryUrl::parse(&request.project.url).map_err(GitError::from)?;
    let here = Here {
        mirror: &mirror,
        url: &url,
        beside: &request.dirs.beside(request.own.root()),
    };
    let checked_out = check_out(here, &request.commit, &request.checkout, stop)?;
    let folder = project_folder(request, &checked_out)?;
    let reads = Reads::default();
    let reader = CheckoutReader::open(&request.checkout, &reads).map_err(unreadable("the files"))?;
    let settings = read_settings(&reader, &folder)?;
    let mut warnings = Vec::new();
    if settings.name != request.project.name {
        let (says, is) = (&settings.name, &request.project.name);
        warnings.push(format!("{FILE_NAME} names the project {says:?}, and it is registered as {is:?}"));
    }
    let loaded = loader(request, &settings, &folder, reader).load_unless(stop);
    if stop.load(Ordering::Relaxed) {
        return Err(SourceError::Interrupted);
    }
    let loaded = loaded.map_err(|error| {
        // What is not here may be what the error is about.
        let uses = Uses::new(&request.project.path, reads.take(), &request.checkout);
        let absent = refuse_absent(&checked_out, &uses).err().map(SourceError::from);
        absent.unwrap_or_else(|| load_error(&error, &request.checkout))
    })?;
    warnings.extend(loaded.warnings.iter().map(|found| told(found, &loaded.sources, &request.checkout)));
    let used = reads.take().into_iter().chain(named(&loaded.project));
    let uses = Uses::new(&request.project.path, used, &request.checkout);
    refuse_absent(&checked_out, &uses)?;
    let (dirs, own) = (&request.dirs, &request.own);
    let placed = place(loaded.project, &request.checkout, &checked_out, dirs, own, &request.fingerprints)?;
    warnings.extend(placed.empty.iter().map(ToString::to_string));
    Ok(Prepared {
        settings,
        placed: Arc::new(placed),
        warnings,
        uses,
    })
}

fn project_folder(request: &Request, checked_out: &CheckedOut) -> Result<PathBuf, SourceError> {
    let path = Path::new(&request.project.path);
    if !checked_out.tracked.contains_key(path) {
        return Err(GitError::NoFolder {
            path: request.project.path.clone(),
        }
        .into());
    }
    Ok(request.checkout.join(path))
}

fn read_settings(reader: &CheckoutReader, folder: &Path) -> Result<ProjectSettings, SourceError> {
    let bytes = reader.read(&folder.join(FILE_NAME));
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()));
    Ok(ProjectSettings::parse(&text.map_err(unreadable(FILE_NAME))?)?)
}

fn unreadable(file: &str) -> impl FnOnce(io::Error) -> SourceError + '_ {
    |source| SourceError::Read {
        file: file.to_owned(),
        source,
    }
}

/// Nothing is deployed with an empty folder in place of a submodule, or an address in place of a file.
fn refuse_absent(checked_out: &CheckedOut, uses: &Uses) -> Result<(), GitError> {
    let used = checked_out.absent.iter().find(|(path, _)| uses.concern(&path.to_string_lossy()));
    match used {
        Some((path, &part)) => Err(GitError::Absent {
            path: path.display().to_string(),
            part,
        }),
        None => Ok(()),
    }
}

fn loader(request: &Request, settings: &ProjectSettings, folder: &Path, reader: CheckoutReader) -> Loader {
    let mut loader = Loader::new(folder)
        .default_project_name(&request.project.name)
        .reader(reader)
        .variables(request.environment.variables())
        .limits(limits::PROJECT)
        // What is missing in the checkout may well be on the server.
        .stages(Stages::ALL.without(Stage::Advice));
    for file in &settings.compose {
        loader = loader.file(folder.join(file));
    }
    for profile in &settings.profiles {
        loader = loader.profile(profile);
    }
    loader
}

fn load_error(error: &LoadError, checkout: &Path) -> SourceError {
    let errors = error.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    SourceError::Load(errors.map(|found| told(found, &error.sources, checkout)).collect())
}

/// A finding in one line: `compose.yaml:3:5: message (help)`.
fn told(found: &Diagnostic, sources: &SourceMap, checkout: &Path) -> String {
    let place = found.span.map(|span| {
        let text = sources.place(span);
        let prefix = format!("{}/", checkout.display());
        format!("{}: ", text.strip_prefix(&prefix).unwrap_or(&text))
    });
    let help = missing_variable(found, sources)
        .map(|name| format!("set it for this server: `inertia NAME env set {name}`"))
        .or_else(|| found.help.clone());
    let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{}{}{help}", place.unwrap_or_default(), found.message)
}

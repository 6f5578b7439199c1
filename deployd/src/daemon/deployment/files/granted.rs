//! The contents of secrets and configs, as labels: they are in no configuration hash, and a container reads what it was made with.

use super::FilesError;
use super::beneath::{Folder, Found, Missing as Absent};
use super::missing::Missing;
use super::own::OwnFolder;
use crate::daemon::deployment::dirs::ProjectDirs;
use crate::daemon::vault::Fingerprints;
use compose_core::labels::{self, GrantedKind};
use compose_core::model::{FileGrant, Project, SecretSource, Service};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What the contents of granted files are judged by.
pub(super) struct Granted<'a> {
    pub(super) project: &'a Project,
    pub(super) dirs: &'a ProjectDirs,
    pub(super) own: &'a OwnFolder,
    pub(super) fingerprints: &'a Fingerprints,
}

/// What a service's grants come to.
#[derive(Default)]
pub(super) struct Contents {
    /// A label for each content that the path of a mount does not tell.
    pub(super) labels: BTreeMap<String, String>,
    /// The paths of those that it does tell.
    pub(super) paths: Vec<String>,
    /// The files that are not there.
    pub(super) missing: Vec<Missing>,
}

impl Granted<'_> {
    /// The contents of everything that a service is granted. Files are where they are mounted by now.
    pub(super) fn of(&self, service: &Service) -> Result<Contents, FilesError> {
        let mut contents = Contents::default();
        let storage = &service.storage;
        let grants = storage.secrets.iter().map(|grant| (GrantedKind::Secret, grant));
        for (kind, grant) in grants.chain(storage.configs.iter().map(|grant| (GrantedKind::Config, grant))) {
            self.one(service, (kind, grant), &mut contents)?;
        }
        Ok(contents)
    }

    fn one(&self, service: &Service, (kind, grant): (GrantedKind, &FileGrant), contents: &mut Contents) -> Result<(), FilesError> {
        let key = grant.source.as_str();
        let found = match kind {
            GrantedKind::Secret => self.project.secrets.get(key),
            GrantedKind::Config => self.project.configs.get(key),
        };
        let label = labels::of_content(kind, key);
        let fingerprint = match found.map(|found| &found.source) {
            Some(SecretSource::Content(text) | SecretSource::Environment { value: Some(text), .. }) => self
                .fingerprints
                .of(&label, text.as_bytes())
                .map(Some)
                .map_err(FilesError::io(Path::new(key)))?,
            Some(SecretSource::File(path)) => {
                contents.paths.push(path.display().to_string());
                if !self.is_there(path) {
                    contents.missing.push(Missing::Granted {
                        service: service.name.to_string(),
                        kind,
                        key: key.to_owned(),
                        on_server: self.own.on_host(path),
                    });
                }
                self.of_file(&label, path).map_err(FilesError::io(path))?
            }
            Some(SecretSource::Environment { value: None, .. } | SecretSource::None) | None => None,
        };
        contents.labels.extend(fingerprint.map(|fingerprint| (label, fingerprint)));
        Ok(())
    }

    /// Whether a file is there, as far as can be seen from here.
    fn is_there(&self, path: &Path) -> bool {
        !self.sees(path) || path.symlink_metadata().is_ok()
    }

    fn sees(&self, path: &Path) -> bool {
        path.starts_with(self.dirs.root()) || self.own.lives_on_host()
    }

    /// The fingerprint of a file that somebody put on the server for this project. Copies are named by their content, and
    /// what else is on the server is none of the daemon's business.
    fn of_file(&self, label: &str, path: &Path) -> io::Result<Option<String>> {
        let data = self.dirs.data();
        let Ok(beneath) = path.strip_prefix(&data) else {
            return Ok(None);
        };
        match Folder::own(&data)?.entry(beneath, Absent::Report).and_then(|entry| entry.find()) {
            Ok(Found::File(file)) => self.fingerprints.of(label, file).map(Some),
            // The engine says what is wrong with it when it mounts it.
            Ok(Found::Nothing | Found::Other) | Err(_) => Ok(None),
        }
    }
}

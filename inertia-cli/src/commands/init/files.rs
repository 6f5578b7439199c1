//! Which files a project needs and git does not hold.

use crate::repository::Repository;
use compose_core::model::{MountKind, Project, SecretSource, Service};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the project needs below the repository's root and git does not hold, as paths below the root.
pub(super) fn not_held(project: &Project, repository: &Repository) -> Vec<String> {
    let tracked = repository.tracked();
    let held = |path: &Path| tracked.range(path.to_owned()..).next().is_some_and(|found| found.starts_with(path));
    needed(project)
        .into_iter()
        .filter_map(|path| {
            path.canonicalize()
                .unwrap_or(path)
                .strip_prefix(repository.root())
                .map(Path::to_owned)
                .ok()
        })
        .filter(|path| !path.as_os_str().is_empty() && !held(path))
        .map(|path| path.display().to_string())
        .collect()
}

/// The files and folders of the project's own that it reads: absolute.
fn needed(project: &Project) -> BTreeSet<PathBuf> {
    let mut paths: BTreeSet<PathBuf> = project.compose_files.iter().cloned().collect();
    for source in project.secrets.values().chain(project.configs.values()) {
        if let SecretSource::File(path) = &source.source {
            paths.insert(path.clone());
        }
    }
    for service in project.services.values() {
        paths.extend(service_paths(service));
    }
    paths
}

fn service_paths(service: &Service) -> impl Iterator<Item = PathBuf> {
    let build = service.build.as_ref().and_then(|build| {
        let context = PathBuf::from(build.context.as_deref()?);
        let dockerfile = build
            .dockerfile_inline
            .is_none()
            .then(|| context.join(build.dockerfile.as_deref().unwrap_or("Dockerfile")));
        Some([Some(context), dockerfile].into_iter().flatten())
    });
    let binds = service
        .storage
        .volumes
        .iter()
        .filter(|mount| mount.kind == MountKind::Bind)
        .filter_map(|mount| mount.source.as_deref().map(PathBuf::from));
    let env_files = service.process.env_files.iter().map(|file| file.path.clone());
    build.into_iter().flatten().chain(binds).chain(env_files)
}

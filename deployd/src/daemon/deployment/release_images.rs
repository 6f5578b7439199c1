//! Names for the images of releases, so that a prune of what has none leaves what may have to come back.
//!
//! Names go, and with the last one the image, once nothing needs it any more. Nothing is forced: what a container or another
//! name uses stays, and is tried again after the next deployment.

use crate::daemon::Daemon;
use crate::daemon::store::{ImageMark, Need, StoreError};
use compose_core::engine::{Engine, EngineError};
use compose_core::hash::hex;
use compose_core::names::{ImageRef, ServiceName};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// How long a part of a name may be.
const LONGEST_PART: usize = 64;
/// How much of what cannot be part of a name is still to be read in it.
const READABLE: usize = 40;

/// Why images do not get their names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// The database did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine did not.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Gives images the names of their deployments. One that is gone gets none: that is told when it is to run.
pub(crate) async fn keep(daemon: &Daemon, project: &str, marks: Vec<ImageMark>) -> Result<(), KeepError> {
    daemon.store().mark_images(project, marks.clone()).await?;
    let engine = daemon.engine().as_ref();
    for mark in &marks {
        if engine.inspect_image(mark.image.as_str()).await?.is_some() {
            engine.tag_image(&mark.image, &reference(project, mark)).await?;
        }
    }
    Ok(())
}

/// Sees to it that the images of all kept releases have their names, also of those that a daemon made that gave none.
pub(crate) async fn keep_earlier(daemon: &Daemon, project: &str) -> Result<(), KeepError> {
    let store = daemon.store();
    let known = store.image_marks(project).await?;
    let known: BTreeSet<(u64, ServiceName)> = known.into_iter().map(|(mark, _)| (mark.deployment, mark.service)).collect();
    let mut missing = Vec::new();
    for release in store.releases(project).await? {
        let deployment = release.deployment;
        let unknown = release.images.into_iter();
        let unknown = unknown.filter(|(service, _)| !known.contains(&(deployment, service.clone())));
        missing.extend(unknown.map(|(service, image)| ImageMark {
            deployment,
            service,
            image,
            built_as: None,
        }));
    }
    if missing.is_empty() {
        return Ok(());
    }
    keep(daemon, project, missing).await
}

/// Which names go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Those that nothing needs.
    Unneeded,
    /// All: the project goes.
    All,
}

/// Takes names away from images, and removes those that nothing else uses. What stays is told in the daemon's log.
pub(crate) async fn let_go(daemon: &Daemon, project: &str, names: Names) -> Result<(), StoreError> {
    let store = daemon.store();
    let marks = store.image_marks(project).await?;
    let is_over = |need: &Need| names == Names::All || *need == Need::Over;
    if !marks.iter().any(|(_, need)| is_over(need)) {
        return Ok(());
    }
    let kept: Vec<&ImageMark> = marks.iter().filter(|(_, need)| !is_over(need)).map(|(mark, _)| mark).collect();
    let current = store.project(project).await?.and_then(|project| project.current);
    for (mark, _) in marks.iter().filter(|(_, need)| is_over(need)) {
        match remove(daemon.engine().as_ref(), project, mark, (&kept, current)).await {
            Ok(()) => store.forget_mark(project, mark).await?,
            Err(error) => tracing::info!(%error, project, image = %mark.image, "an old image stays"),
        }
    }
    Ok(())
}

/// The images that stay, and the deployment whose release runs, or ran last.
type Kept<'a> = (&'a [&'a ImageMark], Option<u64>);

async fn remove(engine: &dyn Engine, project: &str, mark: &ImageMark, kept: Kept<'_>) -> Result<(), EngineError> {
    let is_needed = kept.0.iter().any(|kept| kept.image == mark.image);
    if let Some(name) = mark.built_as.as_ref().filter(|_| !is_needed) {
        give_back(engine, name, mark, kept).await?;
    }
    engine.remove_image(reference(project, mark).as_str()).await?;
    if mark.built_as.is_none() || is_needed {
        return Ok(());
    }
    match engine.inspect_image(mark.image.as_str()).await? {
        Some(found) if found.tags.is_empty() => engine.remove_image(mark.image.as_str()).await,
        _ => Ok(()),
    }
}

/// The name under which an image was built leads to the release that runs again, where it was that one's.
async fn give_back(engine: &dyn Engine, name: &ImageRef, mark: &ImageMark, (kept, current): Kept<'_>) -> Result<(), EngineError> {
    let found = engine.inspect_image(name.as_str()).await?;
    if found.is_none_or(|found| found.id != mark.image) {
        return Ok(());
    }
    let is_before = |kept: &&ImageMark| Some(kept.deployment) == current && kept.built_as.as_ref() == Some(name);
    match kept.iter().copied().find(is_before) {
        Some(before) if engine.inspect_image(before.image.as_str()).await?.is_some() => engine.tag_image(&before.image, name).await,
        _ => engine.remove_image(name.as_str()).await,
    }
}

/// The name of an image: `inertia/PROJECT/SERVICE:release-N`.
fn reference(project: &str, mark: &ImageMark) -> ImageRef {
    let (project, service) = (part(project), part(mark.service.as_str()));
    ImageRef::new(format!("inertia/{project}/{service}:release-{}", mark.deployment))
}

/// A text as a part of an image's name; one that cannot be is made so, and told from others by its hash.
fn part(text: &str) -> String {
    if is_part(text) {
        return text.to_owned();
    }
    let mut readable = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()).take(READABLE) {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        if c != '-' || !readable.ends_with('-') {
            readable.push(c);
        }
    }
    let mut hash = hex(&Sha256::digest(text));
    hash.truncate(12);
    match readable.trim_matches('-') {
        "" => hash,
        readable => format!("{readable}-{hash}"),
    }
}

/// Letters and digits, between which stands one dot, one or two underscores, or any number of dashes.
fn is_part(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let begins_and_ends = text.starts_with(is_letter) && text.ends_with(is_letter);
    let mut between = text.split(is_letter).filter(|between| !between.is_empty());
    text.len() <= LONGEST_PART
        && begins_and_ends
        && between.all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::names::ImageId;

    #[test]
    fn names_that_can_be_part_of_an_image_name_stay() {
        for name in ["shop", "a", "0-x_y", "a__b", "a---b", "web.api-2", &"a".repeat(64)] {
            assert_eq!(part(name), name);
        }
    }

    #[test]
    fn others_are_made_so_and_stay_apart() {
        let others = [
            "Web",
            "WEB",
            "a-",
            "-a",
            "a___b",
            "a._b",
            "a..b",
            "_",
            "é",
            &"a".repeat(65),
            &"a".repeat(66),
        ];
        let made: BTreeSet<String> = others.iter().map(|name| part(name)).collect();
        assert_eq!(made.len(), others.len(), "{made:?}");
        for name in &made {
            assert!(is_part(name), "{name}");
        }
        assert!(part("Web").starts_with("web-"));
    }

    #[test]
    fn an_image_is_named_for_its_release() {
        let mark = ImageMark {
            deployment: 7,
            service: ServiceName::new("web"),
            image: ImageId::new("sha256:1"),
            built_as: None,
        };
        assert_eq!(reference("shop", &mark).as_str(), "inertia/shop/web:release-7");
    }
}

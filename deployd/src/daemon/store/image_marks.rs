//! Which names were given to the images of releases: written before they are given, so that none is left behind.

use super::{Store, StoreError, signed, unsigned};
use compose_core::names::{ImageId, ImageRef, ServiceName};

/// The image of a service in a deployment, which has a name of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageMark {
    /// The deployment.
    pub(crate) deployment: u64,
    /// The service.
    pub(crate) service: ServiceName,
    /// The image.
    pub(crate) image: ImageId,
    /// The name under which the project builds it; `None` where it came from elsewhere.
    pub(crate) built_as: Option<ImageRef>,
}

/// Whether an image is still needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A kept release has it, or a deployment that is not over.
    Needed,
    /// Its deployment is over, and left no release or none that is kept.
    Over,
}

impl Store {
    /// Keeps that images are about to get names.
    pub(crate) async fn mark_images(&self, project: &str, marks: Vec<ImageMark>) -> Result<(), StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let transaction = db.transaction()?;
            for mark in &marks {
                transaction.execute(
                    "INSERT OR REPLACE INTO image_marks (project, deployment, service, image, built_as) VALUES (?1, ?2, ?3, ?4, ?5)",
                    (
                        &project,
                        signed(mark.deployment),
                        mark.service.as_str(),
                        mark.image.as_str(),
                        mark.built_as.as_ref().map(ImageRef::as_str),
                    ),
                )?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Every image of a project that has names of ours, and whether it is needed.
    pub(crate) async fn image_marks(&self, project: &str) -> Result<Vec<(ImageMark, Need)>, StoreError> {
        let project = project.to_owned();
        self.run(move |db| {
            let mut query = db.prepare(
                "SELECT m.deployment, m.service, m.image, m.built_as,
                     EXISTS (SELECT 1 FROM releases r WHERE r.project = m.project AND r.deployment = m.deployment)
                     OR EXISTS (SELECT 1 FROM deployments d
                         WHERE d.project = m.project AND d.id = m.deployment AND d.finished_at IS NULL)
                 FROM image_marks m WHERE m.project = ?1 ORDER BY m.deployment, m.service",
            )?;
            let rows = query.query_map([&project], |row| {
                let mark = ImageMark {
                    deployment: unsigned(row.get(0)?),
                    service: ServiceName::new(row.get::<_, String>(1)?),
                    image: ImageId::new(row.get::<_, String>(2)?),
                    built_as: row.get::<_, Option<String>>(3)?.map(ImageRef::new),
                };
                let need = if row.get(4)? { Need::Needed } else { Need::Over };
                Ok((mark, need))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Forgets an image whose names are gone.
    pub(crate) async fn forget_mark(&self, project: &str, mark: &ImageMark) -> Result<(), StoreError> {
        let (project, deployment, service) = (project.to_owned(), mark.deployment, mark.service.clone());
        self.run(move |db| {
            let sql = "DELETE FROM image_marks WHERE project = ?1 AND deployment = ?2 AND service = ?3";
            db.execute(sql, (&project, signed(deployment), service.as_str()))?;
            Ok(())
        })
        .await
    }
}

//! Volumes.

use super::body::VolumeBody;
use crate::model::{Project, Volume};
use crate::names::VolumeKey;
use std::collections::BTreeMap;

/// The body of the request that makes a volume.
pub fn volume(project: &Project, key: &VolumeKey, volume: &Volume, labels: BTreeMap<String, String>) -> VolumeBody {
    VolumeBody {
        name: volume
            .name
            .as_ref()
            .map_or_else(|| format!("{}_{key}", project.name), ToString::to_string),
        labels,
        driver: volume.driver.clone(),
        driver_opts: volume.driver_opts.clone(),
    }
}

//! Building images.

use super::super::{BuildOutput, BuildRequest, EngineError};
use super::DockerEngine;
use crate::names::ImageId;

impl DockerEngine {
    pub(super) async fn build(&self, request: BuildRequest, _output: &mut (dyn FnMut(BuildOutput) + Send)) -> Result<ImageId, EngineError> {
        Err(EngineError::Failed {
            attempt: format!("build {}", request.tags.join(", ")),
            message: "this engine object does not build".to_owned(),
        })
    }
}

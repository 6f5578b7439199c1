//! What a registry has under an image's name, asked through the engine: its credentials and its network count.

use super::DockerEngine;
use super::call::{Call, reference};
use super::images::split;
use crate::engine::EngineError;
use crate::names::ImageRef;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Distribution {
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

impl DockerEngine {
    /// An image by its full name and the digest that its registry has now, `docker.io/library/busybox:latest@sha256:…`. One
    /// that has a digest keeps it, and nobody is asked.
    ///
    /// # Errors
    /// The engine or the registry does not answer, or there is no such image.
    pub async fn pinned(&self, image: &ImageRef) -> Result<ImageRef, EngineError> {
        let full = full_name(image.as_str());
        if full.contains('@') {
            return Ok(full.into());
        }
        let path = format!("/distribution/{}/json", reference(&full)?);
        let call = Call::get(path, format!("ask for the digest of {full}"))
            .header_some("x-registry-auth", self.credentials().pull_header(image)?)?
            .patient();
        let found: Distribution = self.ask(call).await?;
        Ok(format!("{full}@{}", found.descriptor.digest).into())
    }
}

/// A reference with its registry, and with a tag or a digest; where it has both, the digest alone counts.
fn full_name(image: &str) -> String {
    let (name, version) = split(image);
    let separator = if image.contains('@') { '@' } else { ':' };
    let name = match name.split_once('/') {
        Some(("docker.io" | "index.docker.io", rest)) => hub(rest),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        _ => hub(name),
    };
    format!("{name}{separator}{version}")
}

/// A name on the registry that is meant where none is named.
fn hub(name: &str) -> String {
    if name.contains('/') {
        format!("docker.io/{name}")
    } else {
        format!("docker.io/library/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn names_are_completed() {
        for (image, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("ann/shop", "docker.io/ann/shop:latest"),
            ("docker.io/busybox", "docker.io/library/busybox:latest"),
            ("index.docker.io/ann/shop:2", "docker.io/ann/shop:2"),
            ("ghcr.io/ann/shop:2", "ghcr.io/ann/shop:2"),
            ("localhost/shop", "localhost/shop:latest"),
            ("host:5000/a/b", "host:5000/a/b:latest"),
            ("busybox:1@sha256:1f", "docker.io/library/busybox@sha256:1f"),
        ] {
            assert_eq!(full_name(image), full, "{image}");
        }
    }
}

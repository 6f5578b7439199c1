//! Building images: which of the engine's builders, and what neither can do.

use super::DockerEngine;
use crate::engine::{ApiVersion, BuildOutput, BuildRequest, BuildSource, BuilderChoice, EngineError, EngineInfo};
use crate::names::ImageId;
use std::time::Duration;

/// How long a build may say nothing: a step that compiles may be silent for long.
pub(super) const SILENCE: Duration = Duration::from_hours(1);

/// Where a build's words go.
pub(super) type Output<'a> = &'a mut (dyn FnMut(BuildOutput) + Send);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    Classic,
    BuildKit,
}

impl DockerEngine {
    /// Builds an image; what the build says goes to `output`.
    pub(super) async fn build(&self, mut request: BuildRequest, output: Output<'_>) -> Result<ImageId, EngineError> {
        let attempt = format!("build {}", request.tags.first().map_or("an image", String::as_str));
        let info = self.engine_info().await?;
        settle_platform(&attempt, &mut request, &info)?;
        if choose(&attempt, &request, &info)? == Chosen::Classic {
            return self.build_classic(&attempt, request, output).await;
        }
        gate(&request, info.api)?;
        match self.open_buildkit(&attempt, &request).await {
            // Not every engine that speaks this API has BuildKit behind it.
            Err(error) if is_absent(&error) && request.builder == BuilderChoice::Auto && needs_buildkit(&request).is_none() => {
                self.build_classic(&attempt, request, output).await
            }
            opened => self.solve(&attempt, opened?, &request, output).await,
        }
    }
}

/// The engine does not know the routes of BuildKit.
fn is_absent(error: &EngineError) -> bool {
    matches!(error.status(), Some(400 | 404 | 405 | 501))
}

/// What the BuildKit of an older engine would leave out without a word.
fn gate(request: &BuildRequest, found: ApiVersion) -> Result<(), EngineError> {
    let needed = ApiVersion { major: 1, minor: 42 };
    if found < needed && !request.additional_contexts.is_empty() {
        return Err(EngineError::Unsupported {
            what: "build.additional_contexts".to_owned(),
            needed,
            found,
        });
    }
    Ok(())
}

/// What only BuildKit can do.
fn needs_buildkit(request: &BuildRequest) -> Option<&'static str> {
    [
        ("secrets", !request.secrets.is_empty()),
        ("ssh", !request.ssh.is_empty()),
        ("cache_to", !request.cache_to.is_empty()),
        ("no_cache_filter", !request.no_cache_filter.is_empty()),
        ("additional_contexts", !request.additional_contexts.is_empty()),
        ("entitlements", !request.entitlements.is_empty()),
    ]
    .into_iter()
    .find_map(|(attribute, used)| used.then_some(attribute))
}

/// What only the classic builder can do, with this engine.
fn needs_classic(request: &BuildRequest, api: ApiVersion) -> Option<&'static str> {
    // The BuildKit of Docker Engine 20.10 does not know of them.
    let limits_unknown = api < ApiVersion { major: 1, minor: 42 };
    let network = request.network.as_deref().unwrap_or_default();
    [
        (
            "isolation",
            request.isolation.as_deref().is_some_and(|value| !matches!(value, "" | "default")),
        ),
        ("network", !matches!(network, "" | "default" | "none" | "host")),
        ("shm_size", limits_unknown && request.shm_size.is_some()),
        ("ulimits", limits_unknown && !request.ulimits.is_empty()),
    ]
    .into_iter()
    .find_map(|(attribute, used)| used.then_some(attribute))
}

fn choose(attempt: &str, request: &BuildRequest, info: &EngineInfo) -> Result<Chosen, EngineError> {
    let refuse = |message: String| {
        Err(EngineError::Failed {
            attempt: attempt.to_owned(),
            message,
        })
    };
    let windows = info.platform.starts_with("windows");
    match (request.builder, needs_buildkit(request), needs_classic(request, info.api)) {
        (_, Some(new), Some(old)) => refuse(format!(
            "build.{new} needs BuildKit, and build.{old} needs the engine's classic builder; leave one of them out"
        )),
        (BuilderChoice::Classic, Some(new), None) => refuse(format!("build.{new} needs BuildKit, and the classic builder was asked for")),
        (BuilderChoice::BuildKit, None, Some(old)) => refuse(format!(
            "build.{old} needs the classic builder on an engine with API {}, and BuildKit was asked for",
            info.api
        )),
        (_, Some(new), None) if windows => refuse(format!("build.{new} needs BuildKit, which a Windows engine does not have")),
        (BuilderChoice::Classic, ..) | (BuilderChoice::Auto, _, Some(_)) => Ok(Chosen::Classic),
        (BuilderChoice::Auto, None, None) if windows => Ok(Chosen::Classic),
        _ => Ok(Chosen::BuildKit),
    }
}

/// An image can be made for one platform; of several, the engine's own.
fn settle_platform(attempt: &str, request: &mut BuildRequest, info: &EngineInfo) -> Result<(), EngineError> {
    if request.platform.is_some() || request.platforms.is_empty() {
        return Ok(());
    }
    let own = request
        .platforms
        .iter()
        .find(|platform| **platform == info.platform || platform.starts_with(&format!("{}/", info.platform)));
    match own {
        Some(platform) => {
            request.platform = Some(platform.clone());
            Ok(())
        }
        None => Err(EngineError::Failed {
            attempt: attempt.to_owned(),
            message: format!(
                "build.platforms lists {}, none of which is the engine's own {}; say which one with the service's platform",
                request.platforms.join(", "),
                info.platform
            ),
        }),
    }
}

/// The remote context, where the engine fetches the files itself.
pub(super) fn remote(request: &BuildRequest) -> Option<&str> {
    match &request.context {
        BuildSource::Remote(url) => Some(url),
        BuildSource::Folder(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn info(minor: u32, platform: &str) -> EngineInfo {
        EngineInfo {
            api: ApiVersion { major: 1, minor },
            version: String::new(),
            platform: platform.to_owned(),
            buildkit: false,
        }
    }

    #[test]
    fn the_request_decides_the_builder() {
        let plain = BuildRequest::default;
        let cases = [
            (plain(), 41, Ok(Chosen::BuildKit)),
            (
                BuildRequest {
                    builder: BuilderChoice::Classic,
                    ..plain()
                },
                41,
                Ok(Chosen::Classic),
            ),
            (
                BuildRequest {
                    shm_size: Some(1),
                    ..plain()
                },
                41,
                Ok(Chosen::Classic),
            ),
            (
                BuildRequest {
                    shm_size: Some(1),
                    ..plain()
                },
                43,
                Ok(Chosen::BuildKit),
            ),
            (
                BuildRequest {
                    network: Some("host".into()),
                    ..plain()
                },
                41,
                Ok(Chosen::BuildKit),
            ),
            (
                BuildRequest {
                    network: Some("mine".into()),
                    ..plain()
                },
                41,
                Ok(Chosen::Classic),
            ),
            (
                BuildRequest {
                    network: Some("mine".into()),
                    builder: BuilderChoice::BuildKit,
                    ..plain()
                },
                41,
                Err("build.network"),
            ),
            (
                BuildRequest {
                    no_cache_filter: vec!["a".into()],
                    builder: BuilderChoice::Classic,
                    ..plain()
                },
                41,
                Err("build.no_cache_filter"),
            ),
            (
                BuildRequest {
                    no_cache_filter: vec!["a".into()],
                    ulimits: vec!["a=1:1".into()],
                    ..plain()
                },
                41,
                Err("build.ulimits"),
            ),
        ];
        for (request, minor, expected) in cases {
            let chosen = choose("build x", &request, &info(minor, "linux/amd64"));
            match expected {
                Ok(builder) => assert_eq!(chosen.unwrap(), builder, "{request:?}"),
                Err(needle) => assert!(chosen.unwrap_err().to_string().contains(needle), "{request:?}"),
            }
        }
        assert_eq!(choose("build x", &plain(), &info(41, "windows/amd64")).unwrap(), Chosen::Classic);
    }

    #[test]
    fn of_several_platforms_the_engines_own_is_built() {
        let several = |list: &[&str]| BuildRequest {
            platforms: list.iter().map(|&platform| platform.to_owned()).collect(),
            ..BuildRequest::default()
        };
        let mut request = several(&["linux/arm64", "linux/amd64"]);
        settle_platform("build x", &mut request, &info(41, "linux/amd64")).unwrap();
        assert_eq!(request.platform.as_deref(), Some("linux/amd64"));
        let message = settle_platform("build x", &mut several(&["linux/arm64", "linux/s390x"]), &info(41, "linux/amd64"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("linux/s390x") && message.contains("linux/amd64"), "{message}");
    }
}

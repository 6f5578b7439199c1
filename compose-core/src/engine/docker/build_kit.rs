//! The engine's BuildKit: what is asked of it, as its own client asks.

use super::DockerEngine;
use super::build::{Output, SILENCE, remote};
use super::build_progress::Progress;
use super::session::{Services, Session};
use super::session_files::{Blame, Files, Served};
use super::session_secrets::{Registries, SecretStore, SshAgents};
use crate::build::context::{Context, ContextError};
use crate::build::request::local_folder;
use crate::engine::{BuildRequest, BuildSource, DockerfileSource, EngineError};
use crate::hash::hex;
use crate::names::ImageId;
use bollard::moby::buildkit::v1::control_client::ControlClient;
use bollard::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry, SolveRequest, StatusRequest};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;
use tonic::transport::Channel;

/// How long the last words of a build may take once its end is known.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// A connection to BuildKit, with everything that the build needs served over it.
pub(super) struct BuildKit {
    session: Session,
    control: ControlClient<Channel>,
    /// The Dockerfile's name, where it is sent from here.
    dockerfile: Option<String>,
    /// Names under which further folders are served: context → name.
    folders: BTreeMap<String, String>,
    blame: Blame,
}

impl DockerEngine {
    /// Connects to BuildKit and offers it what the request names.
    pub(super) async fn open_buildkit(&self, attempt: &str, request: &BuildRequest) -> Result<BuildKit, EngineError> {
        let (wanted, key) = (request.clone(), shared_key(request));
        let gathered = tokio::task::spawn_blocking(move || gather(&wanted)).await;
        let Gathered {
            served,
            dockerfile,
            folders,
        } = gathered.expect("reading files does not panic")?;
        let blame = Blame::default();
        let services = Services {
            files: Files {
                served,
                blame: Blame::clone(&blame),
            },
            secrets: SecretStore(request.secrets.clone()),
            agents: SshAgents(
                request
                    .ssh
                    .iter()
                    .filter_map(|(id, path)| Some((id.clone(), path.clone()?)))
                    .collect(),
            ),
            registries: Registries(self.credentials().clone()),
        };
        let session = self.open_session(attempt, &fresh_id(), &key, services).await?;
        let control = self.control(attempt, &session.id).await?;
        Ok(BuildKit {
            session,
            control,
            dockerfile,
            folders,
            blame,
        })
    }

    /// Builds, and passes on what is said meanwhile.
    pub(super) async fn solve(
        &self,
        attempt: &str,
        mut buildkit: BuildKit,
        request: &BuildRequest,
        output: Output<'_>,
    ) -> Result<ImageId, EngineError> {
        let solve = solve_request(request, &buildkit);
        let mut progress = Progress::default();
        let solved = {
            let following = follow(buildkit.control.clone(), solve.r#ref.clone(), &mut progress, output);
            let solving = buildkit.control.solve(solve);
            tokio::pin!(following, solving);
            tokio::select! {
                solved = &mut solving => {
                    let _ = timeout(LAST_WORDS, following).await;
                    solved
                }
                heard = &mut following => match heard {
                    Heard::All => timeout(SILENCE, solving).await.map_err(|_| EngineError::silent(attempt, SILENCE))?,
                    Heard::Nothing => return Err(EngineError::silent(attempt, SILENCE)),
                },
            }
        };
        progress.finish(output);
        let failed = |message: String| EngineError::Failed {
            attempt: attempt.to_owned(),
            message,
        };
        match solved {
            Ok(answer) => match answer.into_inner().exporter_response.remove("containerimage.digest") {
                Some(image) => Ok(ImageId::from(image)),
                None => Err(failed("the engine did not say which image it built".to_owned())),
            },
            Err(status) => Err(match buildkit.blame.lock().ok().and_then(|mut blame| blame.take()) {
                Some(error) => error.into(),
                None => failed(progress.failure().unwrap_or_else(|| status.message().to_owned())),
            }),
        }
    }
}

/// What was heard of a build.
enum Heard {
    /// All there was to hear.
    All,
    /// Nothing for too long.
    Nothing,
}

/// Listens to a build until its end.
async fn follow(mut control: ControlClient<Channel>, build: String, progress: &mut Progress, output: Output<'_>) -> Heard {
    // A build that ends before it begins has no words; its end says why.
    let mut statuses = match timeout(SILENCE, control.status(StatusRequest { r#ref: build })).await {
        Ok(Ok(answer)) => answer.into_inner(),
        Ok(Err(_)) => return Heard::All,
        Err(_) => return Heard::Nothing,
    };
    loop {
        match timeout(SILENCE, statuses.message()).await {
            Ok(Ok(Some(status))) => progress.take(status, output),
            Ok(_) => return Heard::All,
            Err(_) => return Heard::Nothing,
        }
    }
}

struct Gathered {
    served: BTreeMap<String, Served>,
    dockerfile: Option<String>,
    folders: BTreeMap<String, String>,
}

/// Finds everything that is sent from this machine. Blocks.
fn gather(request: &BuildRequest) -> Result<Gathered, ContextError> {
    let mut served = BTreeMap::new();
    let mut dockerfile = None;
    match (&request.context, &request.dockerfile) {
        (BuildSource::Folder(folder), source) => {
            let context = Context::open(folder, source)?;
            let (name, texts) = context.dockerfile_texts()?;
            dockerfile = Some(name);
            served.insert("dockerfile".to_owned(), Served::Texts(texts));
            served.insert("context".to_owned(), Served::Folder(context.folder));
        }
        (BuildSource::Remote(_), DockerfileSource::Inline(text)) => {
            dockerfile = Some("Dockerfile".to_owned());
            let texts = [("Dockerfile".to_owned(), text.clone().into_bytes())];
            served.insert("dockerfile".to_owned(), Served::Texts(texts.into()));
        }
        (BuildSource::Remote(_), DockerfileSource::Path(_)) => {}
    }
    let mut folders = BTreeMap::new();
    for (name, value) in &request.additional_contexts {
        if let Some(folder) = local_folder(value) {
            let local = format!("context-{name}");
            served.insert(local.clone(), Served::Folder(existing(&folder)?));
            folders.insert(name.clone(), local);
        }
    }
    Ok(Gathered {
        served,
        dockerfile,
        folders,
    })
}

fn existing(folder: &Path) -> Result<PathBuf, ContextError> {
    folder.canonicalize().map_err(|source| ContextError::Folder {
        path: folder.to_owned(),
        source,
    })
}

fn solve_request(request: &BuildRequest, buildkit: &BuildKit) -> SolveRequest {
    let imports: Vec<CacheOptionsEntry> = request.cache_from.iter().map(|text| cache_entry(text)).collect();
    let mut attributes = attributes(request, buildkit.dockerfile.as_deref(), &buildkit.folders);
    if !imports.is_empty() {
        let entries: Vec<_> = imports
            .iter()
            .map(|entry| json!({"Type": entry.r#type, "Attrs": entry.attrs}))
            .collect();
        attributes.insert("cache-imports".to_owned(), json!(entries).to_string());
    }
    SolveRequest {
        r#ref: fresh_id(),
        session: buildkit.session.id.clone(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: attributes,
        exporter_deprecated: "moby".to_owned(),
        exporter_attrs_deprecated: [("name".to_owned(), request.tags.join(","))].into(),
        cache: Some(CacheOptions {
            exports: request.cache_to.iter().map(|text| cache_entry(text)).collect(),
            imports,
            ..CacheOptions::default()
        }),
        entitlements: entitlements(request),
        ..SolveRequest::default()
    }
}

fn entitlements(request: &BuildRequest) -> Vec<String> {
    let host = (request.network.as_deref() == Some("host")).then(|| "network.host".to_owned());
    request.entitlements.iter().cloned().chain(host).collect()
}

/// `type=registry,ref=name`, or a name alone.
fn cache_entry(text: &str) -> CacheOptionsEntry {
    let mut attrs: HashMap<String, String> = HashMap::new();
    if text.contains('=') {
        let fields = text.split(',').filter_map(|field| field.split_once('='));
        attrs.extend(fields.map(|(key, value)| (key.trim().to_owned(), value.to_owned())));
    } else {
        attrs.insert("ref".to_owned(), text.to_owned());
    }
    CacheOptionsEntry {
        r#type: attrs.remove("type").unwrap_or_else(|| "registry".to_owned()),
        attrs,
    }
}

/// What the Dockerfile frontend is told.
fn attributes(request: &BuildRequest, dockerfile: Option<&str>, folders: &BTreeMap<String, String>) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::new();
    let mut set = |key: &str, value: String| all.insert(key.to_owned(), value);
    match (dockerfile, &request.dockerfile) {
        (Some(name), _) => set("filename", name.to_owned()),
        (None, DockerfileSource::Path(path)) => set("filename", path.display().to_string()),
        (None, DockerfileSource::Inline(_)) => None,
    };
    if let Some(url) = remote(request) {
        set("context", url.to_owned());
        if dockerfile.is_some() {
            set("dockerfilekey", "dockerfile".to_owned());
        }
    }
    let network = request.network.as_deref().filter(|network| matches!(*network, "host" | "none"));
    for (key, value) in [
        ("target", request.target.as_deref()),
        ("platform", request.platform.as_deref()),
        ("force-network-mode", network),
        ("image-resolve-mode", request.pull.then_some("pull")),
    ] {
        value.map(|value| set(key, value.to_owned()));
    }
    if request.no_cache || !request.no_cache_filter.is_empty() {
        // An empty list of stages means every stage.
        let stages = if request.no_cache {
            String::new()
        } else {
            request.no_cache_filter.join(",")
        };
        set("no-cache", stages);
    }
    if !request.extra_hosts.is_empty() {
        let hosts: Vec<String> = request.extra_hosts.iter().map(|host| host.replacen(':', "=", 1)).collect();
        set("add-hosts", hosts.join(","));
    }
    if let Some(size) = request.shm_size {
        set("shm-size", size.to_string());
    }
    if !request.ulimits.is_empty() {
        set("ulimit", request.ulimits.join(","));
    }
    for (name, value) in &request.args {
        value.as_ref().map(|value| set(&format!("build-arg:{name}"), value.clone()));
    }
    for (name, value) in &request.labels {
        set(&format!("label:{name}"), value.clone());
    }
    for (name, value) in &request.additional_contexts {
        let source = folders.get(name).map_or_else(|| value.clone(), |local| format!("local:{local}"));
        set(&format!("context:{name}"), source);
    }
    all
}

/// Sessions of the same folder share what was sent.
fn shared_key(request: &BuildRequest) -> String {
    hex(&Sha256::digest(format!("{:?}", request.context)))
}

/// An id that no other build of this engine has.
fn fresh_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let digest = Sha256::digest(format!("{} {now} {count} {:p}", std::process::id(), &raw const count));
    hex(&digest)[..25].to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_frontend_is_told_everything_that_was_asked_for() {
        let request = BuildRequest {
            args: [("V".to_owned(), Some("x y".to_owned())), ("W".to_owned(), None)].into(),
            labels: [("k".to_owned(), "v".to_owned())].into(),
            target: Some("one".into()),
            network: Some("host".into()),
            extra_hosts: vec!["h:10.0.0.1".into(), "six:::1".into()],
            no_cache_filter: vec!["a".into(), "b".into()],
            pull: true,
            shm_size: Some(64),
            ulimits: vec!["nofile=1:2".into()],
            platform: Some("linux/amd64".into()),
            additional_contexts: [
                ("src".to_owned(), "/s".to_owned()),
                ("img".to_owned(), "docker-image://x".to_owned()),
            ]
            .into(),
            ..BuildRequest::default()
        };
        let folders = [("src".to_owned(), "context-src".to_owned())].into();
        let told: BTreeMap<_, _> = attributes(&request, Some("Dockerfile"), &folders).into_iter().collect();
        let lines: Vec<String> = told.iter().map(|(key, value)| format!("{key}={value}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        add-hosts=h=10.0.0.1,six=::1
        build-arg:V=x y
        context:img=docker-image://x
        context:src=local:context-src
        filename=Dockerfile
        force-network-mode=host
        image-resolve-mode=pull
        label:k=v
        no-cache=a,b
        platform=linux/amd64
        shm-size=64
        target=one
        ulimit=nofile=1:2
        ");
        assert_eq!(entitlements(&request), ["network.host"]);
    }

    #[test]
    fn a_remote_context_is_fetched_by_the_engine() {
        let request = BuildRequest {
            context: BuildSource::Remote("https://x.example/r.git#main".into()),
            dockerfile: DockerfileSource::Path("sub/Dockerfile".into()),
            no_cache: true,
            ..BuildRequest::default()
        };
        let told = attributes(&request, None, &BTreeMap::new());
        assert_eq!(told["context"], "https://x.example/r.git#main");
        assert_eq!((told["filename"].as_str(), told["no-cache"].as_str()), ("sub/Dockerfile", ""));
        let inline = BuildRequest {
            dockerfile: DockerfileSource::Inline("FROM x".into()),
            ..request
        };
        let gathered = gather(&inline).unwrap();
        assert_eq!(
            attributes(&inline, gathered.dockerfile.as_deref(), &gathered.folders)["dockerfilekey"],
            "dockerfile"
        );
    }

    #[test]
    fn caches_are_named_or_spelled_out() {
        let plain = cache_entry("me/app:cache");
        assert_eq!((plain.r#type.as_str(), plain.attrs["ref"].as_str()), ("registry", "me/app:cache"));
        let inline = cache_entry("type=inline,mode=max");
        assert_eq!((inline.r#type.as_str(), inline.attrs["mode"].as_str()), ("inline", "max"));
    }

    #[test]
    fn ids_differ() {
        assert_ne!(fresh_id(), fresh_id());
        assert_eq!(fresh_id().len(), 25);
    }
}

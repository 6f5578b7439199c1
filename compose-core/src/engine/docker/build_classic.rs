//! The engine's classic builder: an archive up, lines of JSON down.

use super::DockerEngine;
use super::answer::json_lines;
use super::build::{Output, SILENCE, remote};
use super::call::Call;
use super::transport::Body;
use crate::build::archive::Archive;
use crate::build::context::{Context, ContextError};
use crate::engine::{BuildOutput, BuildRequest, BuildSource, DockerfileSource, EngineError};
use crate::names::ImageId;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The label that tells such images from those of BuildKit.
const BUILDER_LABEL: (&str, &str) = ("com.docker.compose.image.builder", "classic");
/// The longest line of a step's output that is shown as one, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

impl DockerEngine {
    /// Builds an image with the classic builder.
    pub(super) async fn build_classic(&self, attempt: &str, mut request: BuildRequest, output: Output<'_>) -> Result<ImageId, EngineError> {
        request.labels.insert(BUILDER_LABEL.0.to_owned(), BUILDER_LABEL.1.to_owned());
        let (dockerfile, upload) = upload(attempt, &request).await?;
        let (body, outcome) = match upload {
            Some(archive) => (archive_body(archive.chunks), Some(archive.outcome)),
            None => (Either::Left(Full::new(Bytes::new())), None),
        };
        let call = with_query(Call::post("/build", attempt).within(SILENCE), &request, &dockerfile)?
            .header_some("x-registry-config", self.credentials().build_header())?
            .with_archive();
        let answer = async {
            let answer = self.raw_with(call, body).await?;
            read_answer(attempt, json_lines(attempt, answer, Some(SILENCE)), output).await
        };
        match (answer.await, outcome) {
            (Err(error), Some(outcome)) => Err(blame_the_context(outcome).await.unwrap_or(error)),
            (result, _) => result,
        }
    }
}

/// The Dockerfile's name for the engine, and the archive that holds it; `None` for a remote context.
async fn upload(attempt: &str, request: &BuildRequest) -> Result<(String, Option<Archive>), EngineError> {
    match (&request.context, &request.dockerfile) {
        (BuildSource::Folder(folder), dockerfile) => {
            let (folder, dockerfile) = (folder.clone(), dockerfile.clone());
            let opened = tokio::task::spawn_blocking(move || Context::open(&folder, &dockerfile)).await;
            let context = opened.expect("reading files does not panic")?;
            Ok((context.dockerfile.name().to_owned(), Some(Archive::start(context))))
        }
        (BuildSource::Remote(_), DockerfileSource::Path(path)) => Ok((path.display().to_string(), None)),
        (BuildSource::Remote(_), DockerfileSource::Inline(_)) => Err(EngineError::Failed {
            attempt: attempt.to_owned(),
            message: "build.dockerfile_inline with a remote context needs BuildKit".to_owned(),
        }),
    }
}

fn archive_body(chunks: tokio::sync::mpsc::Receiver<std::io::Result<Bytes>>) -> Body {
    let stream = futures::stream::unfold(chunks, |mut chunks| async move {
        let chunk = chunks.recv().await?;
        Some((chunk.map(Frame::data), chunks))
    });
    Either::Right(StreamBody::new(Box::pin(stream)))
}

/// The upload broke off because a file could not be read: that is the error then, not what the engine says of it.
async fn blame_the_context(outcome: JoinHandle<Result<(), ContextError>>) -> Option<EngineError> {
    let outcome = tokio::time::timeout(Duration::from_secs(2), outcome).await.ok()?.ok()?;
    match outcome {
        Ok(()) | Err(ContextError::Abandoned) => None,
        Err(error) => Some(error.into()),
    }
}

fn with_query(call: Call, request: &BuildRequest, dockerfile: &str) -> Result<Call, EngineError> {
    let mut call = call
        .query("version", "1")
        .query("rm", "1")
        .query("forcerm", "1")
        .query("dockerfile", dockerfile);
    let caches = cache_images(&call, &request.cache_from)?;
    for (key, values) in [("t", &request.tags), ("extrahosts", &request.extra_hosts)] {
        for value in values {
            call = call.query(key, value);
        }
    }
    let shm_size = request.shm_size.map(|size| size.to_string());
    let limits: Vec<_> = request.ulimits.iter().filter_map(|text| ulimit(text)).collect();
    let caches = (!caches.is_empty()).then(|| json!(caches).to_string());
    let limits = (!limits.is_empty()).then(|| json!(limits).to_string());
    for (key, value) in [
        ("remote", remote(request)),
        ("target", request.target.as_deref()),
        ("networkmode", request.network.as_deref()),
        ("platform", request.platform.as_deref()),
        ("isolation", request.isolation.as_deref()),
        ("nocache", request.no_cache.then_some("1")),
        ("pull", request.pull.then_some("1")),
        ("shmsize", shm_size.as_deref()),
        ("cachefrom", caches.as_deref()),
        ("ulimits", limits.as_deref()),
    ] {
        call = call.query_some(key, value);
    }
    Ok(call
        .query("buildargs", &json!(request.args).to_string())
        .query("labels", &json!(request.labels).to_string()))
}

/// The images that a cache is read from. Only BuildKit knows other kinds.
fn cache_images<'a>(call: &Call, entries: &'a [String]) -> Result<Vec<&'a str>, EngineError> {
    let image = |entry: &'a String| {
        let mut fields: BTreeMap<&str, &str> = entry.split(',').filter_map(|field| field.split_once('=')).collect();
        match (fields.remove("type"), fields.remove("ref")) {
            (None, None) => Ok(entry.as_str()),
            (None | Some("registry"), Some(image)) => Ok(image),
            _ => Err(EngineError::Failed {
                attempt: call.attempt.clone(),
                message: format!("build.cache_from: {entry} needs BuildKit"),
            }),
        }
    };
    entries.iter().map(image).collect()
}

fn ulimit(text: &str) -> Option<serde_json::Value> {
    let (name, limits) = text.split_once('=')?;
    let (soft, hard) = limits.split_once(':')?;
    Some(json!({"Name": name, "Soft": soft.parse::<i64>().ok()?, "Hard": hard.parse::<i64>().ok()?}))
}

/// One line of the engine's answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    stream: Option<String>,
    status: Option<String>,
    id: Option<String>,
    #[serde(rename = "progressDetail")]
    progress: Option<serde_json::Value>,
    aux: Option<Aux>,
    error: Option<String>,
    #[serde(rename = "errorDetail")]
    error_detail: Option<ErrorDetail>,
}

#[derive(Deserialize)]
struct Aux {
    #[serde(rename = "ID")]
    id: Option<String>,
}

#[derive(Deserialize)]
struct ErrorDetail {
    message: Option<String>,
}

async fn read_answer(
    attempt: &str,
    mut messages: BoxStream<'static, Result<Message, EngineError>>,
    output: Output<'_>,
) -> Result<ImageId, EngineError> {
    let mut log = Log::default();
    while let Some(message) = messages.next().await {
        log.take(message?, output);
    }
    log.finish(output);
    match (log.failure, log.image) {
        (Some(message), _) => Err(EngineError::Failed {
            attempt: attempt.to_owned(),
            message,
        }),
        (None, Some(image)) => Ok(image),
        (None, None) => Err(EngineError::Transport {
            attempt: attempt.to_owned(),
            message: "the engine did not say which image it built".to_owned(),
        }),
    }
}

/// What the classic builder says, sorted into steps and their lines.
#[derive(Default)]
struct Log {
    step: Option<String>,
    line: String,
    image: Option<ImageId>,
    failure: Option<String>,
}

impl Log {
    fn take(&mut self, message: Message, output: Output<'_>) {
        if let Some(text) = message.stream {
            self.stream(&text, output);
        }
        if let (Some(status), None) = (message.status, message.progress.filter(|detail| detail.get("total").is_some())) {
            output(BuildOutput::Line(message.id.map_or(status.clone(), |id| format!("{id}: {status}"))));
        }
        if let Some(id) = message.aux.and_then(|aux| aux.id) {
            self.image = Some(ImageId::from(id));
        }
        if let Some(error) = message.error_detail.and_then(|detail| detail.message).or(message.error) {
            self.failure = Some(match &self.step {
                Some(step) => format!("step {step}: {error}"),
                None => error,
            });
        }
    }

    /// Text of the log, cut anywhere.
    fn stream(&mut self, text: &str, output: Output<'_>) {
        for part in text.split_inclusive('\n') {
            self.line.push_str(part);
            if part.ends_with('\n') || self.line.len() > LONGEST_LINE {
                self.finish(output);
            }
        }
    }

    fn finish(&mut self, output: Output<'_>) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(step) = step(line) {
            output(BuildOutput::Step(step.clone()));
            self.step = Some(step);
        } else if line.trim() == "---> Using cache" {
            output(BuildOutput::Cached(self.step.clone().unwrap_or_default()));
        } else if !is_bookkeeping(line) {
            output(BuildOutput::Line(line.to_owned()));
        }
    }
}

/// `Step 2/3 : RUN make` as `[2/3] RUN make`.
fn step(line: &str) -> Option<String> {
    let (count, instruction) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (number, total) = count.split_once('/')?;
    let numbers = number.bytes().chain(total.bytes());
    numbers
        .clone()
        .all(|byte| byte.is_ascii_digit())
        .then(|| format!("[{count}] {instruction}"))
}

fn is_bookkeeping(line: &str) -> bool {
    const BEGINNINGS: [&str; 4] = [
        " ---> ",
        "Removing intermediate container ",
        "Successfully built ",
        "Successfully tagged ",
    ];
    line.is_empty() || BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn said(lines: &[&str]) -> (Vec<BuildOutput>, Log) {
        let (mut log, mut all) = (Log::default(), Vec::new());
        for line in lines {
            log.take(serde_json::from_str(line).unwrap(), &mut |output| all.push(output));
        }
        log.finish(&mut |output| all.push(output));
        (all, log)
    }

    #[test]
    fn the_log_is_sorted_into_steps_and_lines() {
        let (all, log) = said(&[
            r#"{"stream":"Step 1/2 : FROM busybox"}"#,
            r#"{"stream":"\n"}"#,
            r#"{"stream":" ---> b68d67d9f369\n"}"#,
            r#"{"stream":"Step 2/2 : RUN make"}"#,
            r#"{"stream":"\n"}"#,
            r#"{"stream":" ---> Using cache\n"}"#,
            r#"{"stream":" ---> Running in 7f9db701c6fb\n"}"#,
            r#"{"stream":"one\ntw"}"#,
            r#"{"stream":"o\r\n"}"#,
            r#"{"status":"Pulling from library/x","id":"latest"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"l"}"#,
            r#"{"aux":{"ID":"sha256:77"}}"#,
            r#"{"stream":"Successfully built 77\n"}"#,
        ]);
        let line = |text: &str| BuildOutput::Line(text.to_owned());
        assert_eq!(
            all,
            [
                BuildOutput::Step("[1/2] FROM busybox".into()),
                BuildOutput::Step("[2/2] RUN make".into()),
                BuildOutput::Cached("[2/2] RUN make".into()),
                line("one"),
                line("two"),
                line("latest: Pulling from library/x"),
            ]
        );
        assert_eq!(log.image, Some(ImageId::from("sha256:77")));
    }

    #[test]
    fn a_failure_names_its_step() {
        let (_, log) = said(&[
            r#"{"stream":"Step 2/3 : RUN false\n"}"#,
            r#"{"errorDetail":{"code":1,"message":"The command returned a non-zero code: 1"},"error":"The command"}"#,
        ]);
        assert_eq!(
            log.failure.as_deref(),
            Some("step [2/3] RUN false: The command returned a non-zero code: 1")
        );
    }

    #[test]
    fn the_query_holds_everything_that_was_asked_for() {
        let request = BuildRequest {
            tags: vec!["a:1".into(), "b".into()],
            args: [("V".to_owned(), Some("x y&z".to_owned()))].into(),
            target: Some("one".into()),
            extra_hosts: vec!["h:10.0.0.1".into()],
            cache_from: vec!["i".into(), "type=registry,ref=j".into()],
            no_cache: true,
            shm_size: Some(3_000_000_000),
            ulimits: vec!["nofile=1:2".into()],
            ..BuildRequest::default()
        };
        let uri = |request: &BuildRequest| -> Result<String, EngineError> {
            Ok(with_query(Call::post("/build", "build a"), request, "Dockerfile")?
                .into_request()
                .unwrap()
                .uri()
                .to_string())
        };
        insta::assert_snapshot!(uri(&request).unwrap().replace(['&', '?'], "\n"), @r"
        /build
        version=1
        rm=1
        forcerm=1
        dockerfile=Dockerfile
        t=a%3A1
        t=b
        extrahosts=h%3A10.0.0.1
        target=one
        nocache=1
        shmsize=3000000000
        cachefrom=%5B%22i%22%2C%22j%22%5D
        ulimits=%5B%7B%22Name%22%3A%22nofile%22%2C%22Soft%22%3A1%2C%22Hard%22%3A2%7D%5D
        buildargs=%7B%22V%22%3A%22x%20y%26z%22%7D
        labels=%7B%7D
        ");
        let local = BuildRequest {
            cache_from: vec!["type=local,src=x".into()],
            ..BuildRequest::default()
        };
        assert!(uri(&local).unwrap_err().to_string().contains("cache_from"));
    }
}

//! What files that somebody else wrote cost the daemon: time and memory of a plan of one megabyte of each kind, and how long
//! another project's plan takes while sixteen of them are asked for all the time.
//!
//! `cargo bench -p deployd --bench plans`. What is told in capitals takes longer, or more, than it may.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that prints what it measured")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use compose_core::engine::fake::FakeEngine;
use deployd::{Config, Daemon, app};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tower::ServiceExt as _;

/// How large the files are, in bytes.
const SIZE: usize = 1_000_000;
/// How long a plan may take.
const LONGEST: Duration = Duration::from_secs(2);
/// How much memory it may take, in MB.
const MOST: u64 = 200;
/// How many plans are asked for at a time.
const CROWD: usize = 16;
/// How often the other project's plan is asked for meanwhile.
const ROUNDS: usize = 10;

/// What a kind is called, and a file of it.
type Kind = (&'static str, fn() -> String);

/// Kinds of files that made a plan expensive once, each of any size.
const KINDS: &[Kind] = &[
    ("services", || lines("services:\n", |n| format!("  s{n}: {{image: web}}\n"))),
    ("chain", || {
        lines("services:\n  s0: {image: web}\n", |n| {
            format!("  s{}: {{image: web, depends_on: [s{n}]}}\n", n + 1)
        })
    }),
    ("mistakes", || lines("services:\n", |n| format!("  s{n}: {{imagee: web}}\n"))),
    ("keys", || lines("services: {a: {image: web}}\n", |n| format!("k{n}: 1\n"))),
    ("nesting", || {
        let (open, close) = ("[".repeat(SIZE / 2), "]".repeat(SIZE / 2));
        format!("{{\"services\":{{\"a\":{{\"image\":\"web\",\"x-a\":{open}{close}}}}}}}")
    }),
    ("values", || {
        let values = "a,".repeat(SIZE / 2);
        format!("services: {{a: {{image: web}}}}\nx-a: [{values}]\n")
    }),
    ("environment", || {
        lines("services:\n  a:\n    image: web\n    environment:\n", |n| {
            format!("      A{n}: b\n")
        })
    }),
    ("ports", || {
        lines("services:\n  a:\n    image: web\n    ports:\n", |_| {
            "    - '1-65535:1-65535'\n".to_owned()
        })
    }),
    ("anchors", || {
        let anchors = (1..6).map(|level| format!("x-{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(20)));
        format!(
            "x-0: &a0 [x, x, x, x]\n{}services: {{a: {{image: web}}}}\n",
            anchors.collect::<String>()
        )
    }),
    ("extends", || {
        let base = joined(20_000, |n| format!("      A{n}: b\n"));
        lines(&format!("services:\n  b:\n    image: web\n    environment:\n{base}"), |n| {
            format!("  s{n}: {{extends: b}}\n")
        })
    }),
    ("documents", || lines("", |n| format!("---\nservices: {{a{n}: {{image: web}}}}\n"))),
    ("variables", || {
        lines("services:\n  a:\n    image: web\n    command:\n", |n| format!("      - $A{n}\n"))
    }),
    ("volumes", || {
        lines("services:\n  a:\n    image: web\n    volumes:\n", |n| {
            format!("      - v{n}:/v{n}\n")
        })
    }),
    ("containers", || "services: {a: {image: web, scale: 1000}}\n".to_owned()),
    ("scale", || "services: {a: {image: web, scale: 1000000000}}\n".to_owned()),
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run());
}

async fn run() {
    let bench = Bench::new().await;
    println!("{:14} {:>9} {:>9}  answer", "kind", "time", "memory");
    for (kind, file) in KINDS {
        bench.register(kind, &file()).await;
        let before = forget_peak();
        let begun = Instant::now();
        let answer = bench.plan(kind, &bench.admin).await;
        let (took, memory) = (begun.elapsed(), status("VmHWM:").saturating_sub(before));
        let mark = if took > LONGEST || memory > MOST { "TOO MUCH: " } else { "" };
        println!("{kind:14} {:>6} ms {memory:>6} MB  {mark}{}", took.as_millis(), shortened(&answer));
    }
    bench.register("other", "services: {a: {image: web}}\n").await;
    let longest = bench.in_a_crowd().await;
    let mark = if longest > LONGEST { "TOO LONG: " } else { "" };
    println!(
        "another project's plan while {CROWD} are asked for: {mark}{} ms at most",
        longest.as_millis()
    );
}

/// A daemon with projects.
struct Bench {
    temp: tempfile::TempDir,
    app: Router,
    admin: String,
}

impl Bench {
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let state = temp.path().join("state");
        let config = Config {
            state: state.clone(),
            engine: Arc::new(FakeEngine::new().with_image("web")),
            container: None,
            version: "1".to_owned(),
            known_hosts: None,
        };
        let daemon = Daemon::open(config).await.unwrap();
        let admin = std::fs::read_to_string(state.join("admin.token")).unwrap();
        Self {
            app: app(daemon),
            temp,
            admin,
        }
    }

    /// A project of one file.
    async fn register(&self, name: &str, compose: &str) {
        let work = self.temp.path().join(name);
        std::fs::create_dir_all(&work).unwrap();
        std::fs::write(work.join("inertia.toml"), format!("name = \"{name}\"\n")).unwrap();
        std::fs::write(work.join("compose.yaml"), compose).unwrap();
        for arguments in [
            &["init", "-q", "-b", "main", "."][..],
            &["add", "-A"],
            &["commit", "-q", "-m", "all"],
        ] {
            git(&work, arguments);
        }
        let registration = json!({"url": work, "branch": "main", "path": ""});
        let answer = self
            .ask(Method::PUT, &format!("/v1/projects/{name}"), &self.admin, registration)
            .await;
        assert!(answer["name"] == *name, "{answer}");
    }

    async fn plan(&self, project: &str, token: &str) -> Value {
        self.ask(Method::GET, &format!("/v1/projects/{project}/plan"), token, json!({}))
            .await
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"));
        let answer = self
            .app
            .clone()
            .oneshot(request.body(Body::from(body.to_string())).unwrap())
            .await
            .unwrap();
        serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap()
    }

    /// The longest that the other project's plan takes while somebody asks for all the others at once, again and again.
    async fn in_a_crowd(&self) -> Duration {
        let body = json!({"subject": "viewer", "role": "viewer"});
        let viewer = self.ask(Method::POST, "/v1/tokens", &self.admin, body).await;
        let viewer = viewer["token"].as_str().unwrap().to_owned();
        let is_over = AtomicBool::new(false);
        let crowd = (0..CROWD).map(async |number| {
            while !is_over.load(Ordering::Relaxed) {
                self.plan(KINDS[number % KINDS.len()].0, &viewer).await;
            }
        });
        let other = async {
            let mut longest = Duration::ZERO;
            for _ in 0..ROUNDS {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let begun = Instant::now();
                let answer = self.plan("other", &self.admin).await;
                assert!(answer["text"].is_string(), "{answer}");
                longest = longest.max(begun.elapsed());
            }
            is_over.store(true, Ordering::Relaxed);
            longest
        };
        tokio::join!(futures::future::join_all(crowd), other).1
    }
}

fn git(work: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(arguments)
        .current_dir(work)
        .status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

fn joined(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// As many lines as fill a file.
fn lines(head: &str, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    let mut number = 0;
    while text.len() < SIZE {
        text.push_str(&line(number));
        number += 1;
    }
    text
}

/// An answer in a line.
fn shortened(answer: &Value) -> String {
    let text = match (&answer["detail"], &answer["text"]) {
        (Value::String(detail), _) => format!("refused: {detail}"),
        (_, Value::String(text)) => format!("planned: {} lines", text.lines().count()),
        _ => answer.to_string(),
    };
    text.lines().next().unwrap_or_default().chars().take(140).collect()
}

/// Lets the peak of memory start anew; what is held now, in MB.
fn forget_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    status("VmRSS:")
}

/// A number of this process, in MB.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

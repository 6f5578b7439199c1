//! What BuildKit says while it builds, sorted into steps and their lines.

use super::build::Output;
use crate::engine::BuildOutput;
use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use std::collections::HashMap;

/// The longest line of a step's output that is shown as one, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// The state of a build as far as BuildKit told.
#[derive(Default)]
pub(super) struct Progress {
    steps: HashMap<String, Step>,
    /// The step whose lines were shown last.
    shown: Option<String>,
    /// The first step that failed, and why.
    failure: Option<String>,
}

#[derive(Default)]
struct Step {
    name: String,
    announced: bool,
    cached: bool,
    line: Vec<u8>,
}

impl Progress {
    /// The first step that failed, and why.
    pub(super) fn failure(self) -> Option<String> {
        self.failure
    }

    /// Takes what happened since the last time.
    pub(super) fn take(&mut self, status: StatusResponse, output: Output<'_>) {
        for vertex in status.vertexes {
            self.vertex(&vertex, output);
        }
        for log in status.logs {
            self.log(&log, output);
        }
        for warning in status.warnings {
            output(BuildOutput::Line(format!("warning: {}", String::from_utf8_lossy(&warning.short))));
        }
    }

    /// Shows what has no end of line yet.
    pub(super) fn finish(&mut self, output: Output<'_>) {
        let unfinished: Vec<String> = self
            .steps
            .iter()
            .filter(|(_, step)| !step.line.is_empty())
            .map(|(id, _)| id.clone())
            .collect();
        for id in unfinished {
            self.show_line(&id, output);
        }
    }

    fn vertex(&mut self, vertex: &Vertex, output: Output<'_>) {
        let step = self.steps.entry(vertex.digest.clone()).or_default();
        step.name.clone_from(&vertex.name);
        if vertex.cached && !step.cached {
            step.cached = true;
            if is_instruction(&vertex.name) {
                step.announced = true;
                output(BuildOutput::Cached(vertex.name.clone()));
            }
        } else if vertex.started.is_some() && !step.announced && is_instruction(&vertex.name) {
            step.announced = true;
            self.shown = Some(vertex.digest.clone());
            output(BuildOutput::Step(vertex.name.clone()));
        }
        // Steps that were given up because of another one say so.
        if !vertex.error.is_empty() && !vertex.error.ends_with("context canceled") && self.failure.is_none() {
            if !self.steps[&vertex.digest].line.is_empty() {
                self.show_line(&vertex.digest, output);
            }
            self.failure = Some(format!("step {}: {}", vertex.name, vertex.error));
        }
    }

    fn log(&mut self, log: &VertexLog, output: Output<'_>) {
        for part in log.msg.split_inclusive(|byte| *byte == b'\n') {
            let step = self.steps.entry(log.vertex.clone()).or_default();
            step.line.extend_from_slice(part);
            if part.ends_with(b"\n") || step.line.len() > LONGEST_LINE {
                self.show_line(&log.vertex, output);
            }
        }
    }

    /// Steps run side by side: before a line of another one, that one is named again.
    fn show_line(&mut self, id: &str, output: Output<'_>) {
        let Some(step) = self.steps.get_mut(id) else { return };
        let line = std::mem::take(&mut step.line);
        if self.shown.as_deref() != Some(id) && !step.name.is_empty() {
            self.shown = Some(id.to_owned());
            output(BuildOutput::Step(step.name.clone()));
        }
        step.announced = true;
        output(BuildOutput::Line(
            String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
        ));
    }
}

/// A line of the Dockerfile, not one of BuildKit's own steps.
fn is_instruction(name: &str) -> bool {
    name.starts_with('[') && !name.starts_with("[internal]") && !name.starts_with("[auth]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::default_trait_access, reason = "bollard does not give the type's name away")]
    fn vertex(digest: &str, name: &str) -> Vertex {
        Vertex {
            digest: digest.to_owned(),
            name: name.to_owned(),
            // Only whether there is a moment counts, not which.
            started: Some(Default::default()),
            ..Vertex::default()
        }
    }

    fn log(vertex: &str, text: &str) -> VertexLog {
        VertexLog {
            vertex: vertex.to_owned(),
            msg: text.as_bytes().to_vec(),
            ..VertexLog::default()
        }
    }

    fn said(statuses: Vec<StatusResponse>) -> (Vec<BuildOutput>, Option<String>) {
        let (mut progress, mut all) = (Progress::default(), Vec::new());
        for status in statuses {
            progress.take(status, &mut |output| all.push(output));
        }
        progress.finish(&mut |output| all.push(output));
        (all, progress.failure())
    }

    fn status(vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> StatusResponse {
        StatusResponse {
            vertexes,
            logs,
            ..StatusResponse::default()
        }
    }

    #[test]
    fn steps_are_announced_once_and_named_again_when_their_lines_alternate() {
        let cached = Vertex {
            cached: true,
            ..vertex("c", "[1/3] FROM busybox")
        };
        let (all, failure) = said(vec![
            status(
                vec![vertex("i", "[internal] load build definition"), cached, vertex("a", "[2/3] RUN a")],
                vec![],
            ),
            status(
                vec![vertex("a", "[2/3] RUN a"), vertex("b", "[3/3] RUN b")],
                vec![log("a", "one\ntw")],
            ),
            status(vec![], vec![log("a", "o\r\n"), log("b", "tail")]),
        ]);
        let (step, line) = (
            |text: &str| BuildOutput::Step(text.to_owned()),
            |text: &str| BuildOutput::Line(text.to_owned()),
        );
        assert_eq!(
            all,
            [
                BuildOutput::Cached("[1/3] FROM busybox".to_owned()),
                step("[2/3] RUN a"),
                step("[3/3] RUN b"),
                step("[2/3] RUN a"),
                line("one"),
                line("two"),
                step("[3/3] RUN b"),
                line("tail"),
            ]
        );
        assert_eq!(failure, None);
    }

    #[test]
    fn the_step_that_failed_is_the_failure() {
        let failed = |digest: &str, name: &str, error: &str| Vertex {
            error: error.to_owned(),
            ..vertex(digest, name)
        };
        let (all, failure) = said(vec![
            status(vec![vertex("a", "[2/2] RUN x")], vec![log("a", "the reason is 42")]),
            status(
                vec![
                    failed("b", "[1/2] COPY", "context canceled"),
                    failed("a", "[2/2] RUN x", "exit code: 1"),
                ],
                vec![],
            ),
        ]);
        assert_eq!(all.last(), Some(&BuildOutput::Line("the reason is 42".to_owned())));
        assert_eq!(failure.as_deref(), Some("step [2/2] RUN x: exit code: 1"));
    }
}

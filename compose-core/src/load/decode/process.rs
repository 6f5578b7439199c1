//! What runs in a container: command, user, variables, hooks.

use super::values::{attributes, environment, flag, list, optional_flag, plain_text, text, texts};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::load::short;
use crate::model::{EnvFile, Hook, Process};
use crate::source::{Node, Value};
use std::path::PathBuf;

/// Sets an attribute of the process; `false` when it is none.
pub(super) fn set(process: &mut Process, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "command" => process.command = command(node, report),
        "entrypoint" => process.entrypoint = command(node, report),
        "env_file" => process.env_files = list(node, report, env_file),
        "environment" => process.environment = environment(node, report),
        "group_add" => process.group_add = texts(node, report),
        "init" => process.init = optional_flag(node, report),
        "stdin_open" => process.stdin_open = flag(node, report),
        "tty" => process.tty = flag(node, report),
        "user" => process.user = text(node, report),
        "working_dir" => process.working_dir = text(node, report),
        _ => return false,
    }
    true
}

/// Words, split where they come as text; `None` for null, which leaves the image's own.
pub(super) fn command(node: &Node, report: &mut Report) -> Option<Vec<String>> {
    match &node.value {
        Value::Null => None,
        Value::String(line) => match short::command::split(line) {
            Ok(words) => Some(words),
            Err(malformed) => {
                report.push(
                    Diagnostic::error(Code::MalformedCommand, malformed.what)
                        .at(node.span)
                        .help(malformed.help),
                );
                None
            }
        },
        _ => Some(texts(node, report)),
    }
}

fn env_file(node: &Node, report: &mut Report) -> EnvFile {
    let mut file = EnvFile {
        path: PathBuf::new(),
        required: false,
        format: None,
    };
    attributes(node, report, |key, node, report| {
        match key {
            "path" => file.path = PathBuf::from(plain_text(node, report)),
            "required" => file.required = flag(node, report),
            "format" => file.format = text(node, report),
            _ => return false,
        }
        true
    });
    file
}

/// A command run in a container at a point of its life.
pub(super) fn hook(node: &Node, report: &mut Report) -> Hook {
    let mut hook = Hook::default();
    hook.extensions = attributes(node, report, |key, node, report| {
        match key {
            "command" => hook.command = command(node, report),
            "environment" => hook.environment = environment(node, report),
            "privileged" => hook.privileged = flag(node, report),
            "user" => hook.user = text(node, report),
            "working_dir" => hook.working_dir = text(node, report),
            _ => return false,
        }
        true
    });
    hook
}

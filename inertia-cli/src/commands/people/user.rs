//! `inertia NAME user`: people are let in by a line that is good for a day and once.

use super::line::Line;
use super::{Daemon, Role, part};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::remotes::RemoteAddress;
use crate::render::moment::to_the_second;
use crate::render::{note, say, table};
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use deployd::wire::{UserInfo, UserInvited, UserRequest};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// List the people
    Ls,
    /// Let a person in, or onto another machine: prints the line that they run
    Add {
        /// The person's name
        name: String,
        /// What the person may do
        #[arg(long, value_enum, default_value = "deployer")]
        role: Role,
    },
    /// Remove a person, with every token that they have or made
    Rm {
        /// The person's name
        name: String,
    },
}

/// Runs a `user` command.
pub(crate) fn run(arguments: &UserArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let daemon = Daemon::find(settings)?;
    match &arguments.command {
        UserCommand::Ls => list(&daemon, settings),
        UserCommand::Add { name, role } => add(&daemon, name, *role, settings),
        UserCommand::Rm { name } => remove(&daemon, name, settings),
    }
}

fn list(daemon: &Daemon, settings: &Settings) -> Result<ExitCode, Failure> {
    let users: Vec<UserInfo> = block_on(daemon.client.get("/v1/users"))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(users).to_string());
    }
    let rows = users.iter().map(|user| {
        vec![
            user.name.clone(),
            user.role.to_string(),
            user.tokens.to_string(),
            to_the_second(user.created_at),
            user.invited_until.map(to_the_second).unwrap_or_default(),
        ]
    });
    say(&table::render(&["NAME", "ROLE", "TOKENS", "SINCE", "INVITED UNTIL"], rows))
}

fn add(daemon: &Daemon, name: &str, role: Role, settings: &Settings) -> Result<ExitCode, Failure> {
    let request = UserRequest {
        name: name.to_owned(),
        role: role.into(),
    };
    let invited: UserInvited = block_on(daemon.client.post("/v1/users", &request))?;
    let line = Line {
        address: daemon.remote.address.clone(),
        name: invited.name,
        pin: daemon.remote.pin.clone(),
        code: invited.code,
    };
    if settings.output == Output::Json {
        let document = serde_json::json!({
            "name": line.name, "role": invited.role, "line": line.to_string(), "expires_at": to_the_second(invited.expires_at),
        });
        return say(&document.to_string());
    }
    note(&format!(
        "{} ({}) comes in by this line, once and until {}. Send it where nobody else reads it:",
        line.name,
        invited.role,
        to_the_second(invited.expires_at)
    ));
    if let Some(why) = RemoteAddress::of(&daemon.remote).out_of_reach() {
        note(&format!("warning: {why}, so that nobody else can use the line"));
    }
    say(&format!("inertia join '{line}' --as {}", daemon.name))
}

fn remove(daemon: &Daemon, name: &str, settings: &Settings) -> Result<ExitCode, Failure> {
    let path = format!("/v1/users/{}", part(name, "name of a person")?);
    block_on(daemon.client.delete(&path))?;
    match settings.output {
        Output::Json => say(&serde_json::json!({ "removed": name }).to_string()),
        Output::Text => say(&format!(
            "{name} was removed from '{}'; none of their tokens holds any more.",
            daemon.name
        )),
    }
}

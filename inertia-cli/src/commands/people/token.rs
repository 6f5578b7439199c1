//! `inertia NAME token`: tokens for machines.

use super::{Daemon, Role, part};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::moment::to_the_second;
use crate::render::{note, say, table};
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use deployd::settings::parse_span;
use deployd::wire::{TokenCreated, TokenInfo, TokenRequest};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it, once
    New {
        /// What it is for
        #[arg(long, value_name = "SUBJECT", default_value = "machine")]
        name: String,
        /// What it allows
        #[arg(long, value_enum, default_value = "deployer")]
        role: Role,
        /// How long it lasts: 12h, 30d
        #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "30d")]
        expires: Duration,
    },
    /// List the tokens, without what they are
    Ls,
    /// Revoke a token; it ends at once
    Revoke {
        /// Its id
        id: String,
    },
}

/// Runs a `token` command.
pub(crate) fn run(arguments: &TokenArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let daemon = Daemon::find(settings)?;
    match &arguments.command {
        TokenCommand::New { name, role, expires } => {
            let request = TokenRequest {
                subject: name.clone(),
                role: (*role).into(),
                expires_in: Some(expires.as_secs()),
            };
            let made: TokenCreated = block_on(daemon.client.post("/v1/tokens", &request))?;
            if settings.output == Output::Json {
                return say(&serde_json::json!(made).to_string());
            }
            note(&format!(
                "A token of the role {} for {}, until {}. It is shown once; requests send it as \
                 `Authorization: Bearer TOKEN`, and `inertia {} token revoke {}` ends it.",
                made.info.role,
                made.info.subject,
                to_the_second(made.info.expires_at),
                daemon.name,
                made.info.id
            ));
            say(&made.token)
        }
        TokenCommand::Ls => list(&daemon, settings),
        TokenCommand::Revoke { id } => {
            let path = format!("/v1/tokens/{}", part(id, "id of a token")?);
            block_on(daemon.client.delete(&path))?;
            match settings.output {
                Output::Json => say(&serde_json::json!({ "revoked": id }).to_string()),
                Output::Text => say(&format!("The token {id} holds no more.")),
            }
        }
    }
}

fn list(daemon: &Daemon, settings: &Settings) -> Result<ExitCode, Failure> {
    let tokens: Vec<TokenInfo> = block_on(daemon.client.get("/v1/tokens"))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(tokens).to_string());
    }
    let rows = tokens.iter().map(|token| {
        vec![
            token.id.clone(),
            token.subject.clone(),
            token.role.to_string(),
            to_the_second(token.created_at),
            to_the_second(token.expires_at),
            if token.revoked { "revoked".to_owned() } else { String::new() },
        ]
    });
    say(&table::render(&["ID", "FOR", "ROLE", "CREATED", "EXPIRES", ""], rows))
}

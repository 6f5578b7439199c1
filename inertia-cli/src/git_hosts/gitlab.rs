//! GitLab: deploy keys and webhooks of a project.

use super::api::{Api, Token};
use super::{Registered, Wanted, escaped, same_key};
use crate::failure::Failure;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// A repository at GitLab.
pub(crate) struct GitLab {
    api: Api,
    /// `/projects/GROUP%2FNAME`.
    repository: String,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
struct Hook {
    id: u64,
    url: String,
}

impl GitLab {
    pub(super) fn new(base: &str, token: Token, path: &str) -> Result<Self, Failure> {
        let scope = "has the scope \"api\" and the role Maintainer";
        let id = escaped(path.trim_start_matches('/'));
        Ok(Self {
            api: Api::new(base, token, ("PRIVATE-TOKEN", ""), ("GitLab", scope))?,
            repository: format!("/projects/{id}"),
        })
    }

    pub(super) async fn add_key(&self, wanted: &Wanted<'_>) -> Result<Registered, Failure> {
        let path = format!("{}/deploy_keys", self.repository);
        let keys: Vec<Key> = self.api.get(&format!("{path}?per_page=100")).await?;
        if keys.iter().any(|known| same_key(&known.key, wanted.deploy_key)) {
            return Ok(Registered::Found);
        }
        let key = json!({ "title": format!("inertia {}", wanted.project), "key": wanted.deploy_key, "can_push": false });
        self.api.send(Method::POST, &path, &key).await?;
        Ok(Registered::Added)
    }

    pub(super) async fn add_webhook(&self, wanted: &Wanted<'_>) -> Result<Registered, Failure> {
        let path = format!("{}/hooks", self.repository);
        let hooks: Vec<Hook> = self.api.get(&format!("{path}?per_page=100")).await?;
        if let Some(hook) = hooks.iter().find(|hook| hook.url == wanted.webhook_url) {
            // Whether the token is the same cannot be read.
            self.api.send(Method::PUT, &format!("{path}/{}", hook.id), &webhook(wanted)).await?;
            return Ok(Registered::Found);
        }
        self.api.send(Method::POST, &path, &webhook(wanted)).await?;
        Ok(Registered::Added)
    }
}

fn webhook(wanted: &Wanted<'_>) -> Value {
    json!({
        "url": wanted.webhook_url,
        "token": wanted.webhook_secret,
        "push_events": true,
        "enable_ssl_verification": false,
    })
}

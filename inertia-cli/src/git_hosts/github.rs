//! GitHub: deploy keys and webhooks of a repository.

use super::api::{Api, Token};
use super::{Registered, Wanted, escaped, same_key};
use crate::failure::Failure;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// A repository at GitHub.
pub(crate) struct GitHub {
    api: Api,
    /// `/repos/OWNER/NAME`.
    repository: String,
}

#[derive(Deserialize)]
struct Key {
    key: String,
    #[serde(default)]
    read_only: bool,
}

#[derive(Deserialize)]
struct Hook {
    id: u64,
    #[serde(default)]
    config: HookConfig,
}

#[derive(Default, Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: Option<String>,
}

impl GitHub {
    pub(super) fn new(base: &str, token: Token, path: &str) -> Result<Self, Failure> {
        let scope =
            "may administer the repository: fine-grained with \"Administration\" and \"Webhooks\" read and write, or classic with \"repo\"";
        let path: Vec<String> = path.trim_start_matches('/').split('/').map(escaped).collect();
        Ok(Self {
            api: Api::new(base, token, ("Authorization", "Bearer "), ("GitHub", scope))?,
            repository: format!("/repos/{}", path.join("/")),
        })
    }

    pub(super) async fn add_key(&self, wanted: &Wanted<'_>) -> Result<Registered, Failure> {
        let path = format!("{}/keys", self.repository);
        let keys: Vec<Key> = self.api.get(&format!("{path}?per_page=100")).await?;
        if let Some(found) = keys.iter().find(|known| same_key(&known.key, wanted.deploy_key)) {
            if !found.read_only {
                crate::render::note(
                    "warning: the deploy key may also write at GitHub; the daemon only reads, so remove it there and run this again",
                );
            }
            return Ok(Registered::Found);
        }
        let key = json!({ "title": format!("inertia {}", wanted.project), "key": wanted.deploy_key, "read_only": true });
        self.api.send(Method::POST, &path, &key).await?;
        Ok(Registered::Added)
    }

    pub(super) async fn add_webhook(&self, wanted: &Wanted<'_>) -> Result<Registered, Failure> {
        let path = format!("{}/hooks", self.repository);
        let hooks: Vec<Hook> = self.api.get(&format!("{path}?per_page=100")).await?;
        let same = hooks.iter().find(|hook| hook.config.url.as_deref() == Some(wanted.webhook_url));
        if let Some(hook) = same {
            // Whether the secret is the same cannot be read.
            self.api
                .send(Method::PATCH, &format!("{path}/{}", hook.id), &webhook(wanted))
                .await?;
            return Ok(Registered::Found);
        }
        let mut new = webhook(wanted);
        new["name"] = json!("web");
        self.api.send(Method::POST, &path, &new).await?;
        Ok(Registered::Added)
    }
}

fn webhook(wanted: &Wanted<'_>) -> Value {
    json!({
        "active": true,
        "events": ["push"],
        "config": {
            "url": wanted.webhook_url,
            "content_type": "json",
            "secret": wanted.webhook_secret,
            "insecure_ssl": "1",
        },
    })
}

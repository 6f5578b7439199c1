//! The project of this folder on the daemon: what is registered, what can be read, and what runs.

use super::daemon::patient;
use super::finding::Findings;
use crate::client::Client;
use crate::project_file::{self, ProjectFile};
use crate::repository::{Repository, same_repository};
use crate::settings::Settings;
use deployd::wire::{ContainerInfo, ProjectInfo, ProjectStatus, RepositoryReport};

/// Looks at it, where this folder has a project.
pub(super) async fn look(client: &Client, registered: &[ProjectInfo], settings: &Settings, findings: &mut Findings) {
    let Ok(file) = project_file::find(&settings.environment.cwd) else {
        return;
    };
    let name = &file.settings.name;
    let Some(known) = registered.iter().find(|known| known.name == *name) else {
        findings.warning(
            "project",
            format!("'{name}' is not registered there"),
            "register it: `inertia NAME init`",
        );
        return;
    };
    let repository = Repository::discover(&file.folder);
    registration(known, &file, repository.as_ref(), findings);
    let path = format!("/v1/projects/{name}");
    match patient(client.get::<RepositoryReport>(&format!("{path}/repository"))).await {
        Ok(report) => source(&report, repository.as_ref(), findings),
        Err(failure) => findings.failure("repository", &failure),
    }
    match patient(client.get::<ProjectStatus>(&format!("{path}/status"))).await {
        Ok(status) => containers(&status, findings),
        Err(failure) => findings.failure("containers", &failure),
    }
}

fn registration(known: &ProjectInfo, file: &ProjectFile, repository: Option<&Repository>, findings: &mut Findings) {
    if let Some(repository) = repository
        && let Ok(origin) = repository.origin()
        && !same_repository(&known.url, &origin, repository.root())
    {
        let remedy = "give this project another `name` in inertia.toml; if the repository has moved: `inertia NAME init --replace`";
        findings.bad(
            "project",
            format!("'{}' deploys another repository there: {}", known.name, known.url),
            remedy,
        );
    }
    if let Some(branch) = file.settings.branch.as_ref().filter(|branch| **branch != known.branch) {
        findings.bad(
            "project",
            format!("inertia.toml deploys the branch '{branch}', and '{}' is registered", known.branch),
            "tell the daemon: `inertia NAME init`",
        );
    }
}

fn source(report: &RepositoryReport, repository: Option<&Repository>, findings: &mut Findings) {
    if let Some(problem) = &report.problem {
        let remedy = problem.help.clone().unwrap_or_else(|| "run `inertia NAME init` again".to_owned());
        return findings.bad("repository", problem.detail.clone(), remedy);
    }
    let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    let head = report.head.as_deref().unwrap_or_default();
    findings.good(
        "repository",
        format!("the daemon reads it; branch '{}' is at {}", report.branch, short(head)),
    );
    let unpushed = repository.and_then(|repository| Some((repository.head()?, repository)));
    if let Some((own, _)) = unpushed.filter(|(own, repository)| !repository.holds(head, own)) {
        findings.warning(
            "repository",
            format!("HEAD ({}) was not pushed to it", short(&own)),
            "`git push` deploys it",
        );
    }
}

fn containers(status: &ProjectStatus, findings: &mut Findings) {
    if status.current.is_none() {
        return findings.warning("containers", "nothing was deployed yet", "deploy it: `inertia NAME up`");
    }
    let ill: Vec<String> = status
        .containers
        .iter()
        .filter(|container| is_ill(container))
        .map(|container| format!("{} is {}", container.name, container.status))
        .collect();
    if status.containers.is_empty() {
        findings.bad("containers", "none is there", "`inertia NAME up` brings them back");
    } else if ill.is_empty() {
        findings.good("containers", format!("{} are as they should be", status.containers.len()));
    } else {
        findings.bad(
            "containers",
            ill.join(", "),
            "`inertia NAME logs` tells why, `inertia NAME up` deploys again",
        );
    }
}

/// Whether a container does not do what it is there for. One that ended well has done it.
fn is_ill(container: &ContainerInfo) -> bool {
    match container.state.as_str() {
        "running" => container.status.contains("(unhealthy)"),
        "exited" => !container.status.starts_with("Exited (0)"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_ended_well_is_not_ill() {
        for (state, status, ill) in [
            ("running", "Up 5 minutes", false),
            ("running", "Up 5 minutes (healthy)", false),
            ("running", "Up 5 minutes (unhealthy)", true),
            ("exited", "Exited (0) 2 hours ago", false),
            ("exited", "Exited (143) 2 hours ago", true),
            ("restarting", "Restarting (1) 3 seconds ago", true),
            ("created", "Created", true),
        ] {
            let container = ContainerInfo {
                id: String::new(),
                name: "shop-web-1".to_owned(),
                service: "web".to_owned(),
                image: String::new(),
                state: state.to_owned(),
                status: status.to_owned(),
                ports: Vec::new(),
            };
            assert_eq!(is_ill(&container), ill, "{status}");
        }
    }

    #[test]
    fn what_cannot_be_read_comes_with_what_to_do() {
        let mut findings = Findings::default();
        let report: RepositoryReport = serde_json::from_value(serde_json::json!({
            "url": "git@git.example.com:ann/shop.git", "branch": "main",
            "problem": {"code": "key-refused", "detail": "the key is refused", "help": "add the key"}
        }))
        .expect("a report");
        source(&report, None, &mut findings);
        assert_eq!(findings.document()["healthy"], false);
        assert_eq!(findings.document()["findings"][0]["remedy"], "add the key");
    }
}

//! The configuration hashes by which what exists in the engine is compared with the project. They
//! equal those that Docker Compose puts on what it makes. And [`hex`], in which digests are written.

use crate::model::{Network, Service, Volume};
use crate::names::ConfigHash;
use crate::print;
use crate::print::tree::Tree;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Keys of a service that do not change its containers.
const NOT_HASHED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];

/// The value of `com.docker.compose.config-hash`: what `config --hash` prints for the service.
///
/// It is the SHA-256 of the service's JSON on one line, without what does not change its
/// containers: how the image is built and pulled, how many replicas there are, what they wait
/// for and which profiles enable them. `$` is not doubled here.
pub fn config_hash(service: &Service) -> ConfigHash {
    of_json(&hashed(service))
}

/// The value of `com.docker.compose.config-hash` on a network: the SHA-256 of its JSON on one line.
pub fn network_hash(network: &Network) -> ConfigHash {
    of_json(&print::network(network))
}

/// The value of `com.docker.compose.config-hash` on a volume; the driver counts by name, also where
/// it is the engine's default.
pub fn volume_hash(volume: &Volume) -> ConfigHash {
    let driver = volume.driver.clone().unwrap_or_else(|| "local".to_owned());
    of_json(&print::volume(&Volume {
        driver: Some(driver),
        ..volume.clone()
    }))
}

fn of_json(tree: &Tree) -> ConfigHash {
    let json = print::json::write(tree, print::json::Layout::Compact);
    // A number that JSON cannot hold passes no check of the loader; were it there, its name would do.
    let text = json.unwrap_or_else(|error| error.to_string());
    ConfigHash::from(hex(&Sha256::digest(text)))
}

fn hashed(service: &Service) -> Tree {
    let mut tree = print::service(service);
    if let Tree::Record(record) = &mut tree {
        record.fields.retain(|field| !NOT_HASHED.contains(&field.key));
        for field in &mut record.fields {
            if let ("deploy", Tree::Record(deploy)) = (field.key, &mut field.value) {
                deploy.fields.retain(|field| field.key != "replicas");
            }
        }
    }
    tree
}

/// Bytes as lower-case hexadecimal digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{config_hash, network_hash, volume_hash};
    use crate::model::{Condition, Dependency, Deploy, EnvFile, Network, PullPolicy, StringMap, Volume};
    use crate::print::tests::plain_service;

    /// What the reference prints for `{image: alpine}`.
    const PLAIN: &str = "1401a92039735b8870d9d445faadb5d72e9aa67ac7e0da35dfd665f96546bc41";

    #[test]
    fn equals_the_references() {
        assert_eq!(config_hash(&plain_service("web")).as_str(), PLAIN);

        let mut service = plain_service("web");
        service.process.environment.insert("A".to_owned(), Some("1".to_owned()));
        assert_eq!(
            config_hash(&service).as_str(),
            "f80a775eecfd355a27b067261d6d1354f1a7ac49b9d726729f8e7ec2913d747f"
        );
    }

    #[test]
    fn equals_the_references_with_unresolved_env_files() {
        let with = |path: &str, required, format: Option<&str>| {
            let mut service = plain_service("web");
            service.process.env_files.push(EnvFile {
                path: path.into(),
                required,
                format: format.map(str::to_owned),
            });
            config_hash(&service).as_str().to_owned()
        };
        assert_eq!(
            with("/srv/a.env", true, Some("raw")),
            "7a0008d396e50ea4dfbd928edcc519ec5a1499f638e4cb1eb9184508155b96ea"
        );
        assert_eq!(
            with("/srv/b.env", false, Some("raw")),
            "fbc77f44a10c77e5820dd36ebc9bca2c8462a6f354661d717624d93b8c1bc1a2"
        );
    }

    #[test]
    fn ignores_what_does_not_change_a_container() {
        let mut service = plain_service("web");
        service.build = Some(Box::default());
        service.pull_policy = Some(PullPolicy("always".to_owned()));
        service.lifecycle.scale = Some(3);
        service.profiles.push("debug".into());
        let dependency = Dependency {
            condition: Condition::Started,
            restart: false,
            required: true,
            extensions: std::collections::BTreeMap::new(),
        };
        service.lifecycle.depends_on.insert("db".into(), dependency);
        assert_eq!(config_hash(&service).as_str(), PLAIN);
    }

    #[test]
    fn replicas_do_not_count_but_the_rest_of_deploy_does() {
        let mut service = plain_service("web");
        service.deploy = Some(Box::default());
        let without = config_hash(&service);
        service.deploy = Some(Box::new(Deploy {
            replicas: Some(3),
            ..Deploy::default()
        }));
        assert_eq!(config_hash(&service), without);
        assert_ne!(without.as_str(), PLAIN);
    }

    #[test]
    fn dollars_are_not_doubled() {
        let mut service = plain_service("web");
        service.process.command = Some(vec!["<$HOME>&".to_owned()]);
        assert_eq!(
            config_hash(&service).as_str(),
            "301dd2a301c676df030e47a26e5d151aa927df4fd23b62a8719b699d5f6267a1"
        );
    }

    #[test]
    fn networks_and_volumes_equal_the_references() {
        let mut network = Network {
            name: Some("planprobe_default".into()),
            ..Network::default()
        };
        assert_eq!(
            network_hash(&network).as_str(),
            "ca6e6691b49c0987df46a4e98e09d5d6093c0921a8cabbe5f3185928005fbf3a"
        );
        network.name = Some("planprobe_front".into());
        network.labels = StringMap::from([("x".to_owned(), "1".to_owned())]);
        assert_eq!(
            network_hash(&network).as_str(),
            "9ae790686f7333e96817911c8df3c9a693ab0326a5082dcbc0c191b8886dcc81"
        );
        let volume = Volume {
            name: Some("planprobe_data".into()),
            ..Volume::default()
        };
        assert_eq!(
            volume_hash(&volume).as_str(),
            "0d489049d20759502df5b1401efd7d7c68c486d83b04a2f054f0d043af1bb0ec"
        );
    }
}

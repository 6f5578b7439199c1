//! The configuration hashes of networks and volumes, equal to those that Docker Compose puts on
//! what it makes.

use crate::model::{Ipam, IpamPool, Network, StringMap, Volume};
use crate::names::ConfigHash;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The hash of a network's configuration.
pub fn network_hash(network: &Network) -> ConfigHash {
    let mut fields = Map::new();
    put_text(&mut fields, "name", network.name.as_ref().map(AsRef::as_ref));
    put_text(&mut fields, "driver", network.driver.as_deref());
    put_map(&mut fields, "driver_opts", &network.driver_opts);
    fields.insert("ipam".to_owned(), ipam(&network.ipam));
    put_flag(&mut fields, "external", network.external);
    put_flag(&mut fields, "internal", network.internal);
    put_flag(&mut fields, "attachable", network.attachable);
    put_map(&mut fields, "labels", &network.labels);
    if let Some(enabled) = network.enable_ipv4 {
        fields.insert("enable_ipv4".to_owned(), json!(enabled));
    }
    if let Some(enabled) = network.enable_ipv6 {
        fields.insert("enable_ipv6".to_owned(), json!(enabled));
    }
    digest(&fields)
}

/// The hash of a volume's configuration.
pub fn volume_hash(volume: &Volume) -> ConfigHash {
    let mut fields = Map::new();
    put_text(&mut fields, "name", volume.name.as_ref().map(AsRef::as_ref));
    put_text(&mut fields, "driver", Some(volume.driver.as_deref().unwrap_or("local")));
    put_map(&mut fields, "driver_opts", &volume.driver_opts);
    put_flag(&mut fields, "external", volume.external);
    put_map(&mut fields, "labels", &volume.labels);
    digest(&fields)
}

fn ipam(ipam: &Ipam) -> Value {
    let mut fields = Map::new();
    put_text(&mut fields, "driver", ipam.driver.as_deref());
    if !ipam.pools.is_empty() {
        fields.insert("config".to_owned(), ipam.pools.iter().map(pool).collect());
    }
    Value::Object(fields)
}

fn pool(pool: &IpamPool) -> Value {
    let mut fields = Map::new();
    put_text(&mut fields, "subnet", pool.subnet.as_deref());
    put_text(&mut fields, "gateway", pool.gateway.as_deref());
    put_text(&mut fields, "ip_range", pool.ip_range.as_deref());
    put_map(&mut fields, "aux_addresses", &pool.aux_addresses);
    Value::Object(fields)
}

fn put_text(fields: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        fields.insert(key.to_owned(), json!(value));
    }
}

fn put_map(fields: &mut Map<String, Value>, key: &str, value: &StringMap) {
    if !value.is_empty() {
        fields.insert(key.to_owned(), json!(value));
    }
}

fn put_flag(fields: &mut Map<String, Value>, key: &str, value: bool) {
    if value {
        fields.insert(key.to_owned(), json!(true));
    }
}

fn digest(fields: &Map<String, Value>) -> ConfigHash {
    let text = escape_like_go(&Value::Object(fields.clone()).to_string());
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        write!(hex, "{byte:02x}").expect("a String takes everything");
    }
    ConfigHash::from(hex)
}

/// Go's encoder escapes what could end a script in HTML, and the two line separators of Unicode.
fn escape_like_go(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(text, "\\u{:04x}", u32::from(letter)).expect("a String takes everything");
            }
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Docker Compose 2.40.3 put on `networks: {default: {}}` and `volumes: {data: {}}` of a project `planprobe`.
    #[test]
    fn plain_ones_hash_as_the_reference_does() {
        let network = Network {
            name: Some("planprobe_default".into()),
            ..Network::default()
        };
        assert_eq!(
            network_hash(&network).as_str(),
            "ca6e6691b49c0987df46a4e98e09d5d6093c0921a8cabbe5f3185928005fbf3a"
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

    #[test]
    fn labels_count() {
        let labels = StringMap::from([("x".to_owned(), "1".to_owned())]);
        let network = Network {
            name: Some("planprobe_front".into()),
            labels,
            ..Network::default()
        };
        assert_eq!(
            network_hash(&network).as_str(),
            "9ae790686f7333e96817911c8df3c9a693ab0326a5082dcbc0c191b8886dcc81"
        );
    }

    #[test]
    fn text_is_escaped_as_go_does() {
        assert_eq!(escape_like_go(r#""a<b>&c""#), r#""a\u003cb\u003e\u0026c""#);
    }
}

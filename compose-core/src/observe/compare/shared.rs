//! How a network or volume was made, and how it would be made now.

use crate::engine::{NetworkDetails, VolumeDetails};
use crate::labels;
use crate::model::{Network, Volume};
use crate::observe::Difference;
use std::collections::{BTreeMap, BTreeSet};

/// The driver of a volume that names none.
const LOCAL: &str = "local";

/// In what a volume differs. Options may hold passwords: their names alone are told.
pub(in crate::observe) fn of_volume(wanted: &Volume, found: &VolumeDetails) -> Vec<Difference> {
    if wanted.external {
        return Vec::new();
    }
    let driver = (wanted.driver.as_deref().unwrap_or(LOCAL) != found.driver).then(|| "driver".to_owned());
    let options = differing("driver_opts", &wanted.driver_opts, &found.options);
    let labels = differing("labels", &wanted.labels, &without_own(&found.labels));
    driver.into_iter().chain(options).chain(labels).map(Difference::of).collect()
}

/// In what a network differs. What the project leaves to the engine, the engine fills in.
pub(in crate::observe) fn of_network(wanted: &Network, found: &NetworkDetails) -> Vec<Difference> {
    if wanted.external {
        return Vec::new();
    }
    let settings = &found.settings;
    let subnets: Vec<&String> = wanted.ipam.pools.iter().filter_map(|pool| pool.subnet.as_ref()).collect();
    let changed = [
        ("driver", wanted.driver.as_ref().is_some_and(|driver| *driver != found.driver)),
        ("internal", wanted.internal != settings.internal),
        ("attachable", wanted.attachable != settings.attachable),
        ("enable_ipv6", wanted.enable_ipv6.is_some_and(|ipv6| ipv6 != settings.ipv6)),
        (
            "ipam.driver",
            wanted.ipam.driver.is_some() && wanted.ipam.driver != settings.ipam_driver,
        ),
        (
            "ipam.config",
            !subnets.is_empty() && subnets != settings.subnets.iter().collect::<Vec<_>>(),
        ),
    ];
    let changed = changed
        .into_iter()
        .filter(|(_, is_changed)| *is_changed)
        .map(|(field, _)| field.to_owned());
    let options = differing("driver_opts", &wanted.driver_opts, &settings.options);
    let labels = differing("labels", &wanted.labels, &without_own(&found.labels));
    changed.chain(options).chain(labels).map(Difference::of).collect()
}

fn without_own(found: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let others = found.iter().filter(|(label, _)| !labels::is_own(label));
    others.map(|(label, value)| (label.clone(), value.clone())).collect()
}

fn differing(field: &str, wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let differing = keys.into_iter().filter(|key| wanted.get(*key) != found.get(*key));
    differing.map(|key| format!("{field}.{key}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::NetworkSettings;
    use crate::model::{Ipam, IpamPool};

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn fields(differences: Vec<Difference>) -> Vec<String> {
        differences.into_iter().map(|difference| difference.field).collect()
    }

    #[test]
    fn a_volume_is_told_field_by_field() {
        let found = VolumeDetails {
            name: "shop_data".into(),
            driver: "local".to_owned(),
            mountpoint: String::new(),
            scope: "local".to_owned(),
            options: map(&[("type", "nfs"), ("o", "password=x")]),
            labels: map(&[("com.docker.compose.project", "shop"), ("k", "v")]),
        };
        let same = Volume {
            driver_opts: found.options.clone(),
            labels: map(&[("k", "v")]),
            ..Volume::default()
        };
        assert_eq!(fields(of_volume(&same, &found)), [] as [&str; 0]);
        let other = Volume {
            driver: Some("fast".to_owned()),
            driver_opts: map(&[("type", "nfs"), ("o", "password=y"), ("device", "x")]),
            ..Volume::default()
        };
        assert_eq!(
            fields(of_volume(&other, &found)),
            ["driver", "driver_opts.device", "driver_opts.o", "labels.k"]
        );
    }

    #[test]
    fn a_network_is_told_field_by_field() {
        let found = NetworkDetails {
            id: "1".into(),
            name: "shop_default".into(),
            driver: "bridge".to_owned(),
            labels: map(&[("com.docker.compose.project", "shop")]),
            containers: Vec::new(),
            settings: NetworkSettings {
                ipam_driver: Some("default".to_owned()),
                subnets: vec!["172.18.0.0/16".to_owned()],
                ..NetworkSettings::default()
            },
        };
        assert_eq!(fields(of_network(&Network::default(), &found)), [] as [&str; 0]);
        let other = Network {
            internal: true,
            driver_opts: map(&[("mtu", "1")]),
            ipam: Ipam {
                pools: vec![IpamPool {
                    subnet: Some("10.0.0.0/24".to_owned()),
                    ..IpamPool::default()
                }],
                ..Ipam::default()
            },
            ..Network::default()
        };
        assert_eq!(fields(of_network(&other, &found)), ["internal", "ipam.config", "driver_opts.mtu"]);
    }
}

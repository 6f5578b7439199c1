//! The paths of the host in the options of volumes: the local driver hands them to the kernel as they are.

use compose_core::model::{Project, Volume};
use std::path::PathBuf;

/// The paths that a volume's options name.
pub(super) fn paths(volume: &Volume) -> Vec<PathBuf> {
    if !is_local(volume) {
        return Vec::new();
    }
    let words = volume.driver_opts.values().flat_map(|option| option.split([',', ':', '=', '+']));
    words.filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// Which volume names a folder by a path that is none from the root: it would lead on from wherever the engine runs.
pub(super) fn unclear(project: &Project) -> Option<String> {
    let mut volumes = project.volumes.iter().filter(|(_, volume)| is_local(volume));
    let (name, _) = volumes.find(|(_, volume)| !is_clear(volume))?;
    Some(format!("volume {name}"))
}

fn is_local(volume: &Volume) -> bool {
    volume.driver.as_deref().is_none_or(|driver| driver == "local")
}

fn is_clear(volume: &Volume) -> bool {
    let option = |name: &str| volume.driver_opts.get(name).map(|text| text.trim()).unwrap_or_default();
    let (kind, device) = (option("type"), option("device"));
    let options: Vec<&str> = option("o").split(',').map(str::trim).collect();
    let is_bind = options.iter().any(|one| matches!(*one, "bind" | "rbind")) || matches!(kind, "none" | "bind" | "rbind");
    if is_bind && !device.is_empty() && !device.starts_with('/') {
        return false;
    }
    options.iter().filter_map(|one| layers(one)).all(are_clear)
}

/// The folders of an overlay.
fn layers(option: &str) -> Option<&str> {
    let (key, folders) = option.split_once('=')?;
    let key = key.trim_end_matches('+');
    matches!(key, "lowerdir" | "upperdir" | "workdir" | "datadir").then_some(folders)
}

fn are_clear(folders: &str) -> bool {
    // A colon that belongs to a name has a backslash before it; whoever needs that can give the folder another name.
    !folders.contains('\\') && folders.split(':').filter(|one| !one.is_empty()).all(|one| one.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(options: &[(&str, &str)]) -> Volume {
        Volume {
            driver_opts: options
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Volume::default()
        }
    }

    #[test]
    fn what_leads_on_from_elsewhere_is_unclear() {
        for (kind, device, o, wanted) in [
            ("none", "/srv/data", "bind", true),
            ("none", "srv/data", "bind", false),
            ("none", "./data", "bind,ro", false),
            ("", "srv/data", "ro, rbind", false),
            ("none", "../data", "", false),
            ("nfs", ":/exports/data", "addr=192.0.2.1,rw", true),
            ("cifs", "//192.0.2.1/share", "username=x", true),
            ("tmpfs", "tmpfs", "size=100m,uid=1000", true),
            ("overlay", "overlay", "lowerdir=/a:/b,upperdir=/c,workdir=/d", true),
            ("overlay", "overlay", "lowerdir=/a:b", false),
            ("overlay", "overlay", "lowerdir+=a,lowerdir+=/b", false),
            ("overlay", "overlay", "lowerdir=/a,upperdir=c,workdir=/d", false),
            ("overlay", "overlay", "lowerdir=/a\\:b", false),
        ] {
            let volume = volume(&[("type", kind), ("device", device), ("o", o)]);
            assert_eq!(is_clear(&volume), wanted, "{kind} {device} {o}");
        }
    }

    #[test]
    fn every_path_is_found_wherever_it_stands() {
        let volume = volume(&[("device", "/a"), ("o", "lowerdir=/b:/c,upperdir=/d"), ("type", "overlay")]);
        let mut found = paths(&volume);
        found.sort();
        assert_eq!(found, ["/a", "/b", "/c", "/d"].map(PathBuf::from));
        let other = Volume {
            driver: Some("rclone".to_owned()),
            ..volume
        };
        assert_eq!(paths(&other), Vec::<PathBuf>::new());
    }
}

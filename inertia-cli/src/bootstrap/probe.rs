//! What a server is like, asked by one script that changes nothing.

use std::collections::BTreeMap;

/// Prints the facts; `sh` reads it from its standard input.
pub(super) const SCRIPT: &str = include_str!("scripts/probe.sh");

/// How root is to be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sudo {
    /// We are root.
    Root,
    /// By sudo, without a password.
    Free,
    /// By sudo, with a password.
    Password,
    /// There is no sudo.
    #[default]
    None,
}

/// How software gets onto a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// By apt.
    Debian,
    /// By dnf or yum.
    Rhel,
}

/// What a server is like; what it did not tell is empty or zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) os: String,
    pub(crate) os_like: String,
    /// As the distribution calls itself, with its version.
    pub(crate) os_name: String,
    /// `uname -m`.
    pub(crate) machine: String,
    /// `uname -s` and `uname -r`.
    pub(crate) kernel: String,
    pub(crate) home: String,
    pub(crate) sudo: Sudo,
    pub(crate) memory_mib: Option<u64>,
    /// Where images are kept.
    pub(crate) free_images_mib: Option<u64>,
    pub(crate) free_home_mib: Option<u64>,
    /// Seconds since 1970.
    pub(crate) clock: Option<i64>,
    pub(crate) listening: Vec<u16>,
    /// The path of dockerd, or of a socket that somebody listens on.
    pub(crate) docker: Option<String>,
    /// What is called docker is Podman.
    pub(crate) podman: bool,
    pub(crate) snap: bool,
    pub(crate) socket: bool,
    pub(crate) socket_writable: bool,
    pub(crate) rootless: bool,
    pub(crate) gzip: bool,
}

impl Facts {
    /// Reads what the script printed; `None` when it did not come to its end.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let said: BTreeMap<&str, &str> = lines
            .map(|(key, value)| (key.trim(), value.trim()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let word = |key: &str| said.get(key).map(|&value| value.to_owned()).unwrap_or_default();
        let number = |key: &str| said.get(key).and_then(|value| value.parse::<u64>().ok());
        let is = |key: &str| said.get(key) == Some(&"yes");
        is("end").then(|| Self {
            os: word("os"),
            os_like: word("os_like"),
            os_name: said
                .get("os_name")
                .or(said.get("os"))
                .map_or_else(|| "an unknown system".to_owned(), |&name| name.to_owned()),
            machine: word("machine"),
            kernel: word("kernel"),
            home: word("home"),
            sudo: match word("sudo").as_str() {
                "root" => Sudo::Root,
                "free" => Sudo::Free,
                "password" => Sudo::Password,
                _ => Sudo::None,
            },
            memory_mib: number("memory_kib").map(|kib| kib / 1024),
            free_images_mib: number("free_images_kib").map(|kib| kib / 1024),
            free_home_mib: number("free_home_kib").map(|kib| kib / 1024),
            clock: said.get("clock").and_then(|value| value.parse().ok()),
            listening: word("listening")
                .split_whitespace()
                .filter_map(|port| u16::from_str_radix(port, 16).ok())
                .collect(),
            docker: said.get("docker").map(|&path| path.to_owned()),
            podman: is("podman"),
            snap: is("snap"),
            socket: is("socket"),
            socket_writable: is("socket_writable"),
            rootless: is("rootless"),
            gzip: is("gzip"),
        })
    }

    /// The family of the distribution; `None` for one that we do not know.
    pub(crate) fn family(&self) -> Option<Family> {
        let words = || self.os_like.split_whitespace().chain([self.os.as_str()]);
        if words().any(|word| matches!(word, "debian" | "ubuntu")) {
            return Some(Family::Debian);
        }
        words()
            .any(|word| matches!(word, "rhel" | "fedora" | "centos" | "almalinux" | "rocky" | "ol" | "amzn"))
            .then_some(Family::Rhel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOKWORM: &str = "os=debian\nos_like=\nos_name=Debian GNU/Linux 12 (bookworm)\nmachine=x86_64\n\
        kernel=Linux 6.1.0\nhome=/home/deploy\nsudo=password\nmemory_kib=2048000\nfree_images_kib=10485760\n\
        free_home_kib=20480\nclock=1700000000\nlistening=0016 1F91 \ndocker=/usr/sbin/dockerd\nsocket=yes\ngzip=yes\nend=yes\n";

    #[test]
    fn facts_are_read() {
        let facts = Facts::parse(BOOKWORM).expect("complete");
        assert_eq!(
            (facts.os.as_str(), facts.sudo, facts.family()),
            ("debian", Sudo::Password, Some(Family::Debian))
        );
        assert_eq!(
            (facts.memory_mib, facts.free_images_mib, facts.free_home_mib),
            (Some(2000), Some(10240), Some(20))
        );
        assert_eq!(
            (facts.listening.as_slice(), facts.clock),
            ([22, 8081].as_slice(), Some(1_700_000_000))
        );
        assert!(facts.socket && !facts.socket_writable && !facts.snap && facts.docker.is_some());
    }

    #[test]
    fn what_is_missing_or_strange_does_no_harm() {
        assert_eq!(Facts::parse("os=debian\n"), None, "the script was cut off");
        let facts = Facts::parse("Welcome to = my server\nmemory_kib=lots\nlistening=zz 0050\nsudo=maybe\nend=yes").expect("complete");
        assert_eq!((facts.memory_mib, facts.listening, facts.sudo), (None, vec![80], Sudo::None));
        assert_eq!(facts.os_name, "an unknown system");
    }

    #[test]
    fn distributions_belong_to_families() {
        for (os, like, family) in [
            ("debian", "", Some(Family::Debian)),
            ("ubuntu", "debian", Some(Family::Debian)),
            ("linuxmint", "ubuntu debian", Some(Family::Debian)),
            ("raspbian", "debian", Some(Family::Debian)),
            ("centos", "rhel fedora", Some(Family::Rhel)),
            ("almalinux", "rhel centos fedora", Some(Family::Rhel)),
            ("rocky", "rhel centos fedora", Some(Family::Rhel)),
            ("fedora", "", Some(Family::Rhel)),
            ("amzn", "fedora", Some(Family::Rhel)),
            ("alpine", "", None),
            ("arch", "", None),
            ("", "", None),
        ] {
            let facts = Facts {
                os: os.to_owned(),
                os_like: like.to_owned(),
                ..Facts::default()
            };
            assert_eq!(facts.family(), family, "{os}");
        }
    }

    /// The script itself, where there is a shell to run it.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_script_comes_to_its_end() {
        let told = std::process::Command::new("sh").arg("-c").arg(SCRIPT).output().expect("sh");
        let facts = Facts::parse(&String::from_utf8_lossy(&told.stdout)).expect("complete");
        assert!(
            !facts.machine.is_empty() && facts.clock.is_some() && facts.free_images_mib.is_some(),
            "{facts:?}"
        );
    }
}

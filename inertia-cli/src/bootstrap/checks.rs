//! What a server must be like, said before anything on it is touched.

use super::probe::{Facts, Sudo};
use crate::failure::Failure;
use crate::far_end::taken_port;

/// How much room images need.
const ROOM_MIB: u64 = 1024;
/// How much room the program needs in the home folder.
const HOME_ROOM_MIB: u64 = 64;
/// By how much clocks may differ.
const SKEW: i64 = 300;

/// For what there has to be room on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// For an engine and images.
    ForAll,
    /// For another program; the daemon and its images are there.
    ForRepair,
}

/// Refuses a server that cannot run the daemon, whatever is installed on it.
pub(super) fn server(facts: &Facts, port: u16, now: i64, room: Room) -> Result<(), Failure> {
    system(facts)?;
    docker_kind(facts)?;
    self::room(facts, room)?;
    clock(facts, now)?;
    // With Docker there, the far end looks closer: it may be our own daemon that listens.
    if facts.docker.is_none() && facts.listening.contains(&port) {
        return Err(taken_port(port, "another program"));
    }
    Ok(())
}

/// Each check by itself: what it is about, and what is well or not.
pub(crate) fn look_over(facts: &Facts, now: i64) -> Vec<(&'static str, Result<String, Failure>)> {
    let room = match facts.free_images_mib {
        Some(free) => format!("{free} MiB are free for images"),
        None => "how much is free is not known".to_owned(),
    };
    vec![
        ("system", system(facts).map(|()| format!("{} on {}", facts.os_name, facts.machine))),
        (
            "docker",
            docker_kind(facts).map(|()| facts.docker.clone().unwrap_or_else(|| "there is none".to_owned())),
        ),
        ("disk", self::room(facts, Room::ForAll).map(|()| room)),
        ("clock", clock(facts, now).map(|()| "it agrees with this machine's".to_owned())),
    ]
}

fn system(facts: &Facts) -> Result<(), Failure> {
    if !facts.kernel.starts_with("Linux ") {
        return Err(Failure::new(format!("the server runs {}, and Linux is needed", facts.kernel))
            .hint("name another server, or a virtual machine on it that runs Linux: `inertia remote set NAME host ADDRESS`"));
    }
    if facts.docker.is_none() && facts.podman {
        return Err(
            Failure::new("what is called docker on the server is Podman, which the daemon does not work with")
                .hint("remove its imitation of Docker, then run the command again: `sudo apt-get remove podman-docker` (or `sudo dnf remove podman-docker`)"),
        );
    }
    if facts.docker.is_none() && facts.family().is_none() {
        return Err(Failure::new(format!(
            "there is no Docker, and inertia does not know how to install it on {}",
            facts.os_name
        ))
        .hint("install the Docker Engine (20.10 or newer) by the system's own way, start it, and run the command again")
        .hint("it is known for Debian, Ubuntu, RHEL, CentOS, AlmaLinux, Rocky and Fedora, and what is like them"));
    }
    Ok(())
}

fn docker_kind(facts: &Facts) -> Result<(), Failure> {
    let by_snap = facts.snap || facts.docker.as_ref().is_some_and(|path| path.starts_with("/snap/"));
    if by_snap {
        return Err(
            Failure::new("Docker was installed as a snap, which cannot mount folders outside of home folders")
                .hint("remove it (`sudo snap remove docker`: its containers and volumes go too), then run the command again")
                .hint("or install another engine beside it and remove the snap afterwards"),
        );
    }
    if facts.rootless && !facts.socket {
        return Err(
            Failure::new("Docker runs rootless, for one user; the daemon needs the engine of the whole system")
                .hint("stop it (`systemctl --user disable --now docker`) and run the command again: the system's engine is then set up")
                .hint("or connect as another user"),
        );
    }
    Ok(())
}

fn room(facts: &Facts, room: Room) -> Result<(), Failure> {
    let short = |what: &str, free: u64, needed: u64| {
        Err(
            Failure::new(format!("the disk is full: {free} MiB are free {what}, and {needed} MiB are needed"))
                .hint("`df -h` there shows what is full; `docker system df` what Docker keeps")
                .hint("`sudo apt-get clean`, old kernels and /var/log are where room is found most often"),
        )
    };
    let for_images = match room {
        Room::ForAll => ROOM_MIB,
        Room::ForRepair => HOME_ROOM_MIB,
    };
    match (facts.free_images_mib, facts.free_home_mib) {
        (Some(free), _) if free < for_images => short("for images (/var/lib)", free, for_images),
        (_, Some(free)) if free < HOME_ROOM_MIB => short(&format!("in {}", facts.home), free, HOME_ROOM_MIB),
        _ => Ok(()),
    }
}

fn clock(facts: &Facts, now: i64) -> Result<(), Failure> {
    let Some(clock) = facts.clock else { return Ok(()) };
    let skew = clock - now;
    if skew.abs() <= SKEW {
        return Ok(());
    }
    let direction = if skew > 0 { "ahead of" } else { "behind" };
    Err(Failure::new(format!(
        "the server's clock is {} minutes {direction} this machine's: certificates and tokens would not be valid",
        skew.abs() / 60
    ))
    .hint("set the server's clock by the network: `sudo timedatectl set-ntp true` there; or set this machine's, if it is the wrong one"))
}

/// Refuses a person who can neither use Docker nor become root.
pub(super) fn rights(facts: &Facts, user: &str) -> Result<(), Failure> {
    if facts.sudo != Sudo::None || facts.docker.is_some() && facts.socket_writable {
        return Ok(());
    }
    Err(
        Failure::new(format!("'{user}' is not root there, and there is no sudo to become it"))
            .hint("connect as root: `inertia remote set NAME user root`")
            .hint(format!(
                "or, as root there, install sudo and let '{user}' use it: `usermod -aG sudo {user}` (`wheel` on RHEL)"
            )),
    )
}

/// Refuses a person who cannot become root, where nothing less will do.
pub(super) fn root(facts: &Facts, user: &str) -> Result<(), Failure> {
    if facts.sudo != Sudo::None {
        return Ok(());
    }
    Err(
        Failure::new(format!("the daemon's state belongs to root, and '{user}' cannot become root there"))
            .hint("connect as root: `inertia remote set NAME user root`")
            .hint("or leave the state where it is: `inertia NAME uninstall` without --data"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            os: "debian".to_owned(),
            os_name: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            kernel: "Linux 6.1.0".to_owned(),
            home: "/root".to_owned(),
            sudo: Sudo::Root,
            free_images_mib: Some(5000),
            free_home_mib: Some(5000),
            clock: Some(1000),
            listening: vec![22],
            ..Facts::default()
        }
    }

    #[test]
    fn a_good_server_passes_and_each_trouble_is_named() {
        assert!(server(&good(), 8081, 1000, Room::ForAll).is_ok());
        let table: [(Facts, &str); 10] = [
            (
                Facts {
                    kernel: "Darwin 23".into(),
                    ..good()
                },
                "Linux is needed",
            ),
            (
                Facts {
                    os: "alpine".into(),
                    os_name: "Alpine Linux".into(),
                    ..good()
                },
                "install it on Alpine Linux",
            ),
            (
                Facts {
                    docker: Some("/snap/bin/docker".into()),
                    ..good()
                },
                "snap",
            ),
            (Facts { snap: true, ..good() }, "snap"),
            (Facts { podman: true, ..good() }, "Podman"),
            (
                Facts {
                    rootless: true,
                    docker: Some("/usr/bin/dockerd".into()),
                    ..good()
                },
                "rootless",
            ),
            (
                Facts {
                    free_images_mib: Some(1023),
                    ..good()
                },
                "1023 MiB are free for images",
            ),
            (
                Facts {
                    free_home_mib: Some(5),
                    ..good()
                },
                "in /root",
            ),
            (
                Facts {
                    clock: Some(1000 - 600),
                    ..good()
                },
                "10 minutes behind",
            ),
            (
                Facts {
                    listening: vec![22, 8081],
                    ..good()
                },
                "port 8081",
            ),
        ];
        for (facts, says) in table {
            let refused = server(&facts, 8081, 1000, Room::ForAll).expect_err(says);
            assert!(refused.text().contains(says), "{}", refused.text());
            assert!(!refused.hints.is_empty(), "{says}");
        }
    }

    #[test]
    fn what_does_no_harm_passes() {
        for facts in [
            Facts {
                os: "alpine".into(),
                docker: Some("/usr/bin/dockerd".into()),
                ..good()
            },
            Facts {
                rootless: true,
                socket: true,
                docker: Some("/usr/bin/dockerd".into()),
                ..good()
            },
            Facts {
                listening: vec![8081],
                docker: Some("/usr/bin/dockerd".into()),
                ..good()
            },
            Facts {
                clock: None,
                free_images_mib: None,
                free_home_mib: None,
                ..good()
            },
            Facts {
                clock: Some(1300),
                ..good()
            },
        ] {
            assert!(server(&facts, 8081, 1000, Room::ForAll).is_ok(), "{facts:?}");
        }
    }

    #[test]
    fn a_daemon_that_is_there_is_mended_on_a_full_disk() {
        let full = Facts {
            free_images_mib: Some(100),
            ..good()
        };
        assert!(server(&full, 8081, 1000, Room::ForAll).is_err());
        assert!(server(&full, 8081, 1000, Room::ForRepair).is_ok());
    }

    #[test]
    fn rights_come_from_root_sudo_or_the_socket() {
        let none = Facts {
            sudo: Sudo::None,
            ..good()
        };
        assert!(rights(&none, "me").is_err());
        let socket = Facts {
            docker: Some("/usr/bin/dockerd".into()),
            socket_writable: true,
            ..none
        };
        assert!(rights(&socket, "me").is_ok());
        assert!(!root(&socket, "me").expect_err("the socket is not enough").hints.is_empty());
        assert!(
            rights(
                &Facts {
                    sudo: Sudo::Password,
                    ..good()
                },
                "me"
            )
            .is_ok()
        );
    }
}

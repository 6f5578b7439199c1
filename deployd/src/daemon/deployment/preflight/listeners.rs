//! Programs of this machine that hold a port.

use super::ports::{Protocol, WantedPort};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;

/// Programs that hold ports for containers.
const OF_THE_ENGINE: [&str; 3] = ["docker-proxy", "rootlesskit", "rootlessport"];

/// Which program holds a port that no container holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listener {
    /// One of this name.
    Named(String),
    /// One that cannot be told.
    Unknown,
}

impl std::fmt::Display for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => write!(f, "the program {name} of the server"),
            Self::Unknown => f.write_str("a program of the server"),
        }
    }
}

/// The program that holds a port, found by trying to take it. Whatever keeps it from being tried is left to the engine.
pub(super) fn find(wanted: &WantedPort) -> Option<Listener> {
    let tried = match wanted.protocol {
        Protocol::Tcp => TcpListener::bind(wanted.place()).map(drop),
        Protocol::Udp => UdpSocket::bind(wanted.place()).map(drop),
    };
    if tried.err()?.kind() != io::ErrorKind::AddrInUse {
        return None;
    }
    match name(wanted) {
        None => Some(Listener::Unknown),
        // The engine's own: whose container it is for is known from the engine, or it began just now.
        Some(name) if OF_THE_ENGINE.contains(&name.as_str()) => None,
        Some(name) => Some(Listener::Named(name)),
    }
}

fn name(wanted: &WantedPort) -> Option<String> {
    let tables = match wanted.protocol {
        Protocol::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
        Protocol::Udp => ["/proc/net/udp", "/proc/net/udp6"],
    };
    let socket = tables.iter().find_map(|table| inode(&fs::read_to_string(table).ok()?, wanted))?;
    program_of(Path::new("/proc"), &socket)
}

/// The inode of the socket that waits at a port, in a table of the kernel.
fn inode(table: &str, wanted: &WantedPort) -> Option<String> {
    let waits = match wanted.protocol {
        Protocol::Tcp => "0A",
        Protocol::Udp => "07",
    };
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = rows.into_iter().find(|row| {
        let port = row
            .get(1)
            .and_then(|local| local.rsplit_once(':'))
            .and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
        port == Some(wanted.port) && row.get(3) == Some(&waits)
    })?;
    found.get(9).map(|inode| format!("socket:[{inode}]"))
}

/// The name of the process that has a socket open. Those of others are seen by root alone.
fn program_of(proc: &Path, socket: &str) -> Option<String> {
    let socket = OsString::from(socket);
    let processes = fs::read_dir(proc).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let holds = |process: &std::path::PathBuf| {
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().filter_map(Result::ok);
        open.into_iter()
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket))
    };
    let holder = processes.filter(|path| path.join("comm").exists()).find(holds)?;
    let name = fs::read_to_string(holder.join("comm")).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn wanted(port: u16, protocol: Protocol) -> WantedPort {
        WantedPort {
            service: "web".into(),
            address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port,
            protocol,
        }
    }

    #[test]
    fn the_program_that_holds_a_port_is_named() {
        let own = fs::read_to_string("/proc/self/comm").expect("read");
        let tcp = TcpListener::bind("127.0.0.1:0").expect("free");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("free");
        let held = [(tcp.local_addr(), Protocol::Tcp), (udp.local_addr(), Protocol::Udp)];
        for (address, protocol) in held {
            let found = find(&wanted(address.expect("bound").port(), protocol)).expect("held");
            assert_eq!(found, Listener::Named(own.trim().to_owned()));
        }
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("free")
            .port();
        assert_eq!(find(&wanted(free, Protocol::Tcp)), None);
    }

    #[test]
    fn only_a_socket_that_waits_counts() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1F90 0100007F:AAAA 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0\n\
             1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0\n";
        assert_eq!(inode(table, &wanted(8080, Protocol::Tcp)).as_deref(), Some("socket:[12]"));
        assert_eq!(inode(table, &wanted(8081, Protocol::Tcp)), None);
        assert_eq!(inode("", &wanted(8080, Protocol::Tcp)), None);
    }
}

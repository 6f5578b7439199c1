//! Facts about containers in the words of docker's own lists.

use compose_core::engine::{ContainerHealth, ListedPort};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A command, quoted and cut to 20 characters where asked for.
pub(crate) fn command(text: &str, whole: bool) -> String {
    let shown = if whole || text.chars().count() <= 20 {
        text.to_owned()
    } else {
        text.chars().take(19).chain(['…']).collect()
    };
    let mut quoted = String::from('"');
    for c in shown.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// How long a number of seconds is, roughly: `5 minutes`, `About an hour`.
pub(crate) fn duration(seconds: i64) -> String {
    let minutes = seconds / 60;
    let hours = (seconds + 1800) / 3600;
    match (seconds, minutes, hours) {
        (..1, _, _) => "Less than a second".to_owned(),
        (1, _, _) => "1 second".to_owned(),
        (..60, _, _) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, ..60, _) => format!("{minutes} minutes"),
        (_, _, 1) => "About an hour".to_owned(),
        (_, _, ..48) => format!("{hours} hours"),
        (_, _, ..336) => format!("{} days", hours / 24),
        (_, _, ..1440) => format!("{} weeks", hours / 24 / 7),
        (_, _, ..17520) => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
}

/// Ports, consecutive ones gathered: `0.0.0.0:8000-8002->8000-8002/tcp, 9000/udp`.
pub(crate) fn ports(ports: &[ListedPort]) -> String {
    let mut sorted: Vec<&ListedPort> = ports.iter().collect();
    sorted.sort_by_key(|port| (port.private, port.ip.clone(), port.public, port.protocol.clone()));
    let mut groups: Vec<Group> = Vec::new();
    let mut open: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    let mut mapped = Vec::new();
    for port in sorted {
        if let (Some(ip), Some(public)) = (&port.ip, port.public)
            && public != port.private
        {
            mapped.push(format!(
                "{}->{}/{}",
                host_port(ip, &public.to_string()),
                port.private,
                port.protocol
            ));
            continue;
        }
        let key = (port.ip.as_deref(), port.protocol.as_str());
        match open.get(&key) {
            Some(&at) if groups[at].last.checked_add(1) == Some(port.private) => groups[at].last = port.private,
            _ => {
                open.insert(key, groups.len());
                groups.push(Group {
                    ip: key.0,
                    protocol: key.1,
                    first: port.private,
                    last: port.private,
                });
            }
        }
    }
    groups.iter().map(Group::text).chain(mapped).collect::<Vec<_>>().join(", ")
}

/// Ports in a row, the same on both sides.
struct Group<'a> {
    ip: Option<&'a str>,
    protocol: &'a str,
    first: u16,
    last: u16,
}

impl Group<'_> {
    fn text(&self) -> String {
        let range = if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{}-{}", self.first, self.last)
        };
        match self.ip {
            Some(ip) => format!("{}->{range}/{}", host_port(ip, &range), self.protocol),
            None => format!("{range}/{}", self.protocol),
        }
    }
}

fn host_port(ip: &str, port: &str) -> String {
    if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    }
}

/// The exit code in the engine's sentence: `Exited (3) 2 seconds ago`.
pub(crate) fn exit_code(status: &str) -> i64 {
    status
        .split_once("Exited (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(code, _)| code.parse().ok())
        .unwrap_or(0)
}

/// What the check says, in the engine's sentence: `Up 2 minutes (healthy)`.
pub(crate) fn health(status: &str) -> ContainerHealth {
    if status.ends_with("(healthy)") {
        ContainerHealth::Healthy
    } else if status.ends_with("(unhealthy)") {
        ContainerHealth::Unhealthy
    } else if status.ends_with("(health: starting)") {
        ContainerHealth::Starting
    } else {
        ContainerHealth::None
    }
}

#[cfg(test)]
mod tests {
    use super::{command, duration, exit_code, ports};
    use compose_core::engine::ListedPort;

    fn port(ip: &str, private: u16, public: u16) -> ListedPort {
        ListedPort {
            ip: (!ip.is_empty()).then(|| ip.to_owned()),
            private,
            public: (public > 0).then_some(public),
            protocol: "tcp".to_owned(),
        }
    }

    #[test]
    fn ports_in_a_row_are_gathered_and_mapped_ones_come_last() {
        let table = [
            (vec![port("0.0.0.0", 80, 8080)], "0.0.0.0:8080->80/tcp"),
            (vec![port("::", 80, 8080)], "[::]:8080->80/tcp"),
            (
                vec![port("", 9000, 0), port("", 9001, 0), port("", 9003, 0)],
                "9000-9001/tcp, 9003/tcp",
            ),
            (vec![port("0.0.0.0", 81, 81), port("0.0.0.0", 80, 80)], "0.0.0.0:80-81->80-81/tcp"),
            (vec![port("0.0.0.0", 90, 32768), port("", 100, 0)], "100/tcp, 0.0.0.0:32768->90/tcp"),
        ];
        for (given, expected) in table {
            assert_eq!(ports(&given), expected);
        }
    }

    #[test]
    fn times_are_rough() {
        let table = [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (61, "About a minute"),
            (3599, "59 minutes"),
            (3600, "About an hour"),
            (86_400, "24 hours"),
            (3 * 86_400, "3 days"),
            (30 * 86_400, "4 weeks"),
            (100 * 86_400, "3 months"),
            (1000 * 86_400, "2 years"),
        ];
        for (seconds, expected) in table {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn commands_are_quoted_and_cut() {
        assert_eq!(command("sh -c 'echo bye; exit 3'", false), "\"sh -c 'echo bye; ex…\"");
        assert_eq!(command("say \"a\"\n", true), "\"say \\\"a\\\"\\n\"");
    }

    #[test]
    fn exit_codes_are_read_from_the_engines_sentence() {
        assert_eq!(exit_code("Exited (137) 2 hours ago"), 137);
        assert_eq!(exit_code("Up 2 hours"), 0);
    }
}

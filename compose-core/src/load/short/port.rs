//! Published ports: `[[HOST_IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL]`, ranges on either side.

use super::Malformed;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// One port of a container and where it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShortPort {
    /// The host's address.
    pub(crate) host_ip: Option<String>,
    /// The host's port or range.
    pub(crate) published: Option<String>,
    /// The container's port.
    pub(crate) target: u16,
    /// The transport.
    pub(crate) protocol: &'static str,
}

const HELP: &str = "write [[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL], an IPv6 address in brackets, or use the long form";

/// The ports that a text stands for, a pair of ranges port by port.
///
/// They come sorted by the text of the container's port, as the reference sorts them: `1000` before `999`.
pub(crate) fn parse(text: &str) -> Result<Vec<ShortPort>, Malformed> {
    let malformed = |what: String| Malformed::new(what, HELP);
    let (host_ip, published, container) = split(text);
    let (container, protocol) = container.split_once('/').unwrap_or((container, ""));
    if container.is_empty() {
        return Err(malformed(format!("`{text}` names no port of the container")));
    }
    let protocol = protocol_of(protocol).ok_or_else(|| malformed(format!("unknown protocol in `{text}`")))?;
    let host_ip = address(host_ip).map_err(|NotAnAddress| malformed(format!("invalid IP address `{host_ip}` in `{text}`")))?;
    let targets = range(container).ok_or_else(|| {
        let within = if container == text {
            String::new()
        } else {
            format!(" in `{text}`")
        };
        malformed(format!("invalid container port `{container}`{within}"))
    })?;
    let hosts = match published {
        "" => None,
        text if text.parse::<IpAddr>().is_ok() => {
            let what = format!("`{text}` is an address, and no port of the host comes after it");
            return Err(Malformed::new(
                what,
                "write ADDRESS:HOST_PORT:CONTAINER_PORT, or ADDRESS::CONTAINER_PORT for any port",
            ));
        }
        text => Some(range(text).ok_or_else(|| malformed(format!("invalid host port `{text}`")))?),
    };
    if let Some(hosts) = &hosts
        && hosts.len() != targets.len()
        && targets.len() != 1
    {
        return Err(malformed(format!("the ranges {published} and {container} differ in length")));
    }
    Ok(expand(host_ip.as_ref(), hosts.as_ref(), targets, protocol))
}

/// How many ports a text stands for, without making them; none where it cannot be read.
pub(crate) fn count(text: &str) -> usize {
    let (_, _, container) = split(text);
    let container = container.split('/').next().unwrap_or_default();
    range(container).map_or(0, |targets| targets.len())
}

/// Address, host port and container port; all colons but the last two belong to the address.
fn split(text: &str) -> (&str, &str, &str) {
    let Some((rest, container)) = text.rsplit_once(':') else {
        return ("", "", text);
    };
    match rest.rsplit_once(':') {
        Some((address, published)) => (address, published, container),
        None => ("", rest, container),
    }
}

fn protocol_of(text: &str) -> Option<&'static str> {
    // What follows a second slash is not looked at.
    let text = text.split('/').next().unwrap_or_default();
    match text.to_ascii_lowercase().as_str() {
        "" | "tcp" => Some("tcp"),
        "udp" => Some("udp"),
        "sctp" => Some("sctp"),
        _ => None,
    }
}

struct NotAnAddress;

/// The address without brackets, where there is one.
fn address(text: &str) -> Result<Option<String>, NotAnAddress> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or(NotAnAddress)?,
        None if text.contains(':') => return Err(NotAnAddress),
        None => text,
    };
    match bare.parse::<IpAddr>() {
        _ if bare.is_empty() => Ok(None),
        Ok(_) => Ok(Some(bare.to_owned())),
        Err(_) => Err(NotAnAddress),
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut ends = text.split('-');
    let first = ends.next().unwrap_or_default();
    // What follows a second dash is not looked at.
    let last = ends.next().unwrap_or(first);
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(first..=last)
}

fn port(text: &str) -> Option<u16> {
    // `parse` alone would take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn expand(
    host_ip: Option<&String>,
    hosts: Option<&RangeInclusive<u16>>,
    targets: RangeInclusive<u16>,
    protocol: &'static str,
) -> Vec<ShortPort> {
    let one_target = targets.len() == 1;
    let mut ports: Vec<ShortPort> = targets
        .enumerate()
        .map(|(index, target)| ShortPort {
            host_ip: host_ip.cloned(),
            published: hosts.map(|hosts| match (*hosts.start(), *hosts.end()) {
                (first, last) if one_target && first != last => format!("{first}-{last}"),
                (first, _) => (usize::from(first) + index).to_string(),
            }),
            target,
            protocol,
        })
        .collect();
    ports.sort_by_cached_key(|port| format!("{}/{}", port.target, port.protocol));
    ports
}

impl fmt::Display for ShortPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host_ip {
            Some(address) if address.contains(':') => write!(f, "[{address}]:")?,
            Some(address) => write!(f, "{address}:")?,
            None => {}
        }
        match &self.published {
            Some(published) => write!(f, "{published}:")?,
            None if self.host_ip.is_some() => f.write_str(":")?,
            None => {}
        }
        write!(f, "{}/{}", self.target, self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(text: &str) -> Result<Vec<String>, String> {
        parse(text)
            .map(|ports| ports.iter().map(ToString::to_string).collect())
            .map_err(|malformed| malformed.what)
    }

    #[test]
    fn reads_every_form() {
        for (text, ports) in [
            ("80", vec!["80/tcp"]),
            ("80/", vec!["80/tcp"]),
            ("80/UDP", vec!["80/udp"]),
            ("80/tcp/udp", vec!["80/tcp"]),
            (":80", vec!["80/tcp"]),
            ("01:080", vec!["1:80/tcp"]),
            ("8080:80", vec!["8080:80/tcp"]),
            ("8000-8002:80", vec!["8000-8002:80/tcp"]),
            ("80-80", vec!["80/tcp"]),
            ("1-2-3", vec!["1/tcp", "2/tcp"]),
            ("8-9:80-81/sctp", vec!["8:80/sctp", "9:81/sctp"]),
            ("1-3:999-1001", vec!["2:1000/tcp", "3:1001/tcp", "1:999/tcp"]),
            ("127.0.0.1:80:80", vec!["127.0.0.1:80:80/tcp"]),
            ("127.0.0.1::80", vec!["127.0.0.1::80/tcp"]),
            ("[::1]:80:80", vec!["[::1]:80:80/tcp"]),
            ("[::1]::80", vec!["[::1]::80/tcp"]),
            ("[127.0.0.1]:80:80", vec!["127.0.0.1:80:80/tcp"]),
            ("[]:80:80", vec!["80:80/tcp"]),
        ] {
            assert_eq!(printed(text), Ok(ports.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_port() {
        for text in [
            "",
            "/tcp",
            "80:",
            "web",
            "65536",
            "-80",
            "80-",
            "+80",
            " 80",
            "100-99",
            "80-82:80-81",
            "80:80-82",
            "::1:80:80",
            "1:2:3:4",
            "[fe80::1%eth0]:80:80",
            "[[::1]]:80:80",
            "256.1.1.1:80:80",
            "01.2.3.4:80:80",
            "1.2.3.4:80",
            "80/icmp",
            "host:80:80",
        ] {
            assert!(printed(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(
            host in proptest::option::of(prop_oneof![Just("127.0.0.1"), Just("::1"), Just("fe80::2")]),
            published in proptest::option::of(0_u16..),
            target in 0_u16..,
            protocol in prop_oneof![Just("tcp"), Just("udp"), Just("sctp")],
        ) {
            let port = ShortPort {
                host_ip: host.map(str::to_owned),
                published: published.map(|port| port.to_string()),
                target,
                protocol,
            };
            prop_assert_eq!(parse(&port.to_string()), Ok(vec![port]));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9:.\\[\\]/a-z-]{0,24}|.{0,12}") {
            let _ = parse(&text);
        }
    }
}

//! Devices of the host: `SOURCE[:TARGET[:PERMISSIONS]]`.

use super::Malformed;

/// A device as the short syntax can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShortDevice<'a> {
    /// The host's path.
    pub(crate) source: &'a str,
    /// The container's path.
    pub(crate) target: &'a str,
    /// `r`, `w`, `m`.
    pub(crate) permissions: &'a str,
}

/// Reads a device; the container's path is the host's and everything is allowed unless it says otherwise.
pub(crate) fn parse(text: &str) -> Result<ShortDevice<'_>, Malformed> {
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().filter(|target| !target.is_empty()).unwrap_or(source);
    let permissions = parts.next().unwrap_or("rwm");
    if parts.next().is_some() {
        return Err(Malformed::new(
            format!("`{text}` has too many parts for a device"),
            "use the long form: source, target, permissions",
        ));
    }
    Ok(ShortDevice {
        source,
        target,
        permissions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_what_is_left_out() {
        for (text, source, target, permissions) in [
            ("/dev/a", "/dev/a", "/dev/a", "rwm"),
            ("/dev/a:/dev/b", "/dev/a", "/dev/b", "rwm"),
            ("/dev/a:/dev/b:r", "/dev/a", "/dev/b", "r"),
            ("/dev/a::r", "/dev/a", "/dev/a", "r"),
            ("vendor.com/gpu=0", "vendor.com/gpu=0", "vendor.com/gpu=0", "rwm"),
        ] {
            let device = ShortDevice {
                source,
                target,
                permissions,
            };
            assert_eq!(parse(text), Ok(device), "{text}");
        }
        assert!(parse("a:b:c:d").is_err());
    }
}

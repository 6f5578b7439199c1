//! Lines of `/etc/hosts`: `NAME=ADDRESS` or `NAME:ADDRESS`, several addresses parted by commas.

use super::Malformed;

const HELP: &str = "write NAME=ADDRESS";

/// A name and its addresses. The first `=` parts them, else the first colon.
pub(crate) fn parse(text: &str) -> Result<(&str, Vec<String>), Malformed> {
    let (name, addresses) = text
        .split_once('=')
        .or_else(|| text.split_once(':'))
        .ok_or_else(|| Malformed::new(format!("the extra host `{text}` has no address"), HELP))?;
    Ok((name, addresses.split(',').map(str::to_owned).collect()))
}

/// The name, if it can stand in a hosts file.
pub(crate) fn check_name(name: &str) -> Result<(), Malformed> {
    if name.is_empty() || name.contains([':', '=']) {
        return Err(Malformed::new(format!("`{name}` is no host name"), HELP));
    }
    Ok(())
}

/// An address without the brackets that IPv6 may have.
pub(crate) fn bare_address(address: &str) -> &str {
    address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|bare| !bare.is_empty())
        .unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_name_and_addresses() {
        assert_eq!(parse("a=1.2.3.4,::1"), Ok(("a", vec!["1.2.3.4".to_owned(), "::1".to_owned()])));
        assert_eq!(parse("a:::1"), Ok(("a", vec!["::1".to_owned()])));
        assert!(parse("a").is_err());
        assert_eq!(bare_address("[::1]"), "::1");
        assert_eq!(bare_address("[::1"), "[::1");
        assert!(check_name("").is_err());
    }
}

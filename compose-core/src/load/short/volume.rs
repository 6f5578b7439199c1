//! Mounts: `[SOURCE:]TARGET[:OPTIONS]`, with Windows drives in either path.

use super::Malformed;
use crate::source::clean;
use std::path::Path;

/// A mount as the short syntax can say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShortVolume {
    /// A path or the name of a volume.
    pub(crate) source: Option<String>,
    /// The path in the container.
    pub(crate) target: String,
    /// The container may not write.
    pub(crate) read_only: bool,
    /// Mount propagation.
    pub(crate) propagation: Option<String>,
    /// `z` or `Z`.
    pub(crate) selinux: Option<String>,
    /// The image's content is not copied into the volume.
    pub(crate) nocopy: bool,
    /// What is mounted.
    pub(crate) kind: ShortKind,
}

/// What a short mount is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ShortKind {
    /// A path of the host.
    Bind,
    /// A volume, named or anonymous.
    #[default]
    Volume,
    /// A target of one or two characters, which the reference leaves without options.
    TinyTarget,
}

const HELP: &str = "write [SOURCE:]TARGET[:OPTIONS], or use the long form";

/// Reads a mount.
pub(crate) fn parse(text: &str) -> Result<ShortVolume, Malformed> {
    if text.is_empty() {
        return Err(Malformed::new("a mount must not be empty", HELP));
    }
    if text.len() <= 2 {
        return Ok(ShortVolume {
            target: clean_target(text),
            kind: ShortKind::TinyTarget,
            ..ShortVolume::default()
        });
    }
    let mut volume = fields(text)?;
    let is_path = volume.source.as_deref().is_some_and(is_path);
    volume.kind = if is_path { ShortKind::Bind } else { ShortKind::Volume };
    volume.target = clean_target(&volume.target);
    Ok(volume)
}

/// Source, target and options, parted at the colons that belong to no drive and no `${…}`.
fn fields(text: &str) -> Result<ShortVolume, Malformed> {
    let mut volume = ShortVolume::default();
    let mut options = None;
    let sections = sections(text);
    let last = sections.len() - 1;
    for (index, section) in sections.into_iter().enumerate() {
        if section.is_empty() {
            return Err(Malformed::new(format!("an empty section between colons in `{text}`"), HELP));
        }
        if volume.source.is_none() && index == last {
            section.clone_into(&mut volume.target);
        } else if volume.source.is_none() {
            volume.source = Some(section.to_owned());
        } else if volume.target.is_empty() {
            section.clone_into(&mut volume.target);
        } else if index == last {
            options = Some(section);
        } else {
            return Err(Malformed::new(format!("too many colons in `{text}`"), HELP));
        }
    }
    for option in options.into_iter().flat_map(|options| options.split(',')) {
        apply(&mut volume, option);
    }
    Ok(volume)
}

fn sections(text: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let (mut start, mut depth) = (0, 0_u32);
    for (index, c) in text.char_indices() {
        match c {
            '$' if text[index + 1..].starts_with('{') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && !is_drive(&text[start..index]) => {
                sections.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    sections.push(&text[start..]);
    sections
}

/// Options that nobody knows are passed over, as the reference does.
fn apply(volume: &mut ShortVolume, option: &str) {
    match option {
        "ro" => volume.read_only = true,
        "rw" => volume.read_only = false,
        "nocopy" => volume.nocopy = true,
        "z" | "Z" => volume.selinux = Some(option.to_owned()),
        "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => volume.propagation = Some(option.to_owned()),
        _ => {}
    }
}

/// Whether a source means a path of the host: `./x`, `/x`, `~/x`, `\\server\share`, `C:\x`.
fn is_path(source: &str) -> bool {
    if source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") {
        return true;
    }
    source.split_once(':').is_some_and(|(drive, _)| is_drive(drive))
}

fn is_drive(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

/// A target without `.`, `..` and doubled slashes.
pub(crate) fn clean_target(target: &str) -> String {
    if target.is_empty() {
        return String::new();
    }
    clean(Path::new(target)).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Kind, source, target and options, for tables.
    fn read(text: &str) -> Result<String, String> {
        let volume = parse(text).map_err(|malformed| malformed.what)?;
        let mut out = format!("{:?} {} {}", volume.kind, volume.source.as_deref().unwrap_or("-"), volume.target);
        for option in [
            volume.read_only.then_some("ro"),
            volume.nocopy.then_some("nocopy"),
            volume.selinux.as_deref(),
            volume.propagation.as_deref(),
        ] {
            out += &option.map(|option| format!(" {option}")).unwrap_or_default();
        }
        Ok(out)
    }

    #[test]
    fn reads_every_form() {
        for (text, expected) in [
            ("/data", "Volume - /data"),
            ("a", "TinyTarget - a"),
            ("/a", "TinyTarget - /a"),
            ("db:/var/../lib/", "Volume db /lib"),
            ("db:/lib:ro,nocopy", "Volume db /lib ro nocopy"),
            ("./a:/b:ro,z", "Bind ./a /b ro z"),
            ("/a/../b:/c:rslave,rw", "Bind /a/../b /c rslave"),
            ("~/a:/b:cached", "Bind ~/a /b"),
            ("v:/v", "Volume - v:/v"),
            ("v:/v:ro", "Bind v:/v ro"),
            ("C:\\a:D:\\b:ro", "Bind C:\\a D:\\b ro"),
            ("\\\\server\\share:/x", "Bind \\\\server\\share /x"),
            ("${A:-x}:/b", "Volume ${A:-x} /b"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_mount() {
        for text in ["", "./a::/x", ":/x", "/foo:/foo:ro:foo", "./a:/b:"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_is_put_together(
            source in "(/[a-z]{2,5}|\\./[a-z]{1,4}|[a-z]{2,5})",
            target in "/[a-z]{2,5}",
            read_only: bool,
        ) {
            let volume = parse(&format!("{source}:{target}{}", if read_only { ":ro" } else { "" })).expect("well formed");
            prop_assert_eq!(volume.source, Some(source));
            prop_assert_eq!(volume.target, target);
            prop_assert_eq!(volume.read_only, read_only);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-zA-Z:/.\\\\$\\{\\},]{0,16}|.{0,10}") {
            let _ = parse(&text);
        }
    }
}

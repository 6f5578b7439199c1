//! Paths become absolute, or start at another folder when an extended or included file is rebased.

use super::defaults::{child, items, values};
use super::report::Report;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Mapping, Node, ResourceReader, Value, clean};
use std::path::{Path, PathBuf};

/// Where relative paths start.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    /// The folder that stands for `.`; relative itself when a file is rebased.
    pub(crate) folder: &'a Path,
    /// What `~` stands for; paths keep their `~` without it.
    pub(crate) home: Option<&'a str>,
    /// Resolves symbolic links of watched paths, once they are absolute.
    pub(crate) reader: &'a dyn ResourceReader,
}

/// Resolves every path of a canonical model.
pub(crate) fn resolve_paths(model: &mut Node, base: Base<'_>) -> Diagnostics {
    let mut report = Report::default();
    report.within("services", |report| {
        let services = child(model, "services").and_then(Node::as_mapping_mut);
        for (name, entry) in services.into_iter().flat_map(Mapping::iter_mut) {
            report.within(name, |report| service(&mut entry.node, base, report));
        }
    });
    for section in ["configs", "secrets"] {
        for resource in values(model, section) {
            edit(child(resource, "file"), |path| base.host_path(path));
        }
    }
    for volume in values(model, "volumes") {
        local_volume(volume, base);
    }
    report.finish()
}

fn service(service: &mut Node, base: Base<'_>, report: &mut Report) {
    if let Some(build) = child(service, "build") {
        edit(child(build, "context"), |path| base.context(path));
        for key in ["additional_contexts", "ssh"] {
            for node in values(build, key) {
                edit(
                    Some(node),
                    |path| if key == "ssh" { base.host_path(path) } else { base.context(path) },
                );
            }
        }
    }
    for file in items(child(service, "env_file")) {
        edit(child(file, "path"), |path| base.path(path));
    }
    for file in items(child(service, "label_file")) {
        edit(Some(file), |path| base.path(path));
    }
    if let Some(extends) = child(service, "extends") {
        edit(child(extends, "file"), |path| base.path(path));
    }
    if let Some(develop) = child(service, "develop") {
        for rule in items(child(develop, "watch")) {
            edit(child(rule, "path"), |path| base.without_links(&base.path(path)));
        }
    }
    report.within("volumes", |report| {
        for (index, mount) in items(child(service, "volumes")).enumerate() {
            report.within(index, |report| self::mount(mount, base, report));
        }
    });
}

/// Only binds have a path of the host.
fn mount(mount: &mut Node, base: Base<'_>, report: &mut Report) {
    if mount.get("type").and_then(Node::as_str) != Some("bind") {
        return;
    }
    let span = mount.span;
    match child(mount, "source") {
        Some(source) if source.as_str().is_some() => edit(Some(source), |path| base.host_path(path)),
        Some(source) => report.error(Code::WrongType, source.span, "the source of a bind must be a path"),
        None => report.push(
            Diagnostic::error(Code::MissingKey, "a bind needs a `source`")
                .at(span)
                .help("name the host's file or folder in `source`, or use `type: volume`"),
        ),
    }
}

/// A volume of driver `local` with `o: bind` has a path of the host as its device.
fn local_volume(volume: &mut Node, base: Base<'_>) {
    if volume.get("driver").and_then(Node::as_str) != Some("local") {
        return;
    }
    let Some(options) = child(volume, "driver_opts") else {
        return;
    };
    if options.get("o").and_then(Node::as_str) == Some("bind") {
        edit(child(options, "device"), |path| base.host_path(path));
    }
}

fn edit(node: Option<&mut Node>, change: impl FnOnce(&str) -> String) {
    if let Some(Value::String(text)) = node.map(|node| &mut node.value) {
        *text = change(text);
    }
}

impl Base<'_> {
    /// A path of this machine; an empty one stays empty.
    fn path(self, text: &str) -> String {
        let path = self.with_home(text);
        if path.is_empty() || path.starts_with('/') {
            return path;
        }
        self.join(&path)
    }

    /// A path of the engine's machine, which may be a Windows one.
    fn host_path(self, text: &str) -> String {
        let path = self.with_home(text);
        if path.starts_with('/') || is_windows_absolute(&path) {
            return path;
        }
        self.join(&path)
    }

    /// A build's context: a folder, a URL or another service's image.
    fn context(self, text: &str) -> String {
        if is_remote_context(text) {
            text.to_owned()
        } else {
            self.path(text)
        }
    }

    fn join(self, path: &str) -> String {
        into_text(clean(&self.folder.join(path)))
    }

    fn with_home(self, text: &str) -> String {
        match (text.strip_prefix('~'), self.home) {
            (Some(rest), Some(home)) => into_text(clean(Path::new(&format!("{home}/{rest}")))),
            _ => text.to_owned(),
        }
    }

    /// The path with its first symbolic link replaced by what that leads to. A relative one stays: it
    /// says where it leads once the folder that it starts at is known.
    fn without_links(self, path: &str) -> String {
        let full = Path::new(path);
        if !full.is_absolute() {
            return path.to_owned();
        }
        let mut above: Vec<&Path> = full.ancestors().collect();
        above.reverse();
        for part in above {
            let resolved = self.reader.resolve(part);
            if resolved != part {
                let rest = full.strip_prefix(part).unwrap_or(Path::new(""));
                return into_text(if rest.as_os_str().is_empty() {
                    resolved
                } else {
                    resolved.join(rest)
                });
            }
        }
        path.to_owned()
    }
}

fn into_text(path: PathBuf) -> String {
    path.into_os_string()
        .into_string()
        .unwrap_or_else(|raw| raw.to_string_lossy().into_owned())
}

/// Whether a context is no folder of this machine.
pub(crate) fn is_remote_context(text: &str) -> bool {
    text.contains("://") || text.starts_with("service:") || text.starts_with("github.com/") || text.starts_with("git@")
}

/// `C:\x`, `C:/x` or `\\server\share`.
fn is_windows_absolute(path: &str) -> bool {
    let slash = |byte: Option<&u8>| matches!(byte, Some(b'\\' | b'/'));
    let bytes = path.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':') {
        return slash(bytes.get(2));
    }
    let Some(share) = path.strip_prefix("\\\\") else {
        return false;
    };
    let mut parts = share.splitn(2, ['\\', '/']);
    let named = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    named(parts.next()) && named(parts.next())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{error_messages, flow, parse};
    use super::*;
    use crate::load::Loader;
    use crate::source::{MemoryReader, PathKind};

    fn resolved(text: &str, folder: &str) -> Result<String, Vec<String>> {
        let mut model = parse(text);
        let base = Base {
            folder: Path::new(folder),
            home: Some("/home/me"),
            reader: &MemoryReader::new(),
        };
        let found = resolve_paths(&mut model, base);
        if found.has_errors() {
            return Err(error_messages(&found));
        }
        Ok(flow(&model))
    }

    #[test]
    fn each_attribute_by_its_own_rule() {
        for (before, after) in [
            ("build: {context: ./x/..}", "{build: {context: /p}}"),
            ("build: {context: 'https://a/b.git'}", "{build: {context: 'https://a/b.git'}}"),
            (
                "build: {additional_contexts: {a: b, c: 'docker-image://d', s: 'service:t'}}",
                "{build: {additional_contexts: {a: /p/b, c: 'docker-image://d', s: 'service:t'}}}",
            ),
            (
                "build: {ssh: {default: null, k: ~/k}}",
                "{build: {ssh: {default: null, k: /home/me/k}}}",
            ),
            ("env_file: [{path: a}, {path: ''}]", "{env_file: [{path: /p/a}, {path: ''}]}"),
            ("label_file: [../l]", "{label_file: [/l]}"),
            ("develop: {watch: [{path: src}]}", "{develop: {watch: [{path: /p/src}]}}"),
            ("volumes: [{type: bind, source: ''}]", "{volumes: [{type: bind, source: /p}]}"),
            (
                "volumes: [{type: bind, source: 'C:\\x'}]",
                "{volumes: [{type: bind, source: 'C:\\x'}]}",
            ),
            (
                "volumes: [{type: bind, source: '\\\\s\\x'}]",
                "{volumes: [{type: bind, source: '\\\\s\\x'}]}",
            ),
            (
                "volumes: [{type: bind, source: /a/../b}]",
                "{volumes: [{type: bind, source: /a/../b}]}",
            ),
            ("volumes: [{type: volume, source: a}]", "{volumes: [{type: volume, source: a}]}"),
            ("volumes: ['${A}:/b']", "{volumes: ['${A}:/b']}"),
        ] {
            assert_eq!(
                resolved(&format!("services: {{s: {{{before}}}}}"), "/p"),
                Ok(format!("{{services: {{s: {after}}}}}")),
                "{before}"
            );
        }
    }

    #[test]
    fn shared_resources_have_paths_too() {
        let text = "{volumes: {a: {driver: local, driver_opts: {o: bind, device: ./d}}, b: null, \
                    c: {driver_opts: {o: bind, device: ./d}}}, secrets: {s: {file: s}}, configs: {c: {file: /c}}}";
        let after = "{volumes: {a: {driver: local, driver_opts: {o: bind, device: /p/d}}, b: null, \
                     c: {driver_opts: {o: bind, device: ./d}}}, secrets: {s: {file: /p/s}}, configs: {c: {file: /c}}}";
        assert_eq!(resolved(text, "/p"), Ok(after.to_owned()));
    }

    #[test]
    fn a_relative_folder_rebases() {
        let text = "{services: {s: {build: {context: ../x}}}}";
        assert_eq!(resolved(text, "sub"), Ok("{services: {s: {build: {context: x}}}}".to_owned()));
    }

    /// Refuses to be asked about paths that depend on where the process stands.
    struct AbsoluteOnly(MemoryReader);

    impl ResourceReader for AbsoluteOnly {
        fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
            assert!(path.is_absolute(), "{} is relative", path.display());
            self.0.read(path)
        }

        fn kind(&self, path: &Path) -> PathKind {
            assert!(path.is_absolute(), "{} is relative", path.display());
            self.0.kind(path)
        }

        fn resolve(&self, path: &Path) -> PathBuf {
            assert!(path.is_absolute(), "{} is relative", path.display());
            path.to_owned()
        }
    }

    #[test]
    fn no_file_is_asked_for_by_a_relative_path() {
        let file = "services: {base: {image: x, env_file: e, label_file: l, develop: {watch: [{path: ./src, action: rebuild}]}}}";
        let files = MemoryReader::new()
            .with(
                "/p/compose.yaml",
                "include: [inc/i.yaml]\nservices: {a: {extends: {file: sub/x.yaml, service: base}}}",
            )
            .with("/p/sub/x.yaml", file)
            .with("/p/sub/e", "A=b")
            .with("/p/sub/l", "a=b")
            .with("/p/inc/i.yaml", file)
            .with("/p/inc/e", "A=b")
            .with("/p/inc/l", "a=b");
        let loaded = Loader::new("/p").reader(AbsoluteOnly(files)).load().expect("it loads");
        let watched = |service: &str| {
            let develop = loaded.project.services[service].develop.as_ref();
            develop.map(|develop| develop.watch[0].path.clone())
        };
        assert_eq!(watched("a").as_deref(), Some("/p/sub/src"));
        assert_eq!(watched("base").as_deref(), Some("/p/inc/src"));
    }

    #[test]
    fn a_bind_without_a_source_is_refused() {
        assert_eq!(
            resolved("services: {s: {volumes: [{type: bind, target: /x}]}}", "/p"),
            Err(vec!["services.s.volumes[0]: a bind needs a `source`".to_owned()])
        );
    }
}

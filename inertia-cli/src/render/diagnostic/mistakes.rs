//! What people see for the mistakes they make, from the files to the terminal. Every snapshot was read
//! with a stranger's eyes: is this the place, and is the next step clear?

mod attributes;
mod files;
mod project;
mod references;
mod resources;
mod values;
mod variables;
mod warnings;
mod yaml;

use super::{View, text};
use compose_core::load::{Loader, Stage, Stages};
use compose_core::source::MemoryReader;
use std::path::Path;

/// What is shown for a project with a mistake. The first file is the compose file; each further one
/// begins with a line of its path: `=== .env`.
fn shown(files: &str) -> String {
    report(&loader(files).stages(Stages::ALL.without(Stage::Advice)))
}

/// The loader of such files, in `/srv/shop`.
fn loader(files: &str) -> Loader {
    let mut texts = files.split("=== ");
    let compose = texts.next().unwrap_or_default();
    let mut reader = MemoryReader::new();
    if !compose.is_empty() {
        reader = reader.with("/srv/shop/compose.yaml", compose);
    }
    for text in texts {
        let (path, text) = text.split_once('\n').expect("a path stands alone on its line");
        reader = reader.with(Path::new("/srv/shop").join(path), text);
    }
    Loader::new("/srv/shop").reader(reader)
}

/// What is shown for what a loader finds.
fn report(loader: &Loader) -> String {
    let view = View {
        cwd: Path::new("/srv/shop"),
        colored: false,
    };
    match loader.load() {
        Err(error) => text(&error.diagnostics, &error.sources, view),
        Ok(loaded) if loaded.warnings.is_empty() => panic!("nothing is wrong"),
        Ok(loaded) => text(&loaded.warnings, &loaded.sources, view),
    }
}

/// A snapshot test for each mistake: the files and what is shown.
macro_rules! mistakes {
    ($show:path; $($name:ident: $files:expr;)+) => {
        $(
            #[test]
            fn $name() {
                let files = $files;
                insta::assert_snapshot!(format!("{files}\n────────\n{}", $show(files)));
            }
        )+
    };
}
use mistakes;

#[test]
fn a_thousand_findings_are_all_shown() {
    let services: Vec<String> = (0..1000).map(|number| format!("  s{number}:\n    imgae: x")).collect();
    let all = shown(&format!("services:\n{}\n", services.join("\n")));
    assert_eq!(all.matches("did you mean `image`?").count(), 1000);
}

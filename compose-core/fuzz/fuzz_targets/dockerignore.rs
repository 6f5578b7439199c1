//! Any text as `.dockerignore`: the first line is a path to judge, the rest are the patterns.
#![no_main]

use compose_core::build::ignore::Ignore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (path, patterns) = data.split_once('\n').unwrap_or(("a/b", data));
    let Ok(ignore) = Ignore::parse(patterns) else { return };
    let ignored = ignore.ignores(path);
    if let Some((folder, _)) = path.rsplit_once('/')
        && ignore.prunes(folder)
        && ignore.ignores(folder)
    {
        assert!(ignored, "what is below a folder that is left out is left out");
    }
});

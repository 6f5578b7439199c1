//! Any bytes as a file of variables, in both formats.
#![no_main]

use compose_core::diagnostic::Diagnostics;
use compose_core::model::StringMap;
use compose_core::source::{EnvFile, EnvFormat, SourceMap};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    for format in [EnvFormat::Compose, EnvFormat::Raw] {
        let file = EnvFile {
            path: Path::new("/.env"),
            bytes: data,
            format,
        };
        let (mut known, mut sources, mut found) = (StringMap::new(), SourceMap::default(), Diagnostics::new());
        file.read_into(
            &mut known,
            &|name| (name == "OUTER").then(|| "outer".to_owned()),
            &mut sources,
            &mut found,
        );
        for span in found.iter().filter_map(|finding| finding.span) {
            let text = &sources.file(span.source).text;
            assert!(
                text.get(span.start as usize..span.end as usize).is_some(),
                "{span:?} lies in the text"
            );
        }
        assert!(known.keys().all(|name| !name.contains('=')), "a name ends at `=`");
    }
});

//! A whole project: files in one text, separated by lines of `%%%`: the compose file, an override,
//! a file to extend or include, `.env`.
#![no_main]

use compose_core::hash::config_hash;
use compose_core::load::{Loader, Stage, Stages};
use compose_core::print;
use compose_core::source::MemoryReader;
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 4] = ["/p/compose.yaml", "/p/compose.override.yaml", "/p/base.yaml", "/p/.env"];

fuzz_target!(|data: &str| {
    let texts = data.split("\n%%%\n").zip(FILES);
    let reader = texts.fold(MemoryReader::new(), |reader, (text, path)| reader.with(path, text));
    let loader = Loader::new("/p").reader(reader).variable("HOME", "/home/user");
    match loader.load() {
        Ok(loaded) => {
            let _ = (print::yaml(&loaded.project), print::json(&loaded.project));
            for service in loaded.project.services.values() {
                let _ = config_hash(service);
            }
        }
        Err(refused) => {
            assert!(refused.diagnostics.has_errors(), "a refusal says why");
            for span in refused.diagnostics.iter().filter_map(|finding| finding.span) {
                let _ = refused.sources.place(span);
            }
        }
    }
    let raw = Stages::ALL.without(Stage::Interpolation);
    if let Ok(loaded) = loader.stages(raw).load_tree() {
        let _ = (print::raw_yaml(&loaded.tree), print::raw_json(&loaded.tree));
    }
});

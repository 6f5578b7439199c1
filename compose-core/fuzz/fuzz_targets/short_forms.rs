//! Any text as a duration, a size, and the short form that the first byte chooses.
#![no_main]

use compose_core::load::Loader;
use compose_core::model::{ByteSize, Duration};
use compose_core::print;
use compose_core::source::MemoryReader;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// How many attributes there are to choose from.
const FORMS: u8 = 14;
const DEVICES: u8 = 2;
const HOSTS: u8 = 4;

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if let Ok(duration) = text.parse::<Duration>() {
        assert_eq!(duration.to_string().parse(), Ok(duration), "a printed duration reads back");
    }
    if let Ok(size) = text.parse::<ByteSize>()
        && size.0 >= 0
    {
        assert_eq!(size.to_string().parse(), Ok(size), "a printed size reads back");
    }
    if reads_back_differently(*choice, text) {
        return;
    }
    let reader = MemoryReader::new().with("/p/compose.yaml", compose(*choice, text).to_string());
    if let Ok(loaded) = Loader::new("/p").reader(reader).load() {
        let printed = print::yaml(&loaded.project);
        let reader = MemoryReader::new().with("/p/compose.yaml", printed.as_str());
        let again = Loader::new("/p").reader(reader).load().expect("what is printed loads");
        assert_eq!(print::yaml(&again.project), printed, "what is printed is what was meant");
    }
});

/// What Docker Compose takes and prints so that it cannot read it again, and we with it: devices and
/// network modes that are empty, empty keys, a key that means a merge, a host's addresses that repeat,
/// dollars of keys.
fn reads_back_differently(choice: u8, text: &str) -> bool {
    let empty_device = choice % FORMS == DEVICES && text.split(':').any(str::is_empty);
    let addresses = choice % FORMS == HOSTS && text.contains(',');
    let merges = text.split('=').next() == Some("<<");
    text.contains('$') || text.is_empty() || text.starts_with('=') || merges || empty_device || addresses
}

/// A model with the text in one place.
fn compose(choice: u8, text: &str) -> Value {
    let attribute = match choice % FORMS {
        0 => json!({ "ports": [text] }),
        1 => json!({ "volumes": [text] }),
        DEVICES => json!({ "devices": [text] }),
        3 => json!({ "command": text }),
        HOSTS => json!({ "extra_hosts": [text] }),
        5 => json!({ "stop_grace_period": text }),
        6 => json!({ "mem_limit": text }),
        7 => json!({ "environment": [text] }),
        8 => json!({ "expose": [text] }),
        9 => json!({ "tmpfs": text }),
        10 => json!({ "build": { "context": text, "args": [text], "tags": [text] } }),
        11 => json!({ "healthcheck": { "test": text, "interval": text } }),
        12 => json!({ "network_mode": text }),
        _ => json!({ "configs": [{ "source": "c", "mode": text }] }),
    };
    let mut service = json!({ "image": "x" });
    let merged = service.as_object_mut().expect("it is an object");
    merged.extend(attribute.as_object().expect("it is one too").clone());
    json!({ "services": { "a": service }, "configs": { "c": { "content": "c" } } })
}

//! Takes findings apart: every mistake of a file at once, each with its code, place and next step:
//!
//! ```text
//! cargo run -p compose-core --no-default-features --example show_findings
//! ```
#![expect(clippy::print_stdout, reason = "an example says what it found")]

use compose_core::load::Loader;
use compose_core::source::MemoryReader;

const MISTAKES: &str = "
services:
  web:
    imgae: nginx
    ports: 80
  api:
    image: api:${TAG:?say which}
";

fn main() {
    let files = MemoryReader::new().with("/srv/shop/compose.yaml", MISTAKES);
    let Err(refused) = Loader::new("/srv/shop").reader(files).load() else {
        return println!("nothing is wrong");
    };
    for finding in &refused.diagnostics {
        println!("{:?} {}: {}", finding.severity, finding.code, finding.message);
        if let Some(span) = finding.span {
            println!("  at {}", refused.sources.place(span));
        }
        for (span, note) in &finding.related {
            println!("  {note}: {}", refused.sources.place(*span));
        }
        for note in &finding.notes {
            println!("  {note}");
        }
        if let Some(help) = &finding.help {
            println!("  help: {help}");
        }
    }
}

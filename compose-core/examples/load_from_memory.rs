//! Loads a project whose files never touch a disk, with variables of the caller's choice:
//!
//! ```text
//! cargo run -p compose-core --no-default-features --example load_from_memory
//! ```
#![expect(clippy::print_stdout, reason = "an example says what it found")]

use compose_core::load::{LoadError, Loader};
use compose_core::print;
use compose_core::source::MemoryReader;

const COMPOSE: &str = "
services:
  web:
    image: nginx:${TAG:-stable}
    ports: [\"8080:80\"]
    depends_on: [db]
  db:
    image: postgres:17
    env_file: db.env
";

fn main() -> Result<(), LoadError> {
    let files = MemoryReader::new()
        .with("/srv/shop/compose.yaml", COMPOSE)
        .with("/srv/shop/db.env", "POSTGRES_DB=shop\n");
    // The folder gives the project its name; nothing is read but what the reader holds.
    let loaded = Loader::new("/srv/shop").reader(files).variable("TAG", "1.29").load()?;
    print!("{}", print::yaml(&loaded.project));
    Ok(())
}

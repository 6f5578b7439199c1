//! What people see for the mistakes they make, from the file to the terminal.

use super::{View, text};
use compose_core::load::Loader;
use compose_core::source::MemoryReader;
use std::path::Path;

/// What is shown for a compose file with a mistake.
fn shown(compose: &str) -> String {
    let reader = MemoryReader::new().with("/srv/shop/compose.yaml", compose).with(
        "/srv/base.yaml",
        "services:\n  base:\n    image: nginx\n    extends:\n      file: shop/compose.yaml\n      service: web\n",
    );
    let view = View {
        cwd: Path::new("/srv/shop"),
        colored: false,
    };
    match Loader::new("/srv/shop").reader(reader).load() {
        Err(error) => text(&error.diagnostics, &error.sources, view),
        Ok(loaded) if loaded.warnings.is_empty() => panic!("nothing is wrong with\n{compose}"),
        Ok(loaded) => text(&loaded.warnings, &loaded.sources, view),
    }
}

macro_rules! mistakes {
    ($($name:ident: $compose:expr;)+) => {
        $(
            #[test]
            fn $name() {
                let compose = $compose;
                insta::assert_snapshot!(format!("{compose}\n────────\n{}", shown(compose)));
            }
        )+
    };
}

mistakes! {
    unknown_attribute: "services:\n  web:\n    imgae: nginx\n";
    unknown_section: "service:\n  web:\n    image: nginx\n";
    neither_image_nor_build: "services:\n  web:\n    restart: always\n";
    undefined_network: "services:\n  web:\n    image: nginx\n    networks: [frontend]\nnetworks:\n  front: {}\n";
    undefined_volume: "services:\n  web:\n    image: nginx\n    volumes:\n      - date:/data\nvolumes:\n  data: {}\n";
    undefined_dependency: "services:\n  web:\n    image: nginx\n    depends_on: [bd]\n  db:\n    image: postgres\n";
    dependency_cycle: "services:\n  a:\n    image: x\n    depends_on: [b]\n  b:\n    image: x\n    depends_on: [a]\n";
    undefined_secret: "services:\n  web:\n    image: nginx\n    secrets: [token]\n";
    bad_port: "services:\n  web:\n    image: nginx\n    ports:\n      - \"80:http\"\n";
    port_out_of_range: "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080:70000\"\n";
    bad_duration: "services:\n  web:\n    image: nginx\n    stop_grace_period: 10\n";
    bad_size: "services:\n  web:\n    image: nginx\n    mem_limit: lots\n";
    wrong_type: "services:\n  web:\n    image: nginx\n    ports: 80\n";
    number_for_text: "services:\n  web:\n    image: nginx\n    hostname: 12\n";
    tab_in_indentation: "services:\n  web:\n\timage: nginx\n";
    unclosed_quote: "services:\n  web:\n    image: \"nginx\n";
    duplicate_key: "services:\n  web:\n    image: nginx\n    image: apache\n";
    duplicate_service: "services:\n  web:\n    image: nginx\n  web:\n    image: apache\n";
    unset_variable: "services:\n  web:\n    image: nginx:${TAG}\n";
    required_variable: "services:\n  web:\n    image: nginx:${TAG:?say which}\n";
    malformed_variable: "services:\n  web:\n    image: nginx:${TAG\n";
    bad_dollar: "services:\n  web:\n    image: nginx\n    command: echo ${}\n";
    extends_nothing: "services:\n  web:\n    extends: bas\n  base:\n    image: nginx\n";
    extends_in_a_circle: "services:\n  web:\n    extends:\n      file: ../base.yaml\n      service: base\n";
    extends_a_missing_file: "services:\n  web:\n    extends:\n      file: nowhere.yaml\n      service: base\n";
    missing_env_file: "services:\n  web:\n    image: nginx\n    env_file: prod.env\n";
    included_file_is_missing: "include:\n  - db.yaml\nservices:\n  web:\n    image: nginx\n";
    bad_restart_condition: "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n        condition: healthy\n  db:\n    image: postgres\n";
    bad_project_name: "name: \"!!\"\nservices:\n  web:\n    image: nginx\n";
    network_mode_and_networks: "services:\n  web:\n    image: nginx\n    network_mode: host\n    networks: [front]\nnetworks:\n  front: {}\n";
    anchor_without_definition: "services:\n  web:\n    image: nginx\n    environment: *defaults\n";
    several_at_once: "services:\n  web:\n    imgae: nginx\n    ports: 80\n  db:\n    image: postgres\n    restrat: always\n";
    obsolete_version: "version: '3'\nservices:\n  web:\n    image: nginx\n";
    empty_file: "# nothing yet\n";
    a_list_instead_of_a_mapping: "- services\n";
}

//! Names of what does not exist.

use super::{mistakes, shown};

mistakes! { shown;
    folder_without_a_dot: "services:\n  web:\n    image: nginx\n    volumes:\n      - data/web:/data\nvolumes:\n  data: {}\n";
    itself_with_a_slip: "services:\n  api-back:\n    image: nginx\n    depends_on: [api-bac]\n";
    service_without_a_name: "services:\n  web:\n    image: nginx\n    ipc: \"service:\"\n";
    config_as_a_path: "services:\n  web:\n    image: nginx\n    configs:\n      - ./nginx.conf:/etc/nginx.conf\n";
    undefined_network: "services:\n  web:\n    image: nginx\n    networks: [frontend]\nnetworks:\n  front: {}\n";
    undefined_volume: "services:\n  web:\n    image: nginx\n    volumes:\n      - date:/data\nvolumes:\n  data: {}\n";
    undefined_secret: "services:\n  web:\n    image: nginx\n    secrets: [token]\n";
    undefined_secret_with_a_slip: "services:\n  web:\n    image: nginx\n    secrets: [tokne]\nsecrets:\n  token:\n    file: token\n";
    undefined_config: "services:\n  web:\n    image: nginx\n    configs:\n      - source: nginx_conf\n        target: /etc/nginx.conf\nconfigs:\n  nginx.conf:\n    file: nginx.conf\n";
    undefined_model: "services:\n  web:\n    image: nginx\n    models: [lama]\nmodels:\n  llama:\n    model: ai/llama\n";
    undefined_build_secret: "services:\n  web:\n    build:\n      context: .\n      secrets: [npm]\n";
    undefined_dependency: "services:\n  web:\n    image: nginx\n    depends_on: [bd]\n  db:\n    image: postgres\n";
    undefined_dependency_without_a_slip: "services:\n  web:\n    image: nginx\n    depends_on: [cache]\n";
    dependency_without_an_active_profile: "services:\n  web:\n    image: nginx\n    depends_on: [debug]\n  debug:\n    image: debug\n    profiles: [tools]\n";
    dependency_cycle: "services:\n  a:\n    image: x\n    depends_on: [b]\n  b:\n    image: x\n    depends_on: [a]\n";
    cycle_through_a_link: "services:\n  a:\n    image: x\n    links: [b]\n  b:\n    image: x\n    network_mode: service:a\n";
    link_to_nothing: "services:\n  web:\n    image: nginx\n    links: [\"data:db\"]\n  database:\n    image: postgres\n";
    network_of_an_unknown_service: "services:\n  web:\n    image: nginx\n    network_mode: service:vnp\n  vpn:\n    image: vpn\n";
    volumes_of_an_unknown_service: "services:\n  web:\n    image: nginx\n    volumes_from: [dta]\n  data:\n    image: data\n";
    context_of_an_unknown_service: "services:\n  web:\n    build:\n      context: .\n      additional_contexts:\n        base: service:bsae\n  base:\n    build: .\n";
}

//! Networks, volumes, secrets and configs.

use super::{mistakes, shown};

mistakes! { shown;
    external_volume_with_a_driver: "services:\n  web:\n    image: nginx\n    volumes: [\"data:/data\"]\nvolumes:\n  data:\n    external: true\n    driver: local\n";
    two_names_of_an_external_network: "services:\n  web:\n    image: nginx\n    networks: [front]\nnetworks:\n  front:\n    name: one\n    external:\n      name: two\n";
    secret_without_a_source: "services:\n  web:\n    image: nginx\n    secrets: [token]\nsecrets:\n  token: {}\n";
    secret_with_two_sources: "services:\n  web:\n    image: nginx\n    secrets: [token]\nsecrets:\n  token:\n    file: token.txt\n    environment: TOKEN\n";
    secret_that_is_null: "services:\n  web:\n    image: nginx\n    secrets: [token]\nsecrets:\n  token:\n";
    config_with_two_sources: "services:\n  web:\n    image: nginx\n    configs: [conf]\nconfigs:\n  conf:\n    file: conf\n    content: a=b\n";
    content_of_a_secret: "services:\n  web:\n    image: nginx\n    secrets: [token]\nsecrets:\n  token:\n    content: hunter2\n";
    bad_volume_name: "services:\n  web:\n    image: nginx\nvolumes:\n  \"my data\": {}\n";
    network_as_text: "services:\n  web:\n    image: nginx\nnetworks:\n  front: bridge\n";
    subnet_that_is_a_number: "services:\n  web:\n    image: nginx\nnetworks:\n  front:\n    ipam:\n      config:\n        - subnet: 10\n";
}

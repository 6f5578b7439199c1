//! Values of another type, or of the right one that say nothing.

use super::{mistakes, shown};

mistakes! { shown;
    number_instead_of_a_list: "services:\n  web:\n    image: nginx\n    ports: 80\n";
    text_instead_of_a_list: "services:\n  web:\n    image: nginx\n    ports: \"80:80\"\n";
    mapping_instead_of_a_list: "services:\n  web:\n    image: nginx\n    ports:\n      80: 80\n";
    list_instead_of_services: "services:\n  - web:\n      image: nginx\n";
    number_for_text: "services:\n  web:\n    image: nginx\n    hostname: 12\n";
    boolean_for_text: "services:\n  web:\n    image: nginx\n    user: true\n";
    text_for_a_boolean: "services:\n  web:\n    image: nginx\n    privileged: sometimes\n";
    date_for_text: "services:\n  web:\n    image: nginx\n    environment:\n      SINCE: 2024-01-01\n";
    null_for_a_mapping: "services:\n  web:\n    image: nginx\n    environment:\n";
    list_in_an_environment: "services:\n  web:\n    image: nginx\n    environment:\n      HOSTS: [a, b]\n";
    bad_port: "services:\n  web:\n    image: nginx\n    ports:\n      - \"80:http\"\n";
    port_out_of_range: "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080:70000\"\n";
    port_ranges_of_different_length: "services:\n  web:\n    image: nginx\n    ports:\n      - \"8000-8002:80-81\"\n";
    port_without_a_target: "services:\n  web:\n    image: nginx\n    ports:\n      - published: 80\n";
    bad_host_address: "services:\n  web:\n    image: nginx\n    ports:\n      - \"300.0.0.1:80:80\"\n";
    bad_duration: "services:\n  web:\n    image: nginx\n    stop_grace_period: 10\n";
    duration_in_words: "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: \"true\"\n      interval: 5 minutes\n";
    bad_size: "services:\n  web:\n    image: nginx\n    mem_limit: lots\n";
    bad_restart_condition: "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n        condition: healthy\n  db:\n    image: postgres\n";
    unknown_pull_policy: "services:\n  web:\n    image: nginx\n    pull_policy: sometimes\n";
    bad_health_test: "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: [curl, localhost]\n";
    bad_service_name: "services:\n  \"web api\":\n    image: nginx\n";
    bad_container_name: "services:\n  web:\n    image: nginx\n    container_name: \"!\"\n";
    same_item_twice: "services:\n  web:\n    image: nginx\n    security_opt: [no-new-privileges, no-new-privileges]\n";
    percentage_out_of_range: "services:\n  web:\n    image: nginx\n    cpu_percent: 120\n";
    duration_of_a_health_check: "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: \"true\"\n      interval: 30\n";
    port_with_a_fraction: "services:\n  web:\n    image: nginx\n    ports: [80.5]\n";
    fraction_of_a_percent: "services:\n  web:\n    image: nginx\n    cpu_percent: \"12.5\"\n";
    label_without_a_name: "services:\n  web:\n    image: nginx\n    labels:\n      \"\": x\n";
    lines_for_a_list: "services:\n  web:\n    image: nginx\n    environment:\n      A=1\n      B=2\n";
    space_in_a_port: "services:\n  web:\n    image: nginx\n    ports:\n      - 80: 80\n";
    space_in_a_volume: "services:\n  web:\n    image: nginx\n    volumes:\n      - ./a: /b\n";
    size_without_a_unit: "services:\n  web:\n    image: nginx\n    deploy:\n      resources:\n        limits:\n          memory: 512\n";
    slip_in_a_key_that_must_be: "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n        conditon: service_started\n  db:\n    image: x\n";
    slip_in_a_word: "services:\n  web:\n    image: nginx\n    pull_policy: allways\n";
    negative_scale: "services:\n  web:\n    image: nginx\n    scale: -1\n";
    ulimit_without_hard: "services:\n  web:\n    image: nginx\n    ulimits:\n      nofile:\n        soft: 1024\n";
    unclosed_quote_in_a_command: "services:\n  web:\n    image: nginx\n    command: echo 'hello\n";
    volume_without_a_target: "services:\n  web:\n    image: nginx\n    volumes:\n      - type: bind\n        source: ./data\n";
    volume_of_unknown_type: "services:\n  web:\n    image: nginx\n    volumes:\n      - type: folder\n        source: ./data\n        target: /data\n";
    mode_that_is_no_octal_number: "services:\n  web:\n    image: nginx\n    secrets:\n      - source: s\n        mode: rw\nsecrets:\n  s:\n    file: s\n";
}

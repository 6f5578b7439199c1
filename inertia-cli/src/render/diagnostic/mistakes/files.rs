//! Several files: overrides, `extends`, `include`.

use super::{mistakes, shown};

mistakes! { shown;
    include_without_a_path: "include:\n  - file: db.yaml\nservices:\n  web:\n    image: 5\n";
    extends_a_number: "services:\n  web:\n    extends: 5\n";
    extends_nothing: "services:\n  web:\n    extends: bas\n  base:\n    image: nginx\n";
    extends_nothing_alike: "services:\n  web:\n    extends: common\n  db:\n    image: postgres\n";
    extends_in_a_circle: "services:\n  web:\n    extends:\n      file: ../base.yaml\n      service: base\n=== ../base.yaml\nservices:\n  base:\n    image: nginx\n    extends:\n      file: shop/compose.yaml\n      service: web\n";
    extends_a_missing_file: "services:\n  web:\n    extends:\n      file: nowhere.yaml\n      service: base\n";
    extends_a_file_without_services: "services:\n  web:\n    extends:\n      file: base.yaml\n      service: base\n=== base.yaml\nvolumes: {}\n";
    extends_without_a_service: "services:\n  web:\n    extends:\n      file: base.yaml\n=== base.yaml\nservices: {}\n";
    mistake_in_an_extended_service: "services:\n  web:\n    extends:\n      file: base.yaml\n      service: app\n=== base.yaml\nservices:\n  app:\n    extends: common\n  common:\n    image: nginx\n    ports: [\"80:http\"]\n    restrat: always\n";
    undefined_in_an_extended_service: "services:\n  web:\n    extends:\n      file: base.yaml\n      service: app\n=== base.yaml\nservices:\n  app:\n    image: nginx\n    networks: [front]\nnetworks:\n  front: {}\n";
    included_file_is_missing: "include:\n  - db.yaml\nservices:\n  web:\n    image: nginx\n";
    mistake_in_an_included_file: "include:\n  - db/compose.yaml\n=== db/compose.yaml\nservices:\n  db:\n    image: postgres\n    volums: [\"data:/data\"]\n";
    includes_each_other: "include:\n  - db.yaml\nservices:\n  web:\n    image: nginx\n=== db.yaml\ninclude:\n  - compose.yaml\n";
    included_service_has_the_same_name: "include:\n  - other.yaml\nservices:\n  web:\n    image: nginx\n=== other.yaml\nservices:\n  web:\n    image: apache\n";
    include_as_text: "include: db.yaml\nservices:\n  web:\n    image: nginx\n";
    include_from_elsewhere: "include:\n  - https://example.org/db.git\nservices:\n  web:\n    image: nginx\n";
    variable_of_an_included_project: "include:\n  - db/compose.yaml\n=== db/compose.yaml\nservices:\n  db:\n    image: postgres\n    shm_size: $SIZE\n=== db/.env\nSIZE=big\n";
    override_of_another_kind: "services:\n  web:\n    image: nginx\n    cap_add:\n      - NET_ADMIN\n=== compose.override.yaml\nservices:\n  web:\n    cap_add:\n      NET_ADMIN: true\n";
    mistake_in_an_override: "services:\n  web:\n    image: nginx\n=== compose.override.yaml\nservices:\n  web:\n    image: 5\n    prots: [\"80:80\"]\n";
    mode_in_the_override: "services:\n  web:\n    image: nginx\n    networks: [front]\nnetworks:\n  front: {}\n=== compose.override.yaml\nservices:\n  web:\n    network_mode: host\n";
    mistakes_of_every_stage: "services:\n  web:\n    imagee: nginx\n    ports: [\"80:8x\"]\n    volumes: [\"dta:/data\"]\n    depends_on: [dbb]\n    environment:\n      - TOKEN=${TOKEN:?say which}\n  db:\n    image: postgres\n    scale: -1\n    stop_grace_period: soon\n    env_file: none.env\nvolumes:\n  data: {}\n";
    mistakes_in_both_files: "services:\n  web:\n    image: nginx:${TAG:?say which}\n=== compose.override.yaml\nservices:\n  web:\n    command: ${COMMAND:?and what}\n";
}

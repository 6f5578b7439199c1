//! Attributes that do not exist, or exclude each other.

use super::{mistakes, shown};

mistakes! { shown;
    keys_beside_an_empty_one: "services:\n  web:\n    image: nginx\n    healthcheck:\n    test: [CMD, \"true\"]\n    environment:\n    LEVEL: debug\n";
    attributes_beside_a_service: "services:\n  web:\n  image: nginx\n  ports: [\"80:80\"]\n";
    section_under_services: "services:\n  web:\n    image: nginx\n  volumes:\n    data: {}\n";
    anchor_of_ones_own: "common: &common\n  restart: always\nservices:\n  web:\n    image: nginx\n";
    space_that_does_not_show: "services:\n  web:\n    \u{a0}image: nginx\n";
    unknown_attribute: "services:\n  web:\n    imgae: nginx\n";
    unknown_section: "service:\n  web:\n    image: nginx\n";
    dash_instead_of_underscore: "services:\n  web:\n    image: nginx\n    container-name: web\n";
    attribute_of_docker_run: "services:\n  web:\n    image: nginx\n    publish: [\"80:80\"]\n";
    attribute_of_another_level: "services:\n  web:\n    image: nginx\n    replicas: 2\n";
    service_at_the_top: "web:\n  image: nginx\n  ports: [\"80:80\"]\n";
    unknown_key_of_a_healthcheck: "services:\n  web:\n    image: nginx\n    healthcheck:\n      test: curl localhost\n      start-period: 5s\n";
    unknown_key_of_a_build: "services:\n  web:\n    build:\n      context: .\n      docker_file: web.Dockerfile\n";
    neither_image_nor_build: "services:\n  web:\n    restart: always\n";
    service_without_anything: "services:\n  web:\n  db:\n    image: postgres\n";
    network_mode_and_networks: "services:\n  web:\n    image: nginx\n    network_mode: host\n    networks: [front]\nnetworks:\n  front: {}\n";
    two_dockerfiles: "services:\n  web:\n    build:\n      dockerfile: web.Dockerfile\n      dockerfile_inline: FROM nginx\n";
    container_name_and_scale: "services:\n  web:\n    image: nginx\n    container_name: web\n    scale: 3\n";
    container_name_twice: "services:\n  web:\n    image: nginx\n    container_name: app\n  api:\n    image: api\n    container_name: app\n";
    limits_that_disagree: "services:\n  web:\n    image: nginx\n    mem_limit: 1g\n    deploy:\n      resources:\n        limits:\n          memory: 512m\n";
    platform_that_is_not_built: "services:\n  web:\n    platform: linux/arm64\n    build:\n      context: .\n      platforms: [linux/amd64]\n";
    count_and_device_ids: "services:\n  web:\n    image: nginx\n    gpus:\n      - count: 1\n        device_ids: [\"0\"]\n";
    watch_without_a_target: "services:\n  web:\n    image: nginx\n    develop:\n      watch:\n        - path: ./src\n          action: sync\n";
    two_mounts_at_one_path: "services:\n  web:\n    image: nginx\n    tmpfs: [/cache]\n    volumes:\n      - cache:/cache\nvolumes:\n  cache: {}\n";
    several_at_once: "services:\n  web:\n    imgae: nginx\n    ports: 80\n  db:\n    image: postgres\n    restrat: always\n";
    shared_by_two_services: "x-app: &app\n  imgae: app\nservices:\n  web: *app\n  api: *app\n";
}

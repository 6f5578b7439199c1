use super::{NotAProject, load};
use crate::model::{Project, StringMap};
use crate::print;
use ::docker_compose_types::Compose;
use std::path::Path;

/// A blog: a database with a health check, a web server that waits for it, volumes and a secret.
const BLOG: &str = r#"
name: blog
services:
  db:
    image: mariadb:11
    restart: always
    environment:
      MARIADB_DATABASE: blog
      MARIADB_ROOT_PASSWORD_FILE: /run/secrets/root
    secrets: [root]
    volumes:
      - data:/var/lib/mysql
    healthcheck:
      test: ["CMD", "healthcheck.sh", "--connect"]
      interval: 5s
      retries: 10
  web:
    image: wordpress:6
    depends_on:
      db:
        condition: service_healthy
    ports:
      - "8080:80"
    environment:
      - WORDPRESS_DB_HOST=db
    volumes:
      - type: bind
        source: /srv/uploads
        target: /var/www/html/wp-content/uploads
      - type: tmpfs
        target: /tmp
        tmpfs: {size: 1048576}
    command: ["sh", "-c", "echo $$HOME"]
    ulimits:
      nofile: {soft: 1024, hard: 2048}
    mem_limit: 512m
    logging:
      driver: json-file
      options: {max-size: 10m}
volumes:
  data:
secrets:
  root:
    file: /srv/root.txt
x-owner: us
"#;

/// A worker that uses most of `deploy`, and a device.
const WORKER: &str = r#"
name: work
services:
  worker:
    build:
      context: /srv/worker
      args: {LEVEL: "3"}
      target: run
    devices: ["/dev/fuse:/dev/fuse:rwm"]
    deploy:
      mode: replicated
      replicas: 2
      labels: ["team=a"]
      resources:
        limits: {cpus: "0.5", memory: 64M}
        reservations:
          devices:
            - {capabilities: [gpu], count: all}
      restart_policy: {condition: on-failure, max_attempts: 3}
    networks:
      jobs:
        aliases: [w]
networks:
  jobs:
    driver: bridge
    ipam:
      config:
        - subnet: 10.9.0.0/24
"#;

fn theirs(text: &str) -> Compose {
    serde_yaml::from_str(text).expect("the crate reads it")
}

fn ours(text: &str) -> Project {
    Project::try_from(theirs(text)).unwrap_or_else(|error| panic!("{error}"))
}

/// What the error names, for a project of one service with these attributes.
fn refused(attributes: &str) -> String {
    let text = format!("name: shop\nservices: {{web: {{image: nginx, {attributes}}}}}\n");
    let reader = crate::source::MemoryReader::new().with("/srv/compose.yaml", text.as_str());
    let loaded = crate::load::Loader::new("/srv").reader(reader).load();
    let project = loaded.unwrap_or_else(|error| panic!("{attributes}: {error}")).project;
    match Compose::try_from(&project) {
        Ok(_) => panic!("`{attributes}` is held"),
        Err(error) => error.path,
    }
}

#[test]
fn real_files_survive_both_ways() {
    for text in [BLOG, WORKER] {
        let first = ours(text);
        let back = Compose::try_from(&first).unwrap_or_else(|error| panic!("{error}"));
        let second = Project::try_from(back).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(print::yaml(&second), print::yaml(&first));
    }
}

#[test]
fn a_value_means_what_its_text_means() {
    let project = ours(BLOG);
    let web = &project.services["web"];
    assert_eq!(web.process.command.as_deref().expect("a command")[2], "echo $HOME");
    assert_eq!(web.networking.ports[0].published.as_deref(), Some("8080"));
    assert_eq!(
        project.services["db"].process.environment["MARIADB_DATABASE"].as_deref(),
        Some("blog")
    );
    assert!(project.extensions.contains_key("x-owner"));
}

#[test]
fn what_is_not_held_is_named() {
    for (attributes, path) in [
        ("cpus: 1.5", "services.web.cpus"),
        ("platform: linux/amd64", "services.web.platform"),
        ("init: false", "services.web.init"),
        ("pull_policy: every_12h", "services.web.pull_policy"),
        ("ports: [{target: 80, name: http}]", "services.web.ports[0].name"),
        (
            "volumes: [{type: bind, source: /a, target: /b, bind: {recursive: disabled}}]",
            "services.web.volumes[0].bind",
        ),
        (
            "networks: {default: {mac_address: '02:42:ac:11:65:43'}}",
            "services.web.networks.default.mac_address",
        ),
        (
            "deploy: {resources: {limits: {pids: 3}}}",
            "services.web.deploy.resources.limits.pids",
        ),
        ("healthcheck: {test: [CMD, a], retries: 0}", "services.web.healthcheck.retries"),
        ("build: {context: /a, platforms: [linux/arm64]}", "services.web.build.platforms"),
        ("post_start: [{command: a}]", "services.web.post_start[0]"),
    ] {
        assert_eq!(refused(attributes), path, "{attributes}");
    }
}

#[test]
fn a_variable_needs_a_value() {
    let text = "name: shop\nservices: {web: {image: 'nginx:${TAG}'}}\n";
    let error = Project::try_from(theirs(text)).expect_err("TAG is not set");
    assert!(matches!(error, NotAProject::Refused(_)));
    assert!(error.to_string().contains("TAG"), "{error}");

    let variables = StringMap::from([("TAG".to_owned(), "1.27".to_owned())]);
    let loaded = load(&theirs(text), Path::new("/srv"), variables).expect("TAG is set");
    assert_eq!(loaded.project.services["web"].image.as_ref().map(AsRef::as_ref), Some("nginx:1.27"));
}

#[test]
fn paths_start_at_the_folder() {
    let text = "name: shop\nservices: {web: {image: nginx, volumes: ['./site:/srv']}}\n";
    let loaded = load(&theirs(text), Path::new("/srv/shop"), StringMap::new()).expect("nothing is wrong with it");
    let source = loaded.project.services["web"].storage.volumes[0].source.as_deref();
    assert_eq!(source, Some("/srv/shop/site"));
}

#[test]
fn what_the_loader_refuses_stays_refused() {
    let error = Project::try_from(theirs("name: shop\nservices: {web: {depends_on: [db], image: nginx}}\n")).expect_err("there is no db");
    assert!(error.to_string().contains("db"), "{error}");
}

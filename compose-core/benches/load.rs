//! How long the ways from text to a project and back take. Items are services: where the rate of 10 and
//! of 1,000 is alike, the work grows with the project.

use compose_core::load::{Loader, Stage, Stages};
use compose_core::model::Project;
use compose_core::print;
use compose_core::source::{MemoryReader, SourceMap, parse_text};
use divan::Bencher;
use divan::counter::ItemsCount;
use std::fmt::Write as _;

const SERVICES: [usize; 3] = [10, 100, 1000];

fn main() {
    divan::main();
}

/// Services that use most of what people use, each depending on the one before.
fn compose(services: usize) -> String {
    let mut text = String::from("name: shop\nservices:\n");
    for number in 0..services {
        let _ = write!(
            text,
            "  web-{number}:
    image: registry.example.org/shop/web:${{TAG:-1.4}}
    command: [\"serve\", \"--port\", \"8080\"]
    restart: unless-stopped
    environment:
      DATABASE_URL: postgres://db/{number}
      LOG_LEVEL: ${{LEVEL:-info}}
    labels: [\"shop.tier=web\", \"shop.number={number}\"]
    ports: [\"{}:8080\"]
    volumes: [\"data-{number}:/var/lib/shop\", \"./conf:/etc/shop:ro\"]
    networks: [front, back]
    healthcheck:
      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:8080/healthz\"]
      interval: 30s
      timeout: 3s
    deploy:
      resources:
        limits: {{cpus: \"0.5\", memory: 256m}}
",
            10_000 + number
        );
        if number > 0 {
            let _ = writeln!(text, "    depends_on: [web-{}]", number - 1);
        }
    }
    text.push_str("networks: {front: {}, back: {internal: true}}\nvolumes:\n");
    for number in 0..services {
        let _ = writeln!(text, "  data-{number}: {{}}");
    }
    text
}

fn loader(services: usize) -> Loader {
    let reader = MemoryReader::new().with("/srv/shop/compose.yaml", compose(services));
    Loader::new("/srv/shop").reader(reader).stages(Stages::ALL.without(Stage::Advice))
}

fn project(services: usize) -> Project {
    loader(services).load().expect("it loads").project
}

#[divan::bench(args = SERVICES)]
fn parse(bencher: Bencher<'_, '_>, services: usize) {
    let text = compose(services);
    bencher
        .counter(ItemsCount::new(services))
        .bench(|| parse_text("compose.yaml", &text, &mut SourceMap::default()).expect("it parses"));
}

#[divan::bench(args = SERVICES)]
fn load(bencher: Bencher<'_, '_>, services: usize) {
    let loader = loader(services);
    bencher
        .counter(ItemsCount::new(services))
        .bench(|| loader.load().expect("it loads"));
}

#[divan::bench(args = SERVICES)]
fn print_yaml(bencher: Bencher<'_, '_>, services: usize) {
    let project = project(services);
    bencher.counter(ItemsCount::new(services)).bench(|| print::yaml(&project));
}

#[divan::bench(args = SERVICES)]
fn print_json(bencher: Bencher<'_, '_>, services: usize) {
    let project = project(services);
    bencher.counter(ItemsCount::new(services)).bench(|| print::json(&project));
}

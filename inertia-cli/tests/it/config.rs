//! `inertia compose config`: the model, or one aspect of it.

use crate::place::Place;

const SHOP: &str = "\
name: shop
services:
  web: {image: \"nginx:${TAG:-1}\", depends_on: [db], ports: [\"8080:80\"]}
  db: {image: postgres}
  debug: {build: ., profiles: [debug]}
volumes: {unused: {}}
";

fn shop() -> Place {
    let place = Place::new();
    place.file("compose.yaml", SHOP);
    place
}

/// What the reference printed for the same file and words.
#[test]
fn an_aspect_is_printed_a_line_each() {
    let place = shop();
    let table: [(&[&str], &str); 12] = [
        (&["--services"], "db\nweb\n"),
        (&["--services", "--quiet"], "db\nweb\n"),
        (&["--no-interpolate", "--services"], "db\ndebug\nweb\n"),
        (&["--images"], "postgres\nnginx:1\n"),
        (&["--images", "db"], "postgres\n"),
        (&["--images", "debug"], "shop-debug\n"),
        (&["--profiles"], "debug\n"),
        (&["--networks"], "default\n"),
        (&["--volumes"], ""),
        (&["--models"], ""),
        (
            &["--hash", "web,db"],
            "db d336b89da15d6ff8463a4cf94316f13525409249eedb1b1d6f5e7cae3d7d8e60\n\
             web c7656d062afc0146764e4855160ee33a31095e2e2d634af8cb229d68fd664082\n",
        ),
        (
            &["--variables"],
            "NAME                REQUIRED            DEFAULT VALUE       ALTERNATE VALUE\n\
             TAG                 false               1                   \n",
        ),
    ];
    for (words, printed) in table {
        let told = place.inertia(&[&["compose", "config"], words].concat());
        assert_eq!((told.code, told.out.as_str()), (0, printed), "{words:?}: {told:?}");
    }
}

#[test]
fn variables_are_told_as_data() {
    let place = shop();
    let json = place.inertia(&["compose", "config", "--variables", "--format", "json"]);
    assert_eq!(
        json.out,
        "{\n    \"TAG\": {\n        \"Name\": \"TAG\",\n        \"DefaultValue\": \"1\",\n        \"PresenceValue\": \"\",\n        \"Required\": false\n    }\n}\n\n"
    );
    let yaml = place.inertia(&["compose", "config", "--variables", "--format", "yaml"]);
    assert_eq!(
        yaml.out,
        "TAG:\n    name: TAG\n    defaultvalue: \"1\"\n    presencevalue: \"\"\n    required: false\n"
    );
}

#[test]
fn the_model_goes_to_the_output_or_into_a_file() {
    let place = shop();
    let printed = place.inertia(&["compose", "config", "db"]);
    let db = "name: shop\nservices:\n  db:\n    image: postgres\n    networks:\n      default: null\nnetworks:\n  default:\n    name: shop_default\n";
    assert_eq!(printed.out, db);

    let told = place.inertia(&["compose", "config", "-o", "out.yaml", "db"]);
    assert_eq!((told.code, told.out.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(place.path().join("out.yaml")).unwrap(), db);

    let raw = place.inertia(&["compose", "config", "--no-interpolate", "db"]);
    assert!(raw.out.contains("image: nginx:${TAG:-1}\n"), "{}", raw.out);
    assert_eq!(place.inertia(&["compose", "config", "--quiet"]).out, "");
}

#[test]
fn what_cannot_be_answered_is_refused_with_a_way_out() {
    let place = shop();
    place.file(
        "twice.yaml",
        "services:\n  a: {image: x, container_name: one}\n  b: {image: x, container_name: one}\n",
    );
    let table: [(&[&str], &str); 5] = [
        (&["config", "--format", "xml"], "unsupported format `xml`"),
        (&["config", "--hash", "nope"], "no such service: nope"),
        (&["config", "--hash", "debug"], "`debug` is disabled"),
        (&["config", "wep"], "did you mean `web`?"),
        (&["-f", "twice.yaml", "config"], "the same container name `one`"),
    ];
    for (words, says) in table {
        let told = place.inertia(&[&["compose"], words].concat());
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{words:?}: {told:?}");
        assert!(told.err.contains(says), "{words:?}: {told:?}");
    }
}

#[test]
fn images_with_a_digest_are_pinned_without_asking_anybody() {
    let place = Place::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    place.file(
        "compose.yaml",
        &format!("services: {{web: {{image: 'ann/shop:1@{digest}', command: [x]}}, built: {{build: .}}}}\n"),
    );
    let told = place.inertia(&["compose", "config", "--lock-image-digests"]);
    let override_file = format!("services:\n  built: {{}}\n  web:\n    image: docker.io/ann/shop@{digest}\n");
    assert_eq!((told.code, told.out), (0, override_file), "{}", told.err);
}

#[test]
fn findings_are_shown_with_their_line_or_as_data() {
    let place = Place::new();
    place.file("compose.yaml", "services:\n  web:\n    imgae: nginx\n");
    let told = place.inertia(&["compose", "config"]);
    assert!(told.err.contains(" --> compose.yaml:3:5\n"), "{}", told.err);

    let told = place.inertia(&["--json", "compose", "config"]);
    let document: serde_json::Value = serde_json::from_str(&told.err).unwrap();
    assert_eq!(document["diagnostics"][0]["line"], 3);
    assert_eq!(document["diagnostics"][0]["help"], "did you mean `image`?");
}

#[test]
fn what_is_hardly_meant_is_told_where_the_project_is_looked_at() {
    let place = shop();
    let quiet = ["compose", "config", "--quiet"];
    assert_eq!(
        place.inertia(&["compose", "config"]).err,
        "",
        "scripts read what Docker Compose says"
    );
    let told = place.inertia(&quiet);
    assert!(told.code == 0 && told.out.is_empty(), "{told:?}");
    assert!(told.err.contains("no service uses the volume `unused`"), "{}", told.err);

    let told = place.inertia(&[&["--json"], &quiet[..]].concat());
    let document: serde_json::Value = serde_json::from_str(&told.err).unwrap();
    assert_eq!(document["diagnostics"][0]["code"], "unused-resource");
    assert_eq!(document["diagnostics"][0]["severity"], "warning");
    assert_eq!(place.inertia(&[&["-q"], &quiet[..]].concat()).err, "");
}

//! `inertia NAME init`: the daemon can read the repository in the end, or the person knows what to do.

use crate::daemon::Daemon;
use crate::git_host::{GitHost, TOKEN};
use crate::git_server::{GitServer, Keys};
use crate::place::{Place, Told};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A project with one commit, pushed to `ann/shop.git` below the place.
fn project(place: &Place) -> PathBuf {
    place.git(&["init", "-q", "--bare", "ann/shop.git"]);
    place.git(&["init", "-q", "-b", "main", "shop"]);
    place.file("shop/compose.yaml", "services: {web: {image: busybox}}\n");
    place.file("shop/inertia.toml", "name = \"shop\"\nbranch = \"main\"\n");
    commit(place, "first");
    let bare = place.path().join("ann/shop.git");
    place.git(&["-C", "shop", "push", "-q", bare.to_str().unwrap(), "main"]);
    place.path().join("shop")
}

fn commit(place: &Place, message: &str) {
    place.git(&["-C", "shop", "add", "-A"]);
    place.git(&["-C", "shop", "commit", "-q", "--allow-empty", "-m", message]);
}

fn origin(place: &Place, url: &str) {
    place.git(&["-C", "shop", "remote", "add", "origin", url]);
}

/// Runs something that takes its time beside the servers of the test.
fn run<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

fn init(place: &Place, flags: &[&str], variables: &[(&str, &str)]) -> Told {
    let arguments = [&["--json", "--no-input", "local", "init"][..], flags].concat();
    run(|| place.inertia_with(&place.path().join("shop"), &arguments, variables))
}

fn document(told: &Told) -> Value {
    serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{told:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_over_https_is_read_with_the_authority_that_is_named_and_not_without() {
    let place = Place::new();
    project(&place);
    let host = GitHost::start(&place.path(), Keys::default());
    origin(&place, &host.url("ann/shop.git"));
    {
        let _daemon = run(|| Daemon::start(&place, &[]));
        let told = init(&place, &[], &[]);
        assert_eq!(told.code, 1, "{told:?}");
        assert_eq!(document(&told)["repository"]["problem"]["code"], "certificate-untrusted");
        assert!(told.err.contains("SSL_CERT_FILE"), "{told:?}");
    }
    run(|| place.inertia(&["remote", "rm", "local"]));
    // One that knows projects would wait for its engine first.
    std::fs::remove_dir_all(place.path().join("daemon-state")).unwrap();
    let _daemon = run(|| Daemon::start(&place, &[("SSL_CERT_FILE", host.authority.to_str().unwrap())]));
    let told = init(&place, &[], &[]);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(document(&told)["repository"]["head"].as_str().map(str::len), Some(40));
    // There is no engine, but the clone is made before one is needed.
    run(|| place.inertia_in(&place.path().join("shop"), &["local", "up"]));
    let history = run(|| place.inertia_in(&place.path().join("shop"), &["--json", "local", "history"]));
    assert_eq!(document(&history)[0]["message"], "first", "{history:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_https_origin_becomes_its_ssh_address() {
    let place = Place::new();
    project(&place);
    let host = GitHost::start(&place.path(), Keys::default());
    *host.shared.private.lock().unwrap() = true;
    origin(&place, &host.url("ann/shop.git").replace("https://", "https://ann@"));
    let _daemon = run(|| Daemon::start(&place, &[("SSL_CERT_FILE", host.authority.to_str().unwrap())]));
    let told = init(&place, &[], &[]);
    assert_eq!(told.code, 1, "nobody lets the key in at 127.0.0.1:22: {told:?}");
    let document = document(&told);
    assert_eq!(document["url"], "git@127.0.0.1:ann/shop.git", "{told:?}");
    assert!(
        told.err
            .contains("it reads git@127.0.0.1:ann/shop.git with the project's deploy key"),
        "{told:?}"
    );
    // And stays it, without a way back over https.
    let again = init(&place, &[], &[]);
    assert_eq!(self::document(&again)["url"], "git@127.0.0.1:ann/shop.git", "{again:?}");
    assert!(!again.err.contains("so it reads"), "{again:?}");
    let history = run(|| place.inertia_in(&place.path().join("shop"), &["--json", "local", "audit"]));
    let put: Vec<_> = history.out.matches("project.put").collect();
    assert_eq!(put.len(), 3, "the second time once: {history:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anybody_to_add_the_key_it_is_shown_and_the_registration_kept() {
    let place = Place::new();
    let folder = project(&place);
    let server = GitServer::start(1).await;
    origin(&place, &server.url(&place.path().join("ann/shop.git")));
    let _daemon = run(|| Daemon::start(&place, &[]));
    let told = init(&place, &[], &[]);
    assert_eq!(told.code, 1, "{told:?}");
    let first = document(&told);
    let key = first["deploy_key"].as_str().unwrap();
    assert!(told.err.contains(key.rsplit_once(' ').unwrap().0), "{told:?}");
    assert_eq!(first["repository"]["problem"]["code"], "key-refused");
    server.let_in(key);

    place.file("shop/new.txt", "x");
    commit(&place, "second");
    let told = init(&place, &[], &[]);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(document(&told)["deploy_key"], first["deploy_key"]);
    assert!(told.err.contains("was not pushed"), "{told:?}");
    let bare = place.path().join("ann/shop.git");
    place.git(&["-C", folder.to_str().unwrap(), "push", "-q", bare.to_str().unwrap(), "main"]);
    let told = init(&place, &[], &[]);
    assert!(told.code == 0 && !told.err.contains("was not pushed"), "{told:?}");
    let said = run(|| place.inertia_in(&folder, &["--no-input", "local", "init"])).out;
    assert!(said.contains("looks for new commits every minute"), "{said}");
    // Another key than before is refused, and accepted when it is named.
    server.change_key(2);
    let told = init(&place, &[], &[]);
    assert_eq!(
        (told.code, &document(&told)["repository"]["problem"]["code"]),
        (1, &json!("host-key-changed"))
    );
    let print = crate::git_server::host_print(2);
    assert!(told.err.contains(&format!("--accept-host-key {print}")), "{told:?}");
    let told = init(&place, &["--accept-host-key", &print], &[]);
    assert_eq!(told.code, 0, "{told:?}");
}

/// With a token, key and webhook are registered once, and the host's deliveries arrive though it verifies certificates.
async fn with_token(flag: &str, variable: &str, api: (&str, &str), event: &str) {
    let place = Place::new();
    project(&place);
    let server = GitServer::start(1).await;
    let host = GitHost::start(&place.path(), Keys::clone(&server.keys));
    origin(&place, &server.url(&place.path().join("ann/shop.git")));
    let _daemon = run(|| Daemon::start(&place, &[]));
    let base = host.url(api.1);
    let authority = host.authority.to_str().unwrap();
    let variables = |token| [(variable, token), (api.0, base.as_str()), ("SSL_CERT_FILE", authority)];

    let told = init(&place, &[flag], &variables("wrong"));
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.contains("does not accept the token"), "{told:?}");

    let told = init(&place, &[flag], &variables(TOKEN));
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.err.contains("deploy key added") && told.err.contains("webhook added"),
        "{told:?}"
    );
    assert!(told.err.contains("verification of certificates switched off"), "{told:?}");
    let document = document(&told);
    assert_eq!(document["webhook_registered"], true);
    let again = init(&place, &[flag], &variables(TOKEN));
    assert!(
        again.err.contains("deploy key found") && again.err.contains("webhook found"),
        "{again:?}"
    );
    let counts = (host.shared.keys.lock().unwrap().len(), host.shared.hooks.lock().unwrap().len());
    assert_eq!(counts, (1, 1));
    for told in [&told, &again] {
        assert!(!told.out.contains(TOKEN) && !told.err.contains(TOKEN), "{told:?}");
    }
    assert!(!Daemon::log(&place).contains(TOKEN));

    let seen = || {
        let shown = run(|| place.inertia_in(&place.path().join("shop"), &["--json", "local", "webhook", "show"]));
        serde_json::from_str::<Value>(&shown.out).unwrap()["webhook_seen"]
            .as_bool()
            .unwrap()
    };
    assert!(!seen(), "a ping shows nothing about pushes");
    let head = document["repository"]["head"].clone();
    let push = json!({"ref": "refs/heads/main", "after": head});
    let verifying = |on: bool| {
        let mut hooks = host.shared.hooks.lock().unwrap();
        if hooks[0]["config"].is_object() {
            hooks[0]["config"]["insecure_ssl"] = json!(if on { "0" } else { "1" });
        } else {
            hooks[0]["enable_ssl_verification"] = json!(on);
        }
    };
    verifying(true);
    assert_eq!(
        host.deliver(0, event, push.clone()).await,
        None,
        "a host that verifies never delivers"
    );
    verifying(false);
    assert_eq!(host.deliver(0, event, push).await, Some(202));
    assert!(seen());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_token_of_github_everything_is_registered_there() {
    with_token("--github-token", "GITHUB_TOKEN", ("GITHUB_API_URL", "api/v3"), "push").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_token_of_gitlab_everything_is_registered_there() {
    with_token("--gitlab-token", "GITLAB_TOKEN", ("GITLAB_API_URL", "api/v4"), "Push Hook").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_repository_gets_its_webhook_too() {
    let place = Place::new();
    project(&place);
    place.git(&["init", "-q", "--bare", "ann/empty.git"]);
    let server = GitServer::start(1).await;
    let host = GitHost::start(&place.path(), Keys::clone(&server.keys));
    origin(&place, &server.url(&place.path().join("ann/empty.git")));
    let _daemon = run(|| Daemon::start(&place, &[]));
    let (base, authority) = (host.url("api/v3"), host.authority.to_str().unwrap());
    let variables = [
        ("GITHUB_TOKEN", TOKEN),
        ("GITHUB_API_URL", base.as_str()),
        ("SSL_CERT_FILE", authority),
    ];
    let told = init(&place, &["--github-token"], &variables);
    assert_eq!(told.code, 0, "{told:?}");
    let document = document(&told);
    assert_eq!(document["repository"]["problem"]["code"], "repository-empty", "{told:?}");
    assert_eq!(document["webhook_registered"], true, "{told:?}");
    assert_eq!(host.shared.hooks.lock().unwrap().len(), 1);
}

#[test]
fn flags_for_a_git_host_need_a_remote() {
    let place = Place::new();
    let told = place.inertia(&["init", "--github-token"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(told.err.contains("inertia NAME init"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_repository_does_not_take_a_name_that_is_in_use() {
    let place = Place::new();
    project(&place);
    let first = place.path().join("ann/shop.git");
    place.git(&["clone", "-q", "--bare", first.to_str().unwrap(), "ann/other.git"]);
    let other = place.path().join("ann/other.git");
    origin(&place, first.to_str().unwrap());
    let _daemon = run(|| Daemon::start(&place, &[]));
    assert_eq!(init(&place, &[], &[]).code, 0);
    place.git(&["-C", "shop", "remote", "set-url", "origin", other.to_str().unwrap()]);
    let told = init(&place, &[], &[]);
    assert_eq!((told.code, told.out.as_str()), (1, ""), "{told:?}");
    assert!(told.err.contains("ann/shop.git") && told.err.contains("--replace"), "{told:?}");
    let told = init(&place, &["--replace"], &[]);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(document(&told)["url"], "[HERE]/ann/other.git");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_another_repository_changes_nothing_unless_that_is_said() {
    let place = Place::new();
    let folder = project(&place);
    let first = place.path().join("ann/shop.git");
    origin(&place, first.to_str().unwrap());
    let _daemon = run(|| Daemon::start(&place, &[]));
    assert_eq!(init(&place, &[], &[]).code, 0);
    let told = |words: &[&str]| run(|| place.inertia_in(&folder, &[&["--no-input", "local"][..], words].concat()));
    let set_origin = |url: &str| place.git(&["-C", "shop", "remote", "set-url", "origin", url]);
    set_origin("https://ann:token@example.com/ann/fork.git");
    for words in [
        &["env", "set", "A=1"][..],
        &["env", "rm", "A"],
        &["up", "--detach"],
        &["rollback"],
        &["cancel", "1"],
        &["restart"],
        &["down"],
        &["down", "--volumes"],
        &["webhook", "rotate"],
        &["webhook", "test"],
    ] {
        let told = told(words);
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{words:?}: {told:?}");
        assert!(
            told.err.contains("https://example.com/ann/fork.git") && told.err.contains("[HERE]/ann/shop.git"),
            "{words:?}: {told:?}"
        );
        assert!(
            told.err.contains("--other-origin") && !told.err.contains("token"),
            "{words:?}: {told:?}"
        );
    }
    // Looking is free, and shows that nothing was done.
    let looked = |words: &[&str]| {
        let told = told(&[&["--json"][..], words].concat());
        assert_eq!(told.code, 0, "{told:?}");
        document(&told)
    };
    assert_eq!(looked(&["history"]), json!([]));
    assert_eq!(looked(&["env", "ls"]), json!([]));
    assert_eq!(told(&["env", "set", "A=1", "--other-origin"]).code, 0);
    set_origin(&format!("file://{}/", first.display()));
    assert_eq!(told(&["env", "set", "B=1"]).code, 0);
    place.git(&["-C", "shop", "remote", "remove", "origin"]);
    assert_eq!(
        told(&["env", "set", "C=1"]).code,
        0,
        "without an origin there is nothing to compare"
    );
    assert_eq!(looked(&["env", "ls"]).as_array().map(Vec::len), Some(3));
}

//! Deliveries as the hosts send them.

use super::*;
use crate::daemon::deployment::uses::Uses;
use axum::http::{HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use std::path::{Path, PathBuf};

const SECRET: &str = "shared";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const ZERO: &str = "0000000000000000000000000000000000000000";
const BEFORE: &str = "89abcdef0123456789abcdef0123456789abcdef";
const MAIN: Target<'static> = Target {
    branch: "main",
    path: "",
    settled: None,
};

fn hmac(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
    mac.update(body);
    compose_core::hash::hex(&mac.finalize().into_bytes())
}

fn headers(pairs: &[(&str, String)]) -> HeaderMap {
    let pair = |(name, value): &(&str, String)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    pairs.iter().map(pair).collect()
}

#[test]
fn what_cannot_be_a_delivery_is_seen_by_its_headers() {
    let text = str::to_owned;
    let digits = hmac(b"");
    let prefixed = format!("sha256={digits}");
    for (pairs, wanted) in [
        (
            vec![("x-github-event", text("push")), ("x-hub-signature-256", prefixed.clone())],
            true,
        ),
        (vec![("x-gitlab-event", text("Push Hook")), ("x-gitlab-token", text(SECRET))], true),
        (vec![("x-gitlab-event", text("Push Hook")), ("x-gitlab-token", text("t"))], false),
        (
            vec![("x-event-key", text("repo:push")), ("x-hub-signature", prefixed.clone())],
            true,
        ),
        (
            vec![("x-forgejo-event", text("push")), ("x-forgejo-signature", digits.clone())],
            true,
        ),
        (
            vec![("x-github-event", text("push")), ("x-hub-signature-256", text("sha256=0"))],
            false,
        ),
        (vec![("x-github-event", text("push")), ("x-hub-signature-256", digits)], false),
        (
            vec![("x-forgejo-event", text("push")), ("x-forgejo-signature", prefixed.clone())],
            false,
        ),
        (vec![("x-github-event", text("push"))], false),
        (vec![("x-hub-signature-256", prefixed)], false),
        (vec![], false),
    ] {
        assert_eq!(may_be_delivery(&headers(&pairs), SECRET), wanted, "{pairs:?}");
    }
}

fn github(event: &str, payload: &Value, target: Target<'_>) -> Verdict {
    let body = payload.to_string();
    let headers = headers(&[
        ("x-github-event", event.to_owned()),
        ("x-github-delivery", "d1".to_owned()),
        ("x-hub-signature-256", format!("sha256={}", hmac(body.as_bytes()))),
    ]);
    judge(&headers, body.as_bytes(), SECRET, target)
}

fn deploy(provider: &'static str, delivery: &str) -> Verdict {
    Verdict::Deploy {
        provider,
        commit: COMMIT.to_owned(),
        delivery: Some(delivery.to_owned()),
    }
}

fn push(branch: &str, after: &str) -> Value {
    json!({"ref": format!("refs/heads/{branch}"), "after": after})
}

#[test]
fn github_push() {
    assert_eq!(github("push", &push("main", COMMIT), MAIN), deploy("github", "d1"));
}

#[test]
fn what_is_no_push_to_the_branch_is_skipped() {
    for (payload, reason) in [
        (push("next", COMMIT), "branch next was pushed to, and main is deployed"),
        (push("main", ZERO), "branch main was deleted"),
    ] {
        assert_eq!(github("push", &payload, MAIN), Verdict::Skip(reason.to_owned()));
    }
    for (event, payload, reason) in [
        ("ping", json!({"zen": "x"}), "the event is ping, and only push deploys"),
        ("push", json!({"ref": "refs/tags/v1", "after": COMMIT}), "refs/tags/v1 is no branch"),
    ] {
        assert_eq!(github(event, &payload, MAIN), Verdict::NoPush(reason.to_owned()));
    }
}

#[test]
fn payloads_that_make_no_sense_are_told_apart() {
    for payload in [
        json!({}),
        json!([]),
        json!({"ref": "refs/heads/main"}),
        push("main", "HEAD"),
        push("main", "--upload-pack=x"),
    ] {
        assert!(matches!(github("push", &payload, MAIN), Verdict::Malformed(_)), "{payload}");
    }
}

#[test]
fn a_wrong_or_missing_signature_is_refused_whatever_it_says() {
    let body = push("main", COMMIT).to_string();
    let good = hmac(body.as_bytes());
    let event = ("x-github-event", "push".to_owned());
    for signature in [
        None,
        Some(String::new()),
        Some(good.clone()),
        Some(format!("sha1={good}")),
        Some(format!("sha256={}", "0".repeat(64))),
    ] {
        let mut pairs = vec![event.clone()];
        pairs.extend(signature.clone().map(|signature| ("x-hub-signature-256", signature)));
        assert_eq!(
            judge(&headers(&pairs), body.as_bytes(), SECRET, MAIN),
            Verdict::Refused,
            "{signature:?}"
        );
    }
    let pairs = [event, ("x-hub-signature-256", format!("sha256={good}"))];
    let changed = body.replace("main", "mein");
    assert_eq!(judge(&headers(&pairs), changed.as_bytes(), SECRET, MAIN), Verdict::Refused);
    assert_eq!(judge(&HeaderMap::new(), body.as_bytes(), SECRET, MAIN), Verdict::Refused);
}

#[test]
fn gitlab_push() {
    let body = push("main", COMMIT).to_string();
    let with = |token: &str, event: &str| {
        let headers = headers(&[
            ("x-gitlab-event", event.to_owned()),
            ("x-gitlab-token", token.to_owned()),
            ("x-gitlab-event-uuid", "d2".to_owned()),
        ]);
        judge(&headers, body.as_bytes(), SECRET, MAIN)
    };
    assert_eq!(with(SECRET, "Push Hook"), deploy("gitlab", "d2"));
    assert!(matches!(with(SECRET, "Tag Push Hook"), Verdict::NoPush(_)));
    assert_eq!(with("share", "Push Hook"), Verdict::Refused);
}

#[test]
fn gitea_and_forgejo_push() {
    let body = push("main", COMMIT).to_string();
    for name in ["gitea", "forgejo"] {
        let headers = headers(&[
            // They send GitHub's headers too.
            ("x-github-event", "push".to_owned()),
            (&format!("x-{name}-event"), "push".to_owned()),
            (&format!("x-{name}-delivery"), "d3".to_owned()),
            (&format!("x-{name}-signature"), hmac(body.as_bytes())),
        ]);
        assert_eq!(judge(&headers, body.as_bytes(), SECRET, MAIN), deploy("gitea", "d3"), "{name}");
    }
}

fn bitbucket(event: &str, payload: &Value) -> Verdict {
    let body = payload.to_string();
    let headers = headers(&[
        ("x-event-key", event.to_owned()),
        ("x-request-uuid", "d4".to_owned()),
        ("x-hub-signature", format!("sha256={}", hmac(body.as_bytes()))),
    ]);
    judge(&headers, body.as_bytes(), SECRET, MAIN)
}

#[test]
fn bitbucket_cloud_push() {
    let change = |new: Value, old: Value| json!({"push": {"changes": [{"new": new, "old": old}]}});
    let branch = json!({"type": "branch", "name": "main", "target": {"hash": COMMIT}});
    assert_eq!(
        bitbucket("repo:push", &change(branch.clone(), Value::Null)),
        deploy("bitbucket", "d4")
    );
    let deleted = bitbucket("repo:push", &change(Value::Null, branch));
    assert_eq!(deleted, Verdict::Skip("branch main was deleted".to_owned()));
    let tag = json!({"type": "tag", "name": "v1", "target": {"hash": COMMIT}});
    assert!(matches!(bitbucket("repo:push", &change(tag, Value::Null)), Verdict::NoPush(_)));
    assert!(matches!(bitbucket("repo:push", &json!({})), Verdict::Malformed(_)));
    assert!(matches!(bitbucket("repo:fork", &json!({})), Verdict::NoPush(_)));
}

#[test]
fn bitbucket_reports_several_branches_at_once() {
    let other = "f".repeat(40);
    let cloud = |names: [&str; 2]| {
        let changes = names.map(|name| {
            let hash = if name == "main" { COMMIT } else { &other };
            json!({"new": {"type": "branch", "name": name, "target": {"hash": hash}}, "old": null})
        });
        bitbucket("repo:push", &json!({"push": {"changes": changes}}))
    };
    let data_center = |names: [&str; 2]| {
        let changes = names.map(|name| {
            let hash = if name == "main" { COMMIT } else { &other };
            json!({"ref": {"id": format!("refs/heads/{name}")}, "toHash": hash, "type": "UPDATE"})
        });
        bitbucket("repo:refs_changed", &json!({"changes": changes}))
    };
    for names in [["main", "feature"], ["feature", "main"]] {
        assert_eq!(cloud(names), deploy("bitbucket", "d4"), "{names:?}");
        assert_eq!(data_center(names), deploy("bitbucket", "d4"), "{names:?}");
    }
    let skipped = Verdict::Skip("branches a, b were pushed to, and main is deployed".to_owned());
    assert_eq!(cloud(["a", "b"]), skipped);
    assert_eq!(data_center(["a", "b"]), skipped);
}

#[test]
fn bitbucket_data_center_push() {
    let change = |kind: &str| json!({"changes": [{"ref": {"id": "refs/heads/main"}, "toHash": COMMIT, "type": kind}]});
    assert_eq!(bitbucket("repo:refs_changed", &change("UPDATE")), deploy("bitbucket", "d4"));
    assert_eq!(
        bitbucket("repo:refs_changed", &change("DELETE")),
        Verdict::Skip("branch main was deleted".to_owned())
    );
}

/// A release of a project in `apps/shop` that uses `libs` too.
fn settled(commit: &str) -> Settled {
    let libs = PathBuf::from("/checkout/libs");
    Settled {
        commit: commit.to_owned(),
        uses: Uses::new("apps/shop", [libs], Path::new("/checkout")),
    }
}

fn changed(paths: &[&str]) -> Value {
    let commit = json!({"added": paths, "modified": [], "removed": []});
    json!({"ref": "refs/heads/main", "before": BEFORE, "after": COMMIT, "commits": [commit]})
}

#[test]
fn a_project_in_a_folder_is_deployed_only_when_something_changed_that_it_uses() {
    let release = settled(BEFORE);
    let shop = Target {
        branch: "main",
        path: "apps/shop",
        settled: Some(&release),
    };
    for paths in [&["apps/shop/x"][..], &["README", "libs/a/b"], &["apps/shop"]] {
        assert_eq!(github("push", &changed(paths), shop), deploy("github", "d1"), "{paths:?}");
    }
    for paths in [&["apps/shop2/x"][..], &["README"], &["libs2"], &[]] {
        let untouched = Verdict::Untouched("nothing under apps/shop has changed, nor anything else that the project uses".to_owned());
        assert_eq!(github("push", &changed(paths), shop), untouched, "{paths:?}");
    }
    let whole = Target { path: "", ..shop };
    assert_eq!(github("push", &changed(&["README"]), whole), deploy("github", "d1"));
}

#[test]
fn where_a_host_may_not_list_all_that_changed_it_is_deployed() {
    let (release, other) = (settled(BEFORE), settled(COMMIT));
    let shop = Target {
        branch: "main",
        path: "apps/shop",
        settled: Some(&release),
    };
    let many: Vec<String> = (0..100).map(|at| format!("docs/{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(github("push", &changed(&many), shop), deploy("github", "d1"));
    assert_eq!(github("push", &push("main", COMMIT), shop), deploy("github", "d1"));
    for (key, value) in [
        ("forced", json!(true)),
        ("total_commits_count", json!(30)),
        ("before", json!(ZERO)),
        ("commits", json!([{"id": "1"}])),
    ] {
        let mut payload = changed(&["README"]);
        payload[key] = value;
        assert_eq!(github("push", &payload, shop), deploy("github", "d1"), "{key}");
    }
    // The push before did not arrive, or nobody knows what runs.
    for settled in [Some(&other), None] {
        let shop = Target { settled, ..shop };
        assert_eq!(github("push", &changed(&["README"]), shop), deploy("github", "d1"));
    }
}

//! Images: pulled, built, in which order.

use super::*;
use crate::names::{ImageId, ImageRef};
use crate::observe::ObservedImage;
use std::fmt::Write as _;

fn here(names: &[&str]) -> BTreeMap<ImageRef, ObservedImage> {
    let image = |name: &&str| {
        let found = ObservedImage {
            id: ImageId::new("sha256:1"),
            built_for: None,
            tagged_at: Some(1_000_000),
            volumes: Vec::new(),
        };
        (ImageRef::new(name), found)
    };
    names.iter().map(image).collect()
}

fn policy(service: crate::model::Service, policy: &str) -> crate::model::Service {
    service.with(|service| service.pull_policy = Some(crate::model::PullPolicy(policy.to_owned())))
}

fn text(project: &Project, present: &[&str], policy: &ImagePolicy) -> String {
    match plan_images(project, &here(present), policy) {
        Ok(plan) => plan.to_string(),
        Err(error) => format!("{error}\n"),
    }
}

#[test]
fn each_pull_policy() {
    let mut lines = String::new();
    let day_later = ImagePolicy {
        now: 1_000_000 + 90_000,
        ..ImagePolicy::default()
    };
    for written in [
        "",
        "missing",
        "always",
        "never",
        "build",
        "daily",
        "weekly",
        "every_12h",
        "every_2d",
        "sometimes",
    ] {
        for (kind, one) in [
            ("image", service("db")),
            ("build", service("db").builds()),
            (
                "both",
                service("db").with(|db| {
                    *db = db.clone().builds();
                    db.image = Some("db".into());
                }),
            ),
        ] {
            for present in [&["db", "shop-db"][..], &[]] {
                let shop = project([policy(one.clone(), written)]);
                let plan = text(&shop, present, &day_later).replace('\n', "; ");
                let is = if present.is_empty() { "missing" } else { "present" };
                writeln!(lines, "{written:10} {kind:5} {is}: {plan}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn flags_go_over_policies() {
    let shop = project([service("db"), service("web").builds()]);
    let always = ImagePolicy {
        build: BuildChoice::Always,
        ..ImagePolicy::default()
    };
    assert_eq!(
        text(&shop, &["db", "shop-web"], &always),
        "1. build image shop-web of web (forced)\n"
    );
    let never = ImagePolicy {
        build: BuildChoice::Never,
        ..ImagePolicy::default()
    };
    assert_eq!(
        text(&shop, &["db"], &never),
        "image shop-web of service web is not there, and building is switched off\n"
    );
    let pull = ImagePolicy {
        pull: Some("always".to_owned()),
        ..ImagePolicy::default()
    };
    assert_eq!(text(&shop, &["db", "shop-web"], &pull), "1. pull image db (pull policy always)\n");
    let offline = ImagePolicy {
        pull: Some("never".to_owned()),
        ..ImagePolicy::default()
    };
    assert_eq!(
        text(&shop, &["shop-web"], &offline),
        "image db of service db is not there, and its pull policy is never\n"
    );
}

#[test]
fn bases_are_built_first_and_shared_names_one_after_the_other() {
    let base = service("base").builds();
    let on = |name: &str, base: &str| {
        service(name).builds().with(|service| {
            let build = service.build.as_mut().unwrap();
            build.additional_contexts.insert("base".to_owned(), format!("service:{base}"));
        })
    };
    let twin = |name: &str| service(name).builds().with(|service| service.image = Some("twin".into()));
    let shop = project([base, on("app", "middle"), on("middle", "base"), twin("left"), twin("right")]);
    let only = ImagePolicy {
        services: vec!["app".into()],
        build: BuildChoice::Always,
        ..ImagePolicy::default()
    };
    insta::assert_snapshot!("bases_first", text(&shop, &[], &only));
    let twins = ImagePolicy {
        services: vec!["left".into(), "right".into()],
        ..only
    };
    insta::assert_snapshot!("twins_in_turn", text(&shop, &[], &twins));
    let circle = project([on("app", "middle"), on("middle", "app")]);
    assert_eq!(
        text(&circle, &[], &ImagePolicy::default()),
        "dependency cycle: app -> middle -> app\n"
    );
}

#[test]
fn an_image_that_another_service_builds_is_not_pulled() {
    let built = service("web").builds().with(|web| web.image = Some("app".into()));
    let user = service("job").with(|job| job.image = Some("app".into()));
    insta::assert_snapshot!(text(&project([built, user]), &[], &ImagePolicy::default()));
}

#[test]
fn one_pull_for_many_services() {
    let on = |name: &str, platform: Option<&str>| {
        service(name).with(|service| {
            service.image = Some("app".into());
            service.platform = platform.map(str::to_owned);
        })
    };
    let shop = project([on("a", None), on("b", None), on("c", Some("linux/arm64"))]);
    assert_eq!(
        text(&shop, &[], &ImagePolicy::default()),
        "1. pull image app (missing)\n2. pull image app for linux/arm64 (missing)\n"
    );
}

#[test]
fn the_pull_command() {
    let shop = project([
        service("db"),
        policy(service("web"), "never"),
        policy(service("cache"), "missing"),
        policy(service("old:1"), "missing"),
        service("built").builds().with(|built| built.image = Some("app".into())),
    ]);
    let present = here(&["db", "cache", "old:1"]);
    insta::assert_snapshot!("pull", plan_pulls(&shop, &present, &PullChoice::default()).unwrap());
    let choice = PullChoice {
        skip_buildable: true,
        ignore_failures: true,
        ..PullChoice::default()
    };
    insta::assert_snapshot!("pull_what_is_not_built", plan_pulls(&shop, &present, &choice).unwrap());
}

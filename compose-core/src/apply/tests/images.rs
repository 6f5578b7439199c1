//! Images before containers, and those that a caller pins.

use super::*;

#[tokio::test(start_paused = true)]
async fn images_come_first() {
    let stage = Stage::new(FakeEngine::new().with_remote_image("far"));
    let first = project([service("web").with(|web| web.image = Some("web".into()))]);
    stage.up(&first).await.unwrap();
    let wanted = project([
        service("web").env("N", "2"),
        service("lost").with(|lost| lost.image = Some("nowhere".into())),
        service("far").with(|far| far.image = Some("far".into())),
    ]);
    let before = stage.engine.calls().len();
    let error = stage.up(&wanted).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot pull image nowhere: manifest unknown");
    let calls = stage.engine.calls().split_off(before);
    assert!(
        calls.iter().all(|call| call.starts_with("pull")),
        "no container is touched: {calls:?}"
    );
    assert_eq!(stage.running(), ["shop-web-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_pulled_is_built_once() {
    let stage = Stage::new(FakeEngine::new());
    let both = service("app").builds().with(|app| app.image = Some("app:1".into()));
    stage.up(&project([both.clone()])).await.unwrap();
    assert_eq!(stage.running(), ["shop-app-1"]);
    assert!(in_order(&stage.engine.calls(), "pull app:1", "build app:1"));
    let before = stage.engine.calls().len();
    stage.up(&project([both])).await.unwrap();
    assert_eq!(stage.engine.calls().len(), before);
}

#[tokio::test(start_paused = true)]
async fn pinned_images_put_an_earlier_release_back() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("web")]);
    let earlier = stage.up(&shop).await.unwrap();
    stage.engine.set_image("old-name-gone", "sha256:web");
    stage.engine.set_image("web", "sha256:newer");
    let later = stage.up(&shop).await.unwrap();
    assert_eq!(later.images[&ServiceName::new("web")].as_str(), "sha256:newer");
    let options = UpOptions {
        images: ImageChoice::Pinned(earlier.images.clone()),
        ..UpOptions::default()
    };
    let back = up(&stage.context, &shop, &options).await.unwrap();
    assert_eq!(back.images, earlier.images);
    let calls = stage.engine.calls();
    assert!(
        calls.iter().all(|call| !call.starts_with("pull") && !call.starts_with("build")),
        "{calls:?}"
    );
    let before = calls.len();
    up(&stage.context, &shop, &options).await.unwrap();
    assert_eq!(stage.engine.calls().len(), before, "it is back already");
}

#[tokio::test(start_paused = true)]
async fn plan_changes_nothing_and_says_what_is_not_known_yet() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("app").builds(), service("web")]);
    stage.up(&shop).await.unwrap();
    let before = stage.engine.calls().len();
    let rebuild = UpOptions {
        build: crate::plan::BuildChoice::Always,
        ..UpOptions::default()
    };
    let plans = plan(&stage.context, &shop, &rebuild).await.unwrap().to_string();
    assert!(
        plans.starts_with("images:\n1. build image shop-app of app (forced)\ncontainers:\n1. create container shop-app-1"),
        "{plans}"
    );
    assert!(plans.contains("(image not known before it is pulled or built)"), "{plans}");
    assert_eq!(
        plan(&stage.context, &shop, &UpOptions::default()).await.unwrap().to_string(),
        "nothing to do\n"
    );
    assert_eq!(stage.engine.calls().len(), before);
}

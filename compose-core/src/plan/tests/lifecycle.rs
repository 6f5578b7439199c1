//! What is up is stopped, started, restarted and taken down.

use super::*;

#[tokio::test]
async fn down() {
    let shop = layered();
    let (engine, context) = context(
        engine()
            .with_behaviour(
                "init",
                Behaviour {
                    exits: Some(0),
                    ..Behaviour::default()
                },
            )
            .with_behaviour(
                "db",
                Behaviour {
                    health: Some(true),
                    ..Behaviour::default()
                },
            ),
    );
    up(&context, &shop, &UpOptions::default()).await.unwrap();
    let observed = observe(engine.as_ref(), &shop.name, Some(&shop)).await.unwrap();
    let plan = |project: Option<&Project>, policy: &DownPolicy| {
        plan_down(&ProjectName::new("shop"), project, &observed, policy)
            .unwrap()
            .to_string()
    };
    let everything = DownPolicy {
        volumes: true,
        images: Some(ImageRemoval::All),
        ..DownPolicy::default()
    };
    insta::assert_snapshot!("down_with_everything", plan(Some(&shop), &everything));
    insta::assert_snapshot!(
        "down_without_a_file",
        plan(
            None,
            &DownPolicy {
                volumes: true,
                ..DownPolicy::default()
            }
        )
    );
    let one = DownPolicy {
        services: vec!["init".into()],
        ..DownPolicy::default()
    };
    insta::assert_snapshot!("down_of_one_takes_its_dependents", plan(Some(&shop), &one));
    let stopping = plan_stop(Some(&shop), &observed, &LifecyclePolicy::default()).unwrap();
    insta::assert_snapshot!("stop", stopping);
    let restart = plan_restart(Some(&shop), &observed, &LifecyclePolicy::default()).unwrap();
    insta::assert_snapshot!("restart", restart);
}

#[tokio::test]
async fn start_awaits_conditions() {
    let shop = project([service("db"), service("web").needs("db", Condition::Healthy), service("cache")]);
    let mut observed = after_up(&project([service("db"), service("web"), service("cache")]), &shop).await;
    for container in observed.services.values_mut().flatten() {
        container.activity = Activity::Exited;
    }
    let policy = LifecyclePolicy {
        services: vec!["web".into()],
        ..LifecyclePolicy::default()
    };
    insta::assert_snapshot!("start_with_dependencies", plan_start(Some(&shop), &observed, &policy).unwrap());
    observed.services.clear();
    assert_eq!(
        plan_start(Some(&shop), &observed, &policy).unwrap_err(),
        PlanError::NothingToStart { service: "web".into() }
    );
}

#[tokio::test]
async fn restart_takes_those_with_restart_along() {
    let shop = project([
        service("db"),
        service("web").restarts_with("db"),
        service("cache").needs("db", Condition::Started),
    ]);
    let observed = after_up(&shop, &shop).await;
    let policy = LifecyclePolicy {
        services: vec!["db".into()],
        ..LifecyclePolicy::default()
    };
    insta::assert_snapshot!("restart_with_dependents", plan_restart(Some(&shop), &observed, &policy).unwrap());
    let alone = LifecyclePolicy {
        dependencies: DependencyScope::Exclude,
        ..policy
    };
    insta::assert_snapshot!("restart_alone", plan_restart(Some(&shop), &observed, &alone).unwrap());
}

//! Both builders of a real engine, with `busybox:latest`. Most assertions are in the Dockerfiles: a wrong image does not build.

use compose_core::engine::{
    BuildOutput, BuildRequest, BuildSecretSource, BuildSource, BuilderChoice, DockerEngine, DockerfileSource, Engine, EngineAddress,
    EngineError,
};
use compose_core::names::ImageId;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const BOTH: [BuilderChoice; 2] = [BuilderChoice::Classic, BuilderChoice::BuildKit];

/// A folder to build, and the name of the image.
struct Site {
    engine: DockerEngine,
    folder: tempfile::TempDir,
    tag: String,
    built: std::sync::Mutex<BTreeSet<ImageId>>,
}

impl Site {
    /// `None` where there is nothing to test against.
    async fn new(test: &str, files: &[(&str, &str)]) -> Option<Self> {
        let engine = DockerEngine::connect(&EngineAddress::default()).unwrap();
        engine.inspect_image("busybox:latest").await.ok()??;
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let tag = format!("it-build-{test}-{}:latest", std::process::id());
        Some(Self {
            engine,
            folder,
            tag,
            built: std::sync::Mutex::default(),
        })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn request(&self, builder: BuilderChoice) -> BuildRequest {
        BuildRequest {
            context: BuildSource::Folder(self.path().to_owned()),
            tags: vec![self.tag.clone()],
            labels: [("org.inertia.test".to_owned(), self.tag.clone())].into(),
            builder,
            ..BuildRequest::default()
        }
    }

    async fn build(&self, request: BuildRequest) -> (Result<ImageId, EngineError>, Vec<BuildOutput>) {
        let mut said = Vec::new();
        let built = self.engine.build_image(request, &mut |output| said.push(output)).await;
        self.built.lock().unwrap().extend(built.as_ref().ok().cloned());
        (built, said)
    }

    /// Builds with each builder in turn.
    async fn build_both(&self, change: impl Fn(BuildRequest) -> BuildRequest) {
        for builder in BOTH {
            let (built, said) = self.build(change(self.request(builder))).await;
            let image = built.unwrap_or_else(|error| panic!("{builder:?}: {error}\n{said:#?}"));
            let found = self
                .engine
                .inspect_image(&self.tag)
                .await
                .unwrap()
                .expect("the tag leads to an image");
            assert_eq!(found.id, image, "{builder:?}: the id that was returned is that of the tag");
        }
    }

    async fn clean(&self) {
        let built = std::mem::take(&mut *self.built.lock().unwrap());
        for image in built {
            self.engine.remove_image(image.as_str()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn files_arrive_as_they_are() {
    let dockerfile = r#"FROM busybox
COPY . /c
WORKDIR /c
RUN test "$(stat -c %a run.sh)" = 750 && test "$(stat -c %u:%g run.sh)" = 0:0
RUN test "$(readlink link)" = real/f && test "$(cat link)" = linked && test -d empty
RUN test -f keep.log && test ! -e a.log && test ! -e gone && test -f "with space"
RUN test ! -e .dockerignore && test ! -e Dockerfile
"#;
    let files = [
        ("Dockerfile", dockerfile),
        (".dockerignore", "*.log\n!keep.log\ngone\nDockerfile\n.dockerignore\n"),
        ("run.sh", "x"),
        ("real/f", "linked"),
        ("keep.log", ""),
        ("a.log", ""),
        ("gone/x", ""),
        ("with space", ""),
    ];
    let Some(site) = Site::new("files", &files).await else { return };
    fs::set_permissions(site.path().join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("real/f", site.path().join("link")).unwrap();
    fs::create_dir(site.path().join("empty")).unwrap();
    site.build_both(|request| request).await;
    site.clean().await;
}

#[tokio::test]
async fn settings_reach_the_build() {
    let dockerfile = r#"FROM busybox AS one
ARG A=none
ARG B=none
RUN test "$A $B" = "x y none" && grep -q "10.1.2.3.*somehost" /etc/hosts
FROM nothing-at-all
"#;
    let Some(site) = Site::new("settings", &[("my/Own.Dockerfile", dockerfile)]).await else {
        return;
    };
    site.build_both(|request| BuildRequest {
        dockerfile: DockerfileSource::Path("my/Own.Dockerfile".into()),
        target: Some("one".to_owned()),
        args: [("A".to_owned(), Some("x y".to_owned()))].into(),
        extra_hosts: vec!["somehost:10.1.2.3".to_owned()],
        ..request
    })
    .await;
    let found = site.engine.inspect_image(&site.tag).await.unwrap().unwrap();
    assert_eq!(found.labels.get("org.inertia.test"), Some(&site.tag));
    site.clean().await;
}

#[tokio::test]
async fn a_dockerfile_may_be_outside_or_inline() {
    let outside = "FROM busybox\nCOPY . /c\nRUN test \"$(ls -A /c)\" = f\n";
    let Some(site) = Site::new("outside", &[("ctx/f", "x"), ("Outside", outside)]).await else {
        return;
    };
    let context = BuildSource::Folder(site.path().join("ctx"));
    for dockerfile in [
        DockerfileSource::Path("../Outside".into()),
        DockerfileSource::Inline(outside.to_owned()),
    ] {
        site.build_both(|request| BuildRequest {
            context: context.clone(),
            dockerfile: dockerfile.clone(),
            ..request
        })
        .await;
    }
    site.clean().await;
}

#[tokio::test]
async fn a_failing_step_is_named_and_its_words_are_passed_on() {
    let dockerfile = "FROM busybox\nRUN echo the reason is $((6*7)) && exit 23\n";
    let Some(site) = Site::new("fails", &[("Dockerfile", dockerfile)]).await else {
        return;
    };
    for builder in BOTH {
        let (built, said) = site.build(site.request(builder)).await;
        let message = built.unwrap_err().to_string();
        assert!(
            message.contains(&site.tag) && message.contains("] RUN echo the reason") && message.contains("23"),
            "{builder:?}: {message}"
        );
        assert!(
            said.contains(&BuildOutput::Line("the reason is 42".to_owned())),
            "{builder:?}: {said:?}"
        );
        assert!(
            said.iter()
                .any(|one| matches!(one, BuildOutput::Step(step) if step.contains("] RUN echo"))),
            "{builder:?}: {said:?}"
        );
    }
}

#[tokio::test]
async fn what_did_not_change_comes_from_the_cache() {
    let dockerfile = "FROM busybox\nCOPY f /f\nRUN cat /proc/sys/kernel/random/uuid > /u\n";
    let Some(site) = Site::new("cache", &[("Dockerfile", dockerfile), ("f", "one")]).await else {
        return;
    };
    for builder in BOTH {
        fs::write(site.path().join("f"), format!("one {builder:?}")).unwrap();
        let first = site.build(site.request(builder)).await.0.unwrap();
        let (second, said) = site.build(site.request(builder)).await;
        assert_eq!(second.unwrap(), first, "{builder:?}");
        assert!(
            said.iter()
                .any(|one| matches!(one, BuildOutput::Cached(step) if step.contains("RUN"))),
            "{builder:?}: {said:?}"
        );
        let fresh = BuildRequest {
            no_cache: true,
            ..site.request(builder)
        };
        assert_ne!(site.build(fresh).await.0.unwrap(), first, "{builder:?}");
        fs::write(site.path().join("f"), format!("two {builder:?}")).unwrap();
        assert_ne!(
            site.build(site.request(builder)).await.0.unwrap(),
            first,
            "{builder:?}: a change of the same size is seen"
        );
    }
    site.clean().await;
}

#[tokio::test]
async fn secrets_are_seen_by_the_step_and_nowhere_else() {
    let dockerfile = r#"FROM busybox
RUN --mount=type=secret,id=file --mount=type=secret,id=bytes test "$(cat /run/secrets/file /run/secrets/bytes)" = "one two"
RUN test ! -s /run/secrets/file
"#;
    let Some(site) = Site::new("secrets", &[("Dockerfile", dockerfile), ("s", "one ")]).await else {
        return;
    };
    let request = BuildRequest {
        secrets: [
            ("file".to_owned(), BuildSecretSource::File(site.path().join("s"))),
            ("bytes".to_owned(), BuildSecretSource::Bytes(b"two".to_vec())),
        ]
        .into(),
        ..site.request(BuilderChoice::Auto)
    };
    let (built, said) = site.build(request.clone()).await;
    built.unwrap_or_else(|error| panic!("{error}\n{said:#?}"));
    let refused = site
        .build(BuildRequest {
            builder: BuilderChoice::Classic,
            ..request
        })
        .await
        .0
        .unwrap_err()
        .to_string();
    assert!(refused.contains("build.secrets"), "{refused}");
    site.clean().await;
}

#[tokio::test]
async fn files_that_cannot_be_sent_are_named() {
    let Some(site) = Site::new("unreadable", &[("Dockerfile", "FROM busybox\nCOPY . /c\n")]).await else {
        return;
    };
    for builder in BOTH {
        let gone = BuildRequest {
            context: BuildSource::Folder(site.path().join("gone")),
            ..site.request(builder)
        };
        let message = site.build(gone).await.0.unwrap_err().to_string();
        assert!(message.contains("/gone"), "{builder:?}: {message}");
        let nowhere = BuildRequest {
            dockerfile: DockerfileSource::Path("No.Dockerfile".into()),
            ..site.request(builder)
        };
        let message = site.build(nowhere).await.0.unwrap_err().to_string();
        assert!(message.contains("No.Dockerfile"), "{builder:?}: {message}");
    }
}

#[tokio::test]
async fn limits_and_networks_that_buildkit_lacks_are_left_to_the_classic_builder() {
    let dockerfile = "FROM busybox\nRUN test \"$(ulimit -n)\" = 64 && test \"$(df -k /dev/shm | tail -1 | awk '{print $2}')\" = 2048\n";
    let Some(site) = Site::new("limits", &[("Dockerfile", dockerfile)]).await else {
        return;
    };
    let request = BuildRequest {
        shm_size: Some(2 * 1024 * 1024),
        ulimits: vec!["nofile=64:64".to_owned()],
        ..site.request(BuilderChoice::Auto)
    };
    let (built, said) = site.build(request).await;
    built.unwrap_or_else(|error| panic!("{error}\n{said:#?}"));
    site.clean().await;
}

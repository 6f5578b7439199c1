//! What a commit only names: submodules, and files in large-file storage.

use crate::bench::{Bench, COMPOSE};
use deployd::wire::DeploymentState;

const LIST: &str = "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nsize 12345\n";

/// Deploys; the reason why that failed.
async fn refusal(bench: &Bench) -> String {
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, DeploymentState::Failed);
    ended.reason.unwrap()
}

/// Adds a submodule whose repository is beside that of the project.
fn add_module(bench: &Bench) -> std::path::PathBuf {
    let lib = bench.temp.path().join("lib");
    let at = |args: &[&str]| bench.git(&[&["-C", lib.to_str().unwrap()], args].concat());
    std::fs::create_dir(&lib).unwrap();
    at(&["init", "-q", "-b", "main", "."]);
    std::fs::write(lib.join("lib.txt"), "from the submodule").unwrap();
    at(&["add", "-A"]);
    at(&["commit", "-qm", "lib"]);
    let head = at(&["rev-parse", "HEAD"]);
    bench.write(".gitmodules", LIST);
    bench.write(
        "compose.yaml",
        "services:\n  web:\n    image: web:1\n    volumes: ['./lib:/lib:ro']\n",
    );
    bench.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},lib")]);
    bench.git(&["add", ".gitmodules", "compose.yaml"]);
    bench.git(&["commit", "-qm", "module"]);
    lib
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submodule_is_deployed_with_the_commit_that_names_it() {
    let bench = Bench::shop().await;
    let lib = add_module(&bench);
    let away = bench.temp.path().join("away");
    std::fs::rename(&lib, &away).unwrap();
    let reason = refusal(&bench).await;
    assert!(reason.starts_with("lib is a submodule, and cannot be read: "), "{reason}");
    std::fs::rename(&away, &lib).unwrap();
    bench.deploy_well().await;
    let contents = bench.state().join("projects/shop/contents");
    let copies = std::fs::read_dir(contents)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("lib.txt"));
    let texts: Vec<_> = copies.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    assert_eq!(texts, ["from the submodule"]);
}

#[tokio::test]
async fn nothing_is_deployed_with_an_address_in_place_of_a_file() {
    let bench = Bench::shop().await;
    bench.write("big.bin", POINTER);
    bench.push(COMPOSE);
    // As it is no file in large-file storage, it is what it is.
    bench.deploy_well().await;
    bench.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    bench.git(&["-c", "filter.lfs.clean=cat", "-c", "filter.lfs.required=false", "add", "-A"]);
    bench.git(&["commit", "-qm", "attributes"]);
    let reason = refusal(&bench).await;
    assert!(
        reason.starts_with("big.bin lies in large-file storage, and cannot be read: "),
        "{reason}"
    );
    assert!(reason.contains("git lfs push"), "{reason}");
}

//! The daemon's image: this very program and next to nothing else, or one that is pulled.

use super::tell;
use super::wire::Word;
use crate::failure::{Attempt as _, Failure};
use compose_core::engine::{BuildRequest, BuildSource, DockerEngine, DockerfileSource, Engine as _};
use compose_core::hash::hex;
use compose_core::names::ImageRef;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository of images that are made here.
const NAME: &str = "inertia-daemon";
/// Says what an image is; containers inherit it, so that it is not the one by which daemons are found.
const LABEL: &str = "dev.inertia.image";

const DOCKERFILE: &str = "FROM scratch\nCOPY . /\nENTRYPOINT [\"/inertia\"]\nCMD [\"daemon\"]\n";

/// The image for the daemon, present on the engine: its reference.
pub(super) async fn provide(engine: &DockerEngine, wanted: Option<&str>) -> Result<String, Failure> {
    match wanted {
        Some(reference) => pull(engine, reference).await,
        None => make(engine).await,
    }
}

async fn pull(engine: &DockerEngine, reference: &str) -> Result<String, Failure> {
    tell(&Word::Step {
        name: format!("Pull {reference}"),
    })?;
    let pulled = engine.pull_image(&ImageRef::new(reference), None, &mut |_| {}).await;
    match (pulled, engine.inspect_image(reference).await) {
        // A registry that does not answer is no trouble when the image is here already.
        (Ok(()), _) | (Err(_), Ok(Some(_))) => Ok(reference.to_owned()),
        (Err(error), _) => Err(error.into()),
    }
}

async fn make(engine: &DockerEngine) -> Result<String, Failure> {
    let program = std::env::current_exe().attempt("cannot find this program's own file")?;
    let reference = format!("{NAME}:{}-{}", env!("CARGO_PKG_VERSION"), digest(&program)?);
    if engine.inspect_image(&reference).await?.is_some() {
        return Ok(reference);
    }
    tell(&Word::Step {
        name: format!("Make the image {reference}"),
    })?;
    let context = Context::lay_out(&program)?;
    let request = BuildRequest {
        context: BuildSource::Folder(context.0.clone()),
        dockerfile: DockerfileSource::Inline(DOCKERFILE.to_owned()),
        tags: vec![reference.clone()],
        labels: BTreeMap::from([(LABEL.to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        ..BuildRequest::default()
    };
    engine.build_image(request, &mut |_| {}).await?;
    Ok(reference)
}

/// The beginning of the file's SHA-256.
fn digest(program: &Path) -> Result<String, Failure> {
    let saying = || format!("cannot read {}", program.display());
    let mut file = fs::File::open(program).attempt(saying())?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).attempt(saying())? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hex(&hash.finalize()[..6]))
}

/// The folder that becomes the image; it goes away with this value.
struct Context(PathBuf);

impl Context {
    fn lay_out(program: &Path) -> Result<Self, Failure> {
        // One name: what an interrupted attempt left behind is found, and no second one is at work.
        let folder = program.with_file_name(".image-context");
        let saying = || format!("cannot lay out the image in {}", folder.display());
        let _ = fs::remove_dir_all(&folder);
        let context = Self(folder.clone());
        fs::create_dir_all(folder.join("etc")).attempt(saying())?;
        fs::create_dir(folder.join("tmp")).attempt(saying())?;
        // Where the file system has no links, the bytes are copied.
        fs::hard_link(program, folder.join("inertia"))
            .or_else(|_| fs::copy(program, folder.join("inertia")).map(drop))
            .attempt(saying())?;
        let users = "root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n";
        fs::write(folder.join("etc/passwd"), users).attempt(saying())?;
        fs::write(folder.join("etc/group"), "root:x:0:\nnobody:x:65534:\n").attempt(saying())?;
        #[cfg(unix)]
        for (path, mode) in [
            ("etc", 0o755),
            ("etc/passwd", 0o644),
            ("etc/group", 0o644),
            ("tmp", 0o1777),
            (".", 0o755),
        ] {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(folder.join(path), fs::Permissions::from_mode(mode)).attempt(saying())?;
        }
        Ok(context)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // What stays is found and removed by the next one, or by `uninstall`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

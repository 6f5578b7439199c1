//! Links the program statically on Linux with glibc, so that the binary that a person builds is also the one that
//! a server runs, in an image that holds nothing else.
//!
//! `-C target-feature=+crt-static` would do it too, but reaches macros unless `--target` is given, which cannot be
//! linked then, and moves the output away from `target/release`. What that feature changes in the end is which
//! libraries the linker finds: here it finds the static ones first.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What the standard library asks the linker for.
const LIBRARIES: [&str; 5] = ["m", "rt", "pthread", "util", "dl"];

/// The glibc 2.x from which on a static program applies packed relocations.
const PACKED_SINCE: u32 = 36;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if !is_glibc() || has_static_flag() {
        return;
    }
    let linked = Toolchain::from_environment().and_then(|found| found.link_statically(&variable("OUT_DIR")));
    match linked {
        Ok(linked) => {
            for file in &linked.files {
                println!("cargo::rerun-if-changed={file}");
            }
            println!("cargo::rustc-link-arg-bins=-static-pie");
            println!("cargo::rustc-link-arg-bins=-L{}", linked.folder.display());
            if linked.packs_relocations {
                println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
            }
        }
        Err(missing) => {
            println!(
                "cargo::warning=inertia is linked dynamically and cannot be sent to a server, since {missing}: \
                 install the static C library (glibc-static on Fedora and RHEL; Debian's libc6-dev has it)"
            );
            // What is missing may be installed by the next build: a file that is never there makes it look again.
            println!(
                "cargo::rerun-if-changed={}",
                Path::new(&variable("OUT_DIR")).join("never").display()
            );
        }
    }
}

fn is_glibc() -> bool {
    variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu"
}

fn has_static_flag() -> bool {
    variable("CARGO_CFG_TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// What the program is linked with.
struct Linked {
    /// Where the names of shared libraries lead to static ones.
    folder: PathBuf,
    /// What is linked: another one of them makes another program.
    files: Vec<String>,
    /// The places that a program corrects by itself when it starts may be packed, which makes it 0.7 MB smaller.
    packs_relocations: bool,
}

/// The C compiler that links, which knows where its libraries lie.
struct Toolchain {
    compiler: String,
}

impl Toolchain {
    /// Cargo names the linker where one is set for the target; else rustc calls `cc`, which fits only this machine.
    fn from_environment() -> Result<Self, String> {
        match env::var("RUSTC_LINKER") {
            Ok(compiler) => Ok(Self { compiler }),
            Err(_) if variable("HOST") == variable("TARGET") => Ok(Self { compiler: "cc".to_owned() }),
            Err(_) => Err(format!("no linker is set for {}", variable("TARGET"))),
        }
    }

    /// Makes a folder in which the names of shared libraries lead to static ones.
    fn link_statically(&self, out: &str) -> Result<Linked, String> {
        let folder = Path::new(out).join("static");
        let mut files = vec![self.find("rcrt1.o")?];
        let mut scripts = Vec::new();
        for name in LIBRARIES {
            let library = self.find(&format!("lib{name}.a"))?;
            scripts.push((name, quote(&library)));
            files.push(library);
        }
        // Unwinding comes from one shared library or from two static ones, which the C library needs in turn: a linker
        // that reads its libraries in order finds them again behind it.
        let (unwinder, builtins, libc) = (self.find("libgcc_eh.a")?, self.find("libgcc.a")?, self.find("libc.a")?);
        let unwinding = format!("{} {}", quote(&unwinder), quote(&builtins));
        scripts.push(("c", format!("{} {unwinding}", quote(&libc))));
        scripts.push(("gcc_s", unwinding));
        write_scripts(&folder, &scripts).map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
        let packs_relocations = packs_relocations(Path::new(&libc));
        files.extend([unwinder, builtins, libc]);
        Ok(Linked {
            folder,
            files,
            packs_relocations,
        })
    }

    fn find(&self, file: &str) -> Result<String, String> {
        let output = Command::new(&self.compiler).arg(format!("-print-file-name={file}")).output();
        let printed = output.map_err(|error| format!("{} does not run: {error}", self.compiler))?.stdout;
        let path = String::from_utf8_lossy(&printed).trim().to_owned();
        // What is not found is printed as it was asked for.
        if Path::new(&path).is_absolute() {
            Ok(path)
        } else {
            Err(format!("{} has no {file}", self.compiler))
        }
    }
}

/// A path as a script of the linker takes it, blanks included.
fn quote(path: &str) -> String {
    format!("\"{path}\"")
}

/// Whether the start of a static program reads what is packed. Linkers learned to pack later for other architectures.
fn packs_relocations(libc: &Path) -> bool {
    variable("CARGO_CFG_TARGET_ARCH") == "x86_64" && fs::read(libc).is_ok_and(|bytes| glibc_minor(&bytes) >= PACKED_SINCE)
}

/// The second number of the version that a static glibc says of itself; 0 where it says none.
fn glibc_minor(libc: &[u8]) -> u32 {
    const BANNER: &[u8] = b"release version 2.";
    let Some(at) = libc.windows(BANNER.len()).position(|window| window == BANNER) else {
        return 0;
    };
    let digits = libc[at + BANNER.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

fn write_scripts(folder: &Path, scripts: &[(&str, String)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    scripts
        .iter()
        .try_for_each(|(name, files)| fs::write(folder.join(format!("lib{name}.a")), format!("GROUP({files})\n")))
}

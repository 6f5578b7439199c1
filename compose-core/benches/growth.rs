//! How time and memory of a load and its plan grow with the input, for every shape that made one of them grow out of
//! proportion once, or might.
//!
//! `cargo bench -p compose-core --bench growth -- [NAME]` runs each shape at half a megabyte and at one, each in a
//! process of its own, and prints the time of both, the exponent of the growth between them (1 is proportional, 2 is
//! quadratic), the peak of memory, and how it ended. What is told in capitals takes longer, or more, than it may.

#![expect(clippy::print_stdout, reason = "a benchmark that prints what it measured")]

mod shapes;

use compose_core::load::{Loader, Stage, Stages};
use compose_core::observe::Observed;
use compose_core::plan::{ContainerPolicy, ImagePolicy, plan_containers, plan_images};
use compose_core::source::MemoryReader;
use shapes::Shape;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The sizes that are compared, in bytes.
const SIZES: [usize; 2] = [500_000, 1_000_000];
/// How long a load of one megabyte may take.
const LONGEST: Duration = Duration::from_secs(2);
/// How much memory it may take, in MB.
const MOST: u64 = 200;
/// What takes this long is not waited for.
const GIVEN_UP: Duration = Duration::from_secs(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--one", name, size] => one(name, size.parse().expect("a size")),
        [name] => table(name),
        _ => table(""),
    }
}

/// A row for each shape whose name begins so.
fn table(prefix: &str) {
    println!("{:32} {:>9} {:>9} {:>7} {:>9}  ended", "shape", "half", "whole", "growth", "peak");
    for shape in shapes::all().filter(|shape| shape.name.starts_with(prefix)) {
        let [half, whole] = SIZES.map(|size| measured(shape.name, size));
        let growth = (whole.took.as_secs_f64() / half.took.as_secs_f64()).log2();
        let mark = if whole.took > LONGEST || whole.peak > MOST {
            "TOO MUCH: "
        } else {
            ""
        };
        println!(
            "{:32} {:>6} ms {:>6} ms {growth:>7.2} {:>6} MB  {mark}{}",
            shape.name,
            half.took.as_millis(),
            whole.took.as_millis(),
            whole.peak,
            whole.ended
        );
    }
}

/// What one load was like; its time is that of the processor, whoever else uses it.
struct Measured {
    took: Duration,
    peak: u64,
    ended: String,
}

/// Loads a shape in a process of its own.
fn measured(name: &str, size: usize) -> Measured {
    let program = std::env::current_exe().expect("a program knows where it is");
    let mut child = Command::new(program)
        .args(["--one", name, &size.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs once more");
    let in_time = ends_in_time(&mut child);
    let output = child.wait_with_output().expect("it was started");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let mut number = || lines.next().and_then(|line| line.parse::<u64>().ok());
    match (number(), number()) {
        (Some(took), Some(peak)) => Measured {
            took: Duration::from_micros(took),
            peak,
            ended: lines.next().unwrap_or_default().to_owned(),
        },
        _ => Measured {
            took: GIVEN_UP,
            peak: 0,
            ended: if in_time {
                format!("DIED: {}", output.status)
            } else {
                "GIVEN UP".to_owned()
            },
        },
    }
}

fn ends_in_time(child: &mut Child) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < GIVEN_UP {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it still runs");
    false
}

/// Loads and plans a shape, and prints what that took.
fn one(name: &str, size: usize) {
    let shape = shapes::all().find(|shape| shape.name == name).expect("a shape of that name");
    let loader = loader(shape, size);
    let (before, begun) = (peak(), processor());
    let ended = ended(&loader);
    println!("{}", processor().saturating_sub(begun).as_micros());
    println!("{}", peak().saturating_sub(before));
    println!("{}", ended.lines().next().unwrap_or_default().chars().take(110).collect::<String>());
}

fn loader(shape: &Shape, size: usize) -> Loader {
    let files = (shape.files)(size);
    let reader = files
        .into_iter()
        .fold(MemoryReader::new(), |reader, (path, text)| reader.with(path, text));
    Loader::new("/p").reader(reader).stages(Stages::ALL.without(Stage::Advice))
}

fn ended(loader: &Loader) -> String {
    let project = match loader.load() {
        Ok(loaded) => loaded.project,
        Err(refused) => return format!("{} findings: {refused}", refused.diagnostics.len()),
    };
    let images = match plan_images(&project, &Observed::default().images, &ImagePolicy::default()) {
        Ok(images) => images,
        Err(error) => return error.to_string(),
    };
    let pending = project.services.values().filter_map(|service| service.image.clone());
    let policy = ContainerPolicy {
        pending_images: pending.collect(),
        ..ContainerPolicy::default()
    };
    match plan_containers(&project, &Observed::default(), &policy) {
        Ok(plan) => format!("{} steps, {} letters", images.len() + plan.len(), plan.to_string().len()),
        Err(error) => error.to_string(),
    }
}

/// How long this process has had a processor.
fn processor() -> Duration {
    let times = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let first = times.split_whitespace().next().and_then(|time| time.parse().ok());
    Duration::from_nanos(first.unwrap_or_default())
}

/// The most memory that this process has had so far, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}

//! The words for steps, as users of Docker Compose know them.

use compose_core::event::{Phase, Subject, Verb};

/// `Container shop-web-1`.
pub(super) fn subject(subject: &Subject) -> String {
    let (kind, name) = match subject {
        Subject::Container(name) => ("Container", name),
        Subject::Network(name) => ("Network", name),
        Subject::Volume(name) => ("Volume", name),
        Subject::Image(name) => ("Image", name),
    };
    format!("{kind} {name}")
}

/// `Creating`, `Created`, `Running`, `Error …`.
pub(super) fn phase(verb: Verb, phase: &Phase) -> String {
    let (doing, done) = match verb {
        Verb::Pull => ("Pulling", "Pulled"),
        Verb::Build => ("Building", "Built"),
        Verb::Create => ("Creating", "Created"),
        Verb::Recreate => ("Recreate", "Recreated"),
        Verb::Start => ("Starting", "Started"),
        Verb::Wait => ("Waiting", "Ready"),
        Verb::Stop => ("Stopping", "Stopped"),
        Verb::Restart => ("Restarting", "Restarted"),
        Verb::Remove => ("Removing", "Removed"),
        Verb::Rename => ("Renaming", "Renamed"),
        Verb::Connect => ("Connecting", "Connected"),
        Verb::Disconnect => ("Disconnecting", "Disconnected"),
        Verb::Restore => ("Restoring", "Restored"),
        Verb::Kill => ("Killing", "Killed"),
        Verb::Pause => ("Pausing", "Paused"),
        Verb::Unpause => ("Unpausing", "Unpaused"),
        Verb::Copy => ("Copying", "Copied"),
        Verb::Commit => ("Committing", "Committed"),
        Verb::Export => ("Exporting", "Exported"),
        Verb::Push => ("Pushing", "Pushed"),
    };
    match phase {
        Phase::Started => doing.to_owned(),
        Phase::Done { .. } => done.to_owned(),
        Phase::UpToDate => "Running".to_owned(),
        Phase::Failed { message } => format!("Error {message}"),
        Phase::Skipped => "Skipped".to_owned(),
    }
}

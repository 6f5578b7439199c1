//! The states of a deployment and the steps between them: one pure function.

use crate::wire::DeploymentState;

/// What may happen to a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It begins, or begins again after the daemon was interrupted.
    Begin,
    /// Its files are here; images are pulled and built.
    Build,
    /// Its images are here; containers are changed.
    Start,
    /// Every service runs or is healthy.
    Succeed,
    /// It cannot go on, and nothing is put back.
    Fail,
    /// It could not go on, and the previous release is back.
    RollBack,
    /// A newer push takes its place.
    Supersede,
    /// Someone calls it off.
    Cancel,
}

/// The state after a step; `None` where the step cannot follow.
pub(crate) fn next(state: DeploymentState, step: Step) -> Option<DeploymentState> {
    use DeploymentState as State;
    if state.is_final() {
        return None;
    }
    match (step, state) {
        (Step::Begin, _) => Some(State::Fetching),
        (Step::Build, State::Fetching) => Some(State::Building),
        // A release that is put back was built before.
        (Step::Start, State::Fetching | State::Building) => Some(State::Starting),
        (Step::Succeed, State::Starting) => Some(State::Healthy),
        (Step::Fail, State::Fetching | State::Building | State::Starting) => Some(State::Failed),
        // One that was interrupted after its containers had begun to change is put back from any state.
        (Step::RollBack, State::Fetching | State::Building | State::Starting) => Some(State::RolledBack),
        // As long as nothing was changed.
        (Step::Supersede, State::Queued | State::Fetching | State::Building) => Some(State::Superseded),
        (Step::Cancel, _) => Some(State::Cancelled),
        (Step::Build | Step::Start | Step::Succeed | Step::Fail | Step::RollBack | Step::Supersede, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeploymentState as State;

    const STEPS: [Step; 8] = [
        Step::Begin,
        Step::Build,
        Step::Start,
        Step::Succeed,
        Step::Fail,
        Step::RollBack,
        Step::Supersede,
        Step::Cancel,
    ];

    #[test]
    fn the_way_to_health() {
        let mut state = State::Queued;
        for step in [Step::Begin, Step::Build, Step::Start, Step::Succeed] {
            state = next(state, step).expect("the way is open");
        }
        assert_eq!(state, State::Healthy);
    }

    #[test]
    fn what_ended_stays_as_it_is() {
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            for step in STEPS {
                assert_eq!(next(state, step), None, "{state} {step:?}");
            }
        }
    }

    #[test]
    fn whatever_was_interrupted_begins_again() {
        for state in State::ALL.into_iter().filter(|state| !state.is_final()) {
            assert_eq!(next(state, Step::Begin), Some(State::Fetching), "{state}");
        }
    }

    #[test]
    fn nothing_is_called_healthy_that_did_not_start() {
        for state in State::ALL {
            assert_eq!(next(state, Step::Succeed).is_some(), state == State::Starting, "{state}");
        }
    }

    #[test]
    fn only_what_changed_nothing_is_superseded() {
        for state in State::ALL {
            let is_early = matches!(state, State::Queued | State::Fetching | State::Building);
            assert_eq!(next(state, Step::Supersede).is_some(), is_early, "{state}");
        }
    }
}

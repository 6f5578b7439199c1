//! Stages of a load that can be left out, to look at a model half-way.

/// A stage that `inertia compose config` can leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Variables are put in.
    Interpolation,
    /// Relative paths become absolute.
    PathResolution,
    /// What is implied is written out: the default network, names in the engine, dependencies.
    Normalization,
    /// References between services, networks, volumes, … are checked.
    Consistency,
    /// Variables are read from the services' `env_file`. Whoever only asks for names, or for hashes
    /// as `config --hash` prints them, needs none of these files.
    EnvironmentFiles,
    /// Warnings are given about what works, but is hardly meant: resources that nothing uses, ports
    /// that collide, paths that are not there.
    Advice,
}

/// The stages of a load that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stages(u8);

impl Stages {
    /// All of them: what a project needs to run.
    pub const ALL: Self = Self(u8::MAX);

    /// These stages but one.
    #[must_use]
    pub const fn without(self, stage: Stage) -> Self {
        Self(self.0 & !(1 << stage as u8))
    }

    /// Whether a stage runs.
    pub const fn contains(self, stage: Stage) -> bool {
        self.0 & (1 << stage as u8) != 0
    }
}

impl Default for Stages {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stage_can_be_left_out_without_the_others() {
        let stages = Stages::ALL.without(Stage::Normalization);
        assert!(!stages.contains(Stage::Normalization));
        for stage in [Stage::Interpolation, Stage::PathResolution, Stage::Consistency] {
            assert!(stages.contains(stage), "{stage:?}");
        }
    }
}

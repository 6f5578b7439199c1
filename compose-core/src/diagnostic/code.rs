//! Every kind of finding, by one name each.

use std::fmt;

/// Makes the enum and the names from one list.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $name:literal,)+) => {
        /// A kind of finding, with a name for scripts and documentation that stays: `unknown-key`.
        ///
        /// One mistake has one code, wherever and by whichever stage it is found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl Code {
            /// All of them, in the order in which a load can come upon them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name, in words joined by hyphens.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

codes! {
    /// No compose file stands where one is named or looked for.
    NoComposeFile = "no-compose-file",
    /// Several files stand side by side, of which only one is read.
    SeveralComposeFiles = "several-compose-files",
    /// A `COMPOSE_*` variable says what it cannot.
    InvalidSetting = "invalid-setting",
    /// What is to be the project's name is none.
    InvalidProjectName = "invalid-project-name",
    /// A file that is named does not exist.
    FileNotFound = "file-not-found",
    /// A file that is named cannot be read, or is a folder.
    FileUnreadable = "file-unreadable",
    /// A file that is named stands on another machine.
    RemoteFile = "remote-file",
    /// A file of variables holds a line that is none.
    EnvFileSyntax = "env-file-syntax",
    /// Larger or deeper than anything that is read, which keeps hostile input cheap.
    TooLarge = "too-large",
    /// Who asked for the load does not wait for it any more.
    CalledOff = "called-off",
    /// Bytes that are no text.
    YamlEncoding = "yaml-encoding",
    /// Text that is not YAML.
    YamlSyntax = "yaml-syntax",
    /// An alias that leads nowhere or into itself.
    YamlAlias = "yaml-alias",
    /// A merge key over something that cannot be merged.
    YamlMergeKey = "yaml-merge-key",
    /// A tag that its value does not fit.
    YamlTag = "yaml-tag",
    /// A mapping says one key twice.
    DuplicateKey = "duplicate-key",
    /// A key is a number, a list or something else that is not text.
    KeyNotText = "key-not-text",
    /// A file or a document without anything in it.
    EmptyFile = "empty-file",
    /// `$` begins what is no variable.
    InvalidInterpolation = "invalid-interpolation",
    /// A variable has no value, and nothing takes its place.
    UnsetVariable = "unset-variable",
    /// A variable has no value where the file demands one.
    RequiredVariable = "required-variable",
    /// A word such as `yes` stands for a boolean, which newer YAML reads as text.
    OldBoolean = "old-boolean",
    /// Services of one anchor whose names make their aliases mean something else to Compose.
    AmbiguousAlias = "ambiguous-alias",
    /// Services extend each other in a circle.
    ExtendsCycle = "extends-cycle",
    /// Files include each other in a circle.
    IncludeCycle = "include-cycle",
    /// What is included says something else of a thing that has that name already.
    IncludeConflict = "include-conflict",
    /// Two files say things of one key that do not go together.
    CannotMerge = "cannot-merge",
    /// A key that is not known here.
    UnknownKey = "unknown-key",
    /// A key without which the rest means nothing.
    MissingKey = "missing-key",
    /// Keys that exclude each other, or disagree.
    ConflictingKeys = "conflicting-keys",
    /// A key that does nothing any more, or has a better one.
    ObsoleteKey = "obsolete-key",
    /// A name with characters that none may have.
    InvalidName = "invalid-name",
    /// A value of another type than the attribute's.
    WrongType = "wrong-type",
    /// A value of the right type that the attribute cannot have.
    InvalidValue = "invalid-value",
    /// A word where only some words stand.
    UnknownWord = "unknown-word",
    /// A number above or below what can be.
    OutOfRange = "out-of-range",
    /// Text that stands for a number and is none.
    NotANumber = "not-a-number",
    /// Text that stands for true or false and is neither.
    NotABoolean = "not-a-boolean",
    /// Text that stands for an amount of memory and is none.
    NotASize = "not-a-size",
    /// Text that stands for a stretch of time and is none.
    NotADuration = "not-a-duration",
    /// Text that stands for the permissions of a file and is none.
    NotAMode = "not-a-mode",
    /// Text that stands for an IP address and is none.
    NotAnAddress = "not-an-address",
    /// Text that stands for a command and leaves a quote open.
    MalformedCommand = "malformed-command",
    /// The one-line form of a port, a mount and the like that cannot be taken apart.
    MalformedShortForm = "malformed-short-form",
    /// A list holds something twice that it may hold once.
    DuplicateItem = "duplicate-item",
    /// An attribute that is read, and then has no effect.
    NotActedUpon = "not-acted-upon",
    /// A service that has been asked for does not exist.
    NoSuchService = "no-such-service",
    /// A profile that has been asked for is no service's.
    UnknownProfile = "unknown-profile",
    /// A service, network, volume, secret, config or model that is referred to is not defined.
    UndefinedReference = "undefined-reference",
    /// A service that is needed is switched off by its profiles.
    DisabledService = "disabled-service",
    /// Services depend on each other in a circle.
    DependencyCycle = "dependency-cycle",
    /// A service that comes from nowhere.
    NoImage = "no-image",
    /// A build takes the image of a service that is not built.
    ContextNotBuilt = "context-not-built",
    /// A service runs on a platform for which it is not built.
    PlatformNotBuilt = "platform-not-built",
    /// Two mounts of a service hide each other.
    TargetTwice = "target-twice",
    /// Two services have one name for their containers.
    ContainerNameTwice = "container-name-twice",
    /// A network, volume, secret or config that no service uses.
    UnusedResource = "unused-resource",
    /// A command holds what only a shell understands, and no shell reads it.
    ShellSyntax = "shell-syntax",
    /// Two containers ask for one port of the host.
    PortCollision = "port-collision",
    /// What is mounted does not exist on the host.
    BindSourceNotFound = "bind-source-not-found",
    /// The folder that an image is built from does not exist.
    BuildContextNotFound = "build-context-not-found",
    /// A volume was made for something else.
    NotMadeForThisProject = "not-made-for-this-project",
    /// A volume is not as the files describe it, and stays so.
    VolumeDiffers = "volume-differs",
    /// Containers of the project that belong to none of its services.
    OrphanContainers = "orphan-containers",
    /// A container is paused, so that starting it changes nothing.
    PausedContainer = "paused-container",
    /// What is to be removed is used by others.
    StillInUse = "still-in-use",
    /// There is nothing to remove.
    NothingToRemove = "nothing-to-remove",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_variants_words() {
        for code in Code::ALL {
            let words = code.as_str().split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
            assert_eq!(words.collect::<String>(), format!("{code:?}"));
        }
    }
}

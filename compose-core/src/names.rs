//! Newtypes for every name that could be mistaken for another.
//!
//! A key is what stands in the compose file; a name is what the engine knows. They differ for
//! networks and volumes (`front` in the file, `shop_front` in the engine).

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Wraps text that the caller knows to be such a name.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }
    };
}

name!(
    /// A project: the prefix of everything it owns in the engine.
    ProjectName
);
name!(
    /// A service, as its key under `services`.
    ServiceName
);
name!(
    /// A network's key under `networks`.
    NetworkKey
);
name!(
    /// A network's name in the engine.
    NetworkName
);
name!(
    /// A volume's key under `volumes`.
    VolumeKey
);
name!(
    /// A volume's name in the engine.
    VolumeName
);
name!(
    /// A secret's key under `secrets`.
    SecretKey
);
name!(
    /// A config's key under `configs`.
    ConfigKey
);
name!(
    /// A model's key under `models`.
    ModelKey
);
name!(
    /// A profile that enables services.
    ProfileName
);
name!(
    /// A reference to an image as people write it: `busybox:latest`, `registry/name@sha256:…`.
    ImageRef
);
name!(
    /// The engine's content id of an image, `sha256:…`.
    ImageId
);
name!(
    /// The engine's id of a container, 64 hexadecimal digits.
    ContainerId
);
name!(
    /// A container's name in the engine, without the leading slash.
    ContainerName
);
name!(
    /// The engine's id of a network.
    NetworkId
);
name!(
    /// The value of `com.docker.compose.config-hash`, equal to what `config --hash` prints.
    ConfigHash
);

/// Which of a service's replicas a container is; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct ReplicaNumber(std::num::NonZeroU32);

impl ReplicaNumber {
    /// The replica of a service that runs once.
    pub const FIRST: Self = Self(std::num::NonZeroU32::MIN);

    /// `None` for zero, which numbers no replica.
    pub fn new(number: u32) -> Option<Self> {
        std::num::NonZeroU32::new(number).map(Self)
    }

    /// The number, from 1.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for ReplicaNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

//! Variables in compose files: putting their values in, and listing them.
//!
//! [`interpolate`] works on one document before it is merged with anything: values only, never
//! keys, then the casts that numbers and booleans need. [`used_variables`] lists for
//! `config --variables`; [`missing_variable`] reads a finding. The grammar itself is in `template` and serves `.env` files too.

mod cast;
mod place;
mod template;
mod walk;

pub use place::missing_variable;
pub use template::UsedVariable;
pub(crate) use template::{MAX_TOTAL, Template, too_much, unset_variable};
pub use walk::{interpolate, used_variables};

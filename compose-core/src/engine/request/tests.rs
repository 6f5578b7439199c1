//! The mapping, attribute by attribute.

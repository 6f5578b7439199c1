//! `services.*.build` and `services.*.develop`.

use super::shapes::{
    BOOLEAN, BOOLEAN_OR_STRING, EXTRA_HOSTS, GRANTS, HOOK, INTEGER_OR_STRING, LIST_OR_DICT, STRING, STRING_OR_LIST, STRINGS, ULIMITS,
    attribute, extensible, list, requiring, scalar, word,
};
use crate::load::schema::rule::{Merge, Repeats, Shape, Types, Unique};

pub(super) const BUILD: Shape = Shape::OneOf(&[
    STRING,
    Shape::Mapping(&extensible(&[
        attribute("additional_contexts", LIST_OR_DICT)
            .merged(Merge::Sequence)
            .unique(Unique::Key),
        attribute("args", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
        attribute("cache_from", STRINGS),
        attribute("cache_to", STRINGS),
        attribute("context", STRING),
        attribute("dockerfile", STRING),
        attribute("dockerfile_inline", STRING),
        attribute("entitlements", STRINGS),
        attribute("extra_hosts", EXTRA_HOSTS).merged(Merge::ExtraHosts),
        attribute("isolation", STRING),
        attribute("labels", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
        attribute("network", STRING),
        attribute("no_cache", BOOLEAN_OR_STRING),
        attribute("platforms", STRINGS),
        attribute("privileged", BOOLEAN_OR_STRING),
        attribute("provenance", BOOLEAN_OR_STRING),
        attribute("pull", BOOLEAN_OR_STRING),
        attribute("sbom", BOOLEAN_OR_STRING),
        attribute("secrets", GRANTS),
        attribute("shm_size", INTEGER_OR_STRING),
        attribute("ssh", LIST_OR_DICT),
        attribute("tags", STRINGS).unique(Unique::Key),
        attribute("target", STRING),
        attribute("ulimits", ULIMITS),
    ])),
]);

pub(super) const DEVELOP: Shape = Shape::OneOf(&[
    scalar(Types::NULL),
    Shape::Mapping(&extensible(&[attribute("watch", Shape::List(&list(WATCH, Repeats::Allowed)))])),
]);

const WATCH: Shape = Shape::Mapping(&requiring(
    extensible(&[
        attribute("action", word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
        attribute("exec", HOOK),
        attribute("ignore", STRING_OR_LIST),
        attribute("include", STRING_OR_LIST),
        attribute("initial_sync", BOOLEAN),
        attribute("path", STRING),
        attribute("target", STRING),
    ]),
    &["path", "action"],
));

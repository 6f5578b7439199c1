//! The top level, and what stands beside `services`.

use super::service::SERVICE;
use super::shapes::{
    BOOLEAN_OR_STRING, DRIVER_OPTIONS, INTEGER, LIST_OR_DICT, STRING, STRING_OR_LIST, STRINGS, attribute, closed, entries_of, extensible,
    list, requiring, scalar,
};
use crate::load::schema::rule::{Attribute, Cast, Entries, KeyForm, Mapping, Merge, Others, Repeats, Rule, Shape, Types, Unique};

/// A compose file.
pub(in crate::load) static COMPOSE_FILE: Rule = Rule::new(Shape::Mapping(&extensible(&[
    attribute("configs", Shape::Mapping(&entries_of(&named("config", CONFIG)))),
    attribute("include", Shape::List(&list(INCLUDE, Repeats::Allowed))),
    attribute("models", Shape::Mapping(&entries_of(&loosely_named("model", MODEL)))),
    attribute("name", STRING),
    attribute("networks", Shape::Mapping(&entries_of(&loosely_named("network", NETWORK)))),
    attribute("secrets", Shape::Mapping(&entries_of(&named("secret", SECRET)))),
    attribute("services", Shape::Mapping(&entries_of(&named("service", SERVICE)))),
    attribute("version", STRING),
    attribute("volumes", Shape::Mapping(&entries_of(&named("volume", VOLUME)))),
])));

/// What a service is and how two of them become one.
pub(in crate::load) static SERVICE_RULE: Rule = Rule::new(SERVICE);

/// The keys of a section, each a name.
const fn named(noun: &'static str, shape: Shape) -> Entries {
    Entries {
        key: KeyForm::Name,
        rule: Rule::new(shape),
        noun,
        closed: true,
    }
}

/// As [`named`], where the published schema lets other keys pass with any value.
const fn loosely_named(noun: &'static str, shape: Shape) -> Entries {
    Entries {
        closed: false,
        ..named(noun, shape)
    }
}

const INCLUDE: Shape = Shape::OneOf(&[
    STRING,
    Shape::Mapping(&closed(&[
        attribute("env_file", STRING_OR_LIST),
        attribute("path", STRING_OR_LIST),
        attribute("project_directory", STRING),
    ])),
]);

const NETWORK: Shape = Shape::OneOf(&[
    scalar(Types::NULL),
    Shape::Mapping(&extensible(&[
        attribute("attachable", BOOLEAN_OR_STRING).cast(Cast::Boolean),
        attribute("driver", STRING),
        attribute("driver_opts", DRIVER_OPTIONS),
        attribute("enable_ipv4", BOOLEAN_OR_STRING).cast(Cast::Boolean),
        attribute("enable_ipv6", BOOLEAN_OR_STRING).cast(Cast::Boolean),
        attribute("external", EXTERNAL).cast(Cast::Boolean),
        attribute("internal", BOOLEAN_OR_STRING).cast(Cast::Boolean),
        attribute("ipam", IPAM),
        attribute("labels", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
        attribute("name", STRING),
    ])),
]);

/// The old way to name an external resource: `external: {name: …}`.
const EXTERNAL_NAME: &[Attribute] = &[attribute("name", STRING)];

const EXTERNAL: Shape = Shape::OneOf(&[BOOLEAN_OR_STRING, Shape::Mapping(&extensible(EXTERNAL_NAME))]);

/// [`EXTERNAL`] of secrets and configs, where the published schema forgets to close the mapping.
const OPEN_EXTERNAL: Shape = Shape::OneOf(&[
    BOOLEAN_OR_STRING,
    Shape::Mapping(&Mapping {
        attributes: EXTERNAL_NAME,
        others: Others::Any,
        required: &[],
    }),
]);

const IPAM: Shape = Shape::Mapping(&extensible(&[
    attribute("config", Shape::List(&list(ADDRESS_POOL, Repeats::Allowed))).merged(Merge::AddressPools),
    attribute("driver", STRING),
    attribute("options", TEXTS).unique(Unique::Key),
]));

const ADDRESS_POOL: Shape = Shape::Mapping(&extensible(&[
    attribute("aux_addresses", TEXTS),
    attribute("gateway", STRING),
    attribute("ip_range", STRING),
    attribute("subnet", STRING),
]));

/// Texts by keys of any kind.
const TEXTS: Shape = Shape::Mapping(&entries_of(&Entries {
    key: KeyForm::OneLine,
    rule: Rule::new(STRING),
    noun: "key",
    closed: true,
}));

const VOLUME: Shape = Shape::OneOf(&[
    scalar(Types::NULL),
    Shape::Mapping(&extensible(&[
        attribute("driver", STRING),
        attribute("driver_opts", DRIVER_OPTIONS),
        attribute("external", EXTERNAL).cast(Cast::Boolean),
        attribute("labels", LIST_OR_DICT).merged(Merge::Sequence),
        attribute("name", STRING),
    ])),
]);

const SECRET: Shape = Shape::Mapping(&extensible(&[
    attribute("driver", STRING),
    attribute("driver_opts", DRIVER_OPTIONS),
    attribute("environment", STRING),
    attribute("external", OPEN_EXTERNAL).cast(Cast::Boolean),
    attribute("file", STRING),
    attribute("labels", LIST_OR_DICT),
    attribute("name", STRING),
    attribute("template_driver", STRING),
]));

const CONFIG: Shape = Shape::Mapping(&extensible(&[
    attribute("content", STRING),
    attribute("environment", STRING),
    attribute("external", OPEN_EXTERNAL).cast(Cast::Boolean),
    attribute("file", STRING),
    attribute("labels", LIST_OR_DICT),
    attribute("name", STRING),
    attribute("template_driver", STRING),
]));

const MODEL: Shape = Shape::Mapping(&requiring(
    extensible(&[
        attribute("context_size", INTEGER),
        attribute("model", STRING),
        attribute("name", STRING),
        attribute("runtime_flags", STRINGS),
    ]),
    &["model"],
));

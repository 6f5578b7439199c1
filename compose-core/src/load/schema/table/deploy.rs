//! `services.*.deploy`, and the devices that it and `gpus` ask for.

use super::shapes::{
    DISTINCT_STRINGS, INTEGER_OR_STRING, LIST_OR_DICT, NUMBER_OR_STRING, STRING, STRINGS, attribute, extensible, list, requiring, scalar,
    word,
};
use crate::load::schema::rule::{Attribute, Cast, Mapping, Merge, Others, Repeats, Shape, Types, Unique};

pub(super) const DEPLOY: Shape = Shape::OneOf(&[
    scalar(Types::NULL),
    Shape::Mapping(&extensible(&[
        attribute("endpoint_mode", STRING),
        attribute("labels", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
        attribute("mode", STRING),
        attribute("placement", PLACEMENT),
        attribute("replicas", INTEGER_OR_STRING).cast(Cast::Integer),
        attribute("resources", RESOURCES),
        attribute("restart_policy", RESTART_POLICY),
        attribute("rollback_config", ROLLOUT),
        attribute("update_config", ROLLOUT),
    ])),
]);

const ROLLOUT: Shape = Shape::Mapping(&extensible(&[
    attribute("delay", STRING),
    attribute("failure_action", STRING),
    attribute("max_failure_ratio", NUMBER_OR_STRING).cast(Cast::Float),
    attribute("monitor", STRING),
    attribute("order", word(&["start-first", "stop-first"])),
    attribute("parallelism", INTEGER_OR_STRING).cast(Cast::Integer),
]));

const RESTART_POLICY: Shape = Shape::Mapping(&extensible(&[
    attribute("condition", STRING),
    attribute("delay", STRING),
    attribute("max_attempts", INTEGER_OR_STRING).cast(Cast::Integer),
    attribute("window", STRING),
]));

const PLACEMENT: Shape = Shape::Mapping(&extensible(&[
    attribute("constraints", STRINGS),
    attribute("max_replicas_per_node", INTEGER_OR_STRING).cast(Cast::Integer),
    attribute(
        "preferences",
        Shape::List(&list(Shape::Mapping(&extensible(&[attribute("spread", STRING)])), Repeats::Allowed)),
    ),
]));

const RESOURCES: Shape = Shape::Mapping(&extensible(&[
    attribute(
        "limits",
        Shape::Mapping(&extensible(&[
            attribute("cpus", NUMBER_OR_STRING),
            attribute("memory", STRING),
            attribute("pids", INTEGER_OR_STRING),
        ])),
    ),
    attribute(
        "reservations",
        Shape::Mapping(&extensible(&[
            attribute("cpus", NUMBER_OR_STRING),
            attribute("devices", RESERVED_DEVICES),
            attribute("generic_resources", GENERIC_RESOURCES),
            attribute("memory", STRING),
        ])),
    ),
]));

const GENERIC_RESOURCES: Shape = Shape::List(&list(
    Shape::Mapping(&extensible(&[attribute(
        "discrete_resource_spec",
        Shape::Mapping(&extensible(&[attribute("kind", STRING), attribute("value", NUMBER_OR_STRING)])),
    )])),
    Repeats::Allowed,
));

const DEVICE_ATTRIBUTES: &[Attribute] = &[
    attribute("capabilities", DISTINCT_STRINGS),
    attribute("count", INTEGER_OR_STRING),
    attribute("device_ids", DISTINCT_STRINGS),
    attribute("driver", STRING),
    attribute("options", LIST_OR_DICT),
];

const RESERVED_DEVICES: Shape = Shape::List(&list(
    Shape::Mapping(&requiring(extensible(DEVICE_ATTRIBUTES), &["capabilities"])),
    Repeats::Allowed,
));

/// `services.*.gpus`. The published schema forgets to close its mappings, so any key passes.
pub(super) const GPUS: Shape = Shape::OneOf(&[
    word(&["all"]),
    Shape::List(&list(
        Shape::Mapping(&Mapping {
            attributes: DEVICE_ATTRIBUTES,
            others: Others::Any,
            required: &[],
        }),
        Repeats::Allowed,
    )),
]);

//! The shapes that many attributes share.

use crate::load::schema::rule::{
    Attribute, Cast, Entries, KeyForm, Limit, List, Mapping, Merge, Others, Repeats, Rule, Scalar, Shape, Types,
};

/// A row: key and shape.
pub(super) const fn attribute(name: &'static str, shape: Shape) -> Attribute {
    Attribute::new(name, shape)
}

/// A scalar of some types.
pub(super) const fn scalar(types: Types) -> Shape {
    Shape::Scalar(Scalar { types, limit: Limit::None })
}

/// A text that is one of a few words.
pub(super) const fn word(words: &'static [&'static str]) -> Shape {
    Shape::Scalar(Scalar {
        types: Types::STRING,
        limit: Limit::Words(words),
    })
}

/// Text, or an integer within bounds.
pub(super) const fn bounded(least: i64, most: i64) -> Shape {
    Shape::Scalar(Scalar {
        types: Types::STRING.or(Types::INTEGER),
        limit: Limit::Range(least, most),
    })
}

pub(super) const STRING: Shape = scalar(Types::STRING);
pub(super) const BOOLEAN: Shape = scalar(Types::BOOLEAN);
pub(super) const INTEGER: Shape = scalar(Types::INTEGER);
pub(super) const NUMBER: Shape = scalar(Types::NUMBER);
pub(super) const STRING_OR_NULL: Shape = scalar(Types::STRING.or(Types::NULL));
/// A boolean, or text that was one before interpolation.
pub(super) const BOOLEAN_OR_STRING: Shape = scalar(Types::BOOLEAN.or(Types::STRING));
pub(super) const INTEGER_OR_STRING: Shape = scalar(Types::INTEGER.or(Types::STRING));
pub(super) const NUMBER_OR_STRING: Shape = scalar(Types::NUMBER.or(Types::STRING));
const NULL: Shape = scalar(Types::NULL);
const SIMPLE: Shape = scalar(Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN).or(Types::NULL));

/// A list of texts.
pub(super) const STRINGS: Shape = Shape::List(&List {
    item: STRING,
    repeats: Repeats::Allowed,
});
/// A list of different texts.
pub(super) const DISTINCT_STRINGS: Shape = Shape::List(&List {
    item: STRING,
    repeats: Repeats::Refused,
});
/// One text, or a list of different ones.
pub(super) const STRING_OR_LIST: Shape = Shape::OneOf(&[STRING, DISTINCT_STRINGS]);
/// One text, or a list that may repeat itself.
pub(super) const STRING_OR_LIST_WITH_REPEATS: Shape = Shape::OneOf(&[STRING, STRINGS]);
/// What runs: absent, a line for the splitter, or its words.
pub(super) const COMMAND: Shape = Shape::OneOf(&[NULL, STRING, STRINGS]);

/// `KEY: value`, or a list of `KEY=value`.
pub(super) const LIST_OR_DICT: Shape = Shape::OneOf(&[
    Shape::Mapping(&entries_of(&Entries {
        key: KeyForm::NotEmpty,
        rule: Rule::new(SIMPLE),
        noun: "key",
        closed: true,
    })),
    DISTINCT_STRINGS,
]);

/// `host: address` or several of them, or a list of `host=address`.
pub(super) const EXTRA_HOSTS: Shape = Shape::OneOf(&[
    Shape::Mapping(&entries_of(&Entries {
        key: KeyForm::NotEmpty,
        rule: Rule::new(STRING_OR_LIST_WITH_REPEATS),
        noun: "host",
        closed: true,
    })),
    DISTINCT_STRINGS,
]);

/// Options of a driver.
pub(super) const DRIVER_OPTIONS: Shape = Shape::Mapping(&entries_of(&Entries {
    key: KeyForm::OneLine,
    rule: Rule::new(NUMBER_OR_STRING),
    noun: "option",
    closed: false,
}));

/// A mapping whose keys people choose.
pub(super) const fn entries_of(entries: &'static Entries) -> Mapping {
    Mapping {
        attributes: &[],
        others: Others::Entries(entries),
        required: &[],
    }
}

/// A mapping of attributes and `x-…` keys.
pub(super) const fn extensible(attributes: &'static [Attribute]) -> Mapping {
    Mapping {
        attributes,
        others: Others::Extensions,
        required: &[],
    }
}

/// A mapping of attributes and nothing else.
pub(super) const fn closed(attributes: &'static [Attribute]) -> Mapping {
    Mapping {
        attributes,
        others: Others::Refused,
        required: &[],
    }
}

/// The same mapping, with keys that must be there.
pub(super) const fn requiring(mut mapping: Mapping, required: &'static [&'static str]) -> Mapping {
    mapping.required = required;
    mapping
}

/// A list of anything of a shape.
pub(super) const fn list(item: Shape, repeats: Repeats) -> List {
    List { item, repeats }
}

/// Secrets or configs that a service or a build is granted.
pub(super) const GRANTS: Shape = Shape::List(&list(
    Shape::OneOf(&[
        STRING,
        Shape::Mapping(&extensible(&[
            attribute("gid", STRING),
            attribute("mode", NUMBER_OR_STRING),
            attribute("source", STRING),
            attribute("target", STRING),
            attribute("uid", STRING),
        ])),
    ]),
    Repeats::Allowed,
));

/// Limits of a process: one number, or a soft and a hard one.
pub(super) const ULIMITS: Shape = Shape::Mapping(&entries_of(&Entries {
    key: KeyForm::LowerCase,
    rule: Rule::new(ULIMIT),
    noun: "limit",
    closed: false,
}));

/// [`ULIMITS`] of a service, each replaced as a whole, and text read as a number.
pub(super) const SERVICE_ULIMITS: Shape = Shape::Mapping(&entries_of(&Entries {
    key: KeyForm::LowerCase,
    rule: Rule::new(CAST_ULIMIT).merged(Merge::Replace).cast(Cast::Integer),
    noun: "limit",
    closed: false,
}));

const ULIMIT: Shape = Shape::OneOf(&[
    INTEGER_OR_STRING,
    Shape::Mapping(&requiring(
        extensible(&[attribute("hard", INTEGER_OR_STRING), attribute("soft", INTEGER_OR_STRING)]),
        &["soft", "hard"],
    )),
]);

const CAST_ULIMIT: Shape = Shape::OneOf(&[
    INTEGER_OR_STRING,
    Shape::Mapping(&requiring(
        extensible(&[
            attribute("hard", INTEGER_OR_STRING).cast(Cast::Integer),
            attribute("soft", INTEGER_OR_STRING).cast(Cast::Integer),
        ]),
        &["soft", "hard"],
    )),
]);

/// Commands run at points of a container's life.
pub(super) const HOOK: Shape = Shape::Mapping(&requiring(
    extensible(&[
        attribute("command", COMMAND),
        attribute("environment", LIST_OR_DICT),
        attribute("privileged", BOOLEAN_OR_STRING),
        attribute("user", STRING),
        attribute("working_dir", STRING),
    ]),
    &["command"],
));

//! The vocabulary of the rule table: what may stand at a place, how two files' values for it
//! become one, what makes two elements of its list the same, and what its text is turned into.

/// What an attribute is: one row of the table.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Attribute {
    /// Its key.
    pub(in crate::load) name: &'static str,
    /// What holds for its value.
    pub(in crate::load) rule: Rule,
}

/// What holds for a value.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Rule {
    /// What may stand there.
    pub(in crate::load) shape: Shape,
    /// How a later file's value and the one before become one.
    pub(in crate::load) merge: Merge,
    /// Which elements of its list replace each other.
    pub(in crate::load) unique: Option<Unique>,
    /// What its text becomes once variables are put in.
    pub(in crate::load) cast: Option<Cast>,
}

/// What may stand at a place.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) enum Shape {
    /// Whatever it is.
    Any,
    /// One value of some types.
    Scalar(Scalar),
    /// A list.
    List(&'static List),
    /// A mapping.
    Mapping(&'static Mapping),
    /// One of several shapes; their types are disjoint, so the value's type picks the one to hold.
    OneOf(&'static [Shape]),
}

/// The types of a scalar that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) struct Types(u8);

/// A scalar and what its value must look like.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Scalar {
    /// The types that are accepted.
    pub(in crate::load) types: Types,
    /// What the value must look like.
    pub(in crate::load) limit: Limit,
}

/// What a scalar's value must look like.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) enum Limit {
    /// Anything of its types.
    None,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A number from the first to the second; text is left alone.
    Range(i64, i64),
    /// Text in which the pattern is found.
    Pattern(Pattern),
}

/// The patterns of the specification. They are searched for, not anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Pattern {
    /// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`
    ContainerName,
    /// `always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+`
    PullPolicy,
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct List {
    /// What each element is.
    pub(in crate::load) item: Shape,
    /// Whether two equal elements are refused.
    pub(in crate::load) repeats: Repeats,
}

/// Whether a list may hold the same element twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Repeats {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// A mapping.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Mapping {
    /// The keys that have a meaning, by alphabet.
    pub(in crate::load) attributes: &'static [Attribute],
    /// What other keys there may be.
    pub(in crate::load) others: Others,
    /// The keys that must be there.
    pub(in crate::load) required: &'static [&'static str],
}

/// The keys of a mapping that are not attributes.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) enum Others {
    /// There are none.
    Refused,
    /// Those that begin with `x-`, with any value.
    Extensions,
    /// Those the people choose, each with a value of the same kind.
    Entries(&'static Entries),
    /// Whatever they are.
    Any,
}

/// Keys that people choose.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Entries {
    /// What such a key looks like.
    pub(in crate::load) key: KeyForm,
    /// What holds for each value.
    pub(in crate::load) rule: Rule,
    /// What a message calls such a key: `service`, `network`.
    pub(in crate::load) noun: &'static str,
    /// Whether a key of another form is refused, or passes with any value.
    pub(in crate::load) closed: bool,
}

/// What a key that people choose looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum KeyForm {
    /// `^[a-zA-Z0-9._-]+$`
    Name,
    /// `^[a-z]+$`
    LowerCase,
    /// `^.+$`
    OneLine,
    /// `.+`
    NotEmpty,
}

/// How a later file's value and the one before become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Merge {
    /// Mappings key by key, lists one after the other, a scalar replaces, null keeps what was.
    Deep,
    /// The later one, even when it is null.
    Replace,
    /// Both become lists of `KEY=VALUE` first, then one follows the other.
    Sequence,
    /// As `Sequence`, without what the earlier one has already.
    ExtraHosts,
    /// A text is a mapping's `context`.
    Build,
    /// A list is a mapping to default dependencies.
    DependsOn,
    /// A list is a mapping to nulls.
    Names,
    /// Another driver replaces everything.
    Logging,
    /// Address pools, by subnet.
    AddressPools,
}

/// What an attribute's text is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Cast {
    /// A decimal integer with an optional sign.
    Integer,
    /// A decimal number.
    Float,
    /// A number of single precision.
    Float32,
    /// `true`, `yes`, `on`, `y` or their opposites, in any case.
    Boolean,
}

/// Which elements of a list replace each other: the later one takes the place of the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Unique {
    /// The text up to `=`.
    Key,
    /// The path in the container.
    VolumeTarget,
    /// The device in the container.
    DeviceTarget,
    /// The target, or this folder and the source.
    MountTarget(&'static str),
    /// Address, published port, container port and protocol.
    Port,
    /// The port as text.
    Exposed,
    /// The path of the file.
    EnvFile,
}

impl Attribute {
    /// A row that merges deeply and whose list keeps all its elements.
    pub(super) const fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            rule: Rule::new(shape),
        }
    }

    /// The same row, merging by a special rule.
    pub(super) const fn merged(mut self, merge: Merge) -> Self {
        self.rule.merge = merge;
        self
    }

    /// The same row, its text turned into a number or a boolean.
    pub(super) const fn cast(mut self, cast: Cast) -> Self {
        self.rule.cast = Some(cast);
        self
    }

    /// The same row, its list free of elements that say the same.
    pub(super) const fn unique(mut self, unique: Unique) -> Self {
        self.rule.unique = Some(unique);
        self
    }
}

impl Rule {
    /// What holds where nothing special does.
    pub(in crate::load) const FREE: Self = Self::new(Shape::Any);

    /// A shape that merges deeply.
    pub(super) const fn new(shape: Shape) -> Self {
        Self {
            shape,
            merge: Merge::Deep,
            unique: None,
            cast: None,
        }
    }

    /// The same, merging by a special rule.
    pub(super) const fn merged(mut self, merge: Merge) -> Self {
        self.merge = merge;
        self
    }

    /// The same, its text turned into a number or a boolean.
    pub(super) const fn cast(mut self, cast: Cast) -> Self {
        self.cast = Some(cast);
        self
    }

    /// What holds for a key of the mapping that this rule describes.
    pub(in crate::load) fn of_key(&self, key: &str) -> &'static Rule {
        const FREE: &Rule = &Rule::FREE;
        match self.shape.mapping() {
            Some(mapping) => mapping.rule(key).unwrap_or(FREE),
            None => FREE,
        }
    }
}

impl Shape {
    /// The mapping among what may stand there.
    pub(in crate::load) fn mapping(&self) -> Option<&'static Mapping> {
        match self {
            Self::Mapping(mapping) => Some(mapping),
            Self::OneOf(shapes) => shapes.iter().find_map(Self::mapping),
            Self::Any | Self::Scalar(_) | Self::List(_) => None,
        }
    }

    /// The elements of the list among what may stand there.
    pub(in crate::load) fn item(&self) -> Option<&'static Shape> {
        match self {
            Self::List(list) => Some(&list.item),
            Self::OneOf(shapes) => shapes.iter().find_map(Self::item),
            Self::Any | Self::Scalar(_) | Self::Mapping(_) => None,
        }
    }
}

impl Mapping {
    /// The row of an attribute.
    pub(in crate::load) fn attribute(&self, key: &str) -> Option<&'static Attribute> {
        let index = self.attributes.binary_search_by(|attribute| attribute.name.cmp(key)).ok()?;
        Some(&self.attributes[index])
    }

    /// What holds for a key's value, whether it is an attribute or one that people choose.
    pub(in crate::load) fn rule(&self, key: &str) -> Option<&'static Rule> {
        match (self.attribute(key), self.others) {
            (Some(attribute), _) => Some(&attribute.rule),
            (None, Others::Entries(entries)) => Some(&entries.rule),
            (None, Others::Refused | Others::Extensions | Others::Any) => None,
        }
    }
}

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const INTEGER: Self = Self(1 << 2);
    pub(super) const NUMBER: Self = Self(1 << 3);
    pub(super) const STRING: Self = Self(1 << 4);

    /// These and those.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the others are among these.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl KeyForm {
    /// Whether a key has this form.
    pub(super) fn accepts(self, key: &str) -> bool {
        match self {
            Self::Name => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            Self::LowerCase => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()),
            Self::OneLine => !key.is_empty() && !key.contains('\n'),
            Self::NotEmpty => key.chars().any(|char| char != '\n'),
        }
    }

    /// What such a key may be made of.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Name => "letters, digits, `.`, `_` and `-`",
            Self::LowerCase => "lower-case letters",
            Self::OneLine | Self::NotEmpty => "one line of text",
        }
    }
}

impl Pattern {
    /// Whether the pattern is found in a text.
    pub(super) fn found_in(self, text: &str) -> bool {
        match self {
            Self::ContainerName => text
                .as_bytes()
                .windows(2)
                .any(|pair| pair[0].is_ascii_alphanumeric() && (pair[1].is_ascii_alphanumeric() || b"_.-".contains(&pair[1]))),
            Self::PullPolicy => {
                const WORDS: [&str; 8] = [
                    "always",
                    "never",
                    "build",
                    "if_not_present",
                    "missing",
                    "refresh",
                    "daily",
                    "weekly",
                ];
                WORDS.iter().any(|word| text.contains(word))
                    || text.match_indices("every_").any(|(at, word)| is_age(&text[at + word.len()..]))
            }
        }
    }

    /// What a text with the pattern looks like.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::ContainerName => "two or more letters, digits, `_`, `.` or `-`, not beginning with one of the signs",
            Self::PullPolicy => {
                "`always`, `never`, `build`, `if_not_present`, `missing`, `refresh`, `daily`, `weekly` or `every_` and an age as `12h`"
            }
        }
    }
}

/// Whether a text begins with digits and one of the units of a pull policy's age.
fn is_age(text: &str) -> bool {
    let rest = text.trim_start_matches(|char: char| char.is_ascii_digit());
    rest.len() < text.len() && rest.starts_with(['w', 'd', 'h', 'm', 's'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_searched_for() {
        for (pattern, text, found) in [
            (Pattern::ContainerName, "web", true),
            (Pattern::ContainerName, "  ok!", true),
            (Pattern::ContainerName, "w", false),
            (Pattern::ContainerName, "__", false),
            (Pattern::ContainerName, "é1", false),
            (Pattern::PullPolicy, "almost_always", true),
            (Pattern::PullPolicy, "every_12h", true),
            (Pattern::PullPolicy, "every_h", false),
            (Pattern::PullPolicy, "every_12", false),
            (Pattern::PullPolicy, "every_every_1d", true),
            (Pattern::PullPolicy, "sometimes", false),
        ] {
            assert_eq!(pattern.found_in(text), found, "{pattern:?} in {text:?}");
        }
    }

    #[test]
    fn keys_have_forms() {
        for (form, key, accepted) in [
            (KeyForm::Name, "web-1.a_B", true),
            (KeyForm::Name, "web 1", false),
            (KeyForm::Name, "wéb", false),
            (KeyForm::Name, "", false),
            (KeyForm::LowerCase, "nofile", true),
            (KeyForm::LowerCase, "noFile", false),
            (KeyForm::OneLine, "a b", true),
            (KeyForm::OneLine, "a\nb", false),
            (KeyForm::NotEmpty, "a\nb", true),
            (KeyForm::NotEmpty, "\n", false),
            (KeyForm::NotEmpty, "", false),
        ] {
            assert_eq!(form.accepts(key), accepted, "{form:?} of {key:?}");
        }
    }
}

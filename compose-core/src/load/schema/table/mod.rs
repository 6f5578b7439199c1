//! The rule table: one row an attribute of the Compose specification, at one place.

mod build;
mod deploy;
mod service;
mod shapes;
mod top;

pub(in crate::load) use top::{COMPOSE_FILE, SERVICE_RULE};

#[cfg(test)]
mod tests {
    use super::super::rule::{Cast, Mapping, Others, Rule, Shape};
    use super::*;

    /// Visits every mapping below a shape.
    fn each_mapping(shape: &Shape, visit: &mut dyn FnMut(&'static Mapping)) {
        match shape {
            Shape::Any | Shape::Scalar(_) => {}
            Shape::List(list) => each_mapping(&list.item, visit),
            Shape::OneOf(shapes) => shapes.iter().for_each(|shape| each_mapping(shape, visit)),
            Shape::Mapping(mapping) => {
                visit(mapping);
                for attribute in mapping.attributes {
                    each_mapping(&attribute.rule.shape, visit);
                }
                if let Others::Entries(entries) = mapping.others {
                    each_mapping(&entries.rule.shape, visit);
                }
            }
        }
    }

    #[test]
    fn rows_stand_in_the_order_that_the_search_needs() {
        let mut seen = 0;
        each_mapping(&COMPOSE_FILE.shape, &mut |mapping| {
            seen += 1;
            let names: Vec<_> = mapping.attributes.iter().map(|attribute| attribute.name).collect();
            assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
            for key in mapping.required {
                assert!(mapping.attribute(key).is_some(), "{key} is required and unknown in {names:?}");
            }
        });
        assert!(seen > 40, "only {seen} mappings");
    }

    #[test]
    fn text_is_cast_where_the_reference_casts_it() {
        let cast = |path: &[&str]| {
            let mut place = (&COMPOSE_FILE.shape, None);
            for step in path {
                place = match *step {
                    "[]" => (place.0.item().unwrap_or(&Shape::Any), None),
                    key => match place.0.mapping().and_then(|mapping| mapping.rule(key)) {
                        Some(rule) => (&rule.shape, rule.cast),
                        None => (&Shape::Any, None),
                    },
                };
            }
            place.1
        };
        for (path, expected) in [
            (&["services", "a", "scale"][..], Some(Cast::Integer)),
            (&["services", "scale", "image"], None),
            (&["services", "a", "ports", "[]", "target"], Some(Cast::Integer)),
            (&["services", "a", "ports", "[]", "published"], None),
            (&["services", "a", "ulimits", "nofile"], Some(Cast::Integer)),
            (&["services", "a", "ulimits", "nofile", "soft"], Some(Cast::Integer)),
            (&["services", "a", "build", "ulimits", "nofile"], None),
            (&["services", "a", "build", "ulimits", "nofile", "soft"], None),
            (&["services", "a", "build", "no_cache"], None),
            (&["services", "a", "volumes", "[]", "read_only"], Some(Cast::Boolean)),
            (&["services", "a", "post_start", "[]", "privileged"], None),
            (
                &["services", "a", "deploy", "rollback_config", "max_failure_ratio"],
                Some(Cast::Float),
            ),
            (&["networks", "n", "enable_ipv4"], Some(Cast::Boolean)),
            (&["configs", "c", "external"], Some(Cast::Boolean)),
            // Text is octal there, a number is not.
            (&["services", "a", "configs", "[]", "mode"], None),
            (&["x-any", "external"], None),
        ] {
            assert_eq!(cast(path), expected, "{path:?}");
        }
    }

    #[test]
    fn the_types_of_alternatives_are_disjoint() {
        fn check(rule: &Rule) {
            if let Shape::OneOf(shapes) = rule.shape {
                assert!(shapes.iter().filter(|shape| matches!(shape, Shape::List(_))).count() <= 1);
                assert!(shapes.iter().filter(|shape| matches!(shape, Shape::Mapping(_))).count() <= 1);
                assert!(!shapes.iter().any(|shape| matches!(shape, Shape::OneOf(_) | Shape::Any)));
            }
        }
        each_mapping(&COMPOSE_FILE.shape, &mut |mapping| {
            mapping.attributes.iter().for_each(|attribute| check(&attribute.rule));
        });
    }
}

//! What is written is read back as the same, by the parser that reads compose files.

use super::super::tree::Tree;
use super::write;
use crate::source::{SourceMap, parse_text};
use proptest::prelude::*;

/// Texts of characters that YAML has plans for, and any other text.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::string::string_regex("[\\n\\t :#?'\"\\\\{},&*!|>%@`\\[\\]<=~ynoefxab.+_0-9é\u{2028}\u{2029}\u{85}\u{a0}\u{feff}\u{1b}\r🐳-]{0,8}")
            .expect("the pattern is a constant"),
        1 => any::<String>(),
        1 => proptest::string::string_regex("[a-z ]{120,140}(\n[ a]{0,3}){0,3}").expect("the pattern is a constant"),
        1 => proptest::string::string_regex("[-+]?(0[xob])?[0-9_.:eT-]{1,12}Z?").expect("the pattern is a constant"),
    ]
}

/// A mapping of at most this depth.
fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        4 => text().prop_map(Tree::Text),
        1 => any::<i64>().prop_map(Tree::Int),
        1 => any::<bool>().prop_map(Tree::Bool),
        1 => Just(Tree::Null),
        1 => (any::<f32>().prop_map(f64::from)).prop_filter("a number", |f| f.is_finite() && f.fract() != 0.0).prop_map(Tree::Float),
        1 => (i64::MAX.unsigned_abs() + 1..).prop_map(Tree::UInt),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| if items.is_empty() { Tree::NilList } else { Tree::List(items) }),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(|map| Tree::Map(map.into_iter().collect())),
        ]
    })
}

/// The one key that reads as something else, unquoted as the reference leaves it, is the merge key.
fn key() -> impl Strategy<Value = String> {
    text().prop_filter("no merge key", |key| key != "<<" && key.chars().count() < 1000)
}

fn read(text: &str) -> Tree {
    let mut sources = SourceMap::default();
    let documents = parse_text("printed.yaml", text, &mut sources).unwrap_or_else(|found| panic!("{found:?} in\n{text}"));
    let [document] = documents.as_slice() else {
        panic!("{} documents in\n{text}", documents.len())
    };
    sorted(Tree::from(document))
}

/// Keys in one order, so that only content is compared.
fn sorted(tree: Tree) -> Tree {
    match tree {
        Tree::Map(mut entries) => {
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Tree::Map(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Tree::List(items) => Tree::List(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn text_is_read_back(value in text()) {
        let tree = Tree::map([("key", Tree::from(value.as_str())), ("last", Tree::Null)]);
        prop_assert_eq!(read(&write(&tree, 2)), tree);
        let tree = Tree::List(vec![Tree::from(value), Tree::Null]);
        prop_assert_eq!(read(&write(&tree, 2)), tree);
    }

    #[test]
    fn trees_are_read_back(tree in prop::collection::btree_map(key(), tree(), 1..4)) {
        let tree = Tree::List(vec![Tree::map(tree), Tree::Null]);
        prop_assert_eq!(read(&write(&tree, 2)), sorted(tree));
    }
}

#[test]
fn long_keys_and_keys_of_several_lines_stand_apart() {
    let long = "k".repeat(129);
    let tree = Tree::map([
        ("a\nb", Tree::Int(1)),
        (long.as_str(), Tree::List(vec![Tree::Int(2), Tree::map([("x", 3_i64)])])),
        (&long[..128], Tree::Map(Vec::new())),
    ]);
    let expected = format!("? |-\n  a\n  b\n: 1\n{}: {{}}\n? {long}\n: - 2\n  - x: 3\n", &long[..128]);
    assert_eq!(write(&tree, 2), expected);
    assert_eq!(read(&expected), sorted(tree));
}

#[test]
fn lists_in_lists_share_a_line() {
    let inner = Tree::List(vec![Tree::from("b"), Tree::Map(Vec::new()), Tree::NilList]);
    let tree = Tree::List(vec![
        Tree::List(vec![Tree::from("a"), inner]),
        Tree::from("multi\nline"),
        Tree::from("\n"),
    ]);
    assert_eq!(
        write(&tree, 2),
        "- - a\n  - - b\n    - {}\n    - []\n- |-\n  multi\n  line\n- |2+\n\n"
    );
}

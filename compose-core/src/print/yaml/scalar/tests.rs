//! What go-yaml 3 wrote for the same texts.

use super::{Position, text};

fn value(source: &str) -> String {
    let mut out = String::new();
    text(&mut out, source, Position::Value { indent: 2 });
    out
}

#[test]
fn quotes_where_the_reference_does() {
    for (source, printed) in [
        (
            "\u{8}\u{c}\u{1}\u{1f}\u{7f}<>&\u{2028}\u{2029}\u{85}\u{a0}",
            "\"\\b\\f\\x01\\x1F\\x7F<>&\\L\\P\\N\u{a0}\"",
        ),
        ("a\u{2028} b", "\"a\\L b\""),
        ("\u{feff}abé", "\"\\uFEFF\\x61\\x62\\xE9\""),
        ("a\u{feff}", "\"a\\uFEFF\""),
        ("\u{e000}", "\u{e000}"),
        ("🐳", "\"\\U0001F433\""),
        ("-", "'-'"),
        ("- ", "'- '"),
        ("?", "'?'"),
        ("? a", "'? a'"),
        ("?a", "?a"),
        (":a", ":a"),
        (": a", "': a'"),
        ("a:", "'a:'"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("a :b", "a :b"),
        ("a #", "'a #'"),
        ("a#", "a#"),
        ("#a", "'#a'"),
        ("'", "''''"),
        ("a'b", "a'b"),
        ("---a", "'---a'"),
        ("...a", "'...a'"),
        ("--", "--"),
        ("a, b", "a, b"),
        ("> ", "'> '"),
        ("tab\t", "\"tab\\t\""),
        ("a\\\t", "\"a\\\\\\t\""),
        ("a\\b", "a\\b"),
        ("y", "\"y\""),
        ("", "\"\""),
    ] {
        assert_eq!(value(source), printed, "{source:?}");
    }
}

#[test]
fn writes_lines_as_a_block() {
    for (source, printed) in [
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\n", "|2+\n"),
        ("\na", "|2-\n\n  a"),
        ("\n a", "|2-\n\n   a"),
        ("a\n\tb", "|-\n  a\n  \tb"),
        ("\ta\nb", "|2-\n  \ta\n  b"),
        ("x\ny\u{2028}z", "|-\n  x\n  y\u{2028}  z"),
        ("a \nb", "\"a \\nb\""),
        ("a\n ", "\"a\\n \""),
        ("a\r\nb", "\"a\\r\\nb\""),
        ("😀\n", "\"\\U0001F600\\n\""),
    ] {
        assert_eq!(value(source), printed, "{source:?}");
    }
}

#[test]
fn exotic_line_breaks_are_followed_by_the_indentation() {
    assert_eq!(value("a\u{2028}b"), "'a\u{2028}  b'");
    assert_eq!(value("\u{2029}a'"), "'\u{2029}  a'''");
    assert_eq!(value("\u{2028}"), "'\u{2028}'");
}

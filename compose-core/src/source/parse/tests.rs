//! Whole texts through [`parse`].

use super::*;
use crate::source::node::{Directive, Value};
use proptest::prelude::*;
use std::fmt::Write as _;

fn parsed(text: &str) -> Result<Vec<Node>, Diagnostics> {
    parse_text("/c.yaml", text, &mut SourceMap::default())
}

/// A short form that tells kinds apart: `{a: 'text', b: [1, null]}`.
fn shown(node: &Node) -> String {
    let directive = match node.directive {
        Some(Directive::Reset) => "!reset ",
        Some(Directive::Override) => "!override ",
        None => "",
    };
    let value = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => format!("{value}u"),
        Value::Float(value) => format!("{value:?}"),
        Value::Timestamp(value) => format!("@{value}"),
        Value::String(value) => format!("'{value}'"),
        Value::Sequence(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Mapping(mapping) => {
            let entries = mapping.iter().map(|(key, entry)| format!("{key}: {}", shown(&entry.node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    };
    format!("{directive}{value}")
}

fn documents(text: &str) -> String {
    let documents = parsed(text).unwrap_or_else(|found| panic!("{text:?} is refused: {found:?}"));
    documents.iter().map(shown).collect::<Vec<_>>().join(" --- ")
}

/// The findings as `line:column message`.
fn findings(text: &str) -> Vec<String> {
    let found = parsed(text).expect_err("refused");
    let place = |found: &Diagnostic| {
        found
            .span
            .map_or_else(|| "?".to_owned(), |span| format!("{}:{}", span.line, span.column))
    };
    found.iter().map(|found| format!("{} {}", place(found), found.message)).collect()
}

#[test]
fn builds_documents() {
    for (text, expected) in [
        ("", ""),
        ("# only a comment\n", ""),
        ("---\n", "null"),
        ("a: 1", "{a: 1}"),
        ("a: &x 1\n---\nb: *x\n", "{a: 1} --- {b: 1}"),
        ("a: 1\n---\nb: 2\n...\n---\n", "{a: 1} --- {b: 2} --- null"),
        ("a: {b: [1, x, ], c: }", "{a: {b: [1, 'x'], c: null}}"),
        ("a:\n- 1\n- - 2\n", "{a: [1, [2]]}"),
        ("yes: y\n\"a b\": 'it''s'\n", "{yes: 'y', a b: 'it's'}"),
        ("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{a: 'x\ny\n', b: 'x y'}"),
        ("a: |+\n  x\n\n", "{a: 'x\n\n'}"),
        ("a: |\n  x", "{a: 'x'}"),
        ("a: |\r  x\r", "{a: 'x\n'}"),
        ("a: |+\n  x\n  ", "{a: 'x\n'}"),
        ("a: >\n  x\n  y", "{a: 'x y'}"),
        ("\"a\\x41\\u00e9\\n\": x", "{aAé\n: 'x'}"),
        ("? a\n: b\n", "{a: 'b'}"),
        ("%YAML 1.1\n---\na: 1\n", "{a: 1}"),
        ("a: 1\r\nb: 2\r\n", "{a: 1, b: 2}"),
        ("a: 1\rb: 2\r", "{a: 1, b: 2}"),
        ("a: x#y\nb: x # y\n", "{a: 'x#y', b: 'x'}"),
        ("{\"a\": [true, null, 1.5]}", "{a: [true, null, 1.5]}"),
        ("！: 1", "{！: 1}"),
    ] {
        assert_eq!(documents(text), expected, "{text}");
    }
}

#[test]
fn anchors_aliases_and_merge_keys() {
    for (text, expected) in [
        ("a: &x 1\nb: *x\n", "{a: 1, b: 1}"),
        ("a: &x [1]\nb: [*x, *x]\n", "{a: [1], b: [[1], [1]]}"),
        ("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}"),
        ("a: &x [&x q, *x]\nb: *x\n", "{a: ['q', 'q'], b: 'q'}"),
        ("a: &k name\nb: {*k : 1}\n", "{a: 'name', b: {name: 1}}"),
        ("&a k: &b-_1 v\nc: *b-_1\n", "{k: 'v', c: 'v'}"),
        ("a: &x {u: 1, v: 1}\nb: {v: 2, <<: *x}\n", "{a: {u: 1, v: 1}, b: {v: 2, u: 1}}"),
        ("a: &x {u: 1}\nb: {<<: *x, u: 2}\n", "{a: {u: 1}, b: {u: 2}}"),
        ("b: {<<: [{u: 1}, {u: 2, v: 2}]}\n", "{b: {u: 1, v: 2}}"),
        ("l: &l [{u: 1}]\nb: {<<: *l}\n", "{l: [{u: 1}], b: {u: 1}}"),
        ("b: {<<: {<<: {u: 1}, v: 2}}\n", "{b: {v: 2, u: 1}}"),
        ("b: {<<: {u: {x: 1}}, u: {y: 2}}\n", "{b: {u: {y: 2}}}"),
        ("b: {\"<<\": {u: 1}}\n", "{b: {<<: {u: 1}}}"),
        ("b: [<<]\n", "{b: ['<<']}"),
    ] {
        assert_eq!(documents(text), expected, "{text}");
    }
}

#[test]
fn tags() {
    for (text, expected) in [
        (
            "a: !reset null\nb: !reset [1]\nc: !reset {x: 1}\n",
            "{a: !reset null, b: !reset null, c: !reset null}",
        ),
        ("a: [1, !reset 2]\n", "{a: [1]}"),
        (
            "a: !override [1]\nb: !override {c: !override x}\n",
            "{a: !override [1], b: !override {c: 'x'}}",
        ),
        ("a: !override null\n", "{a: !override 'null'}"),
        ("a: !override [1, !reset 2]\n", "{a: !override [1, '2']}"),
        ("p: &p !reset x\na: *p\n", "{p: !reset null, a: !reset null}"),
        ("a: {<<: {u: !reset 1}}\n", "{a: {u: !reset null}}"),
        ("a: !reset {x: 1, x: 2, 3: 4}\n", "{a: !reset null}"),
        ("a: !mine 5\nb: !mine [1]\nc: !mine {d: 1}\n", "{a: '5', b: [1], c: {d: 1}}"),
        ("a: !!str 5\nb: !!set {x, y}\nc: ! 5\n", "{a: '5', b: {x: null, y: null}, c: 5}"),
        ("%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 5\n", "{a: '5'}"),
    ] {
        assert_eq!(documents(text), expected, "{text}");
    }
}

#[test]
fn a_colon_before_what_ends_a_text_between_brackets_belongs_to_the_text() {
    for (text, expected) in [
        ("{A:}", "{A:: null}"),
        ("{A:,b: c}", "{A:: null, b: 'c'}"),
        ("[a::b, c:]", "['a::b', 'c:']"),
        ("[a :,b]", "['a :', 'b']"),
        ("{a: b:, c: {d:}}", "{a: 'b:', c: {d:: null}}"),
        ("{\"a\":[1], b:}", "{a: [1], b:: null}"),
        ("[\"_:\",_b_:, c_:_d:, _ _\n  _:, _]", "['_:', '_b_:', 'c_:_d:', '_ _ _:', '_']"),
        ("[&a_b _:, !t_:_ x_:, *a_b ]", "['_:', 'x_:', '_:']"),
        ("[é_:, x:é:, a]", "['é_:', 'x:é:', 'a']"),
        ("[!x y:,b]", "['y:', 'b']"),
        ("a: b_:c\nd: [http://x_y:,b]", "{a: 'b_:c', d: ['http://x_y:', 'b']}"),
    ] {
        assert_eq!(documents(text), expected, "{text}");
    }
}

#[test]
fn a_directive_before_a_key_is_none() {
    assert_eq!(documents("!reset a: 1\n!override b: {!reset 5: c}"), "{a: 1, b: {5: 'c'}}");
}

#[test]
fn a_tag_goes_on_over_commas_and_brackets() {
    for (text, expected) in [
        ("[!, z]", "['z']"),
        ("[!x,b: c, d]", "['c', 'd']"),
        ("{a: !x,b: c}", "{a: 'c'}"),
        ("[!x[1], 2]", "['2']"),
        ("![a] b", "'b'"),
        ("!x[] {a: b}", "{a: 'b'}"),
        ("[!!str, 5]", "['5']"),
        ("[!reset,b c]", "['c']"),
        ("[! ,b]", "[null, 'b']"),
        ("[!x,,,b c]", "['c']"),
        ("[!x,] ]", "['']"),
        ("[y:,b, !z,c d]", "['y:', 'b', 'd']"),
        ("['x!,y', !z, b]", "['x!,y', 'b']"),
        ("- |\n  !t:,b\n- [!x:, c]", "['!t:,b\n', ['c']]"),
        // No tags.
        ("a: hello!, world", "{a: 'hello!, world'}"),
        ("a: /p/!t:,", "{a: '/p/!t:,'}"),
        ("- x!t:, y\n- z", "['x!t:, y', 'z']"),
        ("['x!,y', !z , b]", "['x!,y', '', 'b']"),
        ("# !a,b\na: 1", "{a: 1}"),
        ("[b!,c]", "['b!', 'c']"),
        ("a: |\n  !x,\n", "{a: '!x,\n'}"),
        ("{\"a\":!<tag:yaml.org,2002:str> 5, b: c!, d: e}", "{a: '5', b: 'c!', d: 'e'}"),
        ("%TAG ! !a,b:\n--- x", "'x'"),
    ] {
        assert_eq!(documents(text), expected, "{text}");
    }
    // However many there are, the scanner gets over them or refuses them.
    for text in [
        "[!<a>,b]",
        "[A!,0!<![!,A<Y>Y>",
        "[A!,,!<],>,b]",
        "a: b\n{!x:,@}: c",
        "{a: b\n%: !x, c: d}",
        "{a: b\n%TAG !y: !x, c: d}",
    ] {
        assert!(parsed(text).is_err(), "{text}");
    }
}

#[test]
fn a_question_mark_ends_a_text_between_brackets() {
    for (text, place) in [
        ("[a?b]", "1:3"),
        ("[a, &x b c?]", "1:11"),
        ("{a: 1, b:?c: d}", "1:10"),
        ("{a: {}, \"b\": [c\n d?]}", "2:3"),
        ("[a: !x?y b?]", "1:11"),
    ] {
        let message = "did not find expected ',' or ']': between brackets a text without quotes ends at a `?`";
        assert_eq!(findings(text), [format!("{place} {message}")], "{text}");
    }
    assert_eq!(documents("[\"a?\", 'b?']\n"), "['a?', 'b?']");
    assert_eq!(
        documents("a: [b]\nc: d?e\n? f?\n: {}\ng?: h"),
        "{a: ['b'], c: 'd?e', f?: {}, g?: 'h'}"
    );
}

#[test]
fn refuses_with_a_place() {
    for (text, expected) in [
        ("a: 1\nb: 2\na: 3\n", "3:1 mapping key \"a\" already defined at line 1"),
        ("a: 1\n'a': 3\n", "2:1 mapping key \"a\" already defined at line 1"),
        ("a: {<<: {}, <<: {}}", "1:13 mapping key \"<<\" already defined at line 1"),
        ("a: {<<: }", "1:9 map merge requires map or sequence of maps as the value"),
        (
            "a: {<<: [{b: 1}, 2]}",
            "1:18 map merge requires map or sequence of maps as the value",
        ),
        ("a:\n  1: x\n", "2:3 non-string key: 1 (integer)"),
        ("{true: x}", "1:2 non-string key: true (boolean)"),
        ("{~: x}", "1:2 non-string key: ~ (null)"),
        ("?\n: x\n", "1:2 a key is missing before `:`"),
        ("2001-01-01: x", "1:1 non-string key: 2001-01-01 (timestamp)"),
        ("[a]: x", "1:1 a list cannot be a key"),
        ("a: *nothing", "1:4 unknown anchor 'nothing' referenced"),
        ("a: &a [*a]", "1:8 cycle detected: the value of anchor 'a' contains itself"),
        ("a: &a {<<: *a}", "1:12 cycle detected: the value of anchor 'a' contains itself"),
        ("a: !!int text", "1:4 cannot read `text`, which is a !!str, as a !!int"),
        ("a: \"x\\/y\"", "1:4 found unknown escape character: `\\/`"),
        ("%YAML 1.2\n---\na: 1\n", "1:1 found incompatible YAML document"),
        ("a: b: c\n", "1:5 mapping values are not allowed in this context"),
        ("a: @x\n", "1:4 found character that cannot start any token"),
        ("a: {b, c\n", "2:1 did not find expected ',' or '}'"),
        ("a: &x.y 1\n", "1:6 did not find expected alphabetic or numeric character"),
        ("a: 'x\n", "1:4 found unexpected end of stream while scanning a quoted scalar"),
    ] {
        assert_eq!(findings(text), [expected], "{text}");
    }
}

#[test]
fn collects_findings_up_to_a_syntax_error() {
    assert_eq!(
        findings("a: 1\na: 2\nb: {1: 2}\nc: @\n"),
        [
            "2:1 mapping key \"a\" already defined at line 1",
            "3:5 non-string key: 1 (integer)",
            "4:4 found character that cannot start any token",
        ]
    );
    assert_eq!(findings(&"a: 1\n".repeat(1000)).len(), 50);
}

#[test]
fn a_duplicate_shows_both_places() {
    let found = parsed("a: 1\nb: 2\na: 3\n").expect_err("refused");
    let found = found.iter().next().expect("a finding");
    let related: Vec<_> = found.related.iter().map(|(span, note)| (span.line, note.as_str())).collect();
    assert_eq!(related, [(1, "first defined here")]);
}

/// A line for each key with its value, and for each item.
fn write_spans(node: &Node, text: &str, out: &mut String) {
    let slice = |span: crate::source::Span| &text[span.start as usize..span.end as usize];
    match &node.value {
        Value::Mapping(mapping) => {
            for (_, entry) in mapping.iter() {
                let (key, value) = (entry.key_span, entry.node.span);
                writeln!(
                    out,
                    "{}:{} {} = {}:{} {:?}",
                    key.line,
                    key.column,
                    slice(key),
                    value.line,
                    value.column,
                    slice(value)
                )
                .expect("a string takes all");
                write_spans(&entry.node, text, out);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| {
            writeln!(out, "- {}:{} {:?}", item.span.line, item.span.column, slice(item.span)).expect("a string takes all");
            write_spans(item, text, out);
        }),
        _ => {}
    }
}

#[test]
fn spans_cover_what_is_written() {
    let text = "# é\nname: \"q é\"\nlist:\n  - one\n  - {k: v}\nanchored: &a [1,\n  2]\nalias: *a\n\nlast: |\n  x\n";
    let mut out = String::new();
    let document = parsed(text).expect("valid").remove(0);
    write_spans(&document, text, &mut out);
    insta::assert_snapshot!(out, @r#"
    2:1 name = 2:7 "\"q é\""
    3:1 list = 4:3 "- one\n  - {k: v}"
    - 4:5 "one"
    - 5:5 "{k: v}"
    5:6 k = 5:9 "v"
    6:1 anchored = 6:11 "&a [1,\n  2]"
    - 6:15 "1"
    - 7:3 "2"
    8:1 alias = 8:8 "*a"
    - 6:15 "1"
    - 7:3 "2"
    10:1 last = 10:7 "|\n  x\n"
    "#);
}

#[test]
fn an_alias_bomb_is_an_error_in_no_time() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{}]", [below.as_str(); 9].join(", ")).expect("a string takes all");
    }
    let start = std::time::Instant::now();
    let found = findings(&text);
    assert!(
        found[0].ends_with("the file holds more than 1000000 values, aliases expanded"),
        "{found:?}"
    );
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn long_text_weighs_more_than_short_text() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(64 * 1024), vec!["*a"; 2000].join(", "));
    assert!(findings(&text)[0].ends_with("values, aliases expanded"));
}

#[test]
fn depth_is_limited_in_every_way_to_reach_it() {
    let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(documents(&flow(200)).matches('[').count(), 200);
    let block = "- ".repeat(201);
    let mut aliases = "- &a0 []\n".to_owned();
    for level in 1..210 {
        writeln!(aliases, "- &a{level} [*a{}]", level - 1).expect("a string takes all");
    }
    for text in [flow(201), flow(100_000), block, aliases] {
        assert!(findings(&text)[0].ends_with("lists and mappings stand more than 200 deep in one another"));
    }
}

#[test]
fn nested_anchors_are_paid_for() {
    // Each anchor keeps a copy of what is in it; a hundred of them around one large list add up.
    let text = format!(
        "{}{}{}",
        (0..150).fold(String::new(), |text, level| text + &format!("&a{level} [")),
        vec!["x"; 100_000].join(","),
        "]".repeat(150)
    );
    assert!(findings(&text)[0].ends_with("values, aliases expanded"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Path::new("/c.yaml"), &bytes, &mut SourceMap::default());
    }

    #[test]
    fn any_yaml_like_text_gets_an_answer_whose_spans_are_text(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "a", "b: ", "- ", "? ", ": ", "{", "}", "[", "]", ", ", "&x ", "*x ", "!t ", "!reset ", "<<: ", "|\n", ">-\n", "\n", "\n  ",
                "\n    ", "'", "\"", "\\", "#", " #c", "x:", "_", "?", "---\n", "...\n", "%YAML 1.1\n", "é", "\t", "1", "~", "!t,", "\u{85}", "\r",
            ]),
            0..40,
        ),
    ) {
        let text = parts.concat();
        let mut sources = SourceMap::default();
        match parse_text("/c.yaml", &text, &mut sources) {
            Ok(documents) => {
                for document in documents {
                    prop_assert!(text.get(document.span.start as usize..document.span.end as usize).is_some());
                }
            }
            Err(found) => {
                prop_assert!(found.has_errors());
                for span in found.iter().filter_map(|found| found.span) {
                    let text = &sources.file(span.source).text;
                    prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{:?}", span);
                }
            }
        }
    }
}

#[test]
fn keys_have_a_length() {
    let key = |length: usize| format!("? {}\n: 1\n", "k".repeat(length));
    assert!(parsed(&key(8_192)).is_ok());
    assert_eq!(findings(&key(8_193)), ["1:3 a key has 8193 bytes, and may have 8192"]);
}

#[test]
fn what_stands_too_deep_is_refused_without_reading_on() {
    let nested = |count: usize| format!("{{\"a\": {}{}}}", "[".repeat(count), "]".repeat(count));
    assert!(parsed(&nested(199)).is_ok());
    for count in [200, 100_000] {
        let found = findings(&nested(count));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].ends_with("lists and mappings stand more than 200 deep in one another"),
            "{found:?}"
        );
    }
}

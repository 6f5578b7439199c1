//! Whole files of variables, through the reader.

use super::*;
use proptest::prelude::*;

/// `SHELL` is set to `outer`, `EMPTY` to nothing.
fn outer(name: &str) -> Option<String> {
    match name {
        "SHELL" => Some("outer".into()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn read(bytes: &[u8], format: EnvFormat) -> (String, Vec<String>) {
    let (mut known, mut findings) = (StringMap::new(), Diagnostics::new());
    let path = Path::new("/p/.env");
    EnvFile { path, bytes, format }.read_into(&mut known, &outer, &mut SourceMap::default(), &mut findings);
    let shown: Vec<_> = known.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
    let found = findings.iter().map(|found| {
        let span = found.span.expect("every finding has a place");
        format!("{}:{} {}", span.line, span.column, found.message)
    });
    (shown.join(" "), found.collect())
}

#[test]
fn reads_the_dialect() {
    for (text, expected) in [
        ("", ""),
        ("# a\n   # b\n\n", ""),
        ("A=1\nB = x y  \nC=x=y\n", r#"A="1" B="x y" C="x=y""#),
        ("A=1", r#"A="1""#),
        ("\u{feff}A=1\r\nB=\"2\"\r\nC='3' # x\r\n", r#"A="1" B="2" C="3""#),
        ("A: 1\nB : \"2\"\nC=k: v\n", r#"A="1" B="2" C="k: v""#),
        ("export A=1\n\texport  B=2\nexporter=3\n", r#"A="1" B="2" exporter="3""#),
        ("A=\nB=\"\"\nC=''\n", r#"A="" B="" C="""#),
        ("A=1 # c\nB=1# n\nC=#h\nD=1\t# t\n", r##"A="1" B="1# n" C="#h" D="1\t# t""##),
        ("A=\"x # y\" # c\nB='x # y'# c\n", r#"A="x # y" B="x # y""#),
        ("A=1\nA=2\n", r#"A="2""#),
        ("SHELL\nNONE\nexport SHELL\nSHELL\n", r#"SHELL="outer""#),
        ("SHELL=mine\nA=$SHELL\n", r#"A="outer" SHELL="mine""#),
        (
            "A=base\nB=$A/x ${A}y\nC=\"<$A>\"\nD='$A'\n",
            r#"A="base" B="base/x basey" C="<base>" D="$A""#,
        ),
        ("A=${NO:-d} ${SHELL:+alt}\n", r#"A="d alt""#),
        (
            "A=a$$b\nB='a$$b'\nC=\"a$$b\\$c\"\nD=a $ 5\n",
            r#"A="a$b" B="a$$b" C="a$b$c" D="a $ 5""#,
        ),
        ("A=\"one\ntwo\n three\"\nB='x\ny'\n", r#"A="one\ntwo\n three" B="x\ny""#),
        (
            r#"A="q \" b \\ n \n t \t z \z \' u \u0041""#,
            r#"A="q \" b \\ n \n t \t z \\z \\' u \\u0041""#,
        ),
        (r#"A="\a\b\f\r\v|\0101\0351\08\01""#, r#"A="\u{7}\u{8}\u{c}\r\u{b}|Aé\\08\\01""#),
        (r"A='it\'s \n'", r#"A="it's \\n""#),
        (
            "A=a\\nb\nB=C:\\U\nC=one\\\nD=it's\nE=x\"y z\"\n",
            r#"A="a\\nb" B="C:\\U" C="one\\" D="it's" E="x\"y z\"""#,
        ),
        ("1A=1\na.b=2\na-b=3\na[0]=4\nŻ=5\n", r#"1A="1" a-b="3" a.b="2" a[0]="4" Ż="5""#),
        ("=x\nA=1\n", r#"="x" A="1""#),
        ("A=\"x\"B=2\n", r#"A="x" B="2""#),
        ("A=\u{b}1\u{c}\nB=1\0\n", r#"A="1" B="1\0""#),
        ("A={\"a\": [1]}\n", r#"A="{\"a\": [1]}""#),
    ] {
        assert_eq!(
            read(text.as_bytes(), EnvFormat::Compose),
            (expected.to_owned(), Vec::new()),
            "{text:?}"
        );
    }
}

#[test]
fn errors_have_a_place_and_end_the_file() {
    for (text, known, expected) in [
        ("A=1\nB C=2\nD=3\n", r#"A="1""#, "2:1 key cannot contain a space"),
        ("\n A+B=1\n", "", "2:3 unexpected character \"+\" in variable name \"A+B=1\""),
        (
            "A=1\n{\"A\": 1}\n",
            r#"A="1""#,
            "2:1 unexpected character \"{\" in variable name \"{\\\"A\\\": 1}\"",
        ),
        ("A=\"x\nB=2\n", "", "1:3 unterminated quoted value \"x"),
        ("A='x\\'", "", "1:3 unterminated quoted value 'x\\'"),
        ("A=\"x\"y z\n", r#"A="x""#, "1:6 key cannot contain a space"),
        ("A=${1x}\n", "", "1:3 invalid interpolation format \"${1x}\""),
        (
            "A=1\nB=\"${N:?why}\"\n",
            r#"A="1""#,
            "2:3 required variable N is missing a value: why",
        ),
    ] {
        let (got, found) = read(text.as_bytes(), EnvFormat::Compose);
        assert_eq!((got.as_str(), found), (known, vec![expected.to_owned()]), "{text:?}");
    }
}

#[test]
fn unset_variables_are_warned_of() {
    let (known, found) = read(b"A=1\nB=\"x\ny$NO\"\nC=$NOPE\n", EnvFormat::Compose);
    assert_eq!(known, r#"A="1" B="x\ny" C="""#);
    assert_eq!(
        found,
        [
            "2:3 The \"NO\" variable is not set. Defaulting to a blank string.",
            "4:3 The \"NOPE\" variable is not set. Defaulting to a blank string.",
        ]
    );
}

#[test]
fn a_last_line_without_an_end_is_the_value_of_a_variable_without_a_name() {
    let warning = "the last line is read as the value of a variable without a name";
    for (text, place, expected) in [
        ("A=1\nHOME", "2:1", r#"="HOME" A="1""#),
        ("x y  ", "1:1", r#"="x y""#),
        ("\n  export B", "2:3", r#"="B""#),
    ] {
        let told = vec![format!("{place} {warning}")];
        assert_eq!(read(text.as_bytes(), EnvFormat::Compose), (expected.to_owned(), told), "{text}");
    }
    assert_eq!(
        read(b"A=1\nexport ", EnvFormat::Compose).1,
        ["2:1 a name is missing after `export`"]
    );
}

#[test]
fn bytes_that_are_no_text_matter_only_in_values() {
    assert_eq!(read(b"# caf\xe9\nA=1\n", EnvFormat::Compose), (r#"A="1""#.to_owned(), Vec::new()));
    assert_eq!(
        read(b"A=1\nB=caf\xe9\n", EnvFormat::Compose).1,
        ["2:1 the value is not valid UTF-8"]
    );
    assert_eq!(read(b"A=1\nB=caf\xe9\n", EnvFormat::Raw).1, ["2:1 the value is not valid UTF-8"]);
}

#[test]
fn variables_of_variables_do_not_multiply_for_ever() {
    let doubling = (0..40).fold(String::new(), |text, level| text + &format!("A{}=$A{level}$A{level}\n", level + 1));
    let (_, found) = read(format!("A0=xxxxxxxx\n{doubling}").as_bytes(), EnvFormat::Compose);
    assert_eq!(found, ["21:5 variables expand to more than 4 MiB"]);
    let many = format!("A={}\n{}", "x".repeat(1024 * 1024), "B=$A\n".repeat(100));
    assert_eq!(
        read(many.as_bytes(), EnvFormat::Compose).1,
        ["66:3 the values of this file expand to more than 64 MiB"]
    );
}

#[test]
fn raw_files_are_taken_literally() {
    let text = b"\xef\xbb\xbfA=\"q\"\nB=$A # c \r\n# c\n\n  C=1\nSHELL\nNONE\nD=\n";
    assert_eq!(
        read(text, EnvFormat::Raw),
        (r#"A="\"q\"" B="$A # c " C="1" D="" SHELL="outer""#.to_owned(), Vec::new())
    );
    assert_eq!(read(b"A=1\n=2\n", EnvFormat::Raw).1, ["2:1 no variable name before `=`"]);
    assert_eq!(read(b"A B=1\n", EnvFormat::Raw).1, ["1:1 variable 'A B' contains whitespaces"]);
}

#[test]
fn a_file_sees_those_before_it() {
    let (mut known, mut findings, mut sources) = (StringMap::new(), Diagnostics::new(), SourceMap::default());
    for bytes in [&b"A=1\nB=1\n"[..], b"B=2\nC=$A$B\n"] {
        let file = EnvFile {
            path: Path::new("/x.env"),
            bytes,
            format: EnvFormat::Compose,
        };
        file.read_into(&mut known, &outer, &mut sources, &mut findings);
    }
    assert_eq!(known.get("C").map(String::as_str), Some("12"));
    assert!(findings.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        read(&bytes, EnvFormat::Compose);
        read(&bytes, EnvFormat::Raw);
    }

    #[test]
    fn any_text_like_an_env_file_gets_an_answer(text in "([A-C]|=|\"|'|\\\\|\\$|\\{|\\}|:-| |#|\n|é|0){0,40}") {
        read(text.as_bytes(), EnvFormat::Compose);
    }

    #[test]
    fn a_quoted_value_comes_back(value in "[^\0]{0,40}") {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        let (known, found) = read(format!("A=\"{escaped}\"\n").as_bytes(), EnvFormat::Compose);
        prop_assert_eq!((known, found), (format!("A={value:?}"), Vec::new()));
    }
}

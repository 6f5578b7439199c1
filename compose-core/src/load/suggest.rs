//! "Did you mean": the known name that a wrong one looks most like.

/// Longer names are nobody's slip, and comparing them takes the product of their lengths.
const LONGEST: usize = 64;
/// How many names are compared: a hostile file may hold as many wrong ones as known ones.
const MOST: usize = 256;

/// The most similar of the known names, if any is close.
pub fn similar<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter().filter(|name| comparable(wrong, name)).take(MOST);
    let scored = known.filter_map(|name| Some((closeness(wrong, name)?, name)));
    let best = scored.max_by(|(one, name), (other, other_name)| one.total_cmp(other).then(other_name.cmp(name)));
    best.map(|(_, name)| name)
}

/// Whether a slip may lie between two names at all, by their lengths.
fn comparable(wrong: &str, name: &str) -> bool {
    let longer = wrong.len().max(name.len());
    longer <= LONGEST && wrong.len().abs_diff(name.len()) <= longer.div_ceil(2)
}

/// How close two names are, none where nobody would mistake one for the other.
///
/// Jaro-Winkler likes long names with a common beginning; the edits between two names find slips of
/// the fingers in short ones and at the beginning.
fn closeness(wrong: &str, name: &str) -> Option<f64> {
    if wrong.eq_ignore_ascii_case(name) {
        return Some(1.0);
    }
    let edits = strsim::damerau_levenshtein(wrong, name);
    let swapped = edits == 1 && wrong.chars().count() == name.chars().count() && sorted(wrong) == sorted(name);
    let slips = edits <= name.chars().count() / 3;
    let score = strsim::jaro_winkler(wrong, name);
    (score > 0.8 || slips || swapped).then(|| score.max(strsim::normalized_damerau_levenshtein(wrong, name)))
}

fn sorted(name: &str) -> Vec<char> {
    let mut characters: Vec<char> = name.chars().collect();
    characters.sort_unstable();
    characters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_names_are_suggested() {
        let known = ["frontend", "backend", "database", "db", "web"];
        for (wrong, meant) in [
            ("fronted", Some("frontend")),
            ("databse", Some("database")),
            ("bd", Some("db")),
            ("DB", Some("db")),
            ("wbe", Some("web")),
            ("ackend", Some("backend")),
            ("cache", None),
            ("mq", None),
            ("da", None),
        ] {
            assert_eq!(similar(wrong, known), meant, "{wrong}");
        }
    }

    #[test]
    fn long_names_are_not_compared() {
        let long = "x".repeat(LONGEST);
        let longer = format!("{long}y");
        assert_eq!(similar(&long[1..], [long.as_str()]), Some(long.as_str()));
        assert_eq!(similar(&long, [longer.as_str()]), None);
    }
}

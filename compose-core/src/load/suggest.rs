//! "Did you mean": the known name that a wrong one looks most like.

/// The most similar of the known names, if any is close.
pub(crate) fn similar<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(wrong, name), name));
    scored
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_names_are_suggested() {
        let known = ["frontend", "backend", "database"];
        assert_eq!(similar("fronted", known), Some("frontend"));
        assert_eq!(similar("databse", known), Some("database"));
        assert_eq!(similar("cache", known), None);
    }
}

//! Columns as Go's tabwriter lays them out for docker: padded to the widest cell, three blanks apart.

/// A table with a head; no line break at its end.
pub(crate) fn render(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = std::iter::once(head.iter().map(|&cell| cell.to_owned()).collect())
        .chain(rows)
        .collect();
    align(&rows)
}

/// A table of short lists: columns are at least twenty wide; no line break at its end.
pub(crate) fn wide(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = std::iter::once(head.iter().map(|&cell| cell.to_owned()).collect())
        .chain(rows)
        .collect();
    columns(&rows, 20, 3)
}

/// Rows laid out under each other as docker's tables are.
pub(crate) fn align(rows: &[Vec<String>]) -> String {
    columns(rows, 10, 3)
}

/// Rows laid out under each other. A column takes at least so many characters, `gap` blanks among them; the last is not padded.
pub(crate) fn columns(rows: &[Vec<String>], least: usize, gap: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .map_or(least, |longest| least.max(longest + gap))
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut text = String::new();
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < row.len() {
                let padding = widths[column] - cell.chars().count();
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["web-1".to_owned(), "Up".to_owned(), "x".to_owned()],
            vec!["database-1".to_owned(), String::new(), "y".to_owned()],
        ];
        assert_eq!(
            render(&["NAME", "STATUS", "P"], rows),
            "NAME         STATUS    P\nweb-1        Up        x\ndatabase-1             y"
        );
    }
}

//! Columns as Go's tabwriter lays them out for docker: padded to the widest cell, three blanks apart.

/// A table with a head; no line break at its end.
pub(crate) fn render(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = std::iter::once(head.iter().map(|&cell| cell.to_owned()).collect())
        .chain(rows)
        .collect();
    align(&rows)
}

/// Rows laid out under each other. A column is padded to at least seven characters, the last is not padded.
pub(crate) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
            .max(7)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut text = String::new();
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < row.len() {
                let padding = widths[column] + 3 - cell.chars().count();
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

//! Columns that line up and fit a width: the last one is wrapped.

use super::harmless;

/// Rows as lines. The last column takes what is left of the width and goes on below itself.
pub fn columns(rows: &[Vec<String>], indent: usize, width: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..count).map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)).collect();
    let before: usize = indent + widths.iter().take(count.saturating_sub(1)).map(|w| w + 2).sum::<usize>();
    let room = width.saturating_sub(before).max(24);
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (at, cell) in row.iter().enumerate().take(row.len().saturating_sub(1)) {
            let cell = harmless(cell);
            line.push_str(&cell);
            line.push_str(&" ".repeat(widths[at] + 2 - cell.chars().count().min(widths[at])));
        }
        let begun = line.chars().count();
        let last = row.last().map(|cell| harmless(cell)).unwrap_or_default();
        let mut lines = wrap(&last, if row.len() == count { room } else { width.saturating_sub(begun).max(24) }).into_iter();
        line.push_str(&lines.next().unwrap_or_default());
        out.push_str(line.trim_end());
        out.push('\n');
        for more in lines {
            out.push_str(&" ".repeat(begun));
            out.push_str(&more);
            out.push('\n');
        }
    }
    out
}

/// Rows as one line each: what does not fit is cut, and an ellipsis tells so.
pub fn one_line_each(rows: &[Vec<String>], indent: usize, width: usize) -> String {
    let whole = columns(rows, indent, usize::MAX / 2);
    let cut = |line: &str| match line.char_indices().nth(width) {
        None => format!("{line}\n"),
        Some(_) => {
            let kept: String = line.chars().take(width.saturating_sub(1)).collect();
            format!("{}…\n", kept.trim_end_matches(|c: char| !c.is_alphanumeric()))
        }
    };
    whole.lines().map(cut).collect()
}

/// Text in lines of at most so many characters, broken between words.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is always a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// A paragraph with a hanging indent.
pub fn hanging(mark: &str, text: &str, indent: usize, width: usize) -> String {
    let hang = indent + mark.chars().count();
    let mut out = String::new();
    for (at, line) in wrap(&harmless(text), width.saturating_sub(hang).max(24)).into_iter().enumerate() {
        if at == 0 {
            out.push_str(&format!("{}{mark}{line}\n", " ".repeat(indent)));
        } else {
            out.push_str(&format!("{}{line}\n", " ".repeat(hang)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_wraps_below_itself() {
        let rows = vec![vec!["app-1".to_owned(), "one two three four five six seven".to_owned()], vec!["a".to_owned(), "b".to_owned()]];
        assert_eq!(columns(&rows, 2, 32), "  app-1  one two three four five\n         six seven\n  a      b\n");
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_says_so() {
        let rows = vec![vec!["app-1".to_owned(), "one two, three".to_owned()], vec!["a".to_owned(), "b".to_owned()]];
        assert_eq!(one_line_each(&rows, 0, 16), "app-1  one two…\na      b\n");
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(columns(&[vec!["\x1b[2Jx".to_owned(), "y\nz".to_owned()]], 0, 80), "·[2Jx  y·z\n");
    }
}

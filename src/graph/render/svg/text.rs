//! How wide a text is about, and what to leave of it.

/// About how many pixels a text takes in a common sans-serif at a size.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| width_of(c) * size).sum()
}

fn width_of(c: char) -> f64 {
    match c {
        'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' | ' ' => 0.31,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.89,
        'A'..='Z' => 0.70,
        '0'..='9' => 0.64,
        c if c.is_ascii() => 0.60,
        c if u32::from(c) >= 0x1100 => 1.0,
        _ => 0.62,
    }
}

/// The text, or as much of it as fits with an ellipsis. Control characters become spaces.
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if width(&clean, size) <= room {
        return clean;
    }
    let mut left = room - size;
    let mut out = String::new();
    for c in clean.chars() {
        left -= width_of(c) * size;
        if left < 0.0 {
            break;
        }
        out.push(c);
    }
    format!("{}…", out.trim_end())
}

/// Text as XML content or attribute value. What XML 1.0 forbids is replaced.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

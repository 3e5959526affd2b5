//! Which field stands where in a line: by a header, by a format that a person gives, or by default.

use super::fault::{Fault, Unit, quoted};
use super::record::{DEFAULT, FIELDS, Field, Record, Texts};

/// Where the fields stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    places: [Option<usize>; FIELDS.len()],
    width: usize,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout::of(DEFAULT.split(' ').collect()).unwrap_or(Layout { places: [None; FIELDS.len()], width: 0 })
    }
}

impl Layout {
    /// From names of fields: `version srcaddr …`, or as a flow log's format says it: `${version} ${srcaddr} …`.
    ///
    /// # Errors
    /// The fields without which a log is of no use here.
    pub fn parse(format: &str) -> Result<Layout, String> {
        let plain = |word: &'_ str| word.trim_start_matches("${").trim_end_matches('}').to_owned();
        let names: Vec<String> = format.split_ascii_whitespace().map(plain).collect();
        Layout::of(names.iter().map(String::as_str).collect())
    }

    fn of(names: Vec<&str>) -> Result<Layout, String> {
        let places = FIELDS.map(|(_, name, _)| names.iter().position(|one| *one == name));
        let missing = FIELDS.iter().zip(&places).filter(|((_, _, needed), place)| *needed && place.is_none());
        let missing: Vec<&str> = missing.map(|((_, name, _), _)| *name).collect();
        if missing.is_empty() { Ok(Layout { places, width: names.len() }) } else { Err(missing.join(", ")) }
    }

    /// Whether a line is a header: names of fields and nothing else.
    pub fn is_header(line: &str) -> bool {
        let name = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        let known = |word: &str| word == "version" || FIELDS.iter().any(|(_, field, _)| *field == word);
        line.split_ascii_whitespace().all(name) && line.split_ascii_whitespace().any(known)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// If it is no record in this format.
    pub fn record(&self, line: &str, unit: Unit, number: u64) -> Result<Record, Fault> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if words.len() != self.width {
            let found = format!("{} fields in {}", words.len(), quoted(line));
            return Err(Fault { unit, number, column: 1, found, expected: format!("{} fields, as the format has them,", self.width) });
        }
        Record::of(&Line { layout: self, line, words, unit, number })
    }

    fn place(&self, field: Field) -> Option<usize> {
        self.places[FIELDS.iter().position(|(one, ..)| *one == field)?]
    }
}

/// The formats of several flow logs that write into one place without headers: a line is of the one with as many fields.
#[derive(Clone, Debug)]
pub struct Formats(Vec<Layout>);

impl Formats {
    /// Of these; without any, the default one.
    ///
    /// # Errors
    /// A number of fields that two of them have in different orders.
    pub fn of(layouts: impl IntoIterator<Item = Layout>) -> Result<Formats, usize> {
        let mut all: Vec<Layout> = Vec::new();
        for layout in layouts {
            match all.iter().find(|one| one.width == layout.width) {
                Some(one) if *one != layout => return Err(layout.width),
                Some(_) => {}
                None => all.push(layout),
            }
        }
        Ok(Formats(if all.is_empty() { vec![Layout::default()] } else { all }))
    }

    /// Reads a line; `unit` and `number` are its place.
    ///
    /// # Errors
    /// If it is no record in any of these formats.
    pub fn record(&self, line: &str, unit: Unit, number: u64) -> Result<Record, Fault> {
        let width = line.split_ascii_whitespace().count();
        let layout = self.0.iter().find(|layout| layout.width == width).unwrap_or(&self.0[0]);
        layout.record(line, unit, number)
    }
}

struct Line<'l> {
    layout: &'l Layout,
    line: &'l str,
    words: Vec<&'l str>,
    unit: Unit,
    number: u64,
}

impl Texts for Line<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        self.words.get(self.layout.place(field)?).copied().filter(|word| *word != "-")
    }

    fn fault(&self, field: Field, expected: &str) -> Fault {
        let name = FIELDS.iter().find(|(one, ..)| *one == field).map_or("", |(_, name, _)| name);
        let word = self.layout.place(field).and_then(|place| self.words.get(place)).copied().unwrap_or("-");
        let before = (word.as_ptr() as usize).wrapping_sub(self.line.as_ptr() as usize);
        let column = self.line.get(..before).map_or(1, |before| before.chars().count() + 1);
        Fault { unit: self.unit, number: self.number, column, found: format!("{} in {name}", quoted(word)), expected: expected.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "interface-id srcaddr dstaddr srcport dstport protocol start end action";

    fn formats(of: &[&str]) -> Result<Formats, usize> {
        Formats::of(of.iter().map(|format| Layout::parse(format).expect("a format of use")))
    }

    #[test]
    fn a_line_is_of_the_format_with_as_many_fields() {
        let both = formats(&[DEFAULT, SHORT, SHORT]).expect("they can be told apart");
        for line in
            ["2 123456789012 eni-1 10.0.0.1 10.0.0.2 40000 5432 6 1 1 7 8 ACCEPT OK", "eni-1 10.0.0.1 10.0.0.2 40000 5432 6 7 8 ACCEPT"]
        {
            let record = both.record(line, Unit::Event, 1).expect("a record");
            assert_eq!((record.interface.as_str(), record.start, record.end), ("eni-1", 7, 8), "{line}");
        }
        let fault = both.record("eni-1 10.0.0.1", Unit::Event, 3).expect_err("too short");
        assert!(fault.to_string().contains("2 fields in `eni-1 10.0.0.1`") && fault.number == 3, "{fault}");
        assert!(formats(&[]).expect("the default one").record("eni-1", Unit::Event, 1).is_err_and(|f| f.expected.contains("14 fields")));
    }

    #[test]
    fn two_orders_of_as_many_fields_cannot_be_told_apart() {
        let turned = "interface-id dstaddr srcaddr srcport dstport protocol start end action";
        assert_eq!(formats(&[SHORT, turned]).map(|_| ()), Err(9));
    }
}

//! From bytes to records: plain text, gzip, Parquet, answers of CloudWatch Logs. What it is shows in the first bytes.

use std::io::{self, BufRead, BufReader, Read};

use super::events;
use super::fault::{Fault, Unit};
use super::layout::Layout;
use super::record::Record;

/// What is done with each record.
pub type Each<'e> = &'e mut dyn FnMut(Record);

/// Reads a log to its end; records are handed on one by one, and none is kept. A given format holds for what has no header.
///
/// # Errors
/// The first thing that is no flow log record, with its place.
pub fn read(source: impl Read, format: Option<&Layout>, each: Each<'_>) -> Result<(), Fault> {
    let mut source = BufReader::with_capacity(1 << 16, source);
    let start = peek(&mut source)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let mut inner = BufReader::with_capacity(1 << 16, flate2::bufread::MultiGzDecoder::new(source));
        let start = peek(&mut inner)?;
        return plain(&start, inner, format, each);
    }
    plain(&start, source, format, each)
}

/// The first bytes, which stay to be read.
fn peek(source: &mut impl BufRead) -> Result<Vec<u8>, Fault> {
    source.fill_buf().map(|bytes| bytes.iter().take(64).copied().collect()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> Fault {
    Fault::of_file(error.to_string(), "a whole file")
}

fn plain(start: &[u8], source: impl BufRead, format: Option<&Layout>, each: Each<'_>) -> Result<(), Fault> {
    if start.starts_with(b"PAR1") {
        return parquet(source, each);
    }
    match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => events::read(source, format, each),
        _ => text(source, format, each),
    }
}

#[cfg(feature = "parquet")]
fn parquet(mut source: impl Read, each: Each<'_>) -> Result<(), Fault> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    super::columns::read(bytes, each)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: impl Read, _: Each<'_>) -> Result<(), Fault> {
    Err(Fault::of_file("Parquet", "text or gzip (this hikkoshi was built without the feature `parquet`)"))
}

/// Lines. The first may be a header; files that were put together have several.
fn text(mut source: impl BufRead, format: Option<&Layout>, each: Each<'_>) -> Result<(), Fault> {
    let mut layout = format.cloned().unwrap_or_default();
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        if source.read_until(b'\n', &mut bytes).map_err(|error| unreadable(&error))? == 0 {
            break;
        }
        let at = |found: &str, expected: &str| Fault {
            unit: Unit::Line,
            number,
            column: 1,
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let line = std::str::from_utf8(&bytes).map_err(|_| at("something that is not text", "a flow log record"))?.trim();
        if line.is_empty() {
            continue;
        }
        if Layout::is_header(line) {
            layout = Layout::parse(line).map_err(|missing| at(&format!("a header without {missing}"), "these fields"))?;
            continue;
        }
        each(layout.record(line, Unit::Line, number)?);
    }
    Ok(())
}

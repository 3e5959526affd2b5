//! The blocks of data in the page: JSON as it is, or packed where it is long.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// Bytes beyond which a block is packed: gzip, base64. What is shorter can be read in the file.
const LONG: usize = 1 << 17;
/// How many steps in full are kept in one block.
pub const STEPS: usize = 200;

/// A block of data as an element of the page.
pub fn block(name: &str, value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    if json.len() > LONG
        && let Some(packed) = packed(json.as_bytes())
    {
        return format!("<script type=\"application/gzip\" id=\"data-{name}\">{}</script>\n", STANDARD.encode(packed));
    }
    format!("<script type=\"application/json\" id=\"data-{name}\">{}</script>\n", inert(&json))
}

/// JSON that ends no element and begins none, whatever names are in it: `<`, `>` and `&` stand in texts alone there.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// The same bytes for the same bytes: no name and no time are in the header.
fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).ok()?;
    packer.finish().ok()
}

/// How a Content-Security-Policy names a script or a style that stands in the page: by its SHA-256.
pub fn fingerprint(text: &str) -> String {
    use sha2::Digest;
    format!("'sha256-{}'", STANDARD.encode(sha2::Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_no_element() {
        let block = block("head", &"</script><!--<script>&amp;");
        assert_eq!(block.matches('<').count(), 2, "{block}");
        assert!(block.contains("\\u003c/script\\u003e\\u003c!--\\u003cscript\\u003e\\u0026amp;"), "{block}");
    }

    #[test]
    fn what_is_long_is_packed_the_same_way_each_time() {
        let long = vec!["abc<def"; 40_000];
        let (one, two) = (block("steps", &long), block("steps", &long));
        assert_eq!(one, two);
        assert!(one.len() < 10_000 && one.contains("application/gzip"), "{} bytes", one.len());
        let base64 = one.split_once('>').and_then(|(_, rest)| rest.split_once('<')).expect("an element").0;
        let mut text = String::new();
        let bytes = STANDARD.decode(base64).expect("base64");
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut text).expect("gzip");
        assert_eq!(text, serde_json::to_string(&long).expect("JSON"));
    }
}

//! Parquet, as flow logs are delivered to S3: the fields' names with underscores, one row a record.

use bytes::Bytes;
use parquet::basic::{Compression, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field as Value;
use parquet::schema::types::Type;

use super::fault::{Fault, Unit, quoted};
use super::record::{FIELDS, Field, Record, Texts};
use super::source::Each;

/// Reads a file; row groups one after the other.
///
/// # Errors
/// If it is no such file, lacks a field that is needed, or holds something else in it.
pub fn read(bytes: Vec<u8>, each: Each<'_>) -> Result<(), Fault> {
    let unsound =
        |error: &dyn std::fmt::Display| Fault::of_file(format!("unsound Parquet ({error})"), "a Parquet file of flow log records");
    let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(|error| unsound(&error))?;
    let schema = file.metadata().file_metadata().schema();
    let projection = wanted(schema)?;
    if let Some(codec) = foreign_codec(&file) {
        return Err(Fault::of_file(format!("Parquet compressed by {codec}"), "gzip, as AWS delivers it, snappy or none"));
    }
    let rows = file.get_row_iter(Some(projection)).map_err(|error| unsound(&error))?;
    for (at, row) in rows.enumerate() {
        let row = row.map_err(|error| unsound(&error))?;
        let mut texts = Row { number: at as u64 + 1, texts: Default::default() };
        for (name, value) in row.get_column_iter() {
            if let Some(place) = FIELDS.iter().position(|(_, field, _)| same(field, name)) {
                texts.texts[place] = text(value);
            }
        }
        each(Record::of(&texts)?);
    }
    Ok(())
}

/// The columns that are read here; nested ones are none of a flow log's.
fn wanted(schema: &Type) -> Result<Type, Fault> {
    let known = |column: &&std::sync::Arc<Type>| FIELDS.iter().any(|(_, field, _)| same(field, column.name())) && column.is_primitive();
    let sound = |column: &&std::sync::Arc<Type>| !matches!(column.get_physical_type(), Physical::INT96 | Physical::FIXED_LEN_BYTE_ARRAY);
    let columns: Vec<_> = schema.get_fields().iter().filter(known).filter(sound).cloned().collect();
    let missing = FIELDS.iter().filter(|(_, field, needed)| *needed && !columns.iter().any(|column| same(field, column.name())));
    let missing: Vec<&str> = missing.map(|(_, field, _)| *field).collect();
    if !missing.is_empty() {
        return Err(Fault::of_file(format!("Parquet without {}", missing.join(", ")), "these columns"));
    }
    let built = Type::group_type_builder(schema.name()).with_fields(columns).build();
    built.map_err(|error| Fault::of_file(error.to_string(), "a schema of flow logs"))
}

/// The first compression that is not read here: zstd, LZ4 and Brotli would come from C, and AWS delivers gzip alone (VPC guide,
/// `flow-logs-s3.md`); something has written the file anew.
fn foreign_codec(file: &SerializedFileReader<Bytes>) -> Option<String> {
    let columns = file.metadata().row_groups().iter().flat_map(|group| group.columns());
    let read = |codec: &Compression| matches!(codec, Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_));
    let codec = columns.map(|column| column.compression()).find(|codec| !read(codec))?;
    Some(codec.to_string().split('(').next().unwrap_or_default().to_lowercase())
}

/// `interface_id` is `interface-id`.
fn same(field: &str, column: &str) -> bool {
    field.len() == column.len() && field.chars().zip(column.chars()).all(|(a, b)| a == b || (a == '-' && b == '_'))
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Str(text) => text.clone(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        other => other.to_string(),
    };
    (text != "-").then_some(text)
}

struct Row {
    number: u64,
    texts: [Option<String>; FIELDS.len()],
}

impl Texts for Row {
    fn text(&self, field: Field) -> Option<&str> {
        self.texts[FIELDS.iter().position(|(one, ..)| *one == field)?].as_deref()
    }

    fn fault(&self, field: Field, expected: &str) -> Fault {
        let name = FIELDS.iter().find(|(one, ..)| *one == field).map_or("", |(_, name, _)| name);
        let found = format!("{} in {name}", self.text(field).map_or("nothing".to_owned(), quoted));
        Fault { unit: Unit::Row, number: self.number, column: 0, found, expected: expected.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::{Compression, GzipLevel};
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::flows::record::{Action, Said};

    const SCHEMA: &str = "message vpcflowlogs {
        optional int32 version; optional binary account_id (UTF8); optional binary interface_id (UTF8); optional binary srcaddr (UTF8);
        optional binary dstaddr (UTF8); optional int32 srcport; optional int32 dstport; optional int32 protocol; optional int64 start;
        optional int64 end; optional binary action (UTF8); optional binary log_status (UTF8); optional int32 tcp_flags; }";

    /// A file of as many rows as are given, each: source port, action.
    fn file(compression: Compression, schema: &str, rows: &[(i32, &str)]) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut writer = SerializedFileWriter::new(Vec::new(), schema.clone(), Arc::new(properties)).expect("a writer");
        let mut group = writer.next_row_group().expect("a row group");
        let levels = vec![1; rows.len()];
        for column in schema.get_fields() {
            let mut to = group.next_column().expect("a column").expect("as many as the schema has");
            let text = |of: &dyn Fn(&(i32, &str)) -> String| rows.iter().map(|row| ByteArray::from(of(row).as_str())).collect::<Vec<_>>();
            let same = |text: &str| rows.iter().map(|_| ByteArray::from(text)).collect::<Vec<_>>();
            let texts = match column.name() {
                "interface_id" => Some(same("eni-1")),
                "srcaddr" => Some(same("10.0.0.1")),
                "dstaddr" => Some(same("10.0.0.2")),
                "action" => Some(text(&|row| row.1.to_owned())),
                "log_status" => Some(same("OK")),
                "account_id" => Some(same("123456789012")),
                _ => None,
            };
            let number = |row: &(i32, &str)| match column.name() {
                "srcport" => row.0,
                "dstport" => 5432,
                "protocol" => 6,
                _ => 2,
            };
            match texts {
                Some(texts) => to.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None),
                None if ["start", "end"].contains(&column.name()) => {
                    to.typed::<Int64Type>().write_batch(&vec![1_795_000_000; rows.len()], Some(&levels), None)
                }
                None => to.typed::<Int32Type>().write_batch(&rows.iter().map(number).collect::<Vec<_>>(), Some(&levels), None),
            }
            .expect("a batch is written");
            to.close().expect("a column is closed");
        }
        group.close().expect("a row group is closed");
        writer.into_inner().expect("a file")
    }

    fn records(bytes: Vec<u8>) -> Result<Vec<Record>, Fault> {
        let mut out = Vec::new();
        crate::flows::read(&bytes[..], None, &mut |record| out.push(record))?;
        Ok(out)
    }

    #[test]
    fn parquet_is_read_as_aws_compresses_it() {
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(GzipLevel::default())] {
            let found = records(file(compression, SCHEMA, &[(40000, "ACCEPT"), (40001, "REJECT")])).expect("a sound file");
            let traffic = |record: &Record| match &record.said {
                Said::Traffic(traffic) => (traffic.from_port, traffic.to_port, traffic.action, traffic.flags),
                other => panic!("{other:?}"),
            };
            let expected = [(40000, 5432, Action::Accept, Some(2)), (40001, 5432, Action::Reject, Some(2))];
            assert_eq!(found.iter().map(traffic).collect::<Vec<_>>(), expected, "{compression:?}");
            assert_eq!((found[0].interface.as_str(), found[0].start), ("eni-1", 1_795_000_000));
        }
    }

    /// Says in the footer that a column is compressed otherwise. In Thrift's compact protocol the codec stands right after the
    /// column's path (`ColumnMetaData`, fields 3 and 4): `0x15`, and the codec's number doubled.
    fn recompressed(mut file: Vec<u8>, column: &str, codec: u8) -> Vec<u8> {
        let before = [column.as_bytes(), &[0x15, 0]].concat();
        let at = file.windows(before.len()).rposition(|bytes| bytes == before).expect("an uncompressed column");
        file[at + before.len() - 1] = 2 * codec;
        file
    }

    #[test]
    fn compressions_that_are_not_read_are_named() {
        let plain = file(Compression::UNCOMPRESSED, SCHEMA, &[(40000, "ACCEPT")]);
        assert_eq!(records(recompressed(plain.clone(), "srcport", 0)).map(|records| records.len()), Ok(1));
        for (codec, name) in [(3, "lzo"), (4, "brotli"), (5, "lz4"), (6, "zstd"), (7, "lz4_raw")] {
            let bad = records(recompressed(plain.clone(), "srcport", codec)).expect_err(name);
            assert_eq!(
                bad.to_string(),
                format!("Parquet compressed by {name} where gzip, as AWS delivers it, snappy or none was expected")
            );
        }
        let unknown = records(recompressed(plain, "srcport", 60)).expect_err("no such codec");
        assert!(unknown.to_string().contains("unsound Parquet"), "{unknown}");
    }

    #[test]
    fn what_is_wrong_with_parquet_is_said() {
        let bad = records(file(Compression::SNAPPY, SCHEMA, &[(40000, "ACCEPT"), (70000, "ACCEPT")])).expect_err("a port too many");
        assert_eq!(format!("{}{bad}", bad.place()), ": row 2`70000` in srcport where a port, 0 to 65535 was expected");
        let without = SCHEMA.replace("optional int32 srcport;", "");
        let bad = records(file(Compression::SNAPPY, &without, &[(0, "ACCEPT")])).expect_err("a column is missing");
        assert!(bad.to_string().contains("without srcport"), "{bad}");
        let mut cut = file(Compression::SNAPPY, SCHEMA, &[(40000, "ACCEPT")]);
        cut.truncate(60);
        assert!(records(cut).expect_err("it is cut").to_string().contains("unsound Parquet"));
    }
}

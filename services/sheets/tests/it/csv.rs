//! CSV as people send it: encodings, separators, quotes, line ends, limits.
//!
//! It must not need files: every one is written out here.

use crate::common::{faults, faults_of, rows, table, the_fault};
use nearhand_sheets::{Encoding, Format, Limits, Separator, codes, read};

fn format(separator: Separator, encoding: Encoding) -> Format {
    Format::Csv { separator, encoding }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn every_encoding() {
    let text = "name,city\r\nJosé,Köln\r\n";
    let with_mark = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    let little = [b"\xFF\xFE".to_vec(), utf16(text, u16::to_le_bytes)].concat();
    let big = [b"\xFE\xFF".to_vec(), utf16(text, u16::to_be_bytes)].concat();
    let windows = b"name,city\r\nJos\xE9,K\xF6ln\r\n".to_vec();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (with_mark, Encoding::Utf8),
        (little, Encoding::Utf16Le),
        (big, Encoding::Utf16Be),
        (windows, Encoding::Windows1252),
    ] {
        let table = table(&bytes);
        assert_eq!(table.format, format(Separator::Comma, encoding));
        assert_eq!(table.header, ["name", "city"]);
        assert_eq!(rows(&table), ["2: José|Köln"]);
    }
    assert_eq!(rows(&table(b"price\n\x80 5\n")), ["2: € 5"]);
}

#[test]
fn every_separator() {
    for (text, separator) in [
        ("a,b\n1,2;3\n", Separator::Comma),
        ("a;b\n1;2,5\n", Separator::Semicolon),
        ("a\tb\n1\t2,5\n", Separator::Tab),
        ("\"a,x,y\";b\n1;2\n", Separator::Semicolon),
        ("sep=;\r\na;b\r\n1;2\r\n", Separator::Semicolon),
        ("SEP=\t\na,x\tb\n1\t2\n", Separator::Tab),
        ("\"sep=;\"\na,b;c\n1;2\n", Separator::Semicolon),
        ("sep=;;;\na;b\n1;2\n", Separator::Semicolon),
        ("alone\n1\n", Separator::Comma),
    ] {
        assert_eq!(table(text.as_bytes()).format, format(separator, Encoding::Utf8), "{text:?}");
    }
    let named = table("\u{FEFF}sep=;\r\na,x;b\r\n1;2\r\n".as_bytes());
    assert_eq!(named.header, ["a,x", "b"]);
    assert_eq!(rows(&named), ["3: 1|2"]);
    assert_eq!(the_fault(b"sep=|\na|b\n").2, codes::SEPARATOR);
    assert_eq!(the_fault(b"\na;b,c\n1;2\n"), (Some(2), None, codes::SEPARATOR));
}

#[test]
fn quotes_lines_and_blanks() {
    let text =
        "name;note\r\n\r\nA;\"two\r\nlines; \"\"quoted\"\"\"\r\n;;;\r\nB;5\" pipe;;\r\n\"\";x";
    let table = table(text.as_bytes());
    assert_eq!(rows(&table), ["3: A|two\r\nlines; \"quoted\"", "6: B|5\" pipe", "7: |x"]);
    for end in ["\r\n", "\n", "\r"] {
        let text = ["a,b", "1,2", "", "3"].join(end);
        assert_eq!(rows(&crate::common::table(text.as_bytes())), ["2: 1|2", "4: 3|"], "{end:?}");
    }
    let header_later = crate::common::table(b"\n  \n\na;b;\n1;2\n");
    assert_eq!(header_later.header, ["a", "b"]);
    assert_eq!(rows(&header_later), ["5: 1|2"]);
}

#[test]
fn quotes_that_do_not_fit() {
    assert_eq!(the_fault(b"a,b\n1,2\n3,\"x\n4,5\n"), (Some(3), None, codes::QUOTE_OPEN));
    assert_eq!(the_fault(b"a,b\n1,\"x\ny\"z\n"), (Some(2), None, codes::QUOTE_TEXT));
    // A quote that is never closed swallows rows up to the next one.
    assert_eq!(the_fault(b"a,b\n\"1,2\n\"3\",4\n"), (Some(2), None, codes::QUOTE_TEXT));
    assert_eq!(the_fault(b"a,b\n1,\""), (Some(2), None, codes::QUOTE_OPEN));
}

#[test]
fn all_faults_at_once() {
    let found = faults(b"a,A,,d\n1,2,3,4,5,6\n\x01,2\n1,2,3,4,,7\n");
    let found: Vec<_> =
        found.iter().map(|f| (f.line, f.column.as_deref(), f.code)).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            (Some(1), Some("B"), codes::HEADER_DUPLICATE),
            (Some(1), Some("C"), codes::HEADER_EMPTY),
            (Some(2), None, codes::ROW_TOO_LONG),
            (Some(3), Some("a"), codes::CONTROL_CHARACTER),
            (Some(4), None, codes::ROW_TOO_LONG),
        ]
    );
    let long = faults(b"a,b\n1,2,3,4,5\n");
    assert!(long[0].detail.contains("3 cells beyond the 2 columns"), "{}", long[0].detail);
    let error = read(b"a,b\n1,2,3\n1,2,3\n", None, Limits::default()).unwrap_err();
    assert!(error.to_string().starts_with("line 2: the row reaches 1 cells"), "{error}");
    assert!(error.to_string().ends_with("(1 more)"), "{error}");
}

#[test]
fn thousands_of_faults_are_counted() {
    let text = format!("a\n{}", "1,2\n".repeat(5_000));
    let error = read(text.as_bytes(), None, Limits::default()).unwrap_err();
    assert_eq!((error.faults.len(), error.left_out), (1_000, 4_000));
}

#[test]
fn what_is_no_text() {
    assert_eq!(the_fault(b"a,b\r\n1,2\r\n\0,3\r\n"), (Some(3), None, codes::CONTROL_CHARACTER));
    let unmarked = utf16("a,b\n1,2\n", u16::to_le_bytes);
    assert_eq!(the_fault(&unmarked).2, codes::CONTROL_CHARACTER);
    assert_eq!(the_fault(b"\xFF\xFEa\0,\0b\0\n").2, codes::ENCODING);
    assert_eq!(the_fault(b"\xEF\xBB\xBFa\nx\nJos\xE9\n"), (Some(3), None, codes::ENCODING));
    // UTF-8 with one damaged character must not turn into Windows-1252.
    let damaged = ["ä,b\nKöln,José\n".as_bytes(), b"\xC3,x\n"].concat();
    assert_eq!(the_fault(&damaged), (Some(3), None, codes::ENCODING));
    // Bytes that Windows-1252 does not define.
    assert_eq!(the_fault(b"a\nx\x81\n").2, codes::CONTROL_CHARACTER);
    for empty in [&b""[..], b"\xEF\xBB\xBF", b"\xFF\xFE", b"\r\n\r\n", b";;;\n", b"sep=;\n"] {
        assert_eq!(the_fault(empty).2, codes::EMPTY, "{empty:?}");
    }
}

#[test]
fn limits() {
    let wide = |columns: usize| {
        let header: Vec<_> = (0..columns).map(|n| format!("c{n}")).collect();
        format!("{}\n{}\n", header.join(","), vec!["x"; columns].join(","))
    };
    assert_eq!(table(wide(200).as_bytes()).rows[0].cells.len(), 200);
    assert_eq!(the_fault(wide(201).as_bytes()), (Some(1), None, codes::TOO_MANY_COLUMNS));
    let commas = format!("a,b\n1{}\n", ",".repeat(20_000));
    assert_eq!(the_fault(commas.as_bytes()), (Some(2), None, codes::TOO_MANY_COLUMNS));
    // Empty cells at the end do no harm.
    assert_eq!(rows(&table(format!("a,b\n1{}\n", ",".repeat(300)).as_bytes())), ["2: 1|"]);

    let long = |rows: usize| format!("a\n{}\n\n", "1\n".repeat(rows));
    assert_eq!(table(long(10_000).as_bytes()).rows.len(), 10_000);
    let found = faults(long(10_001).as_bytes());
    assert_eq!(found[0].code, codes::TOO_MANY_ROWS);
    assert!(found[0].detail.contains("10001 rows"), "{}", found[0].detail);

    let cell = |chars: usize| format!("a,b\n1,{}\n", "é".repeat(chars));
    assert_eq!(table(cell(4_096).as_bytes()).rows.len(), 1);
    let found = the_fault(cell(4_097).as_bytes());
    assert_eq!(found, (Some(2), Some("b".to_owned()), codes::CELL_TOO_LONG));

    let small = Limits { bytes: 9, ..Limits::default() };
    assert_eq!(faults_of(read(b"a\n1234567\n", None, small))[0].code, codes::FILE_TOO_LARGE);
}

#[test]
fn names_that_contradict() {
    let csv = b"a\n1\n";
    for name in ["people.csv", "People.CSV", "people.txt", "people", "people.2026"] {
        assert!(read(csv, Some(name), Limits::default()).is_ok(), "{name}");
    }
    for (bytes, name, code) in [
        (&csv[..], "people.xlsx", codes::KIND_MISMATCH),
        (csv, "people.xls", codes::KIND_UNSUPPORTED),
        (csv, "people.ods", codes::KIND_UNSUPPORTED),
        (b"PK\x03\x04", "people.csv", codes::KIND_MISMATCH),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "people.xls", codes::KIND_UNSUPPORTED),
    ] {
        let found = faults_of(read(bytes, Some(name), Limits::default()));
        assert_eq!(found[0].code, code, "{name}");
        assert!(found[0].detail.contains("save"), "{}", found[0].detail);
    }
    let mut locked = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    locked.extend(utf16("EncryptedPackage", u16::to_le_bytes));
    assert_eq!(the_fault(&locked).2, codes::ENCRYPTED);
}

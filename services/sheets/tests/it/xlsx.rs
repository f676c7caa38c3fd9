//! XLSX as spreadsheet libraries write it, and as an attacker would.
//!
//! It must not rely on files that are not here: `fixtures` were written by openpyxl and XlsxWriter.

use crate::common::{faults, faults_of, rows, table, the_fault};
use nearhand_sheets::{Format, Limits, codes, read, write_xlsx};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const OPENPYXL: &[u8] = include_bytes!("../fixtures/openpyxl.xlsx");
const FORMULAS: &[u8] = include_bytes!("../fixtures/formulas.xlsx");
const ERRORS: &[u8] = include_bytes!("../fixtures/errors.xlsx");
const UNCOMPUTED: &[u8] = include_bytes!("../fixtures/formula_uncomputed.xlsx");
const DATE_1904: &[u8] = include_bytes!("../fixtures/date1904.xlsx");
const EMPTY: &[u8] = include_bytes!("../fixtures/empty.xlsx");

/// `bytes` with some parts replaced.
fn with_parts(bytes: &[u8], change: impl Fn(&str, String) -> String) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut part = old.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        new.start_file(&name, SimpleFileOptions::default()).unwrap();
        new.write_all(change(&name, text).as_bytes()).unwrap();
    }
    new.finish().unwrap().into_inner()
}

/// A workbook whose only sheet has this within `<sheetData>`.
fn with_sheet_data(data: &str) -> Vec<u8> {
    let simple = write_xlsx(&["a"], [["1"]], "S", &[]).unwrap();
    with_parts(&simple, |name, text| {
        if name != "xl/worksheets/sheet1.xml" {
            return text;
        }
        let (before, rest) = text.split_once("<sheetData>").unwrap();
        let (_, after) = rest.split_once("</sheetData>").unwrap();
        format!("{before}<sheetData>{data}</sheetData>{after}")
    })
}

#[test]
fn the_first_visible_sheet_as_plain_text() {
    let table = table(OPENPYXL);
    assert_eq!(table.format, Format::Xlsx);
    assert_eq!(
        table.header,
        ["Name", "Born", "Count", "Price", "Seen", "Start", "Active", "Phone"]
    );
    assert_eq!(
        rows(&table),
        [
            "2: Grace|1906-12-09|7|1234.5|2026-01-02T03:04:05|08:30:00|true|'+351 21",
            "4: José|2000-02-29|-3|0.1|2026-01-02|00:00:00|false|491234567890",
        ]
    );
}

#[test]
fn formulas_count_as_their_last_value() {
    assert_eq!(rows(&table(FORMULAS)), ["2: a|3|xy|2026-03-04", "3: plain bold|0.3||"]);
    assert_eq!(rows(&table(DATE_1904)), ["2: 2026-03-04"]);
    // An empty text that was computed, as Excel writes it.
    let text = with_sheet_data(
        "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>a</v></c><c r=\"B1\" t=\"str\"><v>b</v></c></row>\
         <row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\" t=\"str\"><f>\"\"</f><v></v></c></row>",
    );
    assert_eq!(rows(&table(&text)), ["2: 1|"]);
    let found = the_fault(UNCOMPUTED);
    assert_eq!(found, (Some(2), Some("b".to_owned()), codes::FORMULA_WITHOUT_VALUE));
}

#[test]
fn error_cells_are_faults_with_their_places() {
    let found = faults(ERRORS);
    let found: Vec<_> = found.iter().map(|f| (f.line, f.column.as_deref(), f.code)).collect();
    assert_eq!(
        found,
        [
            (Some(2), Some("ref"), codes::CELL_ERROR),
            (Some(2), Some("div"), codes::CELL_ERROR),
            (Some(3), Some("ref"), codes::CELL_ERROR),
        ]
    );
    assert!(faults(ERRORS)[0].detail.contains("#REF!"));
    let newer = with_parts(ERRORS, |_, text| text.replace("#REF!", "#SPILL!"));
    let found = faults(&newer);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].detail.contains("after A2 holds the error #SPILL!"), "{found:?}");
}

#[test]
fn workbooks_without_a_table() {
    let found = faults(EMPTY);
    assert_eq!(found[0].code, codes::EMPTY);
    assert!(found[0].detail.contains("\"Sheet\""), "{}", found[0].detail);
    let hidden = with_parts(EMPTY, |_, text| text.replace("state=\"visible\"", "state=\"hidden\""));
    assert_eq!(the_fault(&hidden).2, codes::NO_SHEET);
    let none = ZipWriter::new(Cursor::new(Vec::new())).finish().unwrap().into_inner();
    assert_eq!(the_fault(&none).2, codes::XLSX_BROKEN);
    for (part, code) in [
        ("mimetype", codes::KIND_UNSUPPORTED),
        ("xl/workbook.bin", codes::KIND_UNSUPPORTED),
        ("word/document.xml", codes::KIND_UNSUPPORTED),
        ("readme.txt", codes::XLSX_BROKEN),
    ] {
        assert_eq!(the_fault(&archive(&[(part, b"x")])).2, code, "{part}");
    }
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn limits() {
    let wide = |columns: usize| {
        let header: Vec<_> = (0..columns).map(|n| format!("c{n}")).collect();
        write_xlsx(&header, [vec!["x"; columns]], "S", &[]).unwrap()
    };
    assert_eq!(table(&wide(200)).rows[0].cells.len(), 200);
    assert_eq!(the_fault(&wide(201)), (Some(1), None, codes::TOO_MANY_COLUMNS));
    let long = write_xlsx(&["a"], vec![["1"]; 10_001], "S", &[]).unwrap();
    assert_eq!(the_fault(&long).2, codes::TOO_MANY_ROWS);
    let cell = "é".repeat(4_097);
    let found = the_fault(&write_xlsx(&["a"], [[cell.as_str()]], "S", &[]).unwrap());
    assert_eq!(found, (Some(2), Some("a".to_owned()), codes::CELL_TOO_LONG));
    let many: Vec<_> = (0..1_001).map(|n| format!("p{n}")).collect();
    let parts: Vec<_> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_eq!(the_fault(&archive(&parts)).2, codes::TOO_MANY_PARTS);
}

/// The usual limit is 64 MiB; making so much takes long in a test.
fn of_4_mib() -> Limits {
    Limits { unpacked_bytes: 4 << 20, ..Limits::default() }
}

#[test]
fn bombs_are_not_unpacked() {
    assert_eq!(Limits::default().unpacked_bytes, 64 << 20);
    let blanks = vec![b' '; 5 << 20];
    let bomb = archive(&[("xl/worksheets/sheet1.xml", &blanks)]);
    assert!(bomb.len() < 20 << 10, "{}", bomb.len());
    let found = faults_of(read(&bomb, None, of_4_mib()));
    assert_eq!(found[0].code, codes::UNPACKED_TOO_LARGE);
    assert!(found[0].detail.contains("more than 4 MiB"), "{}", found[0].detail);
    // Below the limit of size, but no table is packed like that.
    let found = faults(&bomb);
    assert_eq!(found[0].code, codes::UNPACKED_TOO_LARGE);
    assert!(found[0].detail.contains("250 times"), "{}", found[0].detail);
    // The sum counts, not each part.
    let half: Vec<u8> = (0..3u32 << 16).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    let two = archive(&[("a", &half), ("b", &half)]);
    let of_1_mib = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let found = faults_of(read(&two, None, of_1_mib));
    assert!(found[0].detail.contains("more than 1 MiB"), "{}", found[0].detail);
}

/// A part that is larger than it states is not read to its end.
#[test]
fn stated_sizes_are_not_believed() {
    let blanks = vec![b' '; 5 << 20];
    let mut bomb = archive(&[("xl/worksheets/sheet1.xml", &blanks)]);
    let size = u32::try_from(blanks.len()).unwrap().to_le_bytes();
    let places: Vec<_> = (0..bomb.len() - 4).filter(|&at| bomb[at..at + 4] == size).collect();
    assert_eq!(places.len(), 2, "the size stands before the part and in the directory");
    for at in places {
        bomb[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    let found = faults_of(read(&bomb, None, of_4_mib()));
    assert_eq!(found[0].code, codes::XLSX_BROKEN, "{found:?}");
    assert!(found[0].detail.contains("larger than its declared"), "{found:?}");
    // A directory that claims four thousand million bytes.
    let mut boast = archive(&[("xl/worksheets/sheet1.xml", b"x")]);
    let directory = boast.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    boast[directory + 24..directory + 28].copy_from_slice(&u32::MAX.to_le_bytes()[..]);
    boast[directory + 24] = 0;
    assert_eq!(the_fault(&boast).2, codes::UNPACKED_TOO_LARGE);
}

/// A process that cannot get the memory it asks for dies; these must ask for little.
#[test]
fn claims_of_parts_are_not_believed() {
    let simple = write_xlsx(&["a"], [["1"]], "S", &[]).unwrap();
    let claims =
        with_parts(&simple, |_, text| text.replace("uniqueCount=\"", "uniqueCount=\"9999999999"));
    assert_eq!(the_fault(&claims).2, codes::XLSX_BROKEN);
    let name = "x".repeat(100_000);
    let formats = "<xf fontId=\"0\"/>".repeat(50_000);
    let styles = format!(
        "<styleSheet><fonts><font><name val=\"{name}\"/></font></fonts>\
         <cellXfs>{formats}</cellXfs></styleSheet>"
    );
    let large = with_parts(
        &simple,
        |part, text| {
            if part == "xl/styles.xml" { styles.clone() } else { text }
        },
    );
    assert_eq!(the_fault(&large).2, codes::UNPACKED_TOO_LARGE);
    // A long text that many cells share.
    let shared = "<c t=\"inlineStr\"><is><t>a</t></is></c>".to_owned();
    let cells = "<c t=\"s\"><v>0</v></c>";
    let data = format!("<row>{shared}</row>{}", format!("<row>{cells}</row>").repeat(200));
    let long = with_parts(&with_sheet_data(&data), |_, text| {
        text.replace("<t>a</t></si>", &format!("<t>{}</t></si>", "x".repeat(4_000)))
    });
    let little = Limits { unpacked_bytes: 500 << 10, ..Limits::default() };
    let found = faults_of(read(&long, None, little));
    assert_eq!(found[0].code, codes::UNPACKED_TOO_LARGE, "{found:?}");
    assert_eq!(found[0].line, Some(130), "{found:?}");
}

#[test]
fn cells_in_odd_places() {
    let cell = |at: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>x</t></is></c>");
    let row = |number: u32, at: &str| format!("<row r=\"{number}\">{}</row>", cell(at));
    let far = with_sheet_data(&(row(1, "A1") + &row(1_048_576, "A1048576")));
    assert_eq!(rows(&table(&far)), ["1048576: x"]);
    let right = with_sheet_data(&(row(1, "A1") + &row(2, "XFD2")));
    assert_eq!(the_fault(&right), (Some(2), None, codes::ROW_TOO_LONG));
    for data in [
        row(2, "A2") + &row(1, "A1"),
        row(1, "A1048577"),
        row(1, "XFE1"),
        row(1, "ZZZZZZZZZ1"),
        row(1, "A0"),
        row(1, "A99999999999"),
        row(1, "?"),
    ] {
        assert_eq!(the_fault(&with_sheet_data(&data)).2, codes::XLSX_BROKEN, "{data}");
    }
    let hidden = row(1, "A1")
        + "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>a_x0001_b</t></is></c></row>";
    let found = the_fault(&with_sheet_data(&hidden));
    assert_eq!(found, (Some(2), Some("x".to_owned()), codes::CONTROL_CHARACTER));
    let date = row(1, "A1") + "<row r=\"2\"><c r=\"A2\"><v>1e999</v></c></row>";
    assert_eq!(the_fault(&with_sheet_data(&date)).2, codes::BAD_NUMBER);
}

#[test]
fn two_kinds_in_one_file() {
    let named = read(OPENPYXL, Some("people.csv"), Limits::default());
    assert_eq!(faults_of(named)[0].code, codes::KIND_MISMATCH);
    let before = [b"a,b\n1,2\n", OPENPYXL].concat();
    assert_eq!(the_fault(&before).2, codes::CONTROL_CHARACTER);
    let twice = [b"PK\x03\x04", OPENPYXL].concat();
    assert_eq!(the_fault(&twice).2, codes::XLSX_BROKEN);
}

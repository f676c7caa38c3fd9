//! What is written reads back the same, and no mutation of a file makes the reader panic.
//!
//! It must not be random without a seed: each run does the same.

use crate::common::{rows, table};
use nearhand_sheets::{
    Column, FileKind, Limits, Table, closest, defuse, fold_header, read, restore, template,
    write_csv, write_xlsx,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const SEED: [u8; 32] = *b"nearhand sheets, seed of 32 byte";

fn runner(cases: u32) -> TestRunner {
    println!("seed {SEED:?}");
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED))
}

/// Text that is hard to keep: signs of formulas, quotes, separators, line breaks, what looks like
/// an escape of XLSX.
fn hard_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("="),
        Just("+"),
        Just("-"),
        Just("@"),
        Just("'"),
        Just("\""),
        Just(","),
        Just(";"),
        Just("\t"),
        Just("\r"),
        Just("\n"),
        Just("\r\n"),
        Just(" "),
        Just("＝"),
        Just("＠"),
        Just("_x000D_"),
        Just("_x0041_"),
        Just("_x"),
        Just("&amp;"),
        Just("<"),
        Just("é"),
        Just("漢"),
        Just("🙂"),
        Just("0"),
        Just("1.0"),
        Just("true"),
        Just("2026-01-02"),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn restored(table: &Table) -> Vec<Vec<String>> {
    let restore = |cell: &String| restore(cell).to_owned();
    table.rows.iter().map(|row| row.cells.iter().map(restore).collect()).collect()
}

#[test]
fn defused_cells_are_restored() {
    let any_text = prop_oneof![hard_text(), any::<String>()];
    let property = |text: String| {
        let safe = defuse(&text);
        prop_assert_eq!(restore(&safe), text.as_str());
        prop_assert!(
            !safe.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        );
        Ok(())
    };
    runner(3_000).run(&any_text, property).unwrap();
    for (cell, safe) in [("=1", "'=1"), ("'=1", "''=1"), ("'", "'"), ("''", "'''"), ("'a", "'a")] {
        assert_eq!(defuse(cell), safe);
    }
}

#[test]
fn tables_read_back_as_written() {
    let row = prop::collection::vec(hard_text(), 3);
    let rows = prop::collection::vec(row, 0..6);
    runner(100)
        .run(&rows, |mut rows| {
            rows.retain(|row| row.iter().any(|cell| !cell.trim().is_empty()));
            let header = ["first; name", "=b,", "+c"];
            let csv = write_csv(&header, &rows).unwrap();
            let xlsx = write_xlsx(&header, &rows, "People", &["A note"]).unwrap();
            for bytes in [csv, xlsx] {
                let table = read(&bytes, None, Limits::default()).unwrap();
                let names: Vec<_> = table.header.iter().map(|name| restore(name)).collect();
                prop_assert_eq!(names, header);
                prop_assert_eq!(&restored(&table), &rows);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn csv_is_what_spreadsheets_expect() {
    let bytes = write_csv(&["a", "b"], [["=1", "x,y"], ["", "two\nlines"]]).unwrap();
    assert_eq!(bytes, b"\xEF\xBB\xBFa,b\r\n'=1,\"x,y\"\r\n,\"two\nlines\"\r\n");
}

#[test]
fn what_does_not_fit_is_not_written() {
    assert!(write_xlsx(&["a"], [["x"]], "no/sheet", &[]).is_err());
    assert!(write_xlsx(&["a"], [["x".repeat(40_000)]], "S", &[]).is_err());
    assert!(write_xlsx(&["a"], vec![vec!["x"; 16_385]], "S", &[]).is_err());
}

#[test]
fn templates_hold_no_rows() {
    let columns = [
        Column { name: "name", explanation: "Full name", example: "Grace", allowed: &[] },
        Column {
            name: "role",
            explanation: "What they do",
            example: "admin",
            allowed: &["admin", "a, b", "-"],
        },
    ];
    for kind in [FileKind::Csv, FileKind::Xlsx] {
        let table = table(&template(&columns, kind).unwrap());
        assert_eq!(table.header, ["name", "role"]);
        assert!(table.rows.is_empty());
    }
    let bytes = template(&columns, FileKind::Xlsx).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<formula1>Lists!$B$1:$B$3</formula1>"), "{sheet}");
    assert!(sheet.contains("state=\"frozen\""), "{sheet}");
    let strings = part("xl/sharedStrings.xml");
    for text in ["Full name", "Grace", "admin, a, b, -"] {
        assert!(strings.contains(text), "{text}");
    }
}

#[test]
fn misspelt_headers() {
    assert_eq!(fold_header(" First-Name\u{A0}"), "first_name");
    assert_eq!(fold_header("E-Mail  address"), "e_mail_address");
    let known = ["first_name", "last_name", "email", "lat", "lng"];
    for (name, expected) in [
        ("FIRST NAME", Some("first_name")),
        ("firstname", Some("first_name")),
        ("fisrt_nmae", Some("first_name")),
        ("e-mail", Some("email")),
        ("lst_name", Some("last_name")),
        ("lgn", Some("lng")),
        ("lon", None),
        ("city", None),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(closest(name, &known), expected, "{name}");
    }
}

fn good_files() -> Vec<Vec<u8>> {
    let rows = [["Grace", "=1", "é"], ["two\nlines", "\"q\"", ""]];
    let utf16: Vec<u8> =
        "\u{FEFF}a;b\r\n\"x\";é\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        write_csv(&["a", "b", "c"], rows).unwrap(),
        utf16,
        b"sep=;\na;b\nJos\xE9;\"x\n\"\n".to_vec(),
        write_xlsx(&["a", "b", "c"], rows, "S", &["note"]).unwrap(),
        include_bytes!("../fixtures/openpyxl.xlsx").to_vec(),
        include_bytes!("../fixtures/errors.xlsx").to_vec(),
    ]
}

#[test]
fn files_that_are_cut_off() {
    for file in good_files() {
        let step = (file.len() / 1_000).max(1);
        for length in (0..file.len()).step_by(step) {
            let result = read(&file[..length], None, Limits::default());
            // A workbook has its directory at the end, so that no part of it can be read.
            assert!(result.is_err() || !file.starts_with(b"PK"), "{length} of {}", file.len());
        }
    }
}

#[test]
fn files_that_are_damaged() {
    let files = good_files();
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6);
    let which = 0..files.len();
    runner(3_000)
        .run(&(which, damage), |(which, damage)| {
            let mut bytes = files[which].clone();
            mutate(&mut bytes, &damage);
            if let Err(error) = read(&bytes, None, Limits::default()) {
                prop_assert!(!error.faults.is_empty());
                prop_assert!(!error.to_string().is_empty());
            }
            Ok(())
        })
        .unwrap();
}

fn mutate(bytes: &mut Vec<u8>, damage: &[(prop::sample::Index, u8, u8)]) {
    for (at, byte, kind) in damage {
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] ^= 1 << (byte % 8),
        }
    }
}

/// Damage within the parts, where no checksum finds it first.
#[test]
fn parts_that_are_damaged() {
    let workbook = include_bytes!("../fixtures/openpyxl.xlsx");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&workbook[..])).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut bytes).unwrap();
        parts.push((part.name().unwrap().into_owned(), bytes));
    }
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6);
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    // The hook would print a trace for each panic that is caught.
    std::panic::set_hook(Box::new(|_| {}));
    let result = runner(800).run(&(0..parts.len(), damage), |(which, damage)| {
        let mut new = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (index, (name, bytes)) in parts.iter().enumerate() {
            let mut bytes = bytes.clone();
            if index == which {
                mutate(&mut bytes, &damage);
            }
            new.start_file(name.as_str(), options).unwrap();
            std::io::Write::write_all(&mut new, &bytes).unwrap();
        }
        let bytes = new.finish().unwrap().into_inner();
        if let Err(error) = read(&bytes, None, Limits::default()) {
            prop_assert!(!error.faults.is_empty());
        }
        Ok(())
    });
    drop(std::panic::take_hook());
    result.unwrap();
}

/// The time is printed, not judged.
#[test]
fn a_thousand_rows() {
    let header: Vec<_> = (0..20).map(|column| format!("column {column}")).collect();
    let cells = |row| (0..20).map(move |column| format!("cell {row} {column}"));
    let csv = write_csv(&header, (0..1_000).map(cells)).unwrap();
    let xlsx = write_xlsx(&header, (0..1_000).map(cells), "S", &[]).unwrap();
    for bytes in [csv, xlsx] {
        let start = std::time::Instant::now();
        let table = table(&bytes);
        println!("{:?}, {} bytes: {:?}", table.format, bytes.len(), start.elapsed());
        assert_eq!(table.rows.len(), 1_000);
        assert!(rows(&table)[999].ends_with("|cell 999 19"));
    }
}

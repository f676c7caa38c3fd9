//! Files as they come: every encoding and separator of spreadsheet programs, and what is damaged,
//! misspelt, hostile or too large. None of it changes anything.

use crate::support::{Account, Answer, Site};
use serde_json::json;
use std::io::{Cursor, Write};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn send(admin: &Account<'_>, name: &str, file: impl Into<Vec<u8>>) -> Answer {
    admin.send(&format!("?file_name={name}"), "application/octet-stream", file).await
}

/// The code of the first thing that is wrong with a file that cannot be read.
async fn fault(admin: &Account<'_>, name: &str, file: impl Into<Vec<u8>>) -> String {
    let answer = send(admin, name, file).await.refused(422, "import_unreadable");
    answer.str("/errors/0/code").to_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[tokio::test]
async fn every_encoding_and_separator_is_read() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let plain = "first_name,last_name\nJosé,Müller\n";
    let semicolons = plain.replace(',', ";");
    for (what, file) in [
        ("UTF-8", plain.as_bytes().to_vec()),
        ("a byte order mark", [&[0xEF, 0xBB, 0xBF], plain.as_bytes()].concat()),
        ("UTF-16", utf16(&plain.replace(',', "\t"))),
        ("semicolons", semicolons.clone().into_bytes()),
        ("sep=", format!("sep=;\r\n{}", semicolons.replace('\n', "\r\n")).into_bytes()),
        ("Windows-1252", semicolons.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()),
    ] {
        let import = send(&admin, "people.csv", file).await;
        assert_eq!(import.status.as_u16(), 201, "{what}: {}", import.text);
        assert_eq!(import.body["counts"]["create"], 1, "{what}");
        let rows = admin.rows(import.str("/id"), "").await;
        assert_eq!(rows[0]["line"], if what == "sep=" { 3 } else { 2 }, "{what}");
    }
    let names: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT record ->> 'display_name' FROM import_rows")
            .fetch_all(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(names, ["José Müller"]);
    let header = ["First Name", "LAST-NAME"];
    let workbook = nearhand_sheets::write_xlsx(&header, [["José", "Müller"]], "People", &[]);
    let import = admin.send("", XLSX, workbook.unwrap()).await.expect(201);
    assert_eq!(import.body["columns"], json!(["first_name", "last_name"]));
}

#[tokio::test]
async fn cells_that_look_like_formulas_are_text() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let file = "first_name,signature\n'=SUM(A1),'+49 30 1\n=2+3,-\n";
    let import = admin.check(file).await;
    assert_eq!(import.body["counts"]["create"], 2, "{}", import.text);
    let names: Vec<String> =
        sqlx::query_scalar("SELECT record ->> 'first_name' FROM import_rows ORDER BY line")
            .fetch_all(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(names, ["=SUM(A1)", "=2+3"]);
}

#[tokio::test]
async fn headers_must_be_known() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let file = "emial,first_name,shoe_size\na@harbour.example,A,44\n";
    let refused = send(&admin, "people.csv", file).await.refused(422, "import_unreadable");
    assert_eq!(refused.pointers(), ["/1/1: emial", "/1/3: shoe_size"]);
    assert!(refused.str("/errors/0/detail").contains("did you mean `email`?"));
    let many: Vec<String> = (0..200).map(|n| format!("column_{n}")).collect();
    let refused = send(&admin, "people.csv", many.join(",") + "\nx\n").await;
    let refused = refused.refused(422, "import_unreadable");
    assert_eq!(refused.body["errors_left_out"], 150);
    let many = format!("{},one_more\nx\n", many.join(","));
    assert_eq!(fault(&admin, "people.csv", many).await, "too_many_columns");
    let twice = "first_name,First Name\na,b\n";
    assert_eq!(fault(&admin, "people.csv", twice).await, "header_duplicate");
    assert_eq!(fault(&admin, "people.csv", "").await, "empty");
}

#[tokio::test]
async fn rows_that_repeat_each_other_are_all_refused() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "first_name": "Grace", "username": "grace" })).await;
    let file = format!(
        "id,first_name,email,username,account_code\n\
        ,A,same@harbour.example,,\n,B,SAME@harbour.example,,\n,C,,,X-1\n,D,,,X-1\n\
        {id},E,,,\n,F,,grace,\n,G,,ada@harbour.example,\n{},H,,,\nx,I,,,\n",
        uuid::Uuid::now_v7()
    );
    let import = admin.check(&file).await;
    assert_eq!(import.body["counts"], json!({ "create": 0, "update": 0, "skip": 0, "error": 9 }));
    let rows = admin.rows(import.str("/id"), "").await;
    let codes: Vec<&str> =
        rows.iter().map(|row| row["errors"][0]["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "repeated",
            "repeated",
            "repeated",
            "repeated",
            "repeated",
            "repeated",
            "username_taken",
            "unknown",
            "unknown"
        ]
    );
    assert!(rows[0]["errors"][0]["detail"].as_str().unwrap().starts_with("line 3 "));
}

#[tokio::test]
async fn files_that_are_something_else_are_refused() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let workbook = nearhand_sheets::write_xlsx(&["first_name"], [["A"]], "S", &[]).unwrap();
    assert_eq!(fault(&admin, "people.csv", workbook).await, "kind_mismatch");
    assert_eq!(fault(&admin, "people.xlsx", "first_name\nA\n").await, "kind_mismatch");
    assert_eq!(fault(&admin, "people.pdf", "first_name\nA\n").await, "kind_unsupported");
    assert_eq!(fault(&admin, "people.xlsx", bomb()).await, "unpacked_too_large");
    assert_eq!(fault(&admin, "people.csv", "first_name\n\"A\n").await, "quote_open");
    let rows = "A\n".repeat(10_001);
    let found = fault(&admin, "people.csv", format!("first_name\n{rows}")).await;
    assert_eq!(found, "too_many_rows");
    let large = vec![b'a'; (20 << 20) + 1];
    send(&admin, "people.csv", large).await.refused(413, "too_large");
    admin.send("", "application/json", "{}").await.refused(415, "unsupported_media_type");
    let mut db = site.database.look().await;
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM imports").fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 0);
}

/// A workbook of a few KiB that would become 300 MiB.
fn bomb() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let packed = zip::write::SimpleFileOptions::default();
    archive.start_file("xl/worksheets/sheet1.xml", packed).unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..80 {
        archive.write_all(&blanks).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

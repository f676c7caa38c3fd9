//! Mails in real folders.

use super::*;
use crate::{Mailer, render::Rendered};

fn mail(number: usize) -> Mail {
    let rendered = Rendered {
        subject: format!("Betreff {number} für Sie"),
        text: "Text\n".to_owned(),
        html: "<p>Text</p>\n".to_owned(),
        language: "de",
    };
    let to = "grace@example.org".to_owned();
    Mail { to, rendered, message_id: format!("<{number}@near.example>"), kind: Kind::Recovery }
}

fn outbox(folder: &tempfile::TempDir) -> Outbox {
    Outbox::open(folder.path().join("a/outbox"), "Nearhand <mail@example.org>").unwrap()
}

#[tokio::test]
async fn a_mail_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder);
    Mailer::Outbox(outbox.clone()).send(&mail(1)).await.unwrap();
    let listed = outbox.list(10).await.unwrap();
    let [written] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(written.from, "Nearhand <mail@example.org>");
    assert_eq!(written.to, "grace@example.org");
    assert_eq!(written.subject, "Betreff 1 für Sie");
    assert_eq!((written.text.as_str(), written.html.as_str()), ("Text\n", "<p>Text</p>\n"));
    assert_eq!((written.kind, written.language.as_str()), (Kind::Recovery, "de"));
    assert_eq!(written.message_id, "1@near.example");
    assert_eq!(outbox.read(written.id).await.unwrap().as_ref(), Some(written));
    assert_eq!(outbox.read(Uuid::now_v7()).await.unwrap(), None);

    let files: Vec<_> = fs::read_dir(&outbox.folder).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 1, "no temporary file is left");
    assert_eq!(files[0].file_name().to_str().unwrap(), format!("{}.json", written.id));
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&outbox.folder).unwrap().permissions().mode() & 0o777, 0o700);
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(files[0].path()).unwrap()).unwrap();
    assert_eq!(json["kind"], "recovery");
}

#[tokio::test]
async fn the_oldest_beyond_the_cap_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder).keeping(3);
    for number in 0..5 {
        outbox.write(&mail(number)).await.unwrap();
    }
    let subjects = async |limit| {
        let listed = outbox.list(limit).await.unwrap();
        listed.into_iter().map(|mail| mail.subject).collect::<Vec<_>>()
    };
    let newest = ["Betreff 4 für Sie", "Betreff 3 für Sie", "Betreff 2 für Sie"];
    assert_eq!(subjects(10).await, newest);
    assert_eq!(subjects(2).await, newest[..2]);
    assert!(subjects(0).await.is_empty());
}

#[tokio::test]
async fn files_that_cannot_be_read_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder);
    let good = outbox.write(&mail(1)).await.unwrap();
    let broken = Uuid::now_v7();
    fs::write(outbox.path(broken), b"{\"id\": \xff").unwrap();
    let copied = Uuid::now_v7();
    fs::copy(outbox.path(good), outbox.path(copied)).unwrap();
    fs::create_dir(outbox.path(Uuid::now_v7())).unwrap();
    fs::write(outbox.folder.join("notes.json"), b"{}").unwrap();
    let listed: Vec<Uuid> = outbox.list(1).await.unwrap().iter().map(|mail| mail.id).collect();
    assert_eq!(listed, [good]);
    for id in [broken, copied] {
        let error = outbox.read(id).await.unwrap_err();
        assert!(matches!(error, OutboxError::Unreadable { .. }), "{error}");
    }
}

#[tokio::test]
async fn errors_tell_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Outbox::open(folder.path(), "nobody"), Err(OutboxError::From)));
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Outbox::open(&file, "mail@example.org").unwrap_err();
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");

    let mailer = Mailer::outbox(folder.path().join("outbox"), "mail@example.org").unwrap();
    let nowhere = Mail { to: "nobody".to_owned(), ..mail(1) };
    assert!(mailer.send(&nowhere).await.unwrap_err().is_permanent());
    fs::remove_dir(folder.path().join("outbox")).unwrap();
    assert!(!mailer.send(&mail(1)).await.unwrap_err().is_permanent());
}

#[tokio::test]
async fn mails_are_removed_by_id_and_by_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(&folder);
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(outbox.write(&mail(number)).await.unwrap());
    }
    let broken = Uuid::now_v7();
    fs::write(outbox.path(broken), b"{").unwrap();
    let of = vec![ids[0], broken, Uuid::now_v7()];
    let removed = outbox.remove(of, |mail| mail.subject.contains(" 2 ")).await.unwrap();
    assert_eq!(removed, 3);
    let left: Vec<Uuid> = outbox.list(10).await.unwrap().iter().map(|mail| mail.id).collect();
    assert_eq!(left, [ids[1]]);
}

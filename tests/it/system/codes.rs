//! No error code without a test that provokes it.

use nearhand_api::Code;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Codes that no story over HTTP can provoke, each with the reason.
const EXCEPTIONS: &[(&str, &str)] =
    &[("internal", "a fault of the program: who knew how to cause one would mend it")];

/// Every file of this binary but this one.
fn sources() -> Vec<PathBuf> {
    let (mut found, mut open) =
        (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("it")]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("codes.rs")
            {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_code_is_provoked_by_a_test() {
    let sources: String = sources().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(sources.contains("fn "), "the sources were found");
    for code in Code::ALL {
        // As a whole word of text: nothing but a comparison with it looks like that.
        let provoked = sources.contains(&format!("\"{}\"", code.as_str()));
        let excepted = EXCEPTIONS.iter().any(|(word, _)| *word == code.as_str());
        assert!(provoked || excepted, "no test provokes `{}`", code.as_str());
        assert!(!(provoked && excepted), "`{}` is no exception any more", code.as_str());
    }
}

#[test]
fn the_exceptions_are_codes_with_a_reason() {
    for (word, reason) in EXCEPTIONS {
        assert!(Code::ALL.iter().any(|code| code.as_str() == *word), "{word} is no code");
        assert!(reason.contains(' '), "{word} needs a reason");
    }
}

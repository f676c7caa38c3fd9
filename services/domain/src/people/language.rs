//! Languages: the one spelling of a tag, and which tags a range asks for.

use icu_locale::{LanguageIdentifier, Locale, LocaleCanonicalizer};

/// The one spelling of a BCP 47 tag, such as `pt-BR`: `iw` and `he` are one, and so are `por` and
/// `pt` (Unicode LDML, part 1, "canonical form"). `None` when it is no tag.
#[must_use]
pub fn canonical(tag: &str) -> Option<String> {
    let mut locale = Locale::try_from_str(tag.trim()).ok()?;
    // Its tables are compiled in: making one costs nothing.
    LocaleCanonicalizer::new_extended().canonicalize(&mut locale);
    let LanguageIdentifier { language, .. } = locale.id;
    (!language.is_unknown()).then(|| locale.to_string())
}

/// Whether a person's language is one that a range asks for (RFC 4647 §3.3.1, basic filtering):
/// `pt` asks for `pt-BR` too, and a macrolanguage for its members, such as `no` for `nb`. Both must
/// be canonical; case does not count.
#[must_use]
pub fn matches(range: &str, tag: &str) -> bool {
    begins(tag, range) || within_macrolanguage(range, tag)
}

/// Whether the subtags of a tag begin with those of a range.
fn begins(tag: &str, range: &str) -> bool {
    let Some(head) = tag.get(..range.len()) else { return false };
    head.eq_ignore_ascii_case(range) && matches!(tag.as_bytes().get(range.len()), None | Some(b'-'))
}

fn within_macrolanguage(range: &str, tag: &str) -> bool {
    let (primary, rest) = tag.split_at(tag.find('-').unwrap_or(tag.len()));
    let Some((macrolanguage, _)) = MACROLANGUAGES
        .iter()
        .find(|(_, members)| members.iter().any(|member| member.eq_ignore_ascii_case(primary)))
    else {
        return false;
    };
    let wider = format!("{macrolanguage}{rest}");
    begins(&wider, range)
}

/// Macrolanguages with their members, as people who dispatch by language meet them (IANA Language
/// Subtag Registry, field `Macrolanguage`). Members that are their macrolanguage's canonical form
/// need no row.
const MACROLANGUAGES: &[(&str, &[&str])] = &[
    (
        "ar",
        &[
            "acm", "acw", "aeb", "afb", "apc", "apd", "ars", "ary", "arz", "ayl", "ayn", "ajp",
            "arb", "arq", "shu",
        ],
    ),
    ("az", &["azb", "azj"]),
    ("et", &["ekk", "vro"]),
    ("fa", &["pes", "prs"]),
    ("ff", &["fuc", "fuf", "fuv", "ffm", "fuh", "fuq"]),
    ("gn", &["gug", "gui", "nhd"]),
    ("kok", &["gom", "knn"]),
    ("ku", &["ckb", "kmr", "sdh"]),
    ("lv", &["ltg", "lvs"]),
    ("mg", &["plt", "bhr", "tdx"]),
    ("mn", &["khk", "mvf"]),
    ("ms", &["id", "zsm", "min", "bjn", "zlm"]),
    ("ne", &["dty", "npi"]),
    ("no", &["nb", "nn"]),
    ("om", &["gax", "gaz", "hae", "orc"]),
    ("ps", &["pbt", "pbu", "pst"]),
    ("qu", &["quz", "quy", "qvi", "qxo", "quh"]),
    ("sh", &["bs", "cnr", "hr", "sr"]),
    ("sq", &["aae", "aat", "aln", "als"]),
    ("sw", &["swc", "swh"]),
    ("uz", &["uzn", "uzs"]),
    ("yi", &["ydd", "yih"]),
    (
        "zh",
        &[
            "cdo", "cjy", "cmn", "cnp", "cpx", "csp", "czh", "czo", "gan", "hak", "hsn", "lzh",
            "mnp", "nan", "wuu", "yue",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_language_are_one() {
        for (one, other) in
            [("he", "iw"), ("pt", "por"), ("PT-br", "pt-BR"), ("id", "in"), ("zh-Hant", "zh-hant")]
        {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
            assert!(canonical(one).is_some());
        }
        for no_tag in ["", "p", "pt_BR!", "englisch-sprachig", "-", "x"] {
            assert_eq!(canonical(no_tag), None, "{no_tag}");
        }
    }

    #[test]
    fn a_range_asks_for_its_subtags_and_members() {
        let asks =
            |range: &str, tag: &str| matches(&canonical(range).unwrap(), &canonical(tag).unwrap());
        for (range, tag) in [
            ("pt", "pt"),
            ("pt", "pt-BR"),
            ("por", "pt-BR"),
            ("zh", "zh-Hant"),
            ("zh", "zh-Hant-TW"),
            ("zh-Hant", "zh-Hant-TW"),
            ("zh", "yue"),
            ("no", "nb"),
            ("no", "nn"),
            ("nb", "nb-NO"),
            ("he", "iw"),
            ("ar", "arz"),
        ] {
            assert!(asks(range, tag), "{range} asks for {tag}");
        }
        for (range, tag) in [
            ("pt-BR", "pt"),
            ("pt-BR", "pt-PT"),
            ("en", "es"),
            ("p", "pt"),
            ("nn", "nb"),
            ("zh-Hant", "zh-Hans"),
        ] {
            let both = canonical(range).zip(canonical(tag));
            assert!(both.is_none_or(|(range, tag)| !matches(&range, &tag)), "{range} {tag}");
        }
    }
}

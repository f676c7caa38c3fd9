//! What letters must say in every language, and what must not get through.

use super::*;
use crate::letter::OfferDetails;
use jiff::Timestamp;
use nearhand_domain::offer::OfferMode;

const LINK: &str = "https://near.example/accept?a=1&b=2#nh_inv_token";

fn letters(organization: &str, person: &str) -> Vec<Letter> {
    let (organization, person) = (organization.to_owned(), person.to_owned());
    let expires_at: Timestamp = "2026-12-01T14:30:00Z".parse().unwrap();
    let link = LINK.to_owned();
    let invitation = |inviter: Option<&str>, again| Letter::Invitation {
        organization: organization.clone(),
        person: person.clone(),
        inviter: inviter.map(str::to_owned),
        link: link.clone(),
        expires_at,
        again,
    };
    let import = |failed| Letter::ImportFinished {
        organization: organization.clone(),
        person: person.clone(),
        link: link.clone(),
        created: 1234,
        updated: 56,
        failed,
    };
    let assignment = |news, place: Option<&str>, reason: Option<&str>| Letter::Assignment {
        organization: organization.clone(),
        person: person.clone(),
        link: link.clone(),
        news,
        title: "Watch the harbour".to_owned(),
        number: "4711".to_owned(),
        starts_at: expires_at,
        ends_at: expires_at + jiff::SignedDuration::from_mins(90),
        place: place.map(str::to_owned),
        reason: reason.map(str::to_owned),
    };
    let mut letters = vec![
        invitation(Some("Ada Lovelace"), false),
        invitation(None, true),
        Letter::Welcome {
            organization: organization.clone(),
            person: person.clone(),
            link: link.clone(),
        },
        Letter::Recovery {
            organization: organization.clone(),
            person: person.clone(),
            link: link.clone(),
            expires_at,
        },
        Letter::EmailChange {
            organization: organization.clone(),
            person: person.clone(),
            link: link.clone(),
            new_address: "grace@example.org".to_owned(),
            expires_at,
        },
        Letter::EmailChanged {
            organization: organization.clone(),
            person: person.clone(),
            new_address_masked: "g…@example.org".to_owned(),
        },
        import(0),
        import(7),
        assignment(AssignmentNews::Assigned, Some("Quay 4, 1200 Lisboa"), None),
        assignment(AssignmentNews::Changed, None, None),
        assignment(AssignmentNews::Withdrawn, Some("38.70710, -9.13550"), Some("not needed")),
    ];
    letters.extend(offer_letters(&organization, &person));
    letters
}

fn offer_letters(organization: &str, person: &str) -> [Letter; 6] {
    let (organization, person, link) =
        (organization.to_owned(), person.to_owned(), LINK.to_owned());
    let at: Timestamp = "2026-12-01T14:30:00Z".parse().unwrap();
    let offer =
        |mode, starts_at: Option<Timestamp>, place: Option<&str>, message: &str| Letter::Offer {
            organization: organization.clone(),
            person: person.clone(),
            link: link.clone(),
            offer: OfferDetails {
                mode,
                title: "Watch the harbour".to_owned(),
                number: "4711".to_owned(),
                starts_at,
                duration_min: 90,
                urgent: starts_at.is_none(),
                place: place.map(str::to_owned),
                message: message.to_owned(),
                respond_by: at - jiff::SignedDuration::from_mins(45),
            },
        };
    let counts = AnswerCounts {
        asked: 23,
        available: 0,
        accepted: 1,
        declined: 12,
        timed_out: 10,
        unreachable: 4,
    };
    let unanswered = |partly_filled, available| Letter::OfferUnanswered {
        organization: organization.clone(),
        person: person.clone(),
        link: link.clone(),
        title: "Watch the harbour".to_owned(),
        number: "4711".to_owned(),
        partly_filled,
        marked_urgent: partly_filled,
        counts: AnswerCounts { available, ..counts },
    };
    [
        offer(OfferMode::Sequential, Some(at), Some("Quay 4, 1200 Lisboa"), ""),
        offer(OfferMode::Broadcast, None, None, "Bring\nthe long lens"),
        offer(OfferMode::Availability, Some(at), Some("38.70710, -9.13550"), "Two days"),
        unanswered(false, 0),
        unanswered(true, 0),
        unanswered(false, 7),
    ]
}

/// What a letter must say besides names and link.
fn own_values(letter: &Letter) -> Vec<String> {
    let date = "2026".to_owned();
    match letter {
        Letter::Invitation { inviter, .. } => inviter.iter().cloned().chain([date]).collect(),
        Letter::Recovery { .. } => vec![date],
        Letter::EmailChange { new_address, .. } => vec![new_address.clone(), date],
        Letter::EmailChanged { new_address_masked, .. } => vec![new_address_masked.clone()],
        Letter::ImportFinished { created, updated, failed, .. } => {
            [created, updated, failed].map(|count| format!(": {count}")).to_vec()
        }
        Letter::Assignment { title, number, place, reason, .. } => {
            let words = [title, number].into_iter().chain(place).chain(reason);
            words.cloned().chain([date]).collect()
        }
        Letter::Offer { offer, .. } => {
            let message = offer.message.replace('\n', " ");
            let words = [&offer.title, &offer.number, &message].into_iter().chain(&offer.place);
            let duration = "1\u{a0}h 30\u{a0}min".to_owned();
            words.cloned().chain([date, duration]).collect()
        }
        Letter::OfferUnanswered { title, number, counts, .. } => {
            let all = [counts.asked, counts.accepted, counts.declined, counts.timed_out];
            let available = Some(counts.available).filter(|count| *count > 0);
            let all = all.into_iter().chain([counts.unreachable]).chain(available);
            let said = all.map(|count| format!(": {count}"));
            [title.clone(), number.clone()].into_iter().chain(said).collect()
        }
        Letter::Welcome { .. } => Vec::new(),
    }
}

fn in_all_languages(organization: &str, person: &str) -> Vec<(Letter, Rendered)> {
    let zone = nearhand_domain::zone::get("Europe/Lisbon").unwrap();
    let letters = letters(organization, person);
    let both = |tag| letters.iter().map(move |letter| (letter, tag));
    let all = ["en", "de", "es", "fr"].into_iter().flat_map(both);
    all.map(|(letter, tag)| (letter.clone(), render(letter, tag, &zone).unwrap())).collect()
}

#[test]
fn every_letter_says_what_it_must_in_every_language() {
    for (letter, mail) in in_all_languages("Sunrise Care", "Grace Hopper") {
        let context = format!("{letter:?} {mail:?}");
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains("{{") && !part.contains("{%"), "{context}");
            assert!(part.contains("Sunrise Care"), "{context}");
        }
        assert!(mail.text.contains("Grace Hopper") && mail.html.contains("Grace Hopper"));
        let in_html = format!("href=\"{}\"", LINK.replace('&', "&amp;"));
        let links = mail.html.matches(&in_html).count();
        assert_eq!(links, if letter.link().is_some() { 2 } else { 0 }, "{context}");
        let on_its_own_line = mail.text.lines().filter(|line| *line == LINK).count();
        assert_eq!(on_its_own_line, usize::from(letter.link().is_some()), "{context}");
        assert!(mail.html.contains(&format!("<html lang=\"{}\">", mail.language)), "{context}");
        assert!(!mail.text.contains("\n\n\n"), "{context}");
        for value in own_values(&letter) {
            assert!(mail.text.contains(&value), "{value} is not in {context}");
            assert!(mail.html.contains(&value), "{value} is not in {context}");
        }
    }
}

#[test]
fn values_of_a_letter_reach_the_reader() {
    let zone = TimeZone::UTC;
    let said = |at: usize, tag| render(&letters("Care", "Grace")[at], tag, &zone).unwrap();
    let invitation = said(0, "en");
    assert_eq!(invitation.subject, "Invitation to Care");
    assert!(invitation.text.contains("Ada Lovelace invites you to join Care."));
    assert!(invitation.text.contains("until 1 December 2026, 14:30 (UTC)."));
    let again = said(1, "de");
    assert_eq!(again.subject, "Neue Einladung zu Care");
    assert!(again.text.contains("Die Links früherer Einladungen sind nicht mehr gültig."));
    assert!(said(4, "fr").text.contains("remplacée par grace@example.org."));
    assert!(said(5, "es").text.contains("ha cambiado a g…@example.org."));
    assert!(said(6, "en").html.contains("Created: 1234<br>Updated: 56<br>Failed: 0"));
    assert!(!said(6, "en").text.contains("Rows that failed"));
    assert!(said(7, "en").text.contains("Rows that failed were not imported."));
    let assigned = said(8, "en");
    assert_eq!(assigned.subject, "New assignment at Care: Watch the harbour");
    assert!(assigned.text.contains("Place: Quay 4, 1200 Lisboa"));
    assert!(assigned.text.contains("Starts: 1 December 2026, 14:30 (UTC)"));
    assert!(!said(9, "de").text.contains("Ort:"));
    assert!(said(10, "es").text.contains("Motivo: not needed"));
}

/// What an offer's mail must say in each language: as soon as possible, until when, who is first,
/// that it only asks, that opening the link decides nothing, that it is urgent.
const OFFER_WORDS: [(&str, [&str; 6]); 4] = [
    (
        "en",
        [
            "Starts: as soon as possible",
            "Please answer before 1 December 2026, 13:45 (UTC).",
            "The first to accept gets it.",
            "asks whether you could take",
            "Opening the link decides nothing",
            "This case is urgent.",
        ],
    ),
    (
        "de",
        [
            "Beginn: so bald wie möglich",
            "Bitte antworten Sie vor diesem Zeitpunkt: 1. Dezember 2026, 13:45 Uhr (UTC).",
            "Wer zuerst annimmt, bekommt ihn.",
            "ob Sie den folgenden Fall übernehmen könnten",
            "Das Öffnen des Links entscheidet noch nichts",
            "Dieser Fall ist dringend.",
        ],
    ),
    (
        "es",
        [
            "Inicio: lo antes posible",
            "Responda antes del 1 de diciembre de 2026, 13:45\u{a0}h (UTC).",
            "Lo obtendrá quien lo acepte primero.",
            "le pregunta si podría encargarse",
            "Abrir el enlace no decide nada",
            "Este caso es urgente.",
        ],
    ),
    (
        "fr",
        [
            "Début : dès que possible",
            "Veuillez répondre avant le 1er décembre 2026 à 13\u{a0}h\u{a0}45 (UTC).",
            "La première à l’accepter l’obtient.",
            "vous demande si vous pourriez",
            "Ouvrir le lien ne décide de rien",
            "Ce dossier est urgent.",
        ],
    ),
];

#[test]
fn an_offer_says_until_when_and_that_a_link_decides_nothing() {
    for (tag, [soon, until, first, could, opening, urgent]) in OFFER_WORDS {
        let said = |at: usize| render(&letters("Care", "Grace")[at], tag, &TimeZone::UTC).unwrap();
        let [sequential, broadcast, availability] = [said(11), said(12), said(13)];
        for mail in [&sequential, &broadcast, &availability] {
            for part in [&mail.text, &mail.html] {
                assert!(part.contains(until) && part.contains(opening), "{tag}: {part}");
            }
        }
        // What one of them says, the others do not.
        let texts = [&sequential, &broadcast, &availability].map(|mail| mail.text.as_str());
        for (words, saying) in [(soon, 1), (urgent, 1), (first, 1), (could, 2)] {
            let found = texts.map(|text| text.contains(words));
            assert_eq!(found, [0, 1, 2].map(|at| at == saying), "{tag}: {words}");
        }
        let subjects = [&sequential, &availability].map(|mail| mail.subject.as_str());
        assert_eq!(subjects.map(|subject| subject.contains('?')), [false, true], "{subjects:?}");
    }
    let said = |at: usize, tag| render(&letters("Care", "Grace")[at], tag, &TimeZone::UTC).unwrap();
    assert!(said(12, "en").text.contains("Message from the scheduler: Bring the long lens"));
    assert!(!said(11, "de").text.contains("Nachricht der Einsatzplanung"), "there is none");
    assert!(!said(12, "fr").text.contains("Lieu"), "no place is known");
    assert_eq!(said(14, "en").subject, "Nobody accepted your offer at Care: Watch the harbour");
    let partly = said(15, "es");
    assert!(partly.subject.starts_with("Su oferta en Care se ha aceptado solo en parte"));
    assert!(partly.text.contains("El caso está ahora marcado como urgente."));
    assert!(!said(14, "es").text.contains("urgente"));
    let Letter::Offer { organization, person, link, mut offer } =
        letters("Care", "Grace").swap_remove(11)
    else {
        panic!("it is an offer");
    };
    offer.message = "x".repeat(2_000);
    let letter = Letter::Offer { organization, person, link, offer };
    let text = render(&letter, "en", &TimeZone::UTC).unwrap().text;
    assert!(text.contains(&"x".repeat(1_000)) && !text.contains(&"x".repeat(1_001)));
}

#[test]
fn names_cannot_bring_markup_or_lines() {
    let organization = "Sun\r\nBcc: all@example.org\u{0}\u{202e}";
    let person = "<script>alert('x')</script>\n\nhttps://evil.example";
    for (letter, mail) in in_all_languages(organization, person) {
        assert!(!mail.html.contains("<script"), "{letter:?}");
        assert!(mail.html.contains("&lt;script&gt;alert("), "{letter:?}");
        assert!(mail.text.contains("<script>alert('x')</script> https://evil"), "{letter:?}");
        assert!(!mail.subject.chars().any(char::is_control), "{letter:?}");
        assert!(mail.subject.contains("Sun Bcc: all@example.org"), "{letter:?} {}", mail.subject);
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains(['\u{0}', '\r', '\u{202e}']), "{letter:?}");
        }
        assert!(!mail.subject.contains("&"), "subjects are not escaped");
    }
    let long = "x".repeat(10_000);
    let letters = letters(&long, "{{ organization }}{% raw %}");
    let mail = render(&letters[2], "en", &TimeZone::UTC).unwrap();
    assert!(mail.subject.len() < 300);
    assert!(mail.text.contains("{{ organization }}{% raw %}"), "names are no templates");
}

#[test]
fn a_link_must_be_one_of_the_web() {
    for link in ["javascript:alert(1)", "", "https://a.example/\r\nx", "/accept", "https://a b"] {
        let letter = Letter::Welcome {
            organization: "Care".to_owned(),
            person: "Grace".to_owned(),
            link: link.to_owned(),
        };
        let error = render(&letter, "en", &TimeZone::UTC).unwrap_err();
        assert!(matches!(error, RenderError::Link("welcome")), "{link}");
    }
    let letter = Letter::Welcome {
        organization: "Care".to_owned(),
        person: "Grace".to_owned(),
        link: "https://near.example/\"onclick=\"x<y".to_owned(),
    };
    let html = render(&letter, "en", &TimeZone::UTC).unwrap().html;
    assert!(html.contains("href=\"https://near.example/&quot;onclick=&quot;x&lt;y\""));
}

#[test]
fn a_tag_falls_back_along_its_subtags() {
    for (tag, language) in [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at-1996", "de"),
        ("deu-CH", "de"),
        ("es-419", "es"),
        ("fr-Latn-CA", "fr"),
        ("fr-CA-x-own", "fr"),
        ("en-GB", "en"),
        ("pt", "en"),
        ("den", "en"),
        ("gsw", "en"),
        ("", "en"),
        ("not a tag", "en"),
        ("-", "en"),
    ] {
        assert_eq!(language_for(tag), language, "{tag}");
    }
}

#[test]
fn debug_prints_neither_links_nor_names() {
    for (letter, mail) in in_all_languages("Care", "Grace") {
        let printed = format!("{letter:?} {mail:?}");
        assert!(!printed.contains("token") && !printed.contains("Grace"), "{printed}");
    }
}

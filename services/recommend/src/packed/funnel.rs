//! The funnel as bytes: counts by rule, and the best relaxation. Must hold only changes of a case or a
//! policy, since a funnel names no others.

use super::bytes::{Reader, Writer};
use crate::{
    explain::{
        change::{Change, SkillTo},
        funnel::{BestRelaxation, Funnel, Removed},
    },
    rule::Rule,
};

/// Writes a funnel; `None`: it names a change of a person.
pub(super) fn write(to: &mut Writer, funnel: &Funnel) -> Option<()> {
    to.count(funnel.considered);
    to.optional_count(funnel.out_of_scope);
    to.count(funnel.eligible);
    to.count(funnel.removed.len());
    for removed in &funnel.removed {
        to.byte(removed.rule as u8);
        to.count(removed.people);
        to.count(removed.by_this_alone);
    }
    to.flag(funnel.best_relaxation.is_some());
    if let Some(best) = &funnel.best_relaxation {
        to.byte(best.rule as u8);
        write_change(to, &best.change)?;
        to.count(best.brings_back);
    }
    Some(())
}

/// Reads a funnel.
pub(super) fn read(from: &mut Reader<'_>) -> Option<Funnel> {
    Some(Funnel {
        considered: from.count()?,
        out_of_scope: from.optional_count()?,
        eligible: from.count()?,
        removed: from.list(|from| {
            Some(Removed {
                rule: read_rule(from)?,
                people: from.count()?,
                by_this_alone: from.count()?,
            })
        })?,
        best_relaxation: if from.flag()? { Some(read_best(from)?) } else { None },
    })
}

fn read_best(from: &mut Reader<'_>) -> Option<BestRelaxation> {
    let rule = read_rule(from)?;
    let change = read_change(from)?;
    let detail = change.detail();
    Some(BestRelaxation { rule, change, detail, brings_back: from.count()? })
}

fn read_rule(from: &mut Reader<'_>) -> Option<Rule> {
    Rule::ALL.get(usize::from(from.byte()?)).copied()
}

fn write_change(to: &mut Writer, change: &Change) -> Option<()> {
    let mut number = |kind: u8, number: f64| {
        to.byte(kind);
        to.float(number);
    };
    match change {
        Change::MaxLateMin { to: limit } => number(5, *limit),
        Change::MaxTravelKm { to: limit } => number(6, *limit),
        Change::MaxUtilisation { to: limit } => number(7, *limit),
        Change::RuleOff { rule } => {
            to.byte(0);
            to.byte(*rule as u8);
        }
        Change::FilterByPreferencesOff => to.byte(1),
        Change::LanguageNotRequired => to.byte(2),
        Change::PanelNotRequired => to.byte(3),
        Change::LocationNotRequired => to.byte(4),
        Change::RequiredSkills { skills } => {
            to.byte(8);
            to.count(skills.len());
            for SkillTo { skill, to: level } in skills {
                to.text(skill);
                to.byte(*level);
            }
        }
        _ => return None,
    }
    Some(())
}

fn read_change(from: &mut Reader<'_>) -> Option<Change> {
    Some(match from.byte()? {
        0 => Change::RuleOff { rule: read_rule(from)? },
        1 => Change::FilterByPreferencesOff,
        2 => Change::LanguageNotRequired,
        3 => Change::PanelNotRequired,
        4 => Change::LocationNotRequired,
        5 => Change::MaxLateMin { to: from.float()? },
        6 => Change::MaxTravelKm { to: from.float()? },
        7 => Change::MaxUtilisation { to: from.float()? },
        8 => Change::RequiredSkills {
            skills: from.list(|from| Some(SkillTo { skill: from.text()?, to: from.byte()? }))?,
        },
        _ => return None,
    })
}

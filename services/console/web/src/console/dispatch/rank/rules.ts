// Rules that remove people, and the changes that would let them in, in words.
import { metres } from '../../../format/distance';
import { languageName } from '../../../format/languages';
import { dateTime, minutes, work } from '../../../format/time';
import { words } from '../../../texts';
import { spanWords, type Names } from './names';

/** What somebody has, or what is needed. */
type Value = number | string | { from: string | null; until: string | null } | null;
type Item = { of: string | null; has: Value; needs: Value };

/** One change that would let somebody in, as the API names it. */
export type Change =
  | { change: 'rule_off'; rule: string }
  | { change: 'filter_by_preferences_off' | 'language_not_required' | 'panel_not_required' | 'location_not_required' | 'active' | 'on_panel' }
  | { change: 'max_late_min' | 'max_travel_km' | 'max_utilisation' | 'own_max_travel_km'; to: number }
  | { change: 'required_skills'; skills: { skill: string; to: number }[] }
  | { change: 'starts_at'; to: string }
  | { change: 'services'; services: string[]; to: string }
  | { change: 'regions'; regions: string[]; to: string }
  | { change: 'licences_held'; licences: { code: string; jurisdiction: string }[]; from: string; until: string }
  | { change: 'eta_min' | 'committed_min'; at_most: number; has: number }
  | { change: 'skill_held'; skill: string; to: number; has: number }
  | { change: 'language_spoken'; language: string; to: string };

const text = words.ranking;
const km = (length: number) => metres(length * 1_000);
const percent = (share: number) => Math.round(share * 100);

function span(value: Value, names: Names): string | null {
  return value !== null && typeof value === 'object' ? spanWords(value.from, value.until, names.zone) : null;
}

function amounts(of: string | null, has: number, needs: number): string {
  switch (of) {
    case 'late_min': return text.has.late(minutes(has), minutes(needs));
    case 'policy_km': return text.has.policyKm(km(has), km(needs));
    case 'own_km': return text.has.ownKm(km(has), km(needs));
    case 'utilisation': return text.has.utilisation(percent(has), percent(needs));
    case 'capacity_min': return text.has.capacity(work(has), work(needs));
    default: return text.has.level(of ?? '', has, needs);
  }
}

function statement(rule: string, item: Item, names: Names): string | null {
  const { of, has, needs } = item;
  const word = (value: Value) => (typeof value === 'string' ? value : null);
  switch (rule) {
    case 'service_never':
    case 'service_not_preferred':
      return text.has.preference(names.service(of ?? '') ?? text.unknownService, text.preference(word(has) ?? ''), text.preference(word(needs) ?? ''));
    case 'region_never':
    case 'region_not_preferred':
      return text.has.preference(names.region(of ?? '') ?? text.unknownRegion, text.preference(word(has) ?? ''), text.preference(word(needs) ?? ''));
    case 'licence_missing':
    case 'licence_expired':
      return text.has.licence(of ?? '', span(has, names), span(needs, names) ?? '');
    case 'language_missing':
      return text.has.language(languageName(of ?? ''), word(has) && text.level(word(has)!), text.level(word(needs) ?? ''));
    case 'time_off': return text.has.absent(span(has, names) ?? '');
    case 'double_booked': return text.has.booked(span(has, names) ?? '');
    case 'outside_working_hours': return word(has) ? text.has.offDuty : text.has.hours(span(has, names));
    default:
      return typeof has === 'number' && typeof needs === 'number' ? amounts(of, has, needs) : null;
  }
}

/** What a person has and what a rule needs, one line for each thing; no line where the rule's name says
 *  it all. */
export function items(rule: string, list: unknown[], names: Names): string[] {
  const all = list as Item[];
  const lines = all.map((item) => statement(rule, item, names)).filter((line) => line !== null);
  const isTime = rule === 'time_off' || rule === 'double_booked' || rule === 'outside_working_hours';
  const work = isTime && all[0] ? span(all[0].needs, names) : null;
  return work ? [...new Set(lines), text.has.work(work)] : lines;
}

/** A change in words that complete "if you …" or "with: …". */
export function change(of: unknown, names: Names): string {
  const one = of as Change;
  switch (one.change) {
    case 'rule_off': return text.change.rule_off(text.rule(one.rule));
    case 'max_late_min': return text.change.max_late_min(minutes(Math.ceil(one.to)));
    case 'max_travel_km': return text.change.max_travel_km(km(one.to));
    case 'own_max_travel_km': return text.change.own_max_travel_km(km(one.to));
    case 'max_utilisation': return text.change.max_utilisation(Math.ceil(one.to * 100));
    case 'required_skills': return text.list(one.skills.map((skill) => text.change.skill(skill.skill, skill.to)));
    case 'starts_at': return text.change.starts_at(dateTime(one.to, names.zone));
    case 'services': return text.list(one.services.map((id) => text.change.preference(names.service(id) ?? text.unknownService, text.preference(one.to))));
    case 'regions': return text.list(one.regions.map((id) => text.change.preference(names.region(id) ?? text.unknownRegion, text.preference(one.to))));
    case 'licences_held': return text.list(one.licences.map((licence) => text.change.licence(`${licence.code} ${licence.jurisdiction}`, spanWords(one.from, one.until, names.zone))));
    case 'eta_min': return text.change.eta_min(minutes(one.at_most), minutes(one.has));
    case 'committed_min': return text.change.committed_min(work(one.at_most), work(one.has));
    case 'skill_held': return text.change.skill_held(one.skill, one.to, one.has);
    case 'language_spoken': return text.change.language_spoken(languageName(one.language), text.level(one.to));
    default: return text.change[one.change];
  }
}

/** Whether a change is one of the person, not of the case or the policy. */
export function isOfPerson(of: unknown): boolean {
  return ['active', 'on_panel', 'services', 'regions', 'licences_held', 'own_max_travel_km', 'eta_min', 'committed_min', 'skill_held', 'language_spoken'].includes((of as Change).change);
}

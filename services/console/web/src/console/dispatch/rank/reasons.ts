// Why a term earns its points, in words.
import type { Schemas } from '../../../api/api';
import { languageName } from '../../../format/languages';
import { minutes, work } from '../../../format/time';
import { words } from '../../../texts';
import type { Names } from './names';

/** The inputs of each term's formula, as the API sends them. */
type Inputs = {
  travel: { ping_eta_min: number | null; fallback: string; fallback_eta_min: number | null; booking_eta_min: number | null };
  service: { services: { id: string; preference: string }[] };
  region: { regions: { id: string; preference: string }[] };
  skill: { skills: { skill: string; have: number; required: number; preferred: number }[] };
  language: { languages: { language: string; level: string | null }[] };
  panel: { on_panel: boolean };
  continuity: { visits: number; weighted_visits: number };
  workload: { committed_min: number; capacity_min: number; load_millionths: number; mean_load_millionths: number };
  availability: { slack_min: number | null; limited_by: string | null };
};

const text = words.ranking;
/** One decimal below ten per cent. */
const percent = (millionths: number) => (millionths / 10_000).toFixed(millionths < 100_000 && millionths > 0 ? 1 : 0);
/** People with less capacity in the week count as full. */
const LEAST_CAPACITY_MIN = 60;

function travel(of: Inputs['travel'], pingWeight: number): string {
  const drive = (eta: number, source: string) => text.drive(minutes(eta), text.from(source));
  if (of.booking_eta_min !== null) return drive(of.booking_eta_min, 'booking');
  const share = Math.round(pingWeight * 100);
  const parts = [
    of.ping_eta_min === null ? null : text.withShare(drive(of.ping_eta_min, 'ping'), share),
    of.fallback_eta_min === null || share === 100 ? null : text.withShare(drive(of.fallback_eta_min, of.fallback), 100 - share),
  ].filter((part) => part !== null);
  if (parts.length === 2) return text.andDrive(parts[0]!, parts[1]!);
  return of.ping_eta_min !== null ? drive(of.ping_eta_min, 'ping')
    : of.fallback_eta_min !== null ? drive(of.fallback_eta_min, of.fallback) : text.noDrive;
}

function workload(of: Inputs['workload']): string {
  if (of.capacity_min < LEAST_CAPACITY_MIN) return text.noCapacity(work(of.committed_min));
  return text.workload(work(of.committed_min), work(of.capacity_min), percent(of.load_millionths), percent(of.mean_load_millionths));
}

function availability(of: Inputs['availability']): string {
  if (of.slack_min === null) return text.noSlack;
  return of.slack_min < 0 ? text.tight(minutes(-of.slack_min), of.limited_by) : text.slack(minutes(of.slack_min), of.limited_by);
}

/** Why a term has its value. `pingWeight` is the candidate's. */
export function reason(term: Pick<Schemas['Term'], 'term' | 'inputs'>, pingWeight: number, names: Names): string {
  const of = term.inputs;
  switch (term.term) {
    case 'travel': return travel(of as Inputs['travel'], pingWeight);
    case 'service': return text.list((of as Inputs['service']).services.map((one) => text.stated(names.service(one.id) ?? text.unknownService, text.preference(one.preference))));
    case 'region': return text.list((of as Inputs['region']).regions.map((one) => text.stated(names.region(one.id) ?? text.unknownRegion, text.preference(one.preference))));
    case 'skill': return text.list((of as Inputs['skill']).skills.map((one) => text.skillLevel(one.skill, one.have, one.required, one.preferred)));
    case 'language': return text.list((of as Inputs['language']).languages.map((one) => text.speaks(languageName(one.language), one.level && text.level(one.level))));
    case 'panel': return text.panel((of as Inputs['panel']).on_panel);
    case 'continuity': return text.visits((of as Inputs['continuity']).visits, (of as Inputs['continuity']).weighted_visits.toFixed(1));
    case 'workload': return workload(of as Inputs['workload']);
    case 'availability': return availability(of as Inputs['availability']);
    default: return '';
  }
}

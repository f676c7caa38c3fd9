// What a story begins with: people, phones and cases at a place that no other story uses.
import { randomBytes } from 'node:crypto';
import { Api, serverUrl, type Input, type Schemas } from './api';

/** The organisation that the first run makes, and its admin. */
export const ORGANIZATION = { name: 'Lighthouse Couriers', slug: 'lighthouse' };
export const ADMIN = { first_name: 'Ada', last_name: 'Abbott', email: 'ada@lighthouse.example', password: 'seven tall lighthouses at dawn' };

/** A place on the map. */
export type Place = { lat: number; lng: number };

/** Somebody who can log in. */
export type Login = { login: string; password: string };

/** Somebody who can log in, as a story knows them. */
export type Member = Login & { id: string; name: string };

/** Somebody whom a story has made: with a name, as all of them have. */
export type Person = Schemas['Staff'] & { display_name: string; last_name: string };

/** Letters that nothing else in this run has in its name. */
export function unique(): string {
  return randomBytes(4).toString('hex');
}

/** A day so many days from today, as a date. */
export function dayAhead(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** A place so many metres away. */
export function beside(place: Place, metresNorth: number, metresEast = 0): Place {
  const metresPerDegree = 111_320;
  return {
    lat: place.lat + metresNorth / metresPerDegree,
    lng: place.lng + metresEast / (metresPerDegree * Math.cos((place.lat * Math.PI) / 180)),
  };
}

/** A story's people, phones and cases, made through the API as the admin. */
export class Office {
  readonly api: Api;
  /** The middle of this story's town. */
  readonly place: Place;

  constructor(api: Api, place: Place) {
    this.api = api;
    this.place = place;
  }

  /** Somebody who lives here. Their last name is theirs alone. */
  async person(input: Input = {}): Promise<Person> {
    return this.api.post<Person>('/v1/staff', { first_name: 'Vera', last_name: `Q${unique()}`, home: this.place, ...input });
  }

  /** Somebody who lives here and can log in. */
  async member(input: Input = {}): Promise<Member> {
    const email = `${unique()}@lighthouse.example`;
    const staff = await this.person({ email, access_level: 'limited', ...input });
    const password = `${unique()} quiet harbour cranes`;
    const temporary = `${unique()} borrowed rowing boat`;
    await this.api.post(`/v1/staff/${staff.id}/password`, { password: temporary });
    const own = await Api.logIn(email, temporary);
    await own.post('/v1/me/password', { current_password: temporary, new_password: password });
    return { id: staff.id, name: staff.display_name, login: email, password };
  }

  /** A scheduler, who lives elsewhere and so is in nobody's way on the map. */
  scheduler(input: Input = {}): Promise<Member> {
    return this.member({ first_name: 'Sena', access_level: 'full', admin_role: 'scheduler', home: null, ...input });
  }

  /** Records that somebody agreed to be tracked. */
  async agree(staff: { id: string }): Promise<void> {
    await this.api.put(`/v1/staff/${staff.id}/tracking`, { legal_basis: 'written consent' });
  }

  /** A phone of somebody who agreed to be tracked. */
  async phone(staff: { id: string }): Promise<Phone> {
    await this.agree(staff);
    const device = await this.api.post<Schemas['EnrolledDevice']>(`/v1/staff/${staff.id}/devices`, { name: 'Test phone' });
    return new Phone(device.token);
  }

  /** An open case in the middle of the town. Its title is its alone. */
  async case(input: Input = {}): Promise<Schemas['Case']> {
    return this.api.post<Schemas['Case']>('/v1/cases', { title: `Parcel ${unique()}`, position: this.place, duration_min: 30, ...input });
  }
}

/** A phone that sends what it is told to. */
export class Phone {
  #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** Sends a fix of this moment. */
  async send(at: Place, more: Input = {}): Promise<void> {
    const ping = { fix_at: new Date().toISOString(), accuracy_m: 8, ...at, ...more };
    const response = await fetch(`${serverUrl()}/v1/pings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ pings: [ping] }),
    });
    if (!response.ok) throw new Error(`pings: ${response.status} ${await response.text()}`);
  }
}
